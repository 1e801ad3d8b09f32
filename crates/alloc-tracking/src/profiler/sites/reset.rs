//! All blocks are gone at once.

use core::sync::atomic::Ordering;

use super::Sites;

impl Sites {
    /// The inner allocator takes back all blocks at once: none is live any more.
    ///
    /// Nobody counts meanwhile, so that this thread may write to the tallies of all others.
    pub(in crate::profiler) fn forget_all(&mut self) {
        // What desks have not told yet may be the peak.
        self.for_each_desk(|desk| {
            // SAFETY: I2.
            let desk = unsafe { desk.as_ref() };
            self.rise(desk.end_drift(0));
        });
        self.credit_all();
        let epoch = self.epoch.load(Ordering::Relaxed);
        self.for_each(|tally| tally.died(epoch, tally.live(), 0));
        let live = self.level.live.load(Ordering::Relaxed);
        self.rise(live.wrapping_neg());
    }

    /// Gives budgets back what is live: nobody will do so block by block. Nobody counts meanwhile.
    pub(super) fn credit_all(&mut self) {
        self.for_each(|tally| {
            if let Some(budget) = tally.labels.budget {
                let live = usize::try_from(tally.live().bytes).unwrap_or(0);
                // A child of `fork` may have missed an event of the parent's.
                budget.credit(live.min(budget.live_bytes()));
            }
        });
    }
}
