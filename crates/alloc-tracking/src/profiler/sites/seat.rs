//! Seats of threads: small numbers that no two living threads have at one time.
//!
//! A thread takes the lowest free seat when it first needs one, and leaves it when it ends: what is
//! kept for a seat has one writer at a time, and the next one finds it as the last one left it. A
//! thread that finds no free seat, and one that is ending, stands.
//!
//! A child of `fork` has the seat of the thread that forked. Those of the others stay taken in it.

use core::cell::Cell;
use core::ptr::NonNull;

use super::desk::Desk;
use crate::budget::{Budget, BudgetGuard};
use crate::seat::Taken;

/// How many threads can sit at one time.
pub(super) const SEATS: usize = if cfg!(miri) { 64 } else { 4096 };

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
    /// T1: the seat that the [`KEEPER`] of this thread gives up, or [`NEW`], [`STANDING`] or [`AWAY`].
    static SEAT: Cell<usize> = const { Cell::new(NEW) };
    /// T2: the number of a profiler and its desk for the seat of this thread, or [`NOBODY`].
    static LAST: Cell<(u64, NonNull<Desk>)> = const { Cell::new((NOBODY, NonNull::dangling())) };
    /// Has a destructor, so that it is touched once in the life of a thread only.
    static KEEPER: Keeper = const { Keeper };
}

/// Gives up the seat of its thread when it is dropped.
struct Keeper;

impl Drop for Keeper {
    fn drop(&mut self) {
        let seat = SEAT.try_with(|noted| noted.replace(STANDING));
        // T2, before the seat is free.
        let _ = LAST.try_with(|last| last.set((NOBODY, NonNull::dangling())));
        if let Ok(seat @ 0..SEATS) = seat {
            TAKEN.release(seat);
        }
    }
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
    // To register a destructor may allocate: whoever comes back to a profiler from in there stands.
    note(STANDING)?;
    KEEPER.try_with(|_| ()).ok()?;
    let seat = TAKEN.claim()?;
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
    use core::cell::Cell;
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
    fn an_ending_thread_stands_and_remembers_nothing() {
        struct Last(Cell<Option<std::sync::mpsc::Sender<(bool, bool)>>>);

        impl Drop for Last {
            fn drop(&mut self) {
                let state = (take().is_none(), last(7).is_none());
                self.0.take().unwrap().send(state).unwrap();
            }
        }

        std::thread_local! {
            static EARLY: Last = const { Last(Cell::new(None)) };
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = thread::spawn(|| {
            // Registered before the thread sits down, and so dropped after it gave up its seat.
            EARLY.with(|early| early.0.set(Some(sender)));
            assert!(take().is_some());
            remember(7, NonNull::dangling());
            assert!(last(7).is_some() && last(8).is_none());
        });
        thread.join().unwrap();
        assert_eq!(receiver.recv(), Ok((true, true)));
    }
}
