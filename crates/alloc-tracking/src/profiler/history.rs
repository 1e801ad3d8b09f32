//! The blocks that were freed last, to tell a double free from a pointer that was never known.

use core::alloc::{GlobalAlloc, Layout};

use super::memory::{Zeroed, ZeroedSlice};
use super::sites::Place;
use super::slots::Record;

/// How many freed blocks each shard remembers.
pub(super) const REMEMBERED: usize = 64;

/// A freed block. Empty if `address` is 0, which no block has.
#[derive(Clone, Copy)]
pub(super) struct Past {
    address: usize,
    size: usize,
    align: usize,
    /// When it was freed, by the clock of the profiler.
    pub(super) end: u64,
    /// Where it was freed.
    pub(super) place: Place,
}

// SAFETY: integers of any value, and a place that is nowhere.
unsafe impl Zeroed for Past {}

impl Past {
    /// The layout that the block had.
    pub(super) fn layout(&self) -> Option<Layout> {
        Layout::from_size_align(self.size, self.align).ok()
    }
}

/// A ring of freed blocks. A new one overwrites the oldest.
pub(super) struct History<M: GlobalAlloc> {
    ring: ZeroedSlice<Past, M>,
    /// Where the next one goes: below the length of the ring, or 0.
    next: usize,
}

impl<M: GlobalAlloc> History<M> {
    pub(super) const fn new(memory: M) -> Self {
        Self {
            ring: ZeroedSlice::empty(memory),
            next: 0,
        }
    }

    /// Gives the ring its memory, or returns it if there is a ring already. Until then nothing is remembered.
    #[must_use]
    pub(super) fn give(&mut self, ring: ZeroedSlice<Past, M>) -> Option<ZeroedSlice<Past, M>> {
        if !self.ring.is_empty() {
            return Some(ring);
        }
        self.ring = ring;
        None
    }

    #[inline]
    pub(super) fn push(&mut self, address: usize, record: Record, end: u64, place: Place) {
        let (Some(layout), Some(past)) = (record.layout(), self.ring.get_mut(self.next)) else {
            return;
        };
        *past = Past {
            address,
            size: layout.size(),
            align: layout.align(),
            end,
            place,
        };
        self.next = (self.next + 1) % self.ring.len();
    }

    /// The last block that was freed at an address.
    pub(super) fn find(&self, address: usize) -> Option<Past> {
        let (newer, older) = self.ring.split_at_checked(self.next)?;
        let mut newest_first = newer.iter().rev().chain(older.iter().rev());
        newest_first.find(|past| past.address == address).copied()
    }

    /// Forgets an address whose block was not freed after all, or that was handed out again.
    pub(super) fn forget(&mut self, address: usize) {
        for past in self.ring.iter_mut().filter(|past| past.address == address) {
            past.address = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::alloc::System;

    #[test]
    fn the_newest_is_found_and_the_oldest_overwritten() {
        let record = |size| {
            Record::new(
                Layout::from_size_align(size, 8).unwrap(),
                0,
                0,
                1,
                Place::NOWHERE,
            )
        };
        let mut history = History::new(System);
        history.push(16, record(1), 1, Place::NOWHERE);
        assert!(history.find(16).is_none(), "no ring yet");
        assert!(
            history
                .give(ZeroedSlice::allocate(3, System).unwrap())
                .is_none()
        );
        history.push(16, record(1), 1, Place::NOWHERE);
        history.push(32, record(2), 2, Place::NOWHERE);
        history.push(16, record(3), 3, Place::NOWHERE);
        assert_eq!(history.find(16).map(|past| past.end), Some(3));
        history.push(48, record(4), 4, Place::NOWHERE);
        history.push(64, record(5), 5, Place::NOWHERE);
        assert!(history.find(32).is_none());
        assert_eq!(history.find(16).map(|past| past.end), Some(3));
        history.forget(16);
        assert!(history.find(16).is_none());
    }
}
