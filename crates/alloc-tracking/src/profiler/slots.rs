//! Open addressing: the blocks of one shard.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;

use super::memory::{Zeroed, ZeroedSlice};
use super::sites::Place;
use crate::math::{has_room, home, may_fill, next_size};

/// What is known of a live block, but for its address.
///
/// - I1: `size` and `align_log2` are those of a `Layout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Record {
    size: usize,
    /// When it was allocated, by the clock of the profiler.
    pub(super) birth: u64,
    pub(super) sequence: u64,
    /// Where it was allocated.
    pub(super) place: Place,
    pub(super) thread: u32,
    align_log2: u8,
}

impl Record {
    pub(super) fn new(
        layout: Layout,
        birth: u64,
        sequence: u64,
        thread: u32,
        place: Place,
    ) -> Self {
        Self {
            place,
            size: layout.size(),
            birth,
            sequence,
            thread,
            align_log2: log2(layout),
        }
    }

    /// The same block after it was grown or shrunk: it is as old as it was.
    pub(super) fn resized(self, layout: Layout, place: Place) -> Self {
        Self {
            size: layout.size(),
            align_log2: log2(layout),
            place,
            ..self
        }
    }

    /// Whether this is the layout that the block was asked for with.
    #[inline]
    pub(super) fn fits(&self, layout: Layout) -> bool {
        self.size == layout.size() && self.align_log2 == log2(layout)
    }

    /// The layout that the block was asked for with: always `Some`, by I1.
    pub(super) fn layout(&self) -> Option<Layout> {
        Layout::from_size_align(self.size, 1 << self.align_log2).ok()
    }
}

#[inline]
fn log2(layout: Layout) -> u8 {
    // At most 63, so the truncation loses nothing.
    (layout.align().trailing_zeros() & 63) as u8
}

/// A place in the table: empty if `address` is 0, which no block has.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Slot {
    address: usize,
    record: Record,
}

// SAFETY: integers of any value, and a place that is nowhere.
unsafe impl Zeroed for Slot {}

const EMPTY: Slot = Slot {
    address: 0,
    record: Record {
        size: 0,
        birth: 0,
        sequence: 0,
        place: Place::NOWHERE,
        thread: 0,
        align_log2: 0,
    },
};

/// A hash table from address to record, with linear probing and without grave markers (Knuth,
/// volume 3, algorithms 6.4L and 6.4R).
///
/// - I2: the number of slots is 0 or a power of two, and `len` of them are not empty. [`has_room`]
///   holds of `len`, so that one is empty.
/// - I3: between the home of an address and its slot no slot is empty.
pub(super) struct Slots<M: GlobalAlloc> {
    slots: ZeroedSlice<Slot, M>,
    len: usize,
}

impl<M: GlobalAlloc> Slots<M> {
    pub(super) const fn new(memory: M) -> Self {
        Self {
            slots: ZeroedSlice::empty(memory),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether there is room for `entries` more.
    #[inline]
    pub(super) fn has_room_for(&self, entries: usize) -> bool {
        has_room(self.len.saturating_add(entries), self.slots.len())
    }

    /// How many slots the next table should have.
    pub(super) fn next_size(&self) -> usize {
        next_size(self.slots.len())
    }

    /// The slot of an address.
    #[inline]
    pub(super) fn find(&self, address: usize) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let at = self.search(address);
        (self.slots[at].address == address).then_some(at)
    }

    /// The slot of an address, or the empty one that ends the search for it. The table is not without slots.
    #[inline]
    fn search(&self, address: usize) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = home(address, self.slots.len());
        // Ends: I2 says that there is an empty slot.
        while self.slots[at].address != address && self.slots[at].address != 0 {
            at = (at + 1) & mask;
        }
        at
    }

    pub(super) fn get(&self, at: usize) -> Record {
        self.slots[at].record
    }

    /// Enters a block, for which there is room unless its address is there already. Returns the
    /// record that it replaces.
    #[inline]
    pub(super) fn put(&mut self, address: usize, record: Record) -> Option<Record> {
        debug_assert!(self.has_room_for(1) || self.find(address).is_some());
        let at = self.search(address);
        let slot = mem::replace(&mut self.slots[at], Slot { address, record });
        if slot.address == 0 {
            self.len += 1;
            return None;
        }
        Some(slot.record)
    }

