//! `Tracking`: counters around any allocator.

use core::alloc::GlobalAlloc;
use core::fmt;
use core::ptr::{self, NonNull};

use alloc_core::{
    AllocError, Allocator, AllocatorEq, DefaultUpstream, Layout, Owns, Reset, StaticAllocator,
};

use crate::counters::Counters;
use crate::{Exact, Histogram, Near, Peaks, Stats};

/// Counts what an allocator does.
///
/// Every request goes to the inner allocator as the request that it is: a growth as a growth,
/// zeroed memory as zeroed memory. Around it counters advance. Blocks are accounted by the size
/// that was asked for, and are trimmed to it: the returned length is exactly `layout.size()`, so that
/// no other size fits, and a free takes off what its allocation put on.
///
/// A zero-size request is forwarded as well, but changes no counter unless it fails: such blocks
/// have no memory and cannot be told apart, and containers hand back some that they never asked for
/// (a `Box<()>`, an empty `Box<[T]>`) and keep others (a `Vec` that was shrunk to nothing). To grow a
/// zero-size block counts as an allocation, and to shrink to one as a deallocation.
///
/// It wraps any [`Allocator`], and any [`GlobalAlloc`] as `#[global_allocator]`. The value itself
/// is the account: it is no [`AllocatorClone`](alloc_core::AllocatorClone), because clones would
/// count apart. Its handles are `&Tracking<A>` and, where a container must own its allocator,
/// `ArcHandle<Tracking<A>>` or `RcHandle<Tracking<A>>`.
///
/// Counters cannot tell whether a pointer is known: that is what `Profiler` is for.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use alloc_tracking::{Tracking, alloc_core::{Global, vec::Vec}};
///
/// let heap = Tracking::new(Global);
/// let mut primes = Vec::with_capacity_in(4, &heap);
/// primes.extend([2_u32, 3, 5, 7, 11]);
/// let stats = heap.stats();
/// assert_eq!((stats.allocations, stats.grows, stats.live_bytes), (1, 1, 32));
///
/// drop(primes);
/// assert_eq!(heap.stats().live_blocks, 0);
/// # }
/// ```
///
/// As the global allocator:
///
/// ```
/// # #[cfg(feature = "std")] {
/// use alloc_tracking::Tracking;
/// use std::alloc::System;
///
/// #[global_allocator]
/// static HEAP: Tracking<System> = Tracking::new(System);
///
/// let before = HEAP.stats().allocations;
/// let text = String::from("one block");
/// assert!(HEAP.stats().allocations > before);
/// # drop(text);
/// # }
/// ```
///
/// # Peaks
///
/// How exactly the peaks are known is a type parameter. [`Near`], the default, costs next to nothing;
/// `Tracking<A, Exact>` is made by [`exact`](Tracking::exact).
///
/// # In a hook
///
/// It may be the `#[global_allocator]`. Nothing it does there allocates through itself: with the
/// feature `std` the places where threads count are memory from
/// [`System`](https://doc.rust-lang.org/std/alloc/struct.System.html), and if there is none they count
/// where all do. It takes no lock, has no thread-local with a destructor and does not unwind. That a
/// thread ends, so that another one may have its place, it learns from the system: on Linux, Apple's
/// systems and FreeBSD by a thread-specific value of POSIX. On Windows (MSVC) a place is used by one
/// thread alone, and after 254 threads all others share one. Where the target has no thread-locals of
/// its own, as on Android, and on all other systems, all threads share one.
///
/// A child of `fork` goes on with the counts of its parent. Of each request that another thread was in
/// the midst of, some counters may have advanced and others not.
///
/// # Complexity
///
/// With the feature `std`, a constant number of loads and stores per request, and with exact peaks
/// two atomic read-modify-writes. Each thread that uses it for the first time takes 640 bytes from the
/// system, unless a thread that has ended left it some; they are given back when the value is dropped.
///
/// Without it, a constant number of atomic read-modify-writes: four for an allocation, three for a
/// free. Threads that allocate at one time share their cache lines.
pub struct Tracking<A = DefaultUpstream, P = Near> {
    counters: Counters<P>,
    inner: A,
}

impl<A> Tracking<A> {
    /// Wraps `inner`; all counters are zero.
    pub const fn new(inner: A) -> Self {
        Self {
            counters: Counters::new(),
            inner,
        }
    }
}

impl<A> Tracking<A, Exact> {
    /// Wraps `inner`, and knows the peaks of all threads together exactly; all counters are zero.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use alloc_tracking::{Exact, Tracking};
    /// use std::alloc::System;
    ///
    /// static HEAP: Tracking<System, Exact> = Tracking::exact(System);
    ///
    /// assert_eq!(HEAP.stats().peak_bytes_within, 0);
    /// # }
    /// ```
    pub const fn exact(inner: A) -> Self {
        Self {
            counters: Counters::new(),
            inner,
        }
    }
}

impl<A, P> Tracking<A, P> {
    /// The wrapped allocator. What is asked of it directly is not counted.
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Unwraps the allocator; the blocks stay valid.
    pub fn into_inner(self) -> A {
        self.inner
    }
}

