//! Times, as few bits as will do.

use crate::profiler::clock::Clock;
#[cfg(doc)]
use crate::{Profiler, SiteProfiler};

/// Which clock a [`Profiler`] or a [`SiteProfiler`] reads at the birth and at the death of a block, to
/// learn how long it lived.
///
/// To the latter a lifetime is known to about a microsecond, and one of more than 200 days is too
/// short by a multiple of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stamps {
    /// None: lifetimes are not known, and cost nothing.
    #[default]
    None,
    /// One that moves every few milliseconds and is read in a few nanoseconds
    /// (`CLOCK_MONOTONIC_COARSE`). Means over many blocks are right all the same. Where a system has
    /// none, this is `Precise`.
    Coarse,
    /// The clock of [`Instant`](std::time::Instant).
    Precise,
}

/// How many bits of a time are kept.
pub(in crate::profiler) const TICK_BITS: u32 = 44;
/// A tick is 1.024 us.
pub(super) const NANOS_IN_TICK_LOG2: u32 = 10;
const MASK: u64 = (1 << TICK_BITS) - 1;

impl Stamps {
    /// The present time in ticks: below 2 to the [`TICK_BITS`].
    #[inline]
    pub(super) fn now(self, clock: &Clock) -> u64 {
        (self.nanos(clock) >> NANOS_IN_TICK_LOG2) & MASK
    }

    /// The present time in nanoseconds.
    #[inline]
    pub(in crate::profiler) fn nanos(self, clock: &Clock) -> u64 {
        match self {
            Self::None => 0,
            Self::Coarse => coarse(clock),
            Self::Precise => clock.now(),
        }
    }
}

/// How many ticks went by.
#[inline]
pub(super) fn between(then: u64, now: u64) -> u64 {
    /// A minute and more.
    const LATE: u64 = 1 << 26;

    let ticks = now.wrapping_sub(then) & MASK;
    // Threads may read the clock in another order than that of what they time.
    if ticks > MASK - LATE { 0 } else { ticks }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
#[inline]
fn coarse(clock: &Clock) -> u64 {
    crate::profiler::coarse::now().unwrap_or_else(|| clock.now())
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
fn coarse(clock: &Clock) -> u64 {
    clock.now()
}

#[cfg(test)]
mod tests {
    use super::{MASK, Stamps, between};
    use crate::profiler::clock::Clock;
    use std::time::Duration;

    #[test]
    fn time_passes_on_each_clock() {
        let clock = Clock::new();
        for stamps in [Stamps::None, Stamps::Coarse, Stamps::Precise] {
            let before = stamps.now(&clock);
            std::thread::sleep(Duration::from_millis(if cfg!(miri) { 5 } else { 30 }));
            let ticks = between(before, stamps.now(&clock));
            assert_eq!(ticks > 3000, stamps != Stamps::None, "{stamps:?}: {ticks}");
        }
    }

    #[test]
    fn a_time_may_wrap_and_a_clock_may_be_late() {
        assert_eq!(between(MASK, 4), 5);
        assert_eq!(between(7, 7), 0);
        assert_eq!(between(8, 7), 0);
        assert_eq!(between(1 << 20, 7), 0);
        // 180 days.
        let long = 180 * 86_400 * 1_000_000_000 / 1024;
        assert_eq!(between(MASK - 5, long - 6), long);
    }
}
