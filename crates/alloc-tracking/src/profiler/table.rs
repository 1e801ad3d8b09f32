//! Every live block, in shards.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::System;

use alloc_core::{Allocator, vec::Vec};

use super::history::{History, Past, REMEMBERED};
use super::lifetimes::Lifetimes;
use super::lock::{Recover, SpinLock};
use super::memory::ZeroedSlice;
use super::sites::Place;
use super::slots::{Record, Slots};
use crate::math::{SHARDS, shard_of};

/// The blocks whose addresses hash to one shard.
///
/// - I1: `slots` has room for `reserved` more entries, so that a block that was taken out to be
///   resized can be put back.
/// - I2: `untracked` of the live blocks are not in `slots`, because there was no memory to enter them.
/// - I3: no record was lost unless `lost`: then any block may be live without being in `slots`.
struct Shard<M: GlobalAlloc> {
    slots: Slots<M>,
    reserved: usize,
    untracked: usize,
    lost: bool,
    history: History<M>,
    lifetimes: Lifetimes,
    memory: M,
}

/// What the table says of a block that is to be freed or resized.
pub(super) enum Taken {
    /// It is live and was taken out.
    Held(Record),
    /// It may be one of those that could not be entered.
    Untracked,
    /// It is live with another layout, and stays.
    Misfit(Record),
    /// It is not live, but was, not long ago.
    Past(Past),
    /// Never heard of, or long forgotten.
    Unknown,
}

/// What the table says of an address whose block is said to have no bytes.
pub(super) enum Seen {
    /// A block is live there.
    Live(Record),
    /// A block was freed there, not long ago.
    Past(Past),
    Nothing,
}

/// What became of a block that was to be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    New,
    /// The address was live already; this was its record.
    Over(Record),
    /// There was no memory for it.
    Untracked,
}

/// When and where something is done.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) time: u64,
    pub(super) place: Place,
}

/// Why a block is taken out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Free,
    /// Its place is kept until [`Table::put_back`] or [`Table::release`].
    Resize,
}

impl<M: GlobalAlloc + Copy> Shard<M> {
    const fn new(memory: M) -> Self {
        Self {
            slots: Slots::new(memory),
            reserved: 0,
            untracked: 0,
            lost: false,
            history: History::new(memory),
            lifetimes: Lifetimes::new(),
            memory,
        }
    }

    /// Enters a block if its address is there already or there is room.
    #[inline]
    fn enter(&mut self, address: usize, record: Record) -> Option<Entered> {
        let room = self.slots.has_room_for(self.reserved.saturating_add(1));
        if !room && self.slots.find(address).is_none() {
            return None;
        }
        Some(match self.slots.put(address, record) {
            None => Entered::New,
            Some(old) => Entered::Over(old),
        })
    }

    /// Says what an address is that is not in the table.
    #[cold]
    fn miss(&mut self, address: usize) -> Taken {
        // An address that is handed out untracked is removed from the history, so what is found
        // there is not live.
        if let Some(past) = self.history.find(address) {
            return Taken::Past(past);
        }
        match self.untracked.checked_sub(1) {
            Some(rest) => self.untracked = rest,
            None if self.lost => {}
            None => return Taken::Unknown,
        }
        Taken::Untracked
    }
}

impl<M: GlobalAlloc + Copy> Recover for Shard<M> {
    fn recover(&mut self) {
        let memory = self.memory;
        // The old value may be half written. Its fields are moved aside as they are; the memory that
        // they point to is neither read nor freed.
        mem::forget(mem::replace(self, Self::new(memory)));
        self.lost = true;
    }
}

/// A map from address to [`Record`] for many threads, whose memory comes from `M`.
///
/// No lock of it is held while `M` is called.
pub(super) struct Table<M: GlobalAlloc + Copy = System> {
    shards: [SpinLock<Shard<M>>; SHARDS],
    /// How many blocks could not be entered, live or not.
    untracked: AtomicUsize,
    memory: M,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self {
            shards: [const { SpinLock::new(Shard::new(System)) }; SHARDS],
            untracked: AtomicUsize::new(0),
            memory: System,
        }
    }
}

impl<M: GlobalAlloc + Copy> Table<M> {
    #[inline]
    fn shard(&self, address: usize) -> &SpinLock<Shard<M>> {
        &self.shards[shard_of(address)]
    }

    /// Enters a block that was just allocated, or counts it as untracked.
    #[inline]
    pub(super) fn enter(&self, address: usize, record: Record) -> Entered {
        let entered = self.enter_untracked(address, record);
        if entered == Entered::Untracked {
            // Relaxed: the number itself is all that is wanted.
            self.untracked.fetch_add(1, Ordering::Relaxed);
        }
        entered
    }

    /// Enters a block that was untracked until it was resized. If it stays so, it is not counted again.
    #[inline]
    pub(super) fn enter_untracked(&self, address: usize, record: Record) -> Entered {
        let entered = self.shard(address).lock().enter(address, record);
        entered.unwrap_or_else(|| self.enter_growing(address, record))
    }

