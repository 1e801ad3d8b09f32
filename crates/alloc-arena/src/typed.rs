//! An arena of one type, which knows its values.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ptr::NonNull;
use core::slice;

use alloc_core::{AllocError, Allocator, DefaultUpstream};

use crate::buffer::Buffer;
use crate::stats::Stats;
use crate::values::{self, exhausted};
use crate::{Arena, cursor, math};

mod into_iter;

pub use into_iter::IntoIter;

/// An arena of values of one type: runs their destructors, and iterates over them.
///
/// Values come back as `&mut T` for as long as the arena is borrowed. There is no shared iterator:
/// it would alias them. [`iter_mut`](Self::iter_mut) takes `&mut self`, and so waits until they are
/// out of use; `into_iter` takes the arena itself.
///
/// Values that refer to each other by `&'a T` with `'a` the borrow of their own arena do not
/// compile, as the arena's destructor might read them; [`Arena`], which runs no destructors, takes
/// them.
///
/// # Examples
///
/// ```
/// use alloc_arena::TypedArena;
///
/// let mut names = TypedArena::new();
/// let ada = names.alloc(String::from("Ada"));
/// ada.push_str(" L.");
/// names.alloc_extend(["Charles", "Mary"].map(String::from));
/// assert_eq!(names.len(), 3);
/// assert!(names.iter_mut().map(|name| &**name).eq(["Ada L.", "Charles", "Mary"]));
/// names.clear(); // drops the strings, keeps the memory
/// assert!(names.is_empty());
/// ```
pub struct TypedArena<T, A: Allocator = DefaultUpstream> {
    /// **T1** The number of values. If `T` has a size, this follows from T2.
    len: Cell<usize>,
    /// **T2** If `T` has a size: each run of this arena, from its first multiple of the alignment
    /// of `T` on, is initialised values of `T` side by side and nothing else. If it has none, there
    /// is no run.
    arena: Arena<A, 1>,
    /// Owns values of `T`, and is invariant in it: `alloc` puts a `T` in through a shared borrow.
    values: PhantomData<Cell<T>>,
}

#[cfg(feature = "alloc")]
impl<T> TypedArena<T> {
    /// Makes an empty arena over the global allocator. Takes no memory.
    pub const fn new() -> Self {
        Self::new_in(alloc_core::Global)
    }

    /// Makes an arena over the global allocator that holds `values` values before it takes another
    /// chunk.
    ///
    /// # Panics
    ///
    /// If the memory is not to be had.
    pub fn with_capacity(values: usize) -> Self {
        Self::with_capacity_in(values, alloc_core::Global)
    }
}

impl<T, A: Allocator> TypedArena<T, A> {
    /// Makes an empty arena over `upstream`. Takes no memory.
    pub const fn new_in(upstream: A) -> Self {
        let arena = Arena::with_min_align_in(upstream);
        Self {
            len: Cell::new(0),
            arena,
            values: PhantomData,
        }
    }

    /// Makes an arena over `upstream` that holds `values` values before it takes another chunk.
    ///
    /// # Panics
    ///
    /// If the memory is not to be had; [`try_with_capacity_in`](Self::try_with_capacity_in) errs.
    pub fn with_capacity_in(values: usize, upstream: A) -> Self {
        Self::try_with_capacity_in(values, upstream)
            .unwrap_or_else(|_| exhausted(Layout::array::<T>(values).ok()))
    }

    /// Makes an arena over `upstream` that holds `values` values before it takes another chunk.
    ///
    /// # Errors
    ///
    /// If the memory is not to be had.
    pub fn try_with_capacity_in(values: usize, upstream: A) -> Result<Self, AllocError> {
        let typed = Self::new_in(upstream);
        let layout = Layout::array::<T>(values).map_err(|_| AllocError)?;
        if layout.size() > 0 {
            let padding = align_of::<T>() - 1;
            typed
                .arena
                .reserve(layout.size().checked_add(padding).ok_or(AllocError)?)?;
        }
        Ok(typed)
    }

    /// Moves `value` into the arena.
    ///
    /// # Panics
    ///
    /// If there is no room, by way of `handle_alloc_error` (a plain panic without the feature
    /// `alloc`).
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call returns another value")]
    pub fn alloc(&self, value: T) -> &mut T {
        match self.try_alloc(value) {
            Ok(value) => value,
            Err(_) => exhausted(Some(Layout::new::<T>())),
        }
    }

    /// Moves `value` into the arena.
    ///
    /// # Errors
    ///
    /// If there is no room; the value is dropped then.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "each call returns another value")]
    pub fn try_alloc(&self, value: T) -> Result<&mut T, AllocError> {
        self.len.get().checked_add(1).ok_or(AllocError)?;
        let value = values::try_alloc(&self.arena, value)?;
        self.count(1);
        Ok(value)
    }

    /// Moves what `iter` yields into the arena, side by side, and returns it as a slice.
    ///
    /// The values are gathered in memory of the upstream first: so `iter` may use this arena too,
    /// and if it panics, the arena is as it was and the values taken before are dropped.
    ///
    /// # Panics
    ///
    /// If there is no room, by way of `handle_alloc_error` (a plain panic without the feature
    /// `alloc`).
    #[allow(clippy::mut_from_ref, reason = "each call returns other values")]
    pub fn alloc_extend(&self, iter: impl IntoIterator<Item = T>) -> &mut [T] {
        match self.try_alloc_extend(iter) {
            Ok(values) => values,
            Err(_) => exhausted(Some(Layout::new::<T>())),
        }
    }

