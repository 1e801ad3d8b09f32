//! How many bytes are live, as far as all threads know, and at most.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::Sites;
use super::desk::Desk;

/// The drift of a desk that is never published.
const LEAST_LIMIT: i64 = 1 << 10;
/// The drift of a desk that always is.
const MOST_LIMIT: i64 = 64 << 10;

/// Live bytes as they were published, and the highest value. Apart from what all threads read.
#[repr(C, align(128))]
pub(super) struct Level {
    pub(super) live: AtomicI64,
    pub(super) peak: AtomicI64,
    /// When the peak was reached, as [`Sites::time`] tells it.
    pub(super) peak_at: AtomicU64,
}

impl Level {
    pub(super) const fn new() -> Self {
        Self {
            live: AtomicI64::new(0),
            peak: AtomicI64::new(0),
            peak_at: AtomicU64::new(0),
        }
    }
}

impl Sites {
    /// Notes that there are so many more live bytes, once the tally has been changed.
    #[inline]
    pub(super) fn drift(&self, desk: &Desk, change: i64) {
        match desk.drift_within(change) {
            Some(drift) => desk.set_drift(drift),
            None => self.publish(desk, desk.end_drift(change)),
        }
    }

    pub(super) fn drift_anywhere(&self, desk: Option<&Desk>, change: i64) {
        match desk {
            Some(desk) => self.drift(desk, change),
            None => self.rise(change),
        }
    }

    #[cold]
    fn publish(&self, desk: &Desk, drift: i64) {
        self.rise(drift);
        if !self.exact {
            let peak = self.level.peak.load(Ordering::Relaxed);
            desk.set_limit((peak >> 6).clamp(LEAST_LIMIT, MOST_LIMIT));
        }
    }

    /// Changes the published level.
    pub(super) fn rise(&self, change: i64) {
        let level = &self.level;
        // Relaxed: the numbers guard nothing.
        let live = level
            .live
            .fetch_add(change, Ordering::Relaxed)
            .wrapping_add(change);
        let followed = self.series.on;
        if followed {
            self.series.rise(change);
        }
        if change > 0 && live > level.peak.load(Ordering::Relaxed) {
            self.reached(live);
        }
        if followed {
            self.follow();
        }
    }

    /// So many bytes were live, more than the peak that this thread has found.
    fn reached(&self, live: i64) {
        let level = &self.level;
        // If another thread has told of more since then, that was the peak, and not what is live now.
        if live > level.peak.fetch_max(live, Ordering::Relaxed) {
            level.peak_at.store(self.time(), Ordering::Relaxed);
            self.epoch.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ordering, Sites};
    use crate::Stamps;

    /// Another thread may reach one while somebody looks.
    #[test]
    fn no_peak_is_after_the_end() {
        let mut sites = Sites::new();
        sites.set_stamps(Stamps::Precise);
        sites.id();
        sites.level.peak_at.store(1 << 30, Ordering::Relaxed);
        let run = sites.profile().run;
        assert!(run.peak <= run.end, "{run:?}");
    }

    /// A thread may be held up between the moment when it learns how much is live and that when it says
    /// so. What is live by then is not the peak.
    #[test]
    fn who_comes_late_ends_no_epoch() {
        let sites = Sites::new();
        for (live, epoch) in [(100, 1), (110, 2), (105, 2), (110, 2), (111, 3)] {
            // As if all had found a peak of nothing.
            let before = sites.level.peak.load(Ordering::Relaxed);
            sites.reached(live);
            assert_eq!(sites.level.peak.load(Ordering::Relaxed), before.max(live));
            assert_eq!(sites.epoch.load(Ordering::Relaxed), epoch);
        }
    }
}
