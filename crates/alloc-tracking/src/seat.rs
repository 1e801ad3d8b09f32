//! Seats of threads: small numbers that no two living threads have at one time.
//!
//! A thread takes the lowest free seat when it first counts something, and leaves it when it ends.
//! What counters keep for a seat is therefore written by one thread at a time, and whoever sits there
//! next finds it as it was left and goes on from there: leaving a seat is a Release and taking it an
//! Acquire of one bit. A thread that finds no seat, one that has left its own, and any
//! where the target has no thread-locals of its own, *stands*.
//!
//! All of this happens inside allocators. So the one thread-local has no destructor and a constant
//! value at first, and that a thread ends is learned from the system itself ([`keeper`]): the
//! standard library may ask the global allocator for memory while it enters a destructor in its list,
//! and until Rust 1.93 ended the process if that enters one as well.
//!
//! A child of `fork` has one thread, with the seat that it had in the parent. The seats of the others
//! stay taken in it: it may have fewer, and nobody waits for one.

pub(crate) mod keeper;

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What [`number`] is before the thread needs a seat.
pub(crate) const NEW: u8 = 0;

/// What [`number`] is of a thread that stands.
pub(crate) const STANDING: u8 = u8::MAX;

/// Seats of one word.
const BITS: usize = usize::BITS as usize;

/// Which seats are taken: a bit for each.
pub(crate) struct Taken<const WORDS: usize>([AtomicUsize; WORDS]);

impl<const WORDS: usize> Taken<WORDS> {
    /// None of them.
    pub(crate) const fn none() -> Self {
        Self([const { AtomicUsize::new(0) }; WORDS])
    }

    /// Takes the lowest free seat.
    pub(crate) fn claim(&self) -> Option<usize> {
        self.0.iter().enumerate().find_map(|(index, word)| {
            let mut seen = word.load(Ordering::Relaxed);
            while seen != usize::MAX {
                let bit = seen.trailing_ones();
                // Acquire: partner of the `Release` in `release`, for what the last holder has done.
                seen = word.fetch_or(1 << bit, Ordering::Acquire);
                if seen & 1 << bit == 0 {
                    return Some(index * BITS + bit as usize);
                }
            }
            None
        })
    }

    /// Gives up a seat that was claimed.
    pub(crate) fn release(&self, seat: usize) {
        // Release: partner of the `Acquire` in `claim`: the next one there sees what was done here.
        self.0[seat / BITS].fetch_and(!(1 << (seat % BITS)), Ordering::Release);
    }
}

/// A bit for each value of a byte; those that are no seat are never free.
static TAKEN: Taken<{ 256 / BITS }> = {
    let mut taken = Taken::none();
    taken.0[0] = AtomicUsize::new(1 << NEW);
    taken.0[256 / BITS - 1] = AtomicUsize::new(1 << (BITS - 1));
    taken
};

const _: () = assert!(STANDING as usize == 255 && NEW == 0 && BITS <= 128);

/// Whether the target has thread-locals of its own. Those of the standard library are made elsewhere
/// when they are first touched, with memory of the global allocator: in a hook, that would never end.
const NATIVE: bool = cfg!(any(
    all(
        target_os = "linux",
        not(target_env = "ohos"),
        not(all(target_arch = "x86_64", target_pointer_width = "32"))
    ),
    target_os = "freebsd",
    target_vendor = "apple",
    all(windows, target_env = "msvc", not(target_vendor = "win7")),
));

std::thread_local! {
    /// T1: [`NEW`], [`STANDING`], or a seat whose bit this thread has set and will clear when it ends.
    static SEAT: Cell<u8> = const { Cell::new(NEW) };
}

/// The seat of this thread, [`NEW`] or [`STANDING`].
#[inline]
pub(crate) fn number() -> u8 {
    if !NATIVE {
        return STANDING;
    }
    SEAT.try_with(Cell::get).unwrap_or(STANDING)
}

/// Notes where this thread sits, if it can be noted.
fn note(seat: u8) -> Option<()> {
    SEAT.try_with(|noted| noted.set(seat)).ok()
}

/// The seat of this thread, which takes one if it is new. `None` if it stands.
pub(crate) fn take() -> Option<u8> {
    match number() {
        NEW => sit_down(),
        STANDING => None,
        seat => Some(seat),
    }
}

/// Lets this thread stand while it does something, and then sit where it sat.
pub(crate) fn aside<R>(call: impl FnOnce() -> R) -> R {
    let seat = number();
    note(STANDING);
    let result = call();
    note(seat);
    result
}

fn sit_down() -> Option<u8> {
    // If the system allocates for the keeper through this very crate, that request stands.
    note(STANDING)?;
    let claimed = TAKEN.claim()?;
    let seat = u8::try_from(claimed).ok()?;
    if !keeper::keep(keeper::Kind::Counters, claimed) {
        TAKEN.release(claimed);
        return None;
    }
    note(seat)?;
    Some(seat)
}

/// This thread is about to end.
fn leave(seat: usize) {
    // T1, before the seat is free.
    note(STANDING);
    TAKEN.release(seat);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Barrier;

    #[test]
    fn living_threads_have_different_seats() {
        let barrier = Barrier::new(8);
        let seats: BTreeSet<_> = std::thread::scope(|scope| {
            let sitters = [(); 8].map(|()| {
                scope.spawn(|| {
                    let seat = take().unwrap();
                    assert_eq!((take(), number()), (Some(seat), seat));
                    barrier.wait();
                    seat
                })
            });
            sitters.map(|sitter| sitter.join().unwrap()).into()
        });
        assert_eq!(seats.len(), 8);
        assert!(!seats.contains(&NEW) && !seats.contains(&STANDING));
    }

    #[test]
    fn seats_are_given_back() {
        let threads = if cfg!(miri) { 5 } else { 1000 };
        for _ in 0..threads {
            let thread = std::thread::spawn(take);
            assert!(thread.join().unwrap().is_some());
        }
    }

    #[test]
    fn who_stands_aside_has_no_seat() {
        let seat = take();
        assert_eq!(aside(take), None);
        assert_eq!(take(), seat);
    }
}
