//! Time and threads as small numbers, fit for a hook.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::Instant;

const UNSET: u8 = 0;
const SETTING: u8 = 1;
const SET: u8 = 2;

/// Nanoseconds since the clock was first read.
///
/// - I1: `base` is written once, by the thread that moved `state` from `UNSET` to `SETTING`; it is
///   initialised and never written again once `state` is `SET`.
///
/// Nobody waits for that thread: who finds `SETTING` reads the clock at the very time of its
/// beginning, and so reads 0. A child that is forked off by another thread just then finds `SETTING`
/// for ever: its clock stands at 0, and all its ages and lifetimes are 0.
pub(super) struct Clock {
    state: AtomicU8,
    base: UnsafeCell<MaybeUninit<Instant>>,
}

// SAFETY: I1: one thread writes `base`, and others read it only after that write, ordered by `state`.
unsafe impl Sync for Clock {}

impl Clock {
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU8::new(UNSET),
            base: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The present time. Does not allocate, wait or unwind.
    pub(super) fn now(&self) -> u64 {
        // Acquire: partner of the `Release` store below, which makes `base` visible.
        if self.state.load(Ordering::Acquire) != SET {
            return self.start();
        }
        // SAFETY: I1: `state` is `SET`, so `base` is initialised and no longer written.
        let base = unsafe { self.base.get().cast::<Instant>().read() };
        u64::try_from(base.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    #[cold]
    fn start(&self) -> u64 {
        let first =
            self.state
                .compare_exchange(UNSET, SETTING, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            // SAFETY: I1: this is the one thread that saw `UNSET`; nobody reads `base` before `SET`.
            unsafe { self.base.get().cast::<Instant>().write(Instant::now()) };
            // Release: partner of the `Acquire` load in `now`.
            self.state.store(SET, Ordering::Release);
        }
        0
    }
}

/// The number of the thread that calls, as in [`LeakRecord::thread`](crate::LeakRecord) and
/// [`Fault::thread`](crate::Fault): 1 for the first thread that any profiler of the program saw,
/// then 2.
///
/// There is no highest number of threads: 2³² threads later the numbers begin again.
pub fn thread_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    std::thread_local! {
        // Constant at first and without a destructor: where the target has thread-locals of its own,
        // nothing is registered or allocated, and it works while a thread ends. Elsewhere the
        // standard library makes it on first use.
        static NUMBER: Cell<u32> = const { Cell::new(0) };
    }
    let number = NUMBER.try_with(|cell| {
        if cell.get() == 0 {
            // Relaxed: the number itself is all that is wanted.
            cell.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        cell.get()
    });
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Clock, thread_number};

    #[test]
    fn time_begins_at_zero_and_passes() {
        let clock = Clock::new();
        assert_eq!(clock.now(), 0);
        std::thread::sleep(std::time::Duration::from_millis(2));
        let later = clock.now();
        assert!(later >= 1_000_000, "{later}");
        assert!(clock.now() >= later);
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        let mine = thread_number();
        assert_eq!(mine, thread_number());
        let other = std::thread::spawn(thread_number).join().unwrap();
        assert_ne!(mine, other);
        assert_ne!(other, 0);
    }
}
