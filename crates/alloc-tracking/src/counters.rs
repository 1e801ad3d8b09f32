//! Counters that any number of threads advance at once.
//!
//! # Why `Relaxed`
//!
//! No counter guards memory: nobody reads a block because of what a counter says, so no ordering
//! between a counter and a block is needed. Each counter alone is exact, because read-modify-writes
//! of one atomic never lose an update. What is *not* promised is that the fields of one snapshot
//! were true at one instant while other threads are at work; when they have stopped and were
//! joined, all are. The one exception is a peak, see [`Level`].

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::Stats;

/// A quantity that rises and falls, and the highest value it ever had.
///
/// The peak is exact: `now` has one modification order, each rise learns its own place in it from
/// `fetch_add`, and `fetch_max` keeps the highest. A load of `now` followed by a store to `peak`
/// would miss what happens between the two.
#[derive(Debug)]
struct Level {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Level {
    const fn new() -> Self {
        Self {
            now: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    #[inline]
    fn rise(&self, by: usize) {
        let now = self.now.fetch_add(by, Ordering::Relaxed).wrapping_add(by);
        // Release: partner of the `Acquire` in `restart`, which must see the `fetch_add` above once
        // it has overwritten this peak.
        self.peak.fetch_max(now, Ordering::Release);
    }

    #[inline]
    fn fall(&self, by: usize) {
        self.now.fetch_sub(by, Ordering::Relaxed);
    }

    /// Lets the peak begin again at the present value.
    fn restart(&self) {
        // Acquire: partner of the `Release` in `rise`. All writes to `peak` are read-modify-writes,
        // so they form one release sequence and this swap synchronises with every rise whose peak
        // it overwrites. The load below sees those rises: none is lost.
        self.peak.swap(0, Ordering::Acquire);
        let now = self.now.load(Ordering::Relaxed);
        self.peak.fetch_max(now, Ordering::Release);
    }

    fn now(&self) -> usize {
        self.now.load(Ordering::Relaxed)
    }

    fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// What [`Stats`] is a snapshot of.
///
/// - I1: a block counts as live only between the moment the inner allocator returned it and the
///   moment it is handed back. A rise is counted after the inner call, a fall before it, so that
///   another thread that is given the same memory at once is not counted on top. When no call is
///   running, the live values are those of the blocks that are currently allocated.
/// - I2: a request that failed changes `failures` alone.
/// - I3: a block of no bytes is no block: its coming and going changes nothing. Containers hand back
///   such blocks that they never asked for, and keep others, as the contract lets them. To grow one
///   is to allocate, and to shrink to one is to free.
#[derive(Debug)]
pub(crate) struct Counters {
    allocations: AtomicUsize,
    deallocations: AtomicUsize,
    grows: AtomicUsize,
    shrinks: AtomicUsize,
    failures: AtomicUsize,
    forgotten: AtomicUsize,
    total_bytes: AtomicUsize,
    bytes: Level,
    blocks: Level,
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Self {
            allocations: AtomicUsize::new(0),
            deallocations: AtomicUsize::new(0),
            grows: AtomicUsize::new(0),
            shrinks: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
            total_bytes: AtomicUsize::new(0),
            bytes: Level::new(),
            blocks: Level::new(),
        }
    }

    /// A request for a new block of `size` bytes was answered.
    #[inline]
    pub(crate) fn allocated(&self, size: usize, ok: bool) {
        if !ok {
            self.failed();
        } else if size > 0 {
            add(&self.allocations, 1);
            add(&self.total_bytes, size);
            self.bytes.rise(size);
            self.blocks.rise(1);
        }
    }

    /// A block of `size` bytes is about to be handed back.
    #[inline]
    pub(crate) fn freeing(&self, size: usize) {
        if size > 0 {
            add(&self.deallocations, 1);
            self.bytes.fall(size);
            self.blocks.fall(1);
        }
    }

    /// A request to grow a block was answered.
    #[inline]
    pub(crate) fn grown(&self, old: usize, new: usize, ok: bool) {
        if old == 0 {
            self.allocated(new, ok);
        } else if ok {
            let more = new.saturating_sub(old);
            add(&self.grows, 1);
            add(&self.total_bytes, more);
            self.bytes.rise(more);
        } else {
            self.failed();
        }
    }

    /// A block is about to be shrunk. Followed by [`shrunk`](Self::shrunk).
    #[inline]
    pub(crate) fn shrinking(&self, old: usize, new: usize) {
        self.bytes.fall(old.saturating_sub(new));
        if old > 0 && new == 0 {
            self.blocks.fall(1);
        }
    }

    /// The request announced by [`shrinking`](Self::shrinking) was answered.
    #[inline]
    pub(crate) fn shrunk(&self, old: usize, new: usize, ok: bool) {
        let frees = old > 0 && new == 0;
        if !ok {
            self.bytes.rise(old.saturating_sub(new));
            if frees {
                self.blocks.rise(1);
            }
            self.failed();
        } else if frees {
            add(&self.deallocations, 1);
        } else if old > 0 {
            add(&self.shrinks, 1);
        }
    }

    /// A request was refused.
    #[inline]
    pub(crate) fn failed(&self) {
        add(&self.failures, 1);
    }

    /// One live block of `size` bytes is gone without having been handed back.
    #[cfg(feature = "std")]
    pub(crate) fn forget(&self, size: usize) {
        if size > 0 {
            add(&self.forgotten, 1);
            self.bytes.fall(size);
            self.blocks.fall(1);
        }
    }

    /// Every live block is gone without having been handed back.
    pub(crate) fn forget_all(&mut self) {
        let live = core::mem::take(self.blocks.now.get_mut());
        let forgotten = self.forgotten.get_mut();
        *forgotten = forgotten.wrapping_add(live);
        *self.bytes.now.get_mut() = 0;
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let get = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Stats {
            allocations: get(&self.allocations),
            deallocations: get(&self.deallocations),
            grows: get(&self.grows),
            shrinks: get(&self.shrinks),
            failures: get(&self.failures),
            forgotten: get(&self.forgotten),
            total_bytes: get(&self.total_bytes),
            live_bytes: self.bytes.now(),
            live_blocks: self.blocks.now(),
            peak_bytes: self.bytes.peak(),
            peak_blocks: self.blocks.peak(),
        }
    }

    pub(crate) fn reset(&self) {
        for total in [
            &self.allocations,
            &self.deallocations,
            &self.grows,
            &self.shrinks,
            &self.failures,
            &self.forgotten,
            &self.total_bytes,
        ] {
            total.store(0, Ordering::Relaxed);
        }
        self.bytes.restart();
        self.blocks.restart();
    }
}

#[inline]
fn add(counter: &AtomicUsize, n: usize) {
    counter.fetch_add(n, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn the_peak_is_of_the_level_and_not_of_one_rise() {
        let level = Level::new();
        level.rise(10);
        level.rise(5);
        level.fall(12);
        level.rise(4);
        assert_eq!((level.now(), level.peak()), (7, 15));
        level.restart();
        assert_eq!((level.now(), level.peak()), (7, 7));
    }
}
