//! Scopes: phases within phases, each taken back when it ends.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, DefaultUpstream};

use crate::Arena;
use crate::alloc::impl_allocator;
use crate::api::{fallible_api, infallible_api};
use crate::arena::Mark;

/// A phase of an [`Arena`], taken back at its end: what [`Arena::scope`] lends its closure, and what a
/// [`ScopeGuard`] opens.
///
/// `&Scope` is an [`Allocator`], and values can be put into the scope directly; they come back as
/// `&'s mut`, so those of an outer scope stay usable while an inner one runs. For a closure `'s` is a
/// lifetime of this scope alone. It is invariant and chosen by nobody, so that
///
/// - no value of the scope leaves the closure: not by return, not through a variable outside;
/// - two scopes have different types, and cannot be swapped;
/// - nobody can make such a scope, nor own it.
///
/// For a guard `'s` is the borrow of the guard, which does not end its phase before. Scopes of two
/// arenas may then be swapped, and that does no harm: both guards wait for the values of both.
///
/// A container that may still grow holds a `&Scope`, and while it does, no inner scope can be
/// opened, which takes `&mut`. A container of an outer scope that grows in an inner one, and
/// dangles after it, is thus a compile error. (In bump-scope this was GHSA-xhx6-q96x-pf9c.)
///
/// `'env` is what outlives the scope: values borrowed from outside can be put into it.
///
/// # Examples
///
/// ```
/// use alloc_arena::Arena;
///
/// let mut arena = Arena::new();
/// arena.scope(|outer| {
///     let total = outer.alloc(0);
///     for line in ["1 2 3", "4 5"] {
///         outer.scope(|inner| {
///             let numbers = inner.alloc_iter(line.split(' ').map(|word| word.len()));
///             *total += numbers.iter().sum::<usize>();
///         }); // the numbers are gone, the total is not
///     }
///     assert_eq!(*total, 5);
/// });
/// ```
pub struct Scope<'s, 'env: 's, A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8> {
    arena: &'s Arena<A, MIN_ALIGN>,
    /// Makes `'s` and `'env` invariant.
    brand: PhantomData<(Invariant<'s>, Invariant<'env>)>,
}

/// A type with one lifetime, which can be neither shortened nor extended.
type Invariant<'a> = fn(&'a ()) -> &'a ();

/// Rewinds the arena when it is dropped.
#[derive(Debug)]
struct Rewind<'a, A: Allocator, const MIN_ALIGN: usize> {
    arena: &'a Arena<A, MIN_ALIGN>,
    mark: Mark,
}

impl<A: Allocator, const MIN_ALIGN: usize> Drop for Rewind<'_, A, MIN_ALIGN> {
    fn drop(&mut self) {
        // SAFETY: the promise of whoever called `scoped`.
        unsafe { self.arena.rewind(&self.mark) };
    }
}

/// Runs `f` with a scope and rewinds the arena, also if `f` unwinds.
///
/// # Safety
///
/// From the call to the return, the arena is used through this scope and those inside it alone; and
/// no container that holds a block from before is used in between.
pub(crate) unsafe fn scoped<'env, A, F, R, const MIN_ALIGN: usize>(
    arena: &Arena<A, MIN_ALIGN>,
    f: F,
) -> R
where
    A: Allocator,
    F: for<'s> FnOnce(&mut Scope<'s, 'env, A, MIN_ALIGN>) -> R,
{
    // Dropped last: after `f`, what it owns, and its scope. `R` and the captures of `f` cannot name
    // the lifetime of the scope.
    let rewind = Rewind {
        arena,
        mark: arena.mark(),
    };
    f(&mut Scope {
        arena: rewind.arena,
        brand: PhantomData,
    })
}

