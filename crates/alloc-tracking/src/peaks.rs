//! How exactly a peak is known, as a type.

/// How exactly a [`Tracking`](crate::Tracking) knows its peaks: [`Near`] or [`Exact`].
///
/// Nobody else can implement it.
pub trait Peaks: sealed::Sealed {}

/// Peaks that cost next to nothing, and are right within a bound that [`Stats`](crate::Stats) tells.
///
/// Each thread keeps what it has allocated more than it has freed, and tells the others before that
/// has changed by 64 KiB or by 1,024 blocks. As long as one thread alone does all the work there is
/// nobody to be told, and the peaks are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Near;

/// Peaks that are exact with any number of threads.
///
/// Every allocation and every free advances two atomic counters that all threads share: as long as
/// one thread is at work that costs a few nanoseconds, and with several they wait for each other's
/// cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Exact;

impl Peaks for Near {}
impl Peaks for Exact {}

pub(crate) mod sealed {
    /// What the counters want to know of a [`Peaks`](super::Peaks).
    pub trait Sealed {
        /// Whether each rise is entered into the level of all threads at once.
        const AT_ONCE: bool;
    }

    impl Sealed for super::Near {
        const AT_ONCE: bool = false;
    }

    impl Sealed for super::Exact {
        const AT_ONCE: bool = true;
    }
}
