//! A budget of bytes.

use alloc_core::{
    AllocError, Allocator, AllocatorEq, DefaultUpstream, Layout, Owns, Reset, StaticAllocator,
};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicUsize, Ordering};

/// Refuses what would bring the bytes in use above a limit.
///
/// The budget counts the sizes that were asked for, of the blocks that are allocated at the moment.
/// What the inner allocator spends besides (headers, padding, the second copy while a block moves)
/// is not in it. The returned length is the asked one, so that each byte that a caller may use is a
/// byte that was charged.
///
/// Any number of threads may share a `Limit`, if they may share `A`. Bytes are reserved before the
/// inner allocator is asked, by one compare-and-exchange that never passes the limit, not even for
/// a moment, and refunded if it errs. A request that runs at the same time as one that errs can
/// therefore be refused by bytes that nobody gets. Growing charges the difference only.
///
/// A clone would have a budget of its own, so there is none: share it as `&Limit<A>`, or by the
/// handles of `alloc-core`.
///
/// # Errors
///
/// A request errs if it does not fit in what is [`available`](Limit::available), or the inner
/// allocator errs. Requests of zero size, and those that shrink a block, need nothing from the
/// budget.
///
/// # Complexity
///
/// One atomic read-modify-write for each change of the bytes in use, on top of the inner
/// allocator's method.
///
/// # Examples
///
/// ```
/// use alloc_compose::Limit;
/// use alloc_core::{Global, vec::Vec};
///
/// let budget = Limit::new(Global, 100);
/// let mut request: Vec<u8, _> = Vec::with_capacity_in(60, &budget);
/// assert_eq!((budget.used(), budget.available()), (60, 40));
///
/// assert!(request.try_reserve_exact(101).is_err());
/// assert_eq!(budget.used(), 60); // as it was
///
/// drop(request);
/// assert_eq!(budget.used(), 0);
/// ```
#[derive(Debug)]
pub struct Limit<A = DefaultUpstream> {
    inner: A,
    /// Range 0 to `usize::MAX`. Read by each reservation, written by `set_limit` alone.
    budget: AtomicUsize,
    // I1: `used` is the sum of the sizes of all blocks that are allocated, and of what running
    //     requests have reserved. A block's size is the one it was asked for with, which is also
    //     its length, so that it is the size of the only layout that fits.
    // I2: `used` only rises by a step that ends at or below the limit it has read.
    used: AtomicUsize,
}

// All accesses are `Relaxed`: the counter publishes no memory. That of the blocks is ordered by
// whoever passes them between threads.
impl<A> Limit<A> {
    /// Lets at most `bytes` bytes of `inner` be in use at one time.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_compose::Limit;
    /// use alloc_core::Global;
    ///
    /// static REQUESTS: Limit = Limit::new(Global, 1 << 20);
    /// assert_eq!(REQUESTS.available(), 1 << 20);
    /// ```
    #[inline]
    pub const fn new(inner: A, bytes: usize) -> Self {
        Self {
            inner,
            budget: AtomicUsize::new(bytes),
            used: AtomicUsize::new(0),
        }
    }

    /// The most bytes that may be in use at one time.
    #[inline]
    pub fn limit(&self) -> usize {
        self.budget.load(Ordering::Relaxed)
    }

