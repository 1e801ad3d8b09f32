//! Arenas for threads that work side by side.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloc_core::{AllocError, Allocator, Global, Layout};
use rust_alloc::vec::Vec;

use crate::api::{fallible_api, infallible_api};
use crate::values::exhausted;
use crate::{Arena, ArenaBuilder, Scope, ScopeGuard, Stats};

/// Arenas for a parallel phase: one for each thread that asks, for as long as it needs it.
///
/// An arena is not shared between threads. A pool is: [`get`](Self::get) lends an idle arena to the
/// calling thread, or makes one, and dropping the [`PooledArena`] makes it idle again. What was
/// allocated stays: it lives as long as the pool is borrowed, so it can be handed to other threads
/// and collected when the phase is over. [`reset`](Self::reset) then takes everything back, and
/// keeps the chunks of every arena for the next phase.
///
/// The lock is taken twice for each [`get`](Self::get), never for an allocation: ask once for each
/// thread or task, not for each value. With rayon, that is `map_init(|| pool.get(), ..)`.
///
/// Which thread gets which arena is not said. Phases in which every thread does about the same settle:
/// each arena has the chunks for it, and no phase calls the upstream any more. Where the shares
/// differ, an arena that meets a larger one than before takes chunks once more.
///
/// The pool is [`Sync`] if its upstream is [`Send`]; each arena has a clone of it.
///
/// # Examples
///
/// ```
/// use alloc_arena::ArenaPool;
///
/// let mut pool = ArenaPool::new();
/// for _phase in 0..3 {
///     let mut lines: Vec<&mut str> = std::thread::scope(|threads| {
///         let tasks: Vec<_> = (0..4)
///             .map(|task| {
///                 let pool = &pool;
///                 threads.spawn(move || pool.get().alloc_fmt(format_args!("task {task}")))
///             })
///             .collect();
///         tasks.into_iter().map(|task| task.join().unwrap()).collect()
///     });
///     lines[3].make_ascii_uppercase();
///     assert_eq!(lines, ["task 0", "task 1", "task 2", "TASK 3"]);
///     pool.reset(); // with `lines` in use after this, it would not compile
/// }
/// ```
///
/// # Source
///
/// The arena pools of oxc (`oxc_allocator::AllocatorPool`) and bumpalo-herd, whose `Member` has
/// values that outlive it.
pub struct ArenaPool<A: Allocator + Clone = Global, const MIN_ALIGN: usize = 8> {
    state: Mutex<State<A, MIN_ALIGN>>,
}

/// - **P1** An arena that was made here is reset, released or dropped through `&mut` of the pool, or
///   when the pool is dropped, and never before: not while the pool is borrowed.
/// - **P2** `idle` has capacity for all arenas that were made.
struct State<A: Allocator, const MIN_ALIGN: usize> {
    /// The arenas that no guard has.
    idle: Vec<Arena<A, MIN_ALIGN>>,
    /// The number of arenas that were made.
    made: usize,
    builder: ArenaBuilder<MIN_ALIGN>,
    upstream: A,
}

impl ArenaPool {
    /// Makes a pool without arenas, over the global allocator. Takes no memory.
    pub const fn new() -> Self {
        Self::new_in(Global)
    }
}

impl<A: Allocator + Clone> ArenaPool<A> {
    /// Makes a pool without arenas, over clones of `upstream`. Takes no memory.
    pub const fn new_in(upstream: A) -> Self {
        Self::with_builder_in(ArenaBuilder::new(), upstream)
    }
}

