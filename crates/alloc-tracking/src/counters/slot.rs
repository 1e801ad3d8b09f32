//! What one thread counts.

use core::sync::atomic::AtomicUsize;

use super::drift::Drift;
use super::tally::Tally;

/// The counters of one thread.
///
/// S1: written to by one thread at a time, which holds the seat that the slot is for; the drift says
/// what of it is not. So a load and a store make an addition that loses nothing.
///
/// It has cache lines of its own, also where the processor fetches them in pairs. What each request
/// touches lies in the first of them, but for the count of its size.
#[repr(C, align(128))]
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) drift: Drift,
    pub(super) tally: Tally<AtomicUsize>,
}

impl Slot {
    #[cfg(feature = "std")]
    pub(super) const fn new() -> Self {
        Self {
            drift: Drift::new(),
            tally: Tally::new(),
        }
    }

    /// A slot for threads that have none. Nothing goes on as usual with it, so nothing is counted.
    pub(super) const fn vacant() -> Self {
        Self {
            drift: Drift::vacant(),
            tally: Tally::new(),
        }
    }
}
