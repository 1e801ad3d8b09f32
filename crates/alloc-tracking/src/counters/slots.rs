//! The slots of threads: one for each [seat] that has come by.
//!
//! ```text
//!  entries    0   1   2   3  ..            255
//!             │   │   │   │                 │
//!             │   ▼   │   ▼                 │
//!  newest ────┼▶slot──┼▶slot──▶ null        │      memory of the system, until the counters are dropped
//!             ▼       ▼                     ▼
//!           VACANT, for who has no slot, or has to look for it
//! ```
//!
//! A thread finds its slot by one load and needs no test: who has no slot finds [`VACANT`], with which
//! nothing goes on as usual. Numbers of seats are bytes, so that an entry for each of them exists.
//!
//! Whoever restarts the peaks empties all entries. So each thread comes by [`Slots::open`] before it
//! counts again, and there forgets how high it was: nobody writes into the slot of another thread.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use alloc_core::System;

use super::level::Levels;
use super::slot::Slot;
use crate::seat;

/// One for each value of a byte.
const ENTRIES: usize = 1 << u8::BITS;

/// The slot of those who have none. It is never written to.
static VACANT: Slot = Slot::vacant();

/// The slots of all threads that have used these counters.
///
/// E1: each slot but [`VACANT`] is memory from [`System`], lives as long as this and is never lent
/// exclusively before that.
#[derive(Debug)]
pub(super) struct Slots {
    /// E2: each is [`VACANT`], or the slot of this seat, which the holder of the seat has entered. Those
    /// of [`seat::NEW`] and [`seat::STANDING`] stay vacant.
    entries: [AtomicPtr<Slot>; ENTRIES],
    /// E3: null, or the newest slot. No two slots are for one seat.
    newest: AtomicPtr<Slot>,
}

impl Slots {
    /// Whether threads have slots here.
    pub(super) const EXIST: bool = true;

    pub(super) const fn new() -> Self {
        Self {
            entries: [const { AtomicPtr::new((&raw const VACANT).cast_mut()) }; ENTRIES],
            newest: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The slot of the calling thread, or one with which nothing goes on as usual.
    #[inline]
    pub(super) fn mine(&self) -> &Slot {
        // Relaxed: a slot that is found here was entered by a holder of this seat, and what one of them
        // did happens before the next one sits down.
        let slot = self.entries[usize::from(seat::number())].load(Ordering::Relaxed);
        // SAFETY: E2: it is a slot. (Said so that nobody tests it.)
        unsafe { core::hint::assert_unchecked(!slot.is_null()) };
        // SAFETY: E1, E2.
        unsafe { &*slot }
    }

    /// The slot of the calling thread, if it need not look for it.
    #[inline]
    pub(super) fn occupied(&self) -> Option<&Slot> {
        Some(self.mine()).filter(|slot| !Self::is_vacant(slot))
    }

    /// Whether this is the slot of those who have none.
    #[inline]
    pub(super) fn is_vacant(slot: &Slot) -> bool {
        ptr::eq(slot, &raw const VACANT)
    }

    /// The slot of the calling thread, which gets one if it has none. `None` if there is no seat or
    /// no memory for it.
    ///
    /// What comes back here from the system's allocator, if that is built on these very counters,
    /// finds that its thread stands, and goes on without.
    #[cold]
    #[inline(never)]
    pub(super) fn open(&self, levels: &Levels) -> Option<&Slot> {
        let seat = seat::take()?;
        let known = self.iter().find(|slot| slot.seat == seat);
        let slot = match known {
            Some(slot) => slot,
            None => seat::aside(|| self.add(seat))?,
        };
        let entry = &self.entries[usize::from(seat)];
        if self.is_entered(slot) {
            // By the last holder of the seat, with which this thread is one, and whose height it keeps.
            return Some(slot);
        }
        // Acquire: partner of the `Release` in `vacate`. If this overwrites what was written there,
        // the peaks of the new account are seen below; otherwise the entry is vacant again after this.
        entry.swap(ptr::from_ref(slot).cast_mut(), Ordering::Acquire);
        slot.drift.restart(levels);
        Some(slot)
    }

    /// Makes the slot of a seat that this thread holds, and that has none.
    fn add(&self, seat: u8) -> Option<&Slot> {
        let layout = Layout::new::<Slot>();
        // SAFETY: the size is not zero.
        let memory = unsafe { GlobalAlloc::alloc(&System, layout) };
        let place = NonNull::new(memory)?.cast::<Slot>();
        // SAFETY: just allocated, with this layout.
        unsafe { place.write(Slot::new(seat)) };
        // SAFETY: E1: from now on it lives as long as this.
        let slot = unsafe { place.as_ref() };
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            slot.next.store(newest, Ordering::Relaxed);
            // Release: partner of the `Acquire` in `iter`.
            match self.newest.compare_exchange_weak(
                newest,
                place.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(slot),
                Err(now) => newest = now,
            }
        }
    }

    /// Has each thread come by [`open`](Self::open) before it counts again. The peaks have begun again.
    pub(super) fn vacate(&self) {
        for slot in self.iter() {
            let entry = &self.entries[usize::from(slot.seat)];
            // Release: partner of the `Acquire` in `open`. Each of the two reads what the other has
            // written, or is read by it.
            entry.swap((&raw const VACANT).cast_mut(), Ordering::Release);
        }
    }

    /// Whether the thread of a slot has come by [`open`](Self::open) since the peaks began again.
    pub(super) fn is_entered(&self, slot: &Slot) -> bool {
        let entry = self.entries[usize::from(slot.seat)].load(Ordering::Relaxed);
        ptr::eq(entry, slot)
    }

    /// All slots, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        // Acquire: partner of the `Release` in `add`, so that slots are seen as they were made: this
        // one, and all before, as they are published by read-modify-writes.
        let newest = self.newest.load(Ordering::Acquire);
        // SAFETY: E1, E3.
        let newest = unsafe { newest.as_ref() };
        core::iter::successors(newest, |slot| {
            // SAFETY: E1, S3.
            unsafe { slot.next.load(Ordering::Relaxed).as_ref() }
        })
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        let mut next = *self.newest.get_mut();
        while let Some(slot) = NonNull::new(next) {
            // SAFETY: E1, E3, S3.
            next = unsafe { slot.as_ref() }.next.load(Ordering::Relaxed);
            let layout = Layout::new::<Slot>();
            // SAFETY: E1: allocated with this layout in `add`, and nobody has it any more. It has no
            // destructor.
            unsafe { GlobalAlloc::dealloc(&System, slot.as_ptr().cast(), layout) };
        }
    }
}

const _: () = assert!(!core::mem::needs_drop::<Slot>());
