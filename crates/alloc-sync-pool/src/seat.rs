//! Seats of threads: small numbers that no two living threads have at one time.
//!
//! A thread takes the lowest free seat when it first needs one, and leaves it when it ends. What a
//! pool keeps for a seat is therefore used by one thread at a time, and whoever sits there next
//! finds it as it was left: leaving a seat is a Release and taking it an Acquire of one bit.
//!
//! The bits are a [`Bitmap`], so a seat has one holder for the reason that a block has one owner. A
//! thread that finds no seat, and one whose thread-local values are gone, stands.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::bitmap::{Bitmap, Claim};
use crate::math;
use crate::sync::{self, AtomicUsize, BITS, REMEMBERED, SEATS, Shared, global, per_thread};

/// What stands in [`SEAT`] before the thread needs a seat; larger than any seat.
const NEW: usize = usize::MAX;

/// What stands in [`SEAT`] of a thread that stands; larger than any seat.
const STANDING: usize = usize::MAX - 1;

/// A pool, by its number, and a place in it.
type Last = (usize, NonNull<()>);

/// What a thread remembers.
type Entries = [Cell<Last>; REMEMBERED];

/// No pool has this number.
const NOTHING: Last = (usize::MAX, NonNull::dangling());

/// A bit for each seat; a one is a seat that is taken.
type Words = [AtomicUsize; SEATS / BITS];

global! {
    /// The seats of the process.
    fn words() -> Words = sync::zero_words();
}

per_thread! {
    /// T1: the seat that this thread's [`KEEPER`] holds, or [`NEW`] or [`STANDING`].
    static SEAT: Cell<usize> = Cell::new(NEW);
}

per_thread! {
    /// T2: what the holder of the seat has [remembered](remember) since it sat down, if anything: a pool's place is in
    /// the entry of its number, which it shares with few others.
    static LAST: Entries = [const { Cell::new(NOTHING) }; REMEMBERED];
}

per_thread! {
    /// What this thread sits on. It has a destructor, so it is not touched on the way of a block.
    static KEEPER: Cell<Option<Held>> = Cell::new(None);
}

/// A seat that is taken, until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    seat: usize,
    words: Shared<Words>,
    /// T3: the seat is the one in [`SEAT`] of the thread that drops this.
    sat_on: bool,
}

impl Held {
    /// Takes the lowest free seat.
    fn lowest() -> Option<Self> {
        let words = words();
        let claim = bitmap(&words, &AtomicUsize::new(0)).claim(1)?;
        let seat = claim.first();
        Some(Self {
            seat,
            words,
            sat_on: false,
        })
    }

    /// Takes this very seat, if nobody sits there: what its last holder did happens before.
    pub(crate) fn exactly(seat: usize) -> Option<Self> {
        let words = words();
        let free = bitmap(&words, &AtomicUsize::new(0)).claim_block(seat);
        // Not `then_some`: a value made in vain would be dropped, and free somebody's seat.
        free.then(|| Self {
            seat,
            words: Shared::clone(&words),
            sat_on: false,
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.sat_on {
            // T1, T2, before the seat is free. Where a value is gone, it is as if this stood there.
            let _ = SEAT.try_with(|noted| noted.set(STANDING));
            let _ = LAST.try_with(|last| last.iter().for_each(|last| last.set(NOTHING)));
        }
        let (word, mask) = (self.seat / BITS, math::bit(self.seat));
        bitmap(&self.words, &AtomicUsize::new(0)).release(Claim { word, mask });
    }
}

/// The seats as a bitmap. The hint is of no use: the lowest seats come first.
fn bitmap<'a>(words: &'a Shared<Words>, hint: &'a AtomicUsize) -> Bitmap<'a> {
    Bitmap::new(&words[..], SEATS, hint)
}

/// The seat of this thread, or a larger number if it has none.
///
/// While the thread runs no destructors of thread-local values, nobody else has that seat.
#[inline]
pub(crate) fn number() -> usize {
    SEAT.try_with(Cell::get).unwrap_or(STANDING)
}

/// Tells whether this thread stands.
pub(crate) fn stands() -> bool {
    number() == STANDING
}

/// From the number of one pool to that of the next: an entry in bytes, so that its place is a part of the number.
pub(crate) const NEXT_POOL: usize = size_of::<Cell<Last>>();

/// The entry of the pool of this number: those of pools that are numbered one after the other differ.
#[inline]
fn entry(last: &Entries, pool: usize) -> &Cell<Last> {
    &last[pool / NEXT_POOL % REMEMBERED]
}

/// The place that this thread remembers in the pool of this number: it still sits where it did.
#[inline]
pub(crate) fn remembered(pool: usize) -> Option<NonNull<()>> {
    let remembered = |last: &Entries| entry(last, pool).get();
    let (last, place) = LAST.try_with(remembered).unwrap_or(NOTHING);
    (last == pool).then_some(place)
}

/// Remembers a place in a pool, in the stead of what its entry had before, while this thread sits
/// where it does.
pub(crate) fn remember(pool: usize, place: NonNull<()>) {
    if number() < SEATS {
        let _ = LAST.try_with(|last| entry(last, pool).set((pool, place)));
    }
}

/// The seat of this thread, which takes one if it is new. `None` if it stands.
pub(crate) fn take() -> Option<usize> {
    match number() {
        NEW => sit_down(),
        STANDING => None,
        seat => Some(seat),
    }
}

/// Takes a seat for this thread.
fn sit_down() -> Option<usize> {
    // Whatever comes back to a pool from in here stands: the keeper may have to allocate.
    let note = |seat| SEAT.try_with(|noted| noted.set(seat));
    note(STANDING).ok()?;
    let mut held = Held::lowest()?;
    let seat = held.seat;
    held.sat_on = true;
    // A keeper that is gone drops `held`.
    KEEPER.try_with(|keeper| keeper.set(Some(held))).ok()?;
    note(seat).ok()?;
    Some(seat)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_seat_until_it_ends() {
        let seat = std::thread::spawn(|| {
            let seat = take().unwrap();
            assert_eq!((take(), number()), (Some(seat), seat));
            assert!(Held::exactly(seat).is_none());
            seat
        });
        let seat = seat.join().unwrap();
        // Another test may have taken it since, but no test keeps it.
        while Held::exactly(seat).is_none() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn living_threads_have_different_seats() {
        let barrier = std::sync::Barrier::new(8);
        let seats: std::collections::BTreeSet<_> = std::thread::scope(|scope| {
            let sitters = [(); 8].map(|()| {
                scope.spawn(|| {
                    let seat = take().unwrap();
                    barrier.wait();
                    seat
                })
            });
            sitters.map(|sitter| sitter.join().unwrap()).into()
        });
        assert_eq!(seats.len(), 8);
    }
}
