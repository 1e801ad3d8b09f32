//! What one thread allocated at one place: a tally.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};

use super::labels::Labels;
use super::weight::Weight;
use crate::profiler::lock::{Recover, SpinLock};
use crate::profiler::stack::CallStack;

/// The counters of a call stack, as one desk sees it.
///
/// The blocks that were allocated at a desk are counted in its tallies until they are freed, by
/// whichever thread, or resized by another one. The thread at the desk writes with plain loads and stores: nobody else writes to
/// the first fields. What other threads do to these blocks is in `away`, under a lock. All sums
/// wrap, and so do their differences.
///
/// - I1: but for the atomics and what is under the lock nothing changes after this was published.
#[repr(C, align(64))]
pub(super) struct Tally {
    /// The peak that `at_peak` was last brought up to.
    epoch: AtomicU64,
    /// Allocated here.
    total: Sum,
    /// Of these, freed by the thread at the desk; others may have freed more.
    freed: Sum,
    /// The number of live bytes from which on `max` has to be looked at again. Others may set it to 0.
    ceiling: AtomicU64,
    pub(super) hash: u64,
    /// The desk of this tally, as a number.
    pub(super) desk: usize,

    lifetimes: AtomicU64,
    max: Sum,
    /// `total` less `freed` when the peak of `epoch` was reached.
    at_peak: Sum,
    samples: AtomicU64,
    /// The sum of the variances of the samples, in bytes²: the bits of a float.
    variance: AtomicU64,

    pub(super) away: Away,
    pub(super) stack: CallStack,
    pub(super) labels: Labels,
    /// The next one in the same bucket, or null.
    pub(super) next: AtomicPtr<Tally>,
}

// What the documentation of `SiteProfiler` says of it.
const _: () = assert!(size_of::<Tally>() <= 640);

/// What became of a tally's blocks on threads other than the one at its desk.
#[repr(C, align(64))]
pub(super) struct Away {
    lock: SpinLock<Nothing>,
    epoch: AtomicU64,
    freed: Sum,
    /// Allocated: what blocks are that were resized by a thread without a desk, or with no room there for
    /// their place.
    born: Sum,
    lifetimes: AtomicU64,
    /// `freed`, less `born`, when the peak of `epoch` was reached.
    at_peak: Sum,
    /// The most that was live after something was born.
    max: Sum,
}

// What the documentation of `SiteProfiler` says.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Tally>() == 576);

/// What the lock guards are atomics: it makes one writer of many.
struct Nothing;

impl Recover for Nothing {
    fn recover(&mut self) {}
}

/// Blocks and bytes.
#[derive(Default)]
#[repr(C)]
struct Sum {
    blocks: AtomicU64,
    bytes: AtomicU64,
}

/// Adds to a counter that has one writer at a time. Returns the new value.
#[inline]
fn add(counter: &AtomicU64, by: u64) -> u64 {
    let sum = counter.load(Relaxed).wrapping_add(by);
    counter.store(sum, Relaxed);
    sum
}