/// A phase of an [`Arena`] that ends with this value: what [`Arena::scope_guard`] returns.
///
/// [`Arena::scope`] runs a closure. A guard does the same for a block of code, which `?`, `break` and
/// `return` may leave. [`scope`](Self::scope) opens it; what is allocated there can be used until the
/// guard is [reset](Self::reset), opened again or dropped, also while a guard
/// [inside](Scope::scope_guard) is alive. A guard that is leaked takes nothing back: its blocks go with
/// the phase around it.
///
/// # Examples
///
/// ```
/// use alloc_arena::{Arena, ScopeGuard};
///
/// fn total(lines: &[&str], arena: &mut Arena) -> Result<u32, std::num::ParseIntError> {
///     let mut phase = arena.scope_guard();
///     let mut total = 0;
///     for line in lines {
///         let scope = phase.scope();
///         for word in scope.alloc_slice_copy(line.as_bytes()).split(|&byte| byte == b' ') {
///             total += std::str::from_utf8(word).unwrap_or("").parse::<u32>()?;
///         }
///         phase.reset(); // the copy of this line is gone
///     }
///     Ok(total)
/// } // and by `?` it would be, too
///
/// let mut arena = Arena::new();
/// assert_eq!(total(&["1 2", "3"], &mut arena), Ok(6));
/// assert!(total(&["1 x"], &mut arena).is_err());
/// assert_eq!(arena.used(), 0);
/// ```
#[derive(Debug)]
pub struct ScopeGuard<'a, A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8> {
    /// **G1** For `'a` the arena is used through this guard alone.
    rewind: Rewind<'a, A, MIN_ALIGN>,
}

impl<'a, A: Allocator, const MIN_ALIGN: usize> ScopeGuard<'a, A, MIN_ALIGN> {
    /// # Safety
    ///
    /// For `'a` the arena is used through this guard alone, and no container that holds a block from
    /// before is.
    pub(crate) unsafe fn new(arena: &'a Arena<A, MIN_ALIGN>) -> Self {
        let mark = arena.mark();
        Self {
            rewind: Rewind { arena, mark },
        }
    }

    /// Opens the phase. What was allocated in it before cannot be used any more, and is taken back
    /// with the rest.
    pub fn scope(&mut self) -> Scope<'_, '_, A, MIN_ALIGN> {
        // Until the borrow ends, which all values of the scope have for their lifetime, nobody can
        // rewind: it takes `&mut self`.
        Scope {
            arena: self.rewind.arena,
            brand: PhantomData,
        }
    }

    /// Takes back what was allocated in the phase, which goes on.
    pub fn reset(&mut self) {
        // SAFETY: of this arena, which nobody else rewound (G1); `&mut self` says that no value of
        // the phase and no guard inside it is used any more.
        unsafe { self.rewind.arena.rewind_to_mark(&self.rewind.mark) };
    }
}

impl<'s, A: Allocator, const MIN_ALIGN: usize> Scope<'s, '_, A, MIN_ALIGN> {
    /// Begins a phase inside this one that ends with the value returned, which takes back what was
    /// allocated in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::Arena;
    ///
    /// let mut arena = Arena::new();
    /// let mut outer = arena.scope_guard();
    /// let mut scope = outer.scope();
    /// let kept = scope.alloc(1);
    /// {
    ///     let mut inner = scope.scope_guard();
    ///     *kept += *inner.scope().alloc(2);
    /// }
    /// assert_eq!((*kept, *scope.alloc(3)), (3, 3));
    /// ```
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, A, MIN_ALIGN> {
        // SAFETY: `&mut self` lasts as long as the guard, and closes the way through this scope. A
        // container in this scope borrows the scope, and so there is none now.
        unsafe { ScopeGuard::new(self.arena) }
    }

    /// Runs `f` with a scope inside this one, and takes back what it allocated there when it is
    /// done.
    ///
    /// This holds as well when `f` unwinds.
    pub fn scope<'inner, F, R>(&mut self, f: F) -> R
    where
        F: for<'i> FnOnce(&mut Scope<'i, 'inner, A, MIN_ALIGN>) -> R,
    {
        // SAFETY: the arena is used through the innermost scope alone, as `&mut self` closes the
        // way through this one. A container in this scope borrows the scope, and so there is none
        // now.
        unsafe { scoped(self.arena, f) }
    }

    infallible_api!('s, this => this.arena);
    fallible_api!('s, this => this.arena);
}

impl_allocator!(
    impl['s, 'env, A: Allocator, const MIN_ALIGN: usize]
    for Scope<'s, 'env, A, MIN_ALIGN>, this => this.arena
);

impl<A: Allocator, const MIN_ALIGN: usize> fmt::Debug for Scope<'_, '_, A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("arena", self.arena)
            .finish_non_exhaustive()
    }
}