    #[cold]
    fn enter_growing(&self, address: usize, record: Record) -> Entered {
        loop {
            let grown = self.grow(address);
            let mut shard = self.shard(address).lock();
            if let Some(entered) = shard.enter(address, record) {
                return entered;
            }
            if !grown {
                shard.untracked = shard.untracked.saturating_add(1);
                shard.history.forget(address);
                return Entered::Untracked;
            }
        }
    }

    /// Gives the shard of an address a larger table; `false` if there is no memory for it.
    fn grow(&self, address: usize) -> bool {
        let size = self.shard(address).lock().slots.next_size();
        let Some(larger) = ZeroedSlice::allocate(size, self.memory) else {
            return false;
        };
        let ring = ZeroedSlice::allocate(REMEMBERED, self.memory);
        let mut shard = self.shard(address).lock();
        let unused = shard.slots.grow(larger);
        let unused_ring = ring.and_then(|ring| shard.history.give(ring));
        // Unlocked before memory is given back.
        drop(shard);
        drop((unused, unused_ring));
        true
    }

    /// Takes out a block that is to be freed or resized, if it is live and `layout` is its own.
    #[inline]
    pub(super) fn take(&self, address: usize, layout: Layout, now: Now, purpose: Purpose) -> Taken {
        let mut shard = self.shard(address).lock();
        let Some(at) = shard.slots.find(address) else {
            return shard.miss(address);
        };
        let record = shard.slots.get(at);
        if !record.fits(layout) {
            return Taken::Misfit(record);
        }
        shard.slots.remove(at);
        shard.history.push(address, record, now.time, now.place);
        match purpose {
            Purpose::Free => shard.lifetimes.add(now.time.saturating_sub(record.birth)),
            Purpose::Resize => shard.reserved += 1,
        }
        Taken::Held(record)
    }

    /// Puts back a block that was taken out to be resized and is still where it was.
    pub(super) fn put_back(&self, address: usize, record: Record) {
        let mut shard = self.shard(address).lock();
        shard.reserved = shard.reserved.saturating_sub(1);
        shard.history.forget(address);
        // I1 kept a place for it.
        shard.slots.put(address, record);
    }

    /// Counts a block as untracked again that could not be resized.
    pub(super) fn put_back_untracked(&self, address: usize) {
        let mut shard = self.shard(address).lock();
        shard.untracked = shard.untracked.saturating_add(1);
    }

    /// Gives up the place of a block that was taken out to be resized and is no longer there.
    pub(super) fn release(&self, address: usize) {
        let mut shard = self.shard(address).lock();
        shard.reserved = shard.reserved.saturating_sub(1);
    }

    /// What is or was at an address. Changes nothing.
    pub(super) fn look(&self, address: usize) -> Seen {
        let shard = self.shard(address).lock();
        match shard.slots.find(address) {
            Some(at) => Seen::Live(shard.slots.get(at)),
            None => shard
                .history
                .find(address)
                .map_or(Seen::Nothing, Seen::Past),
        }
    }

    /// Copies out every live block. Shard by shard: exact for blocks that live through the call.
    pub(super) fn copy_to<B: Allocator>(&self, blocks: &mut Vec<(usize, Record), B>) {
        for shard in &self.shards {
            loop {
                let shard = shard.lock();
                let len = shard.slots.len();
                if len <= blocks.capacity() - blocks.len() {
                    for block in shard.slots.iter() {
                        // Does not allocate: there is room for all.
                        blocks.push(block);
                    }
                    break;
                }
                drop(shard);
                blocks.reserve(len.saturating_add(len / 4));
            }
        }
    }

    /// How long the blocks lived that were freed.
    pub(super) fn lifetimes(&self) -> Lifetimes {
        let mut all = Lifetimes::new();
        for shard in &self.shards {
            all.merge(&shard.lock().lifetimes);
        }
        all
    }

    /// Lets the lifetimes begin anew.
    pub(super) fn reset_lifetimes(&self) {
        for shard in &self.shards {
            shard.lock().lifetimes = Lifetimes::new();
        }
    }

    /// How many blocks could not be entered since the last [`end_all`](Self::end_all).
    pub(super) fn untracked(&self) -> usize {
        self.untracked.load(Ordering::Relaxed)
    }

    /// How many shards lost their records because the process forked while one of them was being changed.
    pub(super) fn lost(&self) -> usize {
        let lost = self.shards.iter().filter(|shard| shard.lock().lost);
        lost.count()
    }

    /// Ends the life of every block. Tells `ended` of each before.
    pub(super) fn end_all(&mut self, now: u64, mut ended: impl FnMut(Record)) {
        *self.untracked.get_mut() = 0;
        for shard in &mut self.shards {
            let shard = shard.get_mut();
            for (address, record) in shard.slots.iter() {
                shard.lifetimes.add(now.saturating_sub(record.birth));
                shard.history.push(address, record, now, Place::NOWHERE);
                ended(record);
            }
            shard.slots.clear();
            shard.reserved = 0;
            shard.untracked = 0;
            shard.lost = false;
        }
    }
}

#[cfg(test)]
mod tests;
