//! Seats of threads: small numbers that no two living threads have at one time.
//!
//! A thread takes the lowest free seat when it first needs one, and leaves it when it ends: what is
//! kept for a seat has one writer at a time, and the next one finds it as the last one left it. A
//! thread that finds no free seat, and one that is ending, stands. That it ends is learned as for the
//! [seats of counters](crate::seat).
//!
//! A child of `fork` has the seat of the thread that forked. Those of the others stay taken in it.

use core::cell::Cell;
use core::ptr::NonNull;

use super::desk::Desk;
use crate::budget::{Budget, BudgetGuard};
use crate::seat::Taken;
use crate::seat::keeper::{self, Kind};

/// How many threads can sit at one time.
pub(super) const SEATS: usize = if cfg!(miri) { 64 } else { 4096 };
// What a keeper can keep.
const _: () = assert!(SEATS < 1 << 16);

static TAKEN: Taken<{ SEATS / usize::BITS as usize }> = Taken::none();

/// In [`SEAT`] before the thread needs one.
const NEW: usize = usize::MAX;
/// In [`SEAT`] of a thread that stands.
const STANDING: usize = usize::MAX - 1;

/// In [`SEAT`] of a thread of which nothing is counted for a while.
const AWAY: usize = usize::MAX - 2;

/// No profiler has this number.
const NOBODY: u64 = u64::MAX;

std::thread_local! {
    /// T1: a seat whose bit this thread has set and will clear when it ends, or [`NEW`], [`STANDING`] or
    /// [`AWAY`].
    static SEAT: Cell<usize> = const { Cell::new(NEW) };
    /// T2: the number of a profiler and its desk for the seat of this thread, or [`NOBODY`].
    static LAST: Cell<(u64, NonNull<Desk>)> = const { Cell::new((NOBODY, NonNull::dangling())) };
}

/// This thread is about to end.
pub(crate) fn give_up(seat: usize) {
    // T1 and T2, before the seat is free.
    let _ = SEAT.try_with(|noted| noted.set(STANDING));
    let _ = LAST.try_with(|last| last.set((NOBODY, NonNull::dangling())));
    TAKEN.release(seat);
}

/// The seat of this thread, which takes one if it is new. `None` if it stands.
pub(super) fn take() -> Option<usize> {
    match SEAT.try_with(Cell::get).unwrap_or(STANDING) {
        NEW => sit_down(),
        seat => (seat < SEATS).then_some(seat),
    }
}

fn sit_down() -> Option<usize> {
    let note = |seat| SEAT.try_with(|noted| noted.set(seat)).ok();
    // If the system allocates for the keeper through this very crate, that request stands.
    note(STANDING)?;
    let seat = TAKEN.claim()?;
    if !keeper::keep(Kind::Sites, seat) {
        TAKEN.release(seat);
        return None;
    }
    note(seat)?;
    Some(seat)
}

/// The desk of this thread for the profiler of this number, if that is what it used last.
#[inline]
pub(super) fn last(profiler: u64) -> Option<NonNull<Desk>> {
    match LAST.try_with(Cell::get) {
        Ok((number, desk)) if number == profiler => Some(desk),
        _ => None,
    }
}

/// Lets [`last`] find a desk from now on. It is the one of this thread's seat.
pub(super) fn remember(profiler: u64, desk: NonNull<Desk>) {
    let _ = LAST.try_with(|last| last.set((profiler, desk)));
}

/// Whether nothing is counted of this thread: see [`leave`].
pub(super) fn is_away() -> bool {
    SEAT.try_with(Cell::get) == Ok(AWAY)
}

/// Has nothing counted of what this thread allocates until the guard is dropped: it has no desk, and
/// those who look for one find out why. It has no budget either.
pub(super) fn leave() -> Leave {
    Leave {
        _budget: Budget::none(),
        seat: SEAT.try_with(|noted| noted.replace(AWAY)).ok(),
        last: LAST
            .try_with(|last| last.replace((NOBODY, NonNull::dangling())))
            .ok(),
    }
}

/// What a thread has that is away. It stays on its thread.
pub(super) struct Leave {
    seat: Option<usize>,
    last: Option<(u64, NonNull<Desk>)>,
    _budget: BudgetGuard,
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            let _ = SEAT.try_with(|noted| noted.set(seat));
        }
        if let Some(before) = self.last {
            let _ = LAST.try_with(|last| last.set(before));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SEATS, is_away, last, leave, remember, take};
    use core::ptr::NonNull;
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::thread;

    #[test]
    fn living_threads_have_different_seats() {
        let barrier = Barrier::new(8);
        let seats: BTreeSet<_> = thread::scope(|scope| {
            let sitters = [(); 8].map(|()| {
                scope.spawn(|| {
                    let seat = take().unwrap();
                    assert_eq!(take(), Some(seat));
                    barrier.wait();
                    seat
                })
            });
            sitters.map(|sitter| sitter.join().unwrap()).into()
        });
        assert_eq!(seats.len(), 8);
    }

    /// Else each thread of a long run would take one more.
    #[test]
    fn seats_are_given_up() {
        let rounds = if cfg!(miri) { 5 } else { SEATS + 100 };
        for _ in 0..rounds {
            let seat = thread::spawn(take).join().unwrap();
            assert!(seat.is_some());
        }
    }

    #[test]
    fn who_is_away_has_neither_seat_nor_desk_and_finds_them_again() {
        let seat = take();
        remember(9, NonNull::dangling());
        {
            let _outer = leave();
            let _inner = leave();
            assert!(is_away() && take().is_none() && last(9).is_none());
        }
        assert!(!is_away() && take() == seat && last(9).is_some());
    }

    /// The desk that it remembers is its successor's by then.
    #[test]
    #[cfg(target_os = "linux")]
    fn an_ending_thread_stands_and_remembers_nothing() {
        use core::ffi::{c_int, c_uint, c_void};
        use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

        static FORGOT: AtomicBool = AtomicBool::new(false);

        unsafe extern "C" {
            fn pthread_key_create(
                key: *mut c_uint,
                end: Option<extern "C" fn(*mut c_void)>,
            ) -> c_int;
            fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
        }

        extern "C" fn end(_: *mut c_void) {
            FORGOT.store(take().is_none() && last(7).is_none(), Relaxed);
        }

        // The seat's key is the older one, and its destructor runs first.
        assert!(take().is_some());
        let mut key = 0;
        // SAFETY: the declaration is that of POSIX; `key` is a valid place.
        assert_eq!(unsafe { pthread_key_create(&raw mut key, Some(end)) }, 0);
        let thread = thread::spawn(move || {
            assert!(take().is_some());
            remember(7, NonNull::dangling());
            assert!(last(7).is_some() && last(8).is_none());
            // SAFETY: the declaration is that of POSIX; the key was made above.
            let set = unsafe { pthread_setspecific(key, (&raw const FORGOT).cast()) };
            assert_eq!(set, 0);
        });
        thread.join().unwrap();
        assert!(FORGOT.load(Relaxed));
    }
}