    /// Moves what `iter` yields into the arena, side by side, and returns it as a slice.
    ///
    /// # Errors
    ///
    /// If there is no room, here or in the upstream; the values taken before are dropped then.
    #[allow(clippy::mut_from_ref, reason = "each call returns other values")]
    pub fn try_alloc_extend(
        &self,
        iter: impl IntoIterator<Item = T>,
    ) -> Result<&mut [T], AllocError> {
        let iter = iter.into_iter();
        let mut buffer = Buffer::with_capacity(self.arena.upstream(), iter.size_hint().0)?;
        for value in iter {
            buffer.push(value)?;
        }
        let len = buffer.len();
        self.len.get().checked_add(len).ok_or(AllocError)?;
        let layout = Layout::array::<T>(len).map_err(|_| AllocError)?;
        let start = cursor::allocate(&self.arena, layout)?.cast::<T>();
        // The block may have a chunk of its own: go on there, so that the runs stay in the order of
        // allocation.
        self.arena.move_to_last();
        // SAFETY: a fresh block of this layout.
        unsafe { buffer.move_to(start) };
        self.count(len);
        let mut values = NonNull::slice_from_raw_parts(start, len);
        // SAFETY: initialised just now; they stay until `&mut self`.
        Ok(unsafe { values.as_mut() })
    }

    /// Counts values that are in the arena now.
    ///
    /// Reads the count after the upstream was called, not before: it may have come back here. Only
    /// values of size zero can be so many that the count ends; the excess is not dropped.
    fn count(&self, added: usize) {
        self.len.set(self.len.get().saturating_add(added));
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Iterates over the values in the order in which they were allocated.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.runs().flat_map(|(start, len)| {
            // SAFETY: T1 and T2, and `&mut self` is borrowed while the iterator is: each value is
            // lent once.
            unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) }
        })
    }

    /// Drops every value and keeps the memory.
    ///
    /// If a destructor panics, the others run all the same, unless a second one panics too: that
    /// aborts, as in a `Vec`.
    pub fn clear(&mut self) {
        /// Resets the arena once all values are dropped, also when unwinding.
        struct Clear<'t, T, A: Allocator>(&'t mut TypedArena<T, A>);

        impl<T, A: Allocator> Drop for Clear<'_, T, A> {
            fn drop(&mut self) {
                self.0.len.set(0);
                self.0.arena.reset();
            }
        }

        let clear = Clear(self);
        if mem::needs_drop::<T>() {
            drop(DropRuns(clear.0.runs()));
        }
    }

    /// Drops every value and gives the memory back to the upstream.
    pub fn release(&mut self) {
        self.clear();
        self.arena.release();
    }

    /// The memory of the arena: bytes used and reserved, and chunks.
    pub fn stats(&self) -> Stats {
        self.arena.stats()
    }

    /// The runs of values: where each starts, and how many they are.
    fn runs(&self) -> impl Iterator<Item = (NonNull<T>, usize)> + use<'_, T, A> {
        let sizeless = (size_of::<T>() == 0).then_some((NonNull::dangling(), self.len.get()));
        sizeless
            .into_iter()
            .chain(self.arena.runs().map(aligned_run))
    }
}

/// The values in a run of the arena, from the start of its data to the end of its blocks: where the
/// first one is, and how many they are. None, if `T` has no size.
fn aligned_run<T>((start, end): (*mut u8, *mut u8)) -> (NonNull<T>, usize) {
    let start = start.wrapping_add(math::padding(start.addr(), align_of::<T>()));
    // An empty run may end before its first aligned address.
    let bytes = end.addr().saturating_sub(start.addr());
    // In a chunk, or just after it: not null.
    let start = NonNull::new(start.cast()).unwrap_or(NonNull::dangling());
    (start, bytes.checked_div(size_of::<T>()).unwrap_or(0))
}

/// Drops the values of all runs; one that panics does not save the others.
struct DropRuns<T, I: Iterator<Item = (NonNull<T>, usize)>>(I);

impl<T, I: Iterator<Item = (NonNull<T>, usize)>> Drop for DropRuns<T, I> {
    fn drop(&mut self) {
        /// Goes on where a panic left off.
        struct Rest<'i, T, I: Iterator<Item = (NonNull<T>, usize)>>(&'i mut I);

        impl<T, I: Iterator<Item = (NonNull<T>, usize)>> Drop for Rest<'_, T, I> {
            fn drop(&mut self) {
                for (start, len) in &mut *self.0 {
                    // SAFETY: T1 and T2: values; each run comes from the iterator once, and the
                    // arena forgets them after this.
                    unsafe { NonNull::slice_from_raw_parts(start, len).drop_in_place() };
                }
            }
        }

        let rest = Rest(&mut self.0);
        for (start, len) in &mut *rest.0 {
            // SAFETY: as above.
            unsafe { NonNull::slice_from_raw_parts(start, len).drop_in_place() };
        }
    }
}

impl<T, A: Allocator> Drop for TypedArena<T, A> {
    fn drop(&mut self) {
        self.clear();
    }
}

// SAFETY: the arena owns its values and its memory, and references to values borrow the arena,
// which is not `Sync`.
unsafe impl<T: Send, A: Allocator + Send> Send for TypedArena<T, A> {}

impl<T, A: Allocator + Default> Default for TypedArena<T, A> {
    fn default() -> Self {
        Self::new_in(A::default())
    }
}

impl<T, A: Allocator> Extend<T> for TypedArena<T, A> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {
        for value in iter {
            self.alloc(value);
        }
    }
}

impl<T, A: Allocator> fmt::Debug for TypedArena<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedArena")
            .field("len", &self.len())
            .field("arena", &self.arena)
            .finish_non_exhaustive()
    }
}