impl<A: Allocator + Clone, const MIN_ALIGN: usize> ArenaPool<A, MIN_ALIGN> {
    /// Makes a pool whose arenas are built by `builder`, each over a clone of `upstream`. Takes no
    /// memory.
    ///
    /// Capacity and limit are those of each arena, not of the pool.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::{ArenaBuilder, ArenaPool, alloc_core::Global};
    ///
    /// let builder = ArenaBuilder::new().capacity(1 << 16).limit(1 << 20).min_align::<16>();
    /// let pool = ArenaPool::with_builder_in(builder, Global);
    /// assert!(pool.try_get()?.reserved() >= 1 << 16);
    /// # Ok::<(), alloc_arena::AllocError>(())
    /// ```
    pub const fn with_builder_in(builder: ArenaBuilder<MIN_ALIGN>, upstream: A) -> Self {
        Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                made: 0,
                builder,
                upstream,
            }),
        }
    }

    /// Lends an arena: the one that became idle last, or a new one.
    ///
    /// # Panics
    ///
    /// If a new one is needed, and the builder's capacity is not to be had.
    pub fn get(&self) -> PooledArena<'_, A, MIN_ALIGN> {
        self.try_get()
            .unwrap_or_else(|_| exhausted(Some(Layout::new::<Arena<A, MIN_ALIGN>>())))
    }

    /// Lends an arena: the one that became idle last, or a new one.
    ///
    /// # Errors
    ///
    /// If a new one is needed, and the builder's capacity or a place in the list of arenas is not
    /// to be had.
    pub fn try_get(&self) -> Result<PooledArena<'_, A, MIN_ALIGN>, AllocError> {
        let mut state = self.lock();
        let arena = if let Some(arena) = state.idle.pop() {
            arena
        } else {
            let (builder, upstream) = (state.builder, state.upstream.clone());
            // The upstream runs without the lock.
            drop(state);
            let arena = builder.try_build_in(upstream)?;
            self.lock().count_one_more()?;
            arena
        };
        Ok(PooledArena {
            arena: ManuallyDrop::new(arena),
            pool: self,
        })
    }

    /// Takes back every block of every arena and keeps every chunk for the next phase.
    ///
    /// # Complexity
    ///
    /// Linear in the number of arenas.
    pub fn reset(&mut self) {
        self.arenas().iter_mut().for_each(Arena::reset);
    }

    /// Takes back every block and gives every chunk back to the upstream.
    pub fn release(&mut self) {
        self.arenas().iter_mut().for_each(Arena::release);
    }

    /// The arenas. None is lent, as `&mut self` says, unless its guard was forgotten.
    fn arenas(&mut self) -> &mut [Arena<A, MIN_ALIGN>] {
        let state = self.state.get_mut();
        &mut state.unwrap_or_else(PoisonError::into_inner).idle
    }

    /// What the arenas that are idle now hold, added up.
    ///
    /// # Complexity
    ///
    /// Linear in the number of their chunks, and no arena is lent meanwhile.
    pub fn stats(&self) -> Stats {
        let none = Stats {
            used: 0,
            reserved: 0,
            chunks: 0,
        };
        self.lock().idle.iter().fold(none, |sum, arena| Stats {
            used: sum.used + arena.used(),
            reserved: sum.reserved + arena.reserved(),
            chunks: sum.chunks + arena.chunks(),
        })
    }

    /// The state is whole at every moment: also when a panic of the upstream's `clone` poisoned the
    /// lock.
    fn lock(&self) -> MutexGuard<'_, State<A, MIN_ALIGN>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> State<A, MIN_ALIGN> {
    /// Keeps a place for one more arena, so that giving it back takes no memory.
    fn count_one_more(&mut self) -> Result<(), AllocError> {
        let places = self.made + 1 - self.idle.len();
        self.idle.try_reserve(places).map_err(|_| AllocError)?;
        self.made += 1;
        Ok(())
    }
}

impl<A: Allocator + Clone + Default, const MIN_ALIGN: usize> Default for ArenaPool<A, MIN_ALIGN> {
    fn default() -> Self {
        Self::with_builder_in(ArenaBuilder::new().min_align(), A::default())
    }
}

impl<A: Allocator + Clone, const MIN_ALIGN: usize> fmt::Debug for ArenaPool<A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ArenaPool")
            .field("arenas", &state.made)
            .field("idle", &state.idle)
            .finish_non_exhaustive()
    }
}