impl<A, P: Peaks> Tracking<A, P> {
    /// Takes a snapshot of the counters.
    ///
    /// Each counter is exact, and each peak within its bound. While other threads allocate, two of them
    /// need not be of the same instant, and what a thread is in the midst of telling may be missing from
    /// what is live.
    ///
    /// # Complexity
    ///
    /// O(t) for t threads that have used it at one time.
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }

    /// How many blocks of which size were allocated.
    ///
    /// It is no part of [`Stats`], which is small enough to be taken and kept often: this is an array
    /// of as many numbers as a size has bits.
    pub fn histogram(&self) -> Histogram {
        self.counters.histogram()
    }

    /// Begins a new account: the totals become zero, the peaks become what is live now.
    ///
    /// What is live stays live and is not forgotten. A block that was allocated before and is freed
    /// later counts as a deallocation without an allocation. Each total begins on its own: of a request
    /// that runs at the same time as this call, one total may count it before the call and another
    /// after it.
    pub fn reset_stats(&self) {
        self.counters.reset();
    }
}

impl<A: Reset, P: Peaks> Tracking<A, P> {
    /// Resets the inner allocator, and counts its live blocks as [`forgotten`](Stats::forgotten).
    ///
    /// An arena frees all its blocks at once and tells nobody; an account that did not know would
    /// call them live forever.
    pub fn reset(&mut self) {
        self.counters.forget_all();
        self.inner.reset();
    }
}

impl<A: Reset, P: Peaks> Reset for Tracking<A, P> {
    fn reset(&mut self) {
        Tracking::reset(self);
    }
}

/// The block as the caller gets it: of the asked length, so that one size alone fits.
#[inline]
fn trim(block: NonNull<[u8]>, layout: Layout) -> NonNull<[u8]> {
    debug_assert!(block.len() >= layout.size());
    NonNull::slice_from_raw_parts(block.cast(), layout.size())
}

// SAFETY: each block is one of `inner`, returned at its start and at most in its length, with the
// alignment that was asked for. The layout that is passed to `inner` later is the one the caller
// passes, which fits the trimmed block and so has the asked size. `inner` is neither changed nor
// dropped while blocks are live, except through `&mut self` or by dropping the whole. Counting does
// not unwind.
unsafe impl<A: Allocator, P: Peaks> Allocator for Tracking<A, P> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.inner.allocate(layout);
        self.counters.allocated(layout.size(), block.is_ok());
        Ok(trim(block?, layout))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.inner.allocate_zeroed(layout);
        self.counters.allocated(layout.size(), block.is_ok());
        Ok(trim(block?, layout))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.counters.freeing(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.deallocate(ptr, layout) };
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.grow(ptr, old, new) };
        self.counters.grown(old.size(), new.size(), block.is_ok());
        Ok(trim(block?, new))
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.grow_zeroed(ptr, old, new) };
        self.counters.grown(old.size(), new.size(), block.is_ok());
        Ok(trim(block?, new))
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.counters.shrinking(old.size(), new.size());
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.shrink(ptr, old, new) };
        self.counters.shrunk(old.size(), new.size(), block.is_ok());
        Ok(trim(block?, new))
    }
}

// SAFETY: each method returns what the method of the same name of `inner` returns, for the same
// arguments. Counting neither allocates nor unwinds.
unsafe impl<A: GlobalAlloc, P: Peaks> GlobalAlloc for Tracking<A, P> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.alloc(layout) };
        self.counters.allocated(layout.size(), !block.is_null());
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        self.counters.allocated(layout.size(), !block.is_null());
        block
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        self.counters.freeing(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { self.inner.dealloc(ptr, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let old_size = layout.size();
        let shrinks = new_size < old_size;
        if shrinks {
            self.counters.shrinking(old_size, new_size);
        }
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.realloc(ptr, layout, new_size) };
        if shrinks {
            self.counters.shrunk(old_size, new_size, !block.is_null());
        } else {
            self.counters.grown(old_size, new_size, !block.is_null());
        }
        block
    }
}

// SAFETY: a block of `self` is a block of `inner` with the same layout, and the other way round
// unless somebody asked `inner` itself.
unsafe impl<A: Owns, P: Peaks> Owns for Tracking<A, P> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.inner.owns(ptr, layout)
    }
}

// SAFETY: blocks live as long as those of `inner`, which is static: dropping either invalidates
// none. `reset` needs an `inner` with a safe method that invalidates blocks, and such a one is not
// static.
unsafe impl<A: StaticAllocator, P: Peaks> StaticAllocator for Tracking<A, P> {}

/// A value equals itself alone: each keeps its own account.
impl<A, P> PartialEq for Tracking<A, P> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A, P> Eq for Tracking<A, P> {}

// SAFETY: only the same value is equal, and an allocator is equivalent to itself.
unsafe impl<A: Allocator, P: Peaks> AllocatorEq for Tracking<A, P> {}

/// The counters, and what is inside.
impl<A: fmt::Debug, P: Peaks> fmt::Debug for Tracking<A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking")
            .field("counters", &self.counters)
            .field("inner", &self.inner)
            .finish()
    }
}

#[cfg(test)]
mod layout {
    use super::{Counters, Tracking};

    // A zero-size inner allocator costs nothing: a `Tracking` is its counters.
    const _: () = assert!(size_of::<Tracking<()>>() == size_of::<Counters>());

    // What the crate's documentation says of its size.
    #[cfg(all(feature = "std", target_pointer_width = "64"))]
    const _: () = assert!(size_of::<Counters>() <= 3276);
    #[cfg(not(feature = "std"))]
    const _: () = assert!(size_of::<Counters>() <= 1200);
}
