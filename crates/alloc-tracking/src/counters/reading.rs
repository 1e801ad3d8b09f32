//! Adding up what threads have counted.

use core::fmt;
use core::sync::atomic::Ordering;

use super::Counters;
use super::drift::FAR;
use super::level::Amount;
use super::tally::{Counts, Sizes};
use crate::histogram::CLASSES;
use crate::peaks::Peaks;
use crate::{Histogram, Stats};

/// What all slots and levels say together.
pub(super) struct Live {
    pub(super) now: Amount,
    pub(super) peaks: Amount,
    /// How many threads may have a drift.
    drifts: usize,
}

impl<P: Peaks> Counters<P> {
    /// Adds up what was counted since the program began, but for what threads have counted that have
    /// no slot.
    fn totals(&self) -> Counts {
        let slots = self
            .slots
            .iter()
            .map(|slot| slot.tally.counts(Ordering::Relaxed));
        slots.fold(Counts::default(), |sum, one| {
            sum.with(one, usize::wrapping_add)
        })
    }

    /// Adds up the sizes that were counted since the program began.
    fn sizes(&self) -> Sizes<usize> {
        let mut sizes = [0; CLASSES];
        self.shared.add_sizes_to(&mut sizes, Ordering::Relaxed);
        for slot in self.slots.iter() {
            slot.tally.add_sizes_to(&mut sizes, Ordering::Relaxed);
        }
        sizes
    }

    /// Adds up what is live.
    pub(super) fn live(&self) -> Live {
        let levels = &self.levels;
        let mut now = Amount {
            bytes: levels.bytes.now(),
            blocks: levels.blocks.now(),
        };
        let (mut most, mut drifts) = (Amount::NONE, 0);
        for slot in self.slots.iter() {
            let (drift, high) = slot.drift.read();
            now = now.plus(drift);
            drifts += 1;
            // Where each change is told at once no drift is ever high, whatever its slot began with.
            if !Self::AT_ONCE && self.slots.is_entered(slot) {
                most = most.max(high.plus(drift.negative()));
            }
        }
        let highest = now.plus(most);
        // Not negative: see the module. And so no peak is, which is not lower.
        let now = now.max(Amount::NONE);
        let told = Amount {
            bytes: levels.bytes.peak(),
            blocks: levels.blocks.peak(),
        };
        Live {
            now,
            peaks: told.max(highest).max(now),
            drifts,
        }
    }

    /// How many times [`FAR`] the peaks may be wrong, if so many slots have a drift, and threads without
    /// a slot have counted this.
    fn within(drifts: usize, shared: &Counts) -> usize {
        let others = usize::from(*shared != Counts::default());
        match drifts + others {
            0 | 1 => 0,
            _ if Self::AT_ONCE => 0,
            drifts => drifts + 1,
        }
    }

    pub(crate) fn snapshot(&self) -> Stats {
        // Acquire: partner of the `Release` in `reset`. Before the tallies: see the module.
        let base = self.base.counts(Ordering::Acquire);
        let shared = self.shared.counts(Ordering::Relaxed);
        let account = self.totals().with(shared, usize::wrapping_add);
        let account = account.with(base, usize::wrapping_sub);
        let live = self.live();
        let within = Self::within(live.drifts, &shared);
        Stats {
            allocations: account.allocations,
            deallocations: account.deallocations,
            grows: account.grows,
            shrinks: account.shrinks,
            failures: account.failures,
            forgotten: account.forgotten,
            total_bytes: account.total_bytes,
            live_bytes: live.now.bytes.cast_unsigned(),
            live_blocks: live.now.blocks.cast_unsigned(),
            peak_bytes: live.peaks.bytes.cast_unsigned(),
            peak_blocks: live.peaks.blocks.cast_unsigned(),
            peak_bytes_within: within * FAR.bytes.cast_unsigned(),
            peak_blocks_within: within * FAR.blocks.cast_unsigned(),
        }
    }

    /// How many blocks of which size were allocated since the last reset.
    pub(crate) fn histogram(&self) -> Histogram {
        let mut base = [0; CLASSES];
        // Acquire, and before the others: as in `snapshot`.
        self.base.add_sizes_to(&mut base, Ordering::Acquire);
        let mut sizes = self.sizes();
        for (blocks, before) in sizes.iter_mut().zip(base) {
            *blocks = blocks.wrapping_sub(before);
        }
        Histogram::new(&sizes)
    }

    pub(crate) fn reset(&self) {
        let shared = self.shared.counts(Ordering::Relaxed);
        let counts = self.totals().with(shared, usize::wrapping_add);
        // Release: partner of the `Acquire` in `snapshot` and `histogram`.
        self.base.store(&counts, &self.sizes(), Ordering::Release);
        let drifts = self.slots.iter().map(|slot| slot.drift.read().0);
        let drifts = drifts.fold(Amount::NONE, Amount::plus);
        self.levels.bytes.restart(drifts.bytes);
        self.levels.blocks.restart(drifts.blocks);
        // After the peaks have begun again: see `Slots::open`.
        self.slots.vacate();
    }
}

impl<P: Peaks> fmt::Debug for Counters<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}