/// An arena lent by an [`ArenaPool`], to one thread at a time.
///
/// Its own methods put values where they outlive the guard: they live for `'p`, as long as the pool
/// is borrowed. References to them can be sent and shared as far as the values can: nothing here
/// asks for more, since the arena neither moves nor drops them.
///
/// It is also an [`Arena`] by `Deref`, for what is asked of `&Arena`: containers, which live until
/// the guard is dropped; numbers; a lower limit. There is no `&mut Arena` to be had, which could be
/// reset.
///
/// If it is forgotten, its memory is never freed.
///
/// # Examples
///
/// ```
/// use alloc_arena::{ArenaPool, alloc_core::vec::Vec};
///
/// let pool = ArenaPool::new();
/// let primes = {
///     let arena = pool.get();
///     let mut found = Vec::new_in(&*arena); // scratch: for as long as the guard
///     found.extend((2..50).filter(|n| (2..*n).all(|d| n % d != 0)));
///     arena.alloc_slice_copy(&found) // result: for as long as the pool is borrowed
/// };
/// assert_eq!(primes[..5], [2, 3, 5, 7, 11]);
/// ```
pub struct PooledArena<'p, A: Allocator + Clone = Global, const MIN_ALIGN: usize = 8> {
    /// **P3** Made by `pool`. Taken out when the guard is dropped.
    arena: ManuallyDrop<Arena<A, MIN_ALIGN>>,
    pool: &'p ArenaPool<A, MIN_ALIGN>,
}

impl<'p, A: Allocator + Clone, const MIN_ALIGN: usize> PooledArena<'p, A, MIN_ALIGN> {
    /// The arena, with the lifetime of its memory.
    ///
    /// Blocks lie in chunks, and those stay where they are for `'p`: by P1 and P3 none is taken back
    /// while the pool is borrowed, whether the arena is in this guard, in the list, in another
    /// guard, or forgotten. The arena itself moves when the guard does.
    ///
    /// # Safety
    ///
    /// The reference is not used after the borrow of `self` ends, and is given to nobody else; the
    /// blocks from it may be.
    #[inline]
    unsafe fn for_blocks(&self) -> &'p Arena<A, MIN_ALIGN> {
        // SAFETY: of a field of `self`; the caller uses it while `self` is borrowed alone.
        unsafe { &*ptr::from_ref(&*self.arena) }
    }

    /// Runs `f` with a scope, and takes back what it allocated there when it is done.
    ///
    /// See [`Arena::scope`]. What was allocated before the scope stays.
    ///
    /// # Examples
    ///
    /// ```
    /// let pool = alloc_arena::ArenaPool::new();
    /// let mut arena = pool.get();
    /// let kept = arena.alloc(1);
    /// *kept += arena.scope(|scope| *scope.alloc(2));
    /// assert_eq!((*kept, arena.used()), (3, 8));
    /// ```
    pub fn scope<'env, F, R>(&mut self, f: F) -> R
    where
        F: for<'s> FnOnce(&mut Scope<'s, 'env, A, MIN_ALIGN>) -> R,
    {
        self.arena.scope(f)
    }

    /// Begins a phase that ends with the value returned, which takes back what was allocated in it.
    ///
    /// See [`Arena::scope_guard`]. What was allocated before the phase stays.
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, A, MIN_ALIGN> {
        self.arena.scope_guard()
    }

    infallible_api!('p, this => {
        // SAFETY: used for this call, in which `this` is borrowed; what comes back is a block.
        unsafe { this.for_blocks() }
    });
    fallible_api!('p, this => {
        // SAFETY: used for this call, in which `this` is borrowed; what comes back is a block.
        unsafe { this.for_blocks() }
    });
}

impl<A: Allocator + Clone, const MIN_ALIGN: usize> Deref for PooledArena<'_, A, MIN_ALIGN> {
    type Target = Arena<A, MIN_ALIGN>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.arena
    }
}

impl<A: Allocator + Clone, const MIN_ALIGN: usize> Drop for PooledArena<'_, A, MIN_ALIGN> {
    /// Makes the arena idle. Takes no memory (P2).
    fn drop(&mut self) {
        // SAFETY: not taken before, and not used afterwards: the guard is gone.
        let arena = unsafe { ManuallyDrop::take(&mut self.arena) };
        self.pool.lock().idle.push(arena);
    }
}

impl<A: Allocator + Clone, const MIN_ALIGN: usize> fmt::Debug for PooledArena<'_, A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledArena").field(&*self.arena).finish()
    }
}
