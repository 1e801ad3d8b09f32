//! Counters that any number of threads advance at once.
//!
//! ```text
//!    thread 1        thread 2        a thread without a seat
//!       │               │                       │
//!   load, store     load, store         read-modify-write
//!       ▼               ▼                       │
//!   ┌ slot ───┐     ┌ slot ───┐                 ▼
//!   │ tally   │     │ tally   │     ┌ shared tally ┐
//!   │ drift ──┼──┐  │ drift ──┼──┐  └──────────────┘
//!   └─────────┘  │  └─────────┘  │          │
//!                └───────┬───────┘          │
//!         read-modify-write, rarely         │
//!                        ▼                  ▼
//!                   ┌ level: now, peak ─────────┐
//!                   └───────────────────────────┘
//!
//!   totals = the tallies of all slots + the shared one - what they were at the last reset
//!   live   = the level + the drifts of all slots
//!   peak   = the highest value of the level, or of the level and one drift
//! ```
//!
//! # Why a thread needs no read-modify-write
//!
//! What costs in a counter is the locked addition, and, with several threads, the cache line that
//! travels between them. A thread has a slot in each set of counters, by its [seat](crate::seat); it
//! is the only one that writes to it, so that a load and a store are an addition that loses nothing.
//! Who wants to know adds up all slots. A thread that ends leaves its slot as it is: the next one on
//! that seat goes on from there, and nothing has to be handed over. Who has no slot (more threads than
//! seats, a thread that has left its seat, no memory, no standard library) counts in a tally that is
//! shared, with read-modify-writes: slower, and as exact.
//!
//! A block may be freed by another thread than the one that allocated it. So what a slot has live
//! may be negative, and only sums have a meaning.
//!
//! # Peaks
//!
//! A peak is a property of the sum, and no thread knows the sum. There are two ways:
//!
//! - [`Exact`]: each change is a read-modify-write of the level, whose result is the sum.
//! - [`Near`]: each slot has a drift, the change that it has not yet told, which is told as soon as
//!   it is more than half of [`FAR`] upwards or `FAR` downwards. A slot also knows how high its drift
//!   was since it last told, so that one thread alone is exact.
//!
//! The bound of `Near`, for n threads (or slots, and the shared tally as one more). Let L be what
//! is live, P its true peak, G the level and R the peak that is reported.
//!
//! - L is G plus n drifts, none of which is beyond `FAR`: |L - G| ≤ n `FAR` at any time.
//! - R is at least each value that G had, hence at least P - n `FAR`.
//! - R is at most a value that G had plus the height of one drift, or what is live plus the room of
//!   one, hence at most P + (n + 1) `FAR`.
//!
//! Together |R - P| ≤ (n + 1) `FAR`, which is what `Stats::peak_bytes_within` says, and
//! `Stats::peak_blocks_within` likewise. With n = 1 the level changes by what that one thread tells
//! and nothing else, and each value of L is one of those that are compared: R = P.
//!
//! # Resets
//!
//! A reset writes to no tally, since each belongs to another thread. It adds them up and keeps the
//! sums as the base of the new account, which is subtracted from then on. Who reads loads the base
//! first, with Acquire; so it sees of each tally at least what the reset saw, tallies only rise, and
//! no difference is negative. The height of a drift is forgotten by the thread itself, which a reset
//! sees to by taking its slot away from where the thread looks ([`Slots::vacate`]).
//!
//! # Why `Relaxed`
//!
//! No counter guards memory: nobody reads a block because of what a counter says, so no ordering
//! between a counter and a block is needed. What is *not* promised is that the fields of one
//! snapshot were true at one instant while other threads are at work: the allocation of one thread
//! may be missed, and the free of that block by another seen. A sum that comes out negative for
//! this reason is reported as 0. When the threads have stopped and were joined, everything is exact.
//! The exceptions are the restart of a [`Level`], and what is published: slots, entries, bases.
//!
//! # Fork
//!
//! There is no lock, so a child of `fork` waits for nobody. It has the counts of its parent, but
//! for what other threads were in the midst of: of one request of each of them some counters may be
//! advanced and others not.

mod drift;
mod level;
mod reading;
mod slot;
#[cfg(not(feature = "std"))]
#[path = "no_slots.rs"]
mod slots;
#[cfg(feature = "std")]
mod slots;
mod tally;

