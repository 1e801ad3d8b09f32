//! The slots of threads: one for each [seat] that has come by.
//!
//! ```text
//! table ──▶ seat    0  1  2  3 ..        255
//!                   │  │  │  │            │
//!                   │  ▼  │  ▼            │
//!                   │ slot│ slot          │        memory of the system, until the counters are dropped
//!                   ▼     ▼               ▼
//!                  VACANT: for who has no slot
//! ```
//!
//! A thread finds its slot by two loads, of the table and of the entry, and needs no test: who has
//! no slot finds [`VACANT`], with which nothing goes on as usual. Numbers of seats are bytes, so that
//! an entry for each of them exists.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use alloc_core::System;

use super::slot::Slot;
use crate::seat;

/// Entries of a table: one for each value of a byte.
const ENTRIES: usize = 1 << u8::BITS;

/// The slot of those who have none. It is never written to.
static VACANT: Slot = Slot::vacant();

/// The table of counters that nobody has used. It is never written to.
static UNUSED: Table = Table::vacant();

/// A slot for each seat.
#[derive(Debug)]
struct Table {
    /// E1: each is [`VACANT`], or a slot from [`System`] that lives as long as the table. Only the
    /// holder of a seat writes its entry, once. Those of [`seat::NEW`] and [`seat::STANDING`] stay vacant.
    entries: [AtomicPtr<Slot>; ENTRIES],
    /// E3: the entries from this one on are vacant, but for those that are being written.
    end: AtomicUsize,
}

impl Table {
    const fn vacant() -> Self {
        Self {
            entries: [const { AtomicPtr::new((&raw const VACANT).cast_mut()) }; ENTRIES],
            end: AtomicUsize::new(0),
        }
    }
}

/// The slots of all threads that have used these counters.
#[derive(Debug)]
pub(super) struct Slots {
    /// E2: [`UNUSED`], or a table from [`System`] that this owns. Set once.
    table: AtomicPtr<Table>,
}

impl Slots {
    /// Whether threads have slots here.
    pub(super) const EXIST: bool = true;

    pub(super) const fn new() -> Self {
        Self {
            table: AtomicPtr::new((&raw const UNUSED).cast_mut()),
        }
    }

    #[inline]
    fn table(&self) -> &Table {
        // Acquire: partner of the `Release` in `furnished`: the entries are seen as they were
        // written.
        let table = self.table.load(Ordering::Acquire);
        // SAFETY: E2: it lives as long as this, and nobody has it exclusively.
        unsafe { &*table }
    }

    /// The slot of the calling thread, or one with which nothing goes on as usual.
    #[inline]
    pub(super) fn mine(&self) -> &Slot {
        let entry = &self.table().entries[usize::from(seat::number())];
        // Relaxed: only the holders of this seat write the entry, one after another, and what one of
        // them did happens before the next one sits down.
        let slot = entry.load(Ordering::Relaxed);
        // SAFETY: E1: it lives as long as the table, and nobody has it exclusively.
        unsafe { &*slot }
    }

    /// The slot of the calling thread, if it has one.
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
    pub(super) fn open(&self) -> Option<&Slot> {
        let seat = seat::take()?;
        if let Some(slot) = self.occupied() {
            return Some(slot);
        }
        let made = seat::aside(|| Some((self.furnished()?, create(Slot::new())?)));
        let (table, slot) = made?;
        let seat = usize::from(seat);
        // The entry is vacant: `occupied` has found it so (or this is a new table), and meanwhile the
        // thread stood. Release: partner of the `Acquire` in `iter`.
        table.entries[seat].store(slot.as_ptr(), Ordering::Release);
        // E3. Release: partner of the `Acquire` in `iter`.
        table.end.fetch_max(seat + 1, Ordering::Release);
        // SAFETY: E1: it is initialised and lives as long as the table.
        Some(unsafe { slot.as_ref() })
    }

    /// The table that this owns, which it gets if it has none.
    fn furnished(&self) -> Option<&Table> {
        let unused = (&raw const UNUSED).cast_mut();
        if ptr::eq(self.table(), unused) {
            let table = create(Table::vacant())?;
            // Release: partner of the `Acquire` in `table`. Relaxed on failure: `table` loads again.
            let published = self.table.compare_exchange(
                unused,
                table.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            );
            if published.is_err() {
                // SAFETY: just made, and nobody else knows it.
                unsafe { destroy(table) };
            }
        }
        Some(self.table())
    }

    /// All slots, but for those that are being made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        let table = self.table();
        // Acquire: partner of the `Release` in `open`: all entries before it are seen.
        let end = table.end.load(Ordering::Acquire);
        let slots = table.entries.iter().take(end).map(|entry| {
            // Acquire: partner of the `Release` in `open`: the slot is seen as it was made, also if
            // `end` is there for another one.
            let slot = entry.load(Ordering::Acquire);
            // SAFETY: E1: it lives as long as the table, and nobody has it exclusively.
            unsafe { &*slot }
        });
        slots.filter(|slot| !Self::is_vacant(slot))
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        let table = *self.table.get_mut();
        let Some(owned) = NonNull::new(table).filter(|_| !ptr::eq(table, &raw const UNUSED)) else {
            return;
        };
        // SAFETY: E2: it lives until the end of this function.
        let entries = unsafe { &owned.as_ref().entries };
        for entry in entries {
            let slot = entry.load(Ordering::Relaxed);
            let made = NonNull::new(slot).filter(|_| !ptr::eq(slot, &raw const VACANT));
            if let Some(slot) = made {
                // SAFETY: E1: it was made by `create`, it is in one entry, and nobody has the table
                // any more.
                unsafe { destroy(slot) };
            }
        }
        // SAFETY: E2: it was made by `create`, and nobody has it any more.
        unsafe { destroy(owned) };
    }
}

/// Moves a value into memory of the system.
fn create<T>(value: T) -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not zero.
    let place = NonNull::new(unsafe { GlobalAlloc::alloc(&System, Layout::new::<T>()) })?.cast();
    // SAFETY: just allocated, with the layout of the value.
    unsafe { place.write(value) };
    Some(place)
}

/// Gives the memory of a value back, whose type has no destructor.
///
/// # Safety
///
/// It was made by [`create`] and is not used any more.
unsafe fn destroy<T>(place: NonNull<T>) {
    const { assert!(!core::mem::needs_drop::<T>()) };
    // SAFETY: by the caller: allocated with this layout.
    unsafe { GlobalAlloc::dealloc(&System, place.as_ptr().cast(), Layout::new::<T>()) };
}
