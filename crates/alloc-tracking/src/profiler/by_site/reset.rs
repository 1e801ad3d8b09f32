//! An allocator underneath that takes all blocks back at once.

use alloc_core::Reset;

use super::SiteProfiler;

impl<A: Reset, B> SiteProfiler<A, B> {
    /// Resets the inner allocator. No block is live any more, and [budgets](crate::Budget) are given back
    /// what they were charged.
    ///
    /// How long these blocks lived is not known, and adds nothing to the lifetimes of their places.
    ///
    /// # Examples
    ///
    /// An arena may be around the profiler, which then sees its chunks, or underneath:
    ///
    /// ```
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Allocator, Reset, boxed::Box}};
    ///
    /// fn frame(heap: &mut SiteProfiler<impl Allocator + Reset>) {
    ///     let scratch: &mut [u8; 100] = Box::leak(Box::new_in([0; 100], &*heap));
    ///     scratch[0] = 1;
    ///     heap.reset();
    ///     assert_eq!(heap.live_bytes(), 0);
    /// }
    /// ```
    pub fn reset(&mut self) {
        self.sites.forget_all();
        self.inner.reset();
    }
}

impl<A: Reset, B> Reset for SiteProfiler<A, B> {
    fn reset(&mut self) {
        SiteProfiler::reset(self);
    }
}