use core::marker::PhantomData;

use crate::peaks::{Near, Peaks};
use drift::USUAL;
use level::{Amount, Levels};
use slot::Slot;
use slots::Slots;
use tally::{Pen, Tally, Writers};

#[cfg(doc)]
use {crate::Stats, crate::peaks::Exact, drift::FAR, level::Level};

/// What [`Stats`] is a snapshot of.
///
/// - I1: a block counts as live only between the moment the inner allocator returned it and the
///   moment it is handed back. A rise is counted after the inner call, a fall before it, so that
///   another thread that is given the same memory at once is not counted on top. When no call is
///   running, the live values are those of the blocks that are currently allocated.
/// - I2: a request that failed changes `failures` alone.
/// - I3: a block of no bytes is no block: its coming and going changes nothing. Containers hand back
///   such blocks that they never asked for, and keep others, as the contract lets them. To grow one
///   is to allocate, and to shrink to one is to free.
#[repr(C)]
pub(crate) struct Counters<P = Near> {
    /// Read with each request.
    slots: Slots,
    /// What all tallies together were at the last reset. It stands between what all threads read and
    /// what some write, so that they do not share a cache line.
    base: Tally,
    levels: Levels,
    /// What threads without a slot have counted.
    shared: Tally,
    peaks: PhantomData<fn() -> P>,
}

impl<P: Peaks> Counters<P> {
    /// Whether each change is told at once.
    const AT_ONCE: bool = P::AT_ONCE || !Slots::EXIST;

    pub(crate) const fn new() -> Self {
        Self {
            slots: Slots::new(),
            base: Tally::new(),
            levels: Levels::new(),
            shared: Tally::new(),
            peaks: PhantomData,
        }
    }

    /// A request for a new block of `size` bytes was answered.
    #[inline]
    pub(crate) fn allocated(&self, size: usize, ok: bool) {
        if !ok {
            return self.failed();
        }
        // One comparison for no bytes and for many.
        let usual = size.wrapping_sub(1) < USUAL;
        match usual.then(|| self.rise_as_usual(1, size)).flatten() {
            Some(slot) => pen(slot).allocated(size),
            None => self.allocated_otherwise(size),
        }
    }

    /// What [`allocated`](Self::allocated) does where a thread has no slot yet, reaches a new height
    /// or has something to tell, and for blocks of many bytes and of none.
    #[cold]
    #[inline(never)]
    fn allocated_otherwise(&self, size: usize) {
        if size > 0 {
            let slot = self.slot();
            self.change(slot, Amount::block(size));
            self.pen(slot).allocated(size);
        }
    }

    /// A block of `size` bytes is about to be handed back.
    #[inline]
    pub(crate) fn freeing(&self, size: usize) {
        // As in `allocated`.
        let usual = size.wrapping_sub(1) < USUAL;
        match usual.then(|| self.fall_as_usual(1, size)).flatten() {
            Some(slot) => pen(slot).freed(),
            None => self.freeing_otherwise(size),
        }
    }

    /// As [`allocated_otherwise`](Self::allocated_otherwise).
    #[cold]
    #[inline(never)]
    fn freeing_otherwise(&self, size: usize) {
        if size > 0 {
            let slot = self.slot();
            self.change(slot, Amount::block(size).negative());
            self.pen(slot).freed();
        }
    }

    /// A request to grow a block was answered.
    #[inline]
    pub(crate) fn grown(&self, old: usize, new: usize, ok: bool) {
        if old == 0 {
            self.allocated(new, ok);
        } else if ok {
            let more = new.saturating_sub(old);
            let usual = more <= USUAL;
            match usual.then(|| self.rise_as_usual(0, more)).flatten() {
                Some(slot) => pen(slot).grown(more),
                None => self.grown_otherwise(more),
            }
        } else {
            self.failed();
        }
    }

    /// As [`allocated_otherwise`](Self::allocated_otherwise).
    #[cold]
    #[inline(never)]
    fn grown_otherwise(&self, more: usize) {
        let slot = self.slot();
        self.change(slot, Amount::bytes(more));
        self.pen(slot).grown(more);
    }