impl Sum {
    const fn new() -> Self {
        Self {
            blocks: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn get(&self) -> Weight {
        Weight {
            blocks: self.blocks.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }

    fn set(&self, weight: Weight) {
        self.blocks.store(weight.blocks, Relaxed);
        self.bytes.store(weight.bytes, Relaxed);
    }

    /// Returns the new number of bytes.
    #[inline]
    fn add(&self, weight: Weight) -> u64 {
        add(&self.blocks, weight.blocks);
        add(&self.bytes, weight.bytes)
    }
}

/// What a tally says at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) total: Weight,
    pub(super) live: Weight,
    pub(super) max: Weight,
    pub(super) at_peak: Weight,
    /// In ticks.
    pub(super) lifetimes: u64,
    pub(super) samples: u64,
}

impl Tally {
    pub(super) fn new(desk: usize, hash: u64, stack: &CallStack, labels: Labels) -> Self {
        Self {
            epoch: AtomicU64::new(0),
            total: Sum::new(),
            freed: Sum::new(),
            ceiling: AtomicU64::new(0),
            hash,
            desk,
            lifetimes: AtomicU64::new(0),
            max: Sum::new(),
            at_peak: Sum::new(),
            samples: AtomicU64::new(0),
            variance: AtomicU64::new(0),
            away: Away {
                lock: SpinLock::new(Nothing),
                epoch: AtomicU64::new(0),
                freed: Sum::new(),
                born: Sum::new(),
                lifetimes: AtomicU64::new(0),
                at_peak: Sum::new(),
                max: Sum::new(),
            },
            stack: *stack,
            labels,
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Keeps what was live when the last peak was reached, if this was not touched since.
    #[inline]
    fn touch(&self, epoch: u64) {
        if self.epoch.load(Relaxed) != epoch {
            self.keep(epoch);
        }
    }

    #[cold]
    fn keep(&self, epoch: u64) {
        self.at_peak.set(self.held());
        self.epoch.store(epoch, Relaxed);
    }

    /// What is live, but for what others freed.
    fn held(&self) -> Weight {
        self.total.get().less(self.freed.get())
    }

    /// A block was allocated. On the thread at the desk.
    #[inline]
    pub(super) fn born(&self, epoch: u64, weight: Weight) {
        self.touch(epoch);
        let total = self.total.add(weight);
        let held = total.wrapping_sub(self.freed.bytes.load(Relaxed));
        if held.wrapping_sub(self.ceiling.load(Relaxed)).cast_signed() > 0 {
            self.look_at_max();
        }
    }

    /// What [`born`](Self::born) does, if there is neither a new peak nor a new maximum.
    #[inline]
    pub(super) fn born_at_once(&self, epoch: u64, weight: Weight) -> bool {
        let total = self.total.bytes.load(Relaxed).wrapping_add(weight.bytes);
        let held = total.wrapping_sub(self.freed.bytes.load(Relaxed));
        let over = held.wrapping_sub(self.ceiling.load(Relaxed)).cast_signed();
        let done = over <= 0 && self.epoch.load(Relaxed) == epoch;
        if done {
            add(&self.total.blocks, weight.blocks);
            self.total.bytes.store(total, Relaxed);
        }
        done
    }

    /// What [`died`](Self::died) does, if there is no new peak.
    #[inline]
    pub(super) fn died_at_once(&self, epoch: u64, weight: Weight, ticks: u64) -> bool {
        let done = self.epoch.load(Relaxed) == epoch;
        if done {
            self.freed.add(weight);
            if ticks > 0 {
                add(&self.lifetimes, ticks);
            }
        }
        done
    }

    /// What is held is no less than what is live. So there is no new maximum as long as it does not
    /// exceed the old one by more than others had freed when this was last looked at.
    #[cold]
    fn look_at_max(&self) {
        let (away, max) = (self.away.net(), self.max.get());
        let live = self.held().less(away);
        let max = max.or_larger(live);
        self.max.set(max);
        self.ceiling
            .store(max.bytes.wrapping_add(away.bytes), Relaxed);
    }

    /// A block is about to be freed. On the thread at the desk.
    #[inline]
    pub(super) fn died(&self, epoch: u64, weight: Weight, ticks: u64) {
        self.touch(epoch);
        self.freed.add(weight);
        if ticks > 0 {
            add(&self.lifetimes, ticks);
        }
    }

    /// A block has another size now: it ends, and one of the new size is allocated in its place, which
    /// is how DHAT counts. On the thread at the desk.
    #[inline]
    pub(super) fn resized(&self, epoch: u64, old: Weight, new: Weight) {
        self.died(epoch, old, 0);
        self.born(epoch, new);
    }

    /// Does what [`resized`](Self::resized) does, on any thread.
    #[cold]
    pub(super) fn resized_away(&self, epoch: u64, old: Weight, new: Weight) {
        self.away.change(epoch, |away| {
            away.freed.add(old);
            away.born.add(new);
            away.max.set(self.live().or_larger(away.max.get()));
            // What is live may be more than what is held now: the next birth is to look.
            self.ceiling.store(0, Relaxed);
        });
    }

    /// Notes how uncertain the weight of a sample is. On the thread at the desk.
    pub(super) fn sampled(&self, variance: f64) {
        add(&self.samples, 1);
        let sum = f64::from_bits(self.variance.load(Relaxed)) + variance;
        self.variance.store(sum.to_bits(), Relaxed);
    }

    /// The variance of the total of bytes.
    pub(super) fn variance(&self) -> f64 {
        f64::from_bits(self.variance.load(Relaxed))
    }

    /// What was allocated in all.
    pub(super) fn total(&self) -> Weight {
        let nothing = Weight::default();
        // Less what is less than nothing.
        self.total.get().less(nothing.less(self.away.born.get()))
    }

    /// What is live.
    pub(super) fn live(&self) -> Weight {
        self.held().less(self.away.net())
    }

    /// What is counted, if `epoch` is the present one. Exact if nobody counts meanwhile.
    pub(super) fn read(&self, epoch: u64) -> Reading {
        let away = &self.away;
        let live = self.live();
        // What is of a later epoch than the caller knows was kept at a later peak, and is no longer what
        // it was at the other one.
        let own_peak = if self.epoch.load(Relaxed) >= epoch {
            self.at_peak.get()
        } else {
            self.held()
        };
        let away_peak = if away.epoch.load(Relaxed) >= epoch {
            away.at_peak.get()
        } else {
            away.net()
        };
        let max = self.max.get().or_larger(away.max.get());
        let lifetimes = self.lifetimes.load(Relaxed);
        Reading {
            total: self.total(),
            live,
            max: max.or_larger(live),
            at_peak: own_peak.less(away_peak),
            lifetimes: lifetimes.wrapping_add(away.lifetimes.load(Relaxed)),
            samples: self.samples.load(Relaxed),
        }
    }
}

impl Away {
    /// How much less is live than is held.
    fn net(&self) -> Weight {
        self.freed.get().less(self.born.get())
    }

    /// Does something on one thread at a time.
    pub(super) fn alone(&self, work: impl FnOnce()) {
        // The guard is held until the end.
        let _one_writer = self.lock.lock();
        work();
    }

    fn change(&self, epoch: u64, work: impl FnOnce(&Self)) {
        self.alone(|| {
            if self.epoch.load(Relaxed) != epoch {
                self.at_peak.set(self.net());
                self.epoch.store(epoch, Relaxed);
            }
            work(self);
        });
    }

    /// A block is about to be freed, on any thread.
    #[cold]
    pub(super) fn died(&self, epoch: u64, weight: Weight, ticks: u64) {
        self.change(epoch, |away| {
            away.freed.add(weight);
            add(&away.lifetimes, ticks);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::weight::Weight;
    use super::{CallStack, Labels, Reading, Tally};

    fn weight(blocks: u64, bytes: u64) -> Weight {
        Weight { blocks, bytes }
    }

    #[test]
    fn the_state_at_the_peak_is_kept_by_the_first_touch_after_it() {
        let tally = Tally::new(0, 0, &CallStack::EMPTY, Labels::NONE);
        tally.born(0, weight(1, 100));
        tally.born(0, weight(1, 10));
        tally.away.died(0, weight(1, 10), 3);
        // The peak is now; nobody has touched the tally since.
        assert_eq!(tally.read(1).at_peak, weight(1, 100));
        tally.died(1, weight(1, 100), 5);
        tally.born(1, weight(2, 7));
        tally.away.died(1, weight(2, 7), 0);
        let reading = tally.read(1);
        assert_eq!(reading.at_peak, weight(1, 100));
        assert_eq!(reading.live, weight(0, 0));
        assert_eq!(reading.total, weight(4, 117));
        assert_eq!(reading.lifetimes, 8);
        assert_eq!(tally.read(2).at_peak, weight(0, 0));
    }

    /// A thread reaches a peak, and lets go of everything, while another one has begun to read.
    #[test]
    fn a_reader_that_comes_late_finds_the_later_peak() {
        let tally = Tally::new(0, 0, &CallStack::EMPTY, Labels::NONE);
        tally.born(0, weight(3, 300));
        tally.away.died(0, weight(1, 100), 0);
        // The peak is now.
        tally.died(1, weight(1, 100), 0);
        tally.away.died(1, weight(1, 100), 0);
        assert_eq!(tally.read(0).at_peak, weight(2, 200));
    }

    /// A block is freed while somebody reads, and its birth was not seen.
    #[test]
    fn a_maximum_is_not_less_than_nothing() {
        let tally = Tally::new(0, 0, &CallStack::EMPTY, Labels::NONE);
        tally.born(0, weight(1, 50));
        tally.away.died(0, weight(2, 80), 0);
        assert_eq!(tally.read(0).max, weight(1, 50));
    }

    /// A consumer frees what a producer makes: the producer alone would believe that all is live.
    #[test]
    fn what_others_free_is_taken_off_the_maximum() {
        let tally = Tally::new(0, 0, &CallStack::EMPTY, Labels::NONE);
        for _ in 0..10 {
            tally.born(0, weight(1, 50));
            tally.born(0, weight(1, 50));
            tally.away.died(0, weight(2, 100), 0);
        }
        let expected = Reading {
            total: weight(20, 1000),
            max: weight(2, 100),
            ..Reading::default()
        };
        assert_eq!(tally.read(1), expected);
    }

    #[test]
    fn a_block_may_change_its_size_here_and_elsewhere() {
        let tally = Tally::new(0, 0, &CallStack::EMPTY, Labels::NONE);
        tally.born(0, weight(1, 50));
        tally.resized(0, weight(1, 50), weight(1, 60));
        tally.resized_away(0, weight(1, 60), weight(1, 65));
        assert_eq!(tally.read(1).live, weight(1, 65));
        assert_eq!(tally.read(1).max, weight(1, 65));
        tally.resized_away(0, weight(1, 65), weight(1, 45));
        tally.resized(0, weight(1, 45), weight(1, 44));
        assert_eq!(tally.read(1).live, weight(1, 44));
        assert_eq!(tally.read(1).total, weight(5, 50 + 60 + 65 + 45 + 44));
    }
}