    /// Sets the most bytes that may be in use at one time.
    ///
    /// If more than that is in use, every block stays what it is, and no byte is granted until
    /// enough of them were freed. Requests that run at the same time may still be judged by the
    /// limit before.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_compose::Limit;
    /// use alloc_core::{Global, boxed::Box};
    ///
    /// let budget = Limit::new(Global, 100);
    /// let block = Box::new_in([0_u8; 80], &budget);
    /// budget.set_limit(50);
    /// assert_eq!((budget.used(), budget.available()), (80, 0));
    /// drop(block);
    /// assert_eq!(budget.available(), 50);
    /// ```
    #[inline]
    pub fn set_limit(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::Relaxed);
    }

    /// The bytes in use: the sizes that were asked for, of all blocks that are allocated.
    #[inline]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// The bytes that are still to be had; 0 if more than the limit is in use.
    #[inline]
    pub fn available(&self) -> usize {
        self.limit().saturating_sub(self.used())
    }

    /// The allocator inside, whose own requests are not counted.
    #[inline]
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Returns the allocator inside.
    #[inline]
    pub fn into_inner(self) -> A {
        self.inner
    }

    /// Takes back every block of the inner allocator, and with them all that was used. The limit
    /// stays.
    ///
    /// The same as [`Reset::reset`], without the import.
    #[inline]
    pub fn reset(&mut self)
    where
        A: Reset,
    {
        self.inner.reset();
        *self.used.get_mut() = 0;
    }

    /// Adds `bytes` to what is in use, if that stays within the limit (I2).
    #[inline]
    fn reserve(&self, bytes: usize) -> Result<(), AllocError> {
        if bytes == 0 {
            return Ok(()); // also while more than the limit is in use
        }
        let limit = self.limit();
        let raise = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= limit);
        let raised = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise);
        raised.map(drop).map_err(|_| AllocError)
    }

    /// Takes `bytes` off what is in use, where they are contained: as part of a block's size or of
    /// a reservation (I1).
    #[inline]
    fn refund(&self, bytes: usize) {
        if bytes > 0 {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Runs a request for which `bytes` more are needed, and takes them back if it errs.
    #[inline]
    fn charge(
        &self,
        bytes: usize,
        layout: Layout,
        request: impl FnOnce(&A) -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.reserve(bytes)?;
        match request(&self.inner) {
            Ok(block) => Ok(trim(block, layout)),
            Err(error) => {
                self.refund(bytes);
                Err(error)
            }
        }
    }
}

/// A block as it is handed out: exactly as long as it was charged for (I1).
#[inline]
fn trim(block: NonNull<[u8]>, layout: Layout) -> NonNull<[u8]> {
    debug_assert!(block.len() >= layout.size());
    NonNull::slice_from_raw_parts(block.cast(), layout.size())
}

// SAFETY: blocks are those of `inner`, which a move of `self` does not invalidate, with at least
// the asked length. The length that is handed out lies between the asked one and that of the inner
// block, so whatever fits our block fits that one.
unsafe impl<A: Allocator> Allocator for Limit<A> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.charge(layout.size(), layout, |inner| inner.allocate(layout))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.charge(layout.size(), layout, |inner| inner.allocate_zeroed(layout))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.deallocate(ptr, layout) };
        self.refund(layout.size());
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let more = new_layout.size().saturating_sub(old_layout.size());
        self.charge(more, new_layout, |inner| {
            // SAFETY: the caller's promise.
            unsafe { inner.grow(ptr, old_layout, new_layout) }
        })
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let more = new_layout.size().saturating_sub(old_layout.size());
        self.charge(more, new_layout, |inner| {
            // SAFETY: the caller's promise.
            unsafe { inner.grow_zeroed(ptr, old_layout, new_layout) }
        })
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let block = unsafe { self.inner.shrink(ptr, old_layout, new_layout) }?;
        self.refund(old_layout.size().saturating_sub(new_layout.size()));
        Ok(trim(block, new_layout))
    }
}

/// Equal only to itself: another one has another budget.
impl<A> PartialEq for Limit<A> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A> Eq for Limit<A> {}

// SAFETY: a `Limit` has a size, so that two at one address are one and the same.
unsafe impl<A: Allocator> AllocatorEq for Limit<A> {}

// SAFETY: blocks are those of `inner`, and nothing here invalidates one that `inner` would not.
unsafe impl<A: StaticAllocator> StaticAllocator for Limit<A> {}

// SAFETY: a block of ours is one of `inner`, and fits alike. Blocks that were asked of `inner`
// directly may be answered either way.
unsafe impl<A: Owns> Owns for Limit<A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.inner.owns(ptr, layout)
    }
}

impl<A: Reset> Reset for Limit<A> {
    #[inline]
    fn reset(&mut self) {
        Limit::reset(self);
    }
}

#[cfg(test)]
mod layout {
    use super::Limit;
    use memoffset::span_of;

    // Two words beside the inner allocator, and so never of size 0: equality by address rests on
    // it.
    const _: () = assert!(size_of::<Limit<()>>() == 2 * size_of::<usize>());

    #[test]
    fn the_counters_share_one_line_with_nothing_between() {
        let budget = span_of!(Limit<[u64; 8]>, budget);
        let used = span_of!(Limit<[u64; 8]>, used);
        assert_eq!(budget.start.abs_diff(used.start), size_of::<usize>());
    }
}
