//! What one thread counts.

use core::ptr;
use core::sync::atomic::AtomicPtr;

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
    pub(super) tally: Tally,
    /// S2: the seat that the slot is for.
    pub(super) seat: u8,
    /// S3: null, or a slot of the same counters that was published before this one.
    pub(super) next: AtomicPtr<Slot>,
}

impl Slot {
    #[cfg(feature = "std")]
    pub(super) const fn new(seat: u8) -> Self {
        Self {
            drift: Drift::new(),
            tally: Tally::new(),
            seat,
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// A slot for threads that have none. Nothing goes on as usual with it, so nothing is counted.
    pub(super) const fn vacant() -> Self {
        Self {
            drift: Drift::vacant(),
            tally: Tally::new(),
            seat: 0,
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

// What the crate's documentation says of its size.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Slot>() == 640);