    /// Empties a slot, and moves up those after it whose search would now end too soon (I3).
    #[inline]
    pub(super) fn remove(&mut self, at: usize) {
        let (slots, mask) = (self.slots.len(), self.slots.len() - 1);
        let mut hole = at;
        let mut next = (at + 1) & mask;
        while self.slots[next].address != 0 {
            if may_fill(hole, home(self.slots[next].address, slots), next, slots) {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = EMPTY;
        self.len -= 1;
    }

    /// Moves everything to a larger table and returns the slots that are no longer in use: the old
    /// ones, or the new ones if they are not more than there are.
    #[must_use]
    pub(super) fn grow(&mut self, larger: ZeroedSlice<Slot, M>) -> ZeroedSlice<Slot, M> {
        if larger.len() <= self.slots.len() {
            return larger;
        }
        let old = mem::replace(&mut self.slots, larger);
        self.len = 0;
        for slot in old.iter().filter(|slot| slot.address != 0) {
            self.put(slot.address, slot.record);
        }
        old
    }

    /// Every block with its address.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, Record)> + '_ {
        let live = self.slots.iter().filter(|slot| slot.address != 0);
        live.map(|slot| (slot.address, slot.record))
    }

    pub(super) fn clear(&mut self) {
        self.slots.fill(EMPTY);
        self.len = 0;
    }
}

#[cfg(test)]
mod layout {
    use super::{Record, Slot};
    use memoffset::{offset_of, span_of};

    // The search compares addresses, so the address leads the slot, and the record follows it without a gap.
    const _: () = assert!(offset_of!(Slot, address) == 0);
    const _: () = assert!(offset_of!(Slot, record) == size_of::<usize>());
    // What a live block costs is this, at a load of between three slots in eight and three in four.
    #[cfg(target_pointer_width = "64")]
    const _: () = assert!(size_of::<Slot>() == 48);

    /// Padding is at the end alone.
    #[test]
    fn fields_follow_each_other() {
        assert_eq!(span_of!(Slot, address).end, span_of!(Slot, record).start);
        assert_eq!(span_of!(Record, size).start, 0);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(span_of!(Record, size..birth).end, size_of::<usize>());
        assert_eq!(
            span_of!(Record, birth..=place).end,
            span_of!(Record, thread).start
        );
        assert_eq!(
            span_of!(Record, thread).end,
            span_of!(Record, align_log2).start
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;
    use std::collections::BTreeMap;

    /// Against a map of the standard library, with few addresses so that runs are long and go round the end.
    #[test]
    fn behaves_as_a_map() {
        let mut slots = Slots::new(System);
        let mut model = BTreeMap::new();
        let mut random = 1_u64;
        for i in 0..if cfg!(miri) { 600 } else { 20_000 } {
            random = random.wrapping_mul(6_364_136_223_846_793_005) + 1;
            let address = ((random >> 40) as usize % 150 + 1) * 16;
            if let Some(at) = slots.find(address) {
                assert_eq!(Some(slots.get(at)), model.remove(&address));
                slots.remove(at);
            } else {
                let record = Record::new(Layout::new::<u64>(), i, i, 1, Place::NOWHERE);
                if !slots.has_room_for(1) {
                    let larger = ZeroedSlice::allocate(slots.next_size(), System).unwrap();
                    drop(slots.grow(larger));
                }
                assert_eq!(slots.put(address, record), model.insert(address, record));
            }
            assert_eq!(slots.len(), model.len());
        }
        let live: BTreeMap<_, _> = slots.iter().collect();
        assert_eq!(live, model);
        for address in model.keys() {
            assert!(slots.find(*address).is_some());
        }
    }

    #[test]
    fn a_record_knows_its_layout() -> Result<(), core::alloc::LayoutError> {
        let layout = Layout::from_size_align(100, 1 << 20)?;
        let record = Record::new(layout, 0, 0, 1, Place::NOWHERE);
        assert_eq!(record.layout(), Some(layout));
        assert!(record.fits(layout));
        assert!(!record.fits(Layout::from_size_align(100, 1 << 19)?));
        assert!(!record.fits(Layout::from_size_align(99, 1 << 20)?));
        Ok(())
    }
}