    /// A block is about to be shrunk. Followed by [`shrunk`](Self::shrunk).
    #[inline]
    pub(crate) fn shrinking(&self, old: usize, new: usize) {
        let less = old.saturating_sub(new);
        let usual = less <= USUAL && new > 0;
        if usual
            .then(|| self.fall_as_usual(0, less))
            .flatten()
            .is_none()
        {
            self.change(self.slot(), shrinkage(old, new).negative());
        }
    }

    /// The request announced by [`shrinking`](Self::shrinking) was answered.
    #[inline]
    pub(crate) fn shrunk(&self, old: usize, new: usize, ok: bool) {
        let slot = self.slot();
        if !ok {
            self.change(slot, shrinkage(old, new));
            self.pen(slot).failed();
        } else if old > 0 && new == 0 {
            self.pen(slot).freed();
        } else if old > 0 {
            self.pen(slot).shrunk();
        }
    }

    /// A request was refused.
    #[cold]
    pub(crate) fn failed(&self) {
        self.pen(self.slot()).failed();
    }

    /// One live block of `size` bytes is gone without having been handed back.
    #[cfg(feature = "std")]
    pub(crate) fn forget(&self, size: usize) {
        if size > 0 {
            let slot = self.slot();
            self.change(slot, Amount::block(size).negative());
            self.pen(slot).forgotten(1);
        }
    }

    /// Every live block is gone without having been handed back.
    pub(crate) fn forget_all(&mut self) {
        let live = self.live();
        // Nobody else is here: this may write to what is otherwise one thread's.
        let pen = self.pen(self.slots.iter().next());
        pen.forgotten(live.now.blocks.cast_unsigned());
        self.slots.iter().for_each(|slot| slot.drift.clear());
        self.levels.bytes.clear(live.peaks.bytes);
        self.levels.blocks.clear(live.peaks.blocks);
    }

    /// The slot of the calling thread, which gets one if it has none.
    #[inline]
    fn slot(&self) -> Option<&Slot> {
        let occupied = self.slots.occupied();
        occupied.or_else(|| self.slots.open(&self.levels))
    }

    /// What a thread with this slot counts with.
    #[inline]
    fn pen<'a>(&'a self, slot: Option<&'a Slot>) -> Pen<'a> {
        let shared = Pen {
            tally: &self.shared,
            writers: Writers::Many,
        };
        slot.map_or(shared, pen)
    }

    /// What is live changes.
    #[inline]
    fn change(&self, slot: Option<&Slot>, by: Amount) {
        match slot {
            Some(slot) if !Self::AT_ONCE => slot.drift.change(by, &self.levels),
            _ => self.levels.tell(by),
        }
    }

    /// So many blocks, at most one, and bytes, at most [`USUAL`], are live now. Returns the slot to
    /// count in, if this thread has one, and nothing but that has to be done.
    #[inline]
    fn rise_as_usual(&self, blocks: u32, bytes: usize) -> Option<&Slot> {
        let slot = self.slots.mine();
        if P::AT_ONCE {
            if Slots::is_vacant(slot) {
                return None;
            }
            self.levels.tell(Amount::of(blocks, bytes));
            return Some(slot);
        }
        // A vacant slot lets nothing pass.
        slot.drift.set(slot.drift.risen(blocks, bytes)?);
        Some(slot)
    }

    /// So many blocks and bytes are live no longer. Otherwise like
    /// [`rise_as_usual`](Self::rise_as_usual).
    #[inline]
    fn fall_as_usual(&self, blocks: u32, bytes: usize) -> Option<&Slot> {
        let slot = self.slots.mine();
        if P::AT_ONCE {
            if Slots::is_vacant(slot) {
                return None;
            }
            self.levels.tell(Amount::of(blocks, bytes).negative());
            return Some(slot);
        }
        slot.drift.set(slot.drift.fallen(blocks, bytes)?);
        Some(slot)
    }
}

/// What is gone of a block that shrinks, and the block as well if nothing is left of it.
#[inline]
fn shrinkage(old: usize, new: usize) -> Amount {
    if old > 0 && new == 0 {
        Amount::block(old)
    } else {
        Amount::bytes(old.saturating_sub(new))
    }
}

/// What the thread whose slot this is counts with.
#[inline]
fn pen(slot: &Slot) -> Pen<'_> {
    Pen {
        tally: &slot.tally,
        writers: Writers::One,
    }
}
