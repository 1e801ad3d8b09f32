//! What the heap handed out: each block with its real place and layout.

use std::alloc::{GlobalAlloc, System};
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloc_core::Layout;
use crossbeam_utils::CachePadded;

/// Fresh memory holds these bytes.
const FRESH: u8 = 0xC9;
/// Freed memory holds these bytes.
const FREED: u8 = 0xDB;
/// Bytes that are filled at most: garbage at the start is enough to be noticed.
const FILLED: usize = 1 << 20;
/// Parts of the table, each with a lock of its own, so that threads meet in the allocator under
/// test and not here.
const SHARDS: usize = 8;

/// One block of the system's heap, and what of it was handed out.
#[derive(Debug)]
pub(super) struct Grant {
    /// What was asked for.
    pub(super) asked: Layout,
    /// What was handed out: `len` bytes at `start`.
    start: NonNull<u8>,
    len: usize,
    /// The system's block: `base` was allocated with `real` and not yet freed (G1); `start` and
    /// `len` lie inside it (G2).
    base: NonNull<u8>,
    real: Layout,
}

// SAFETY: the system's heap frees on any thread, and a grant is the only owner of its block.
unsafe impl Send for Grant {}

impl Grant {
    /// Takes a block for `asked` from the system, of which `len` bytes are handed out.
    ///
    /// `None` if the system has none, or no such layout exists.
    pub(super) fn new(
        asked: Layout,
        len: usize,
        least_aligned: bool,
        zeroed: bool,
    ) -> Option<Self> {
        // At an odd multiple of the alignment no address is aligned to twice as much.
        let (skip, align) = if least_aligned {
            (asked.align(), asked.align() * 2)
        } else {
            (0, asked.align())
        };
        let real = Layout::from_size_align(len.checked_add(skip)?, align).ok()?;
        let base = if zeroed {
            // SAFETY: the size is not zero, as no zero-size request gets here.
            unsafe { System.alloc_zeroed(real) }
        } else {
            // SAFETY: as above.
            unsafe { System.alloc(real) }
        };
        let base = NonNull::new(base)?;
        // SAFETY: the block is `skip + len` long.
        let start = unsafe { base.add(skip) };
        let grant = Self {
            asked,
            start,
            len,
            base,
            real,
        };
        if !zeroed {
            grant.scribble(FRESH);
        }
        Some(grant)
    }

    /// The block as it is handed out.
    pub(super) fn block(&self) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.start, self.len)
    }

    fn address(&self) -> usize {
        self.start.addr().get()
    }

    /// Writes garbage to the block. Not under Miri, which knows by itself what was not written.
    fn scribble(&self, garbage: u8) {
        if !cfg!(miri) {
            // SAFETY: G2.
            unsafe { self.start.write_bytes(garbage, self.len.min(FILLED)) };
        }
    }

    /// Gives the block back to the system.
    #[allow(clippy::needless_pass_by_value)] // a freed grant is gone
    pub(super) fn free(self) {
        self.scribble(FREED);
        // SAFETY: G1.
        unsafe { System.dealloc(self.base.as_ptr(), self.real) };
    }
}

/// The blocks that are allocated, by address, and the addresses of those that were.
#[derive(Default)]
pub(super) struct Table([CachePadded<Mutex<Shard>>; SHARDS]);

#[derive(Default)]
struct Shard {
    live: BTreeMap<usize, Grant>,
    freed: BTreeSet<usize>,
}

impl Table {
    /// The part of the table for blocks that start at `address`.
    fn shard(&self, address: usize) -> MutexGuard<'_, Shard> {
        // Neighbouring blocks are mostly some multiple of 16 apart.
        let index = (address >> 4 ^ address >> 10) % SHARDS;
        self.0[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shards(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.0
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn insert(&self, grant: Grant) {
        let mut shard = self.shard(grant.address());
        shard.freed.remove(&grant.address());
        shard.live.insert(grant.address(), grant);
    }

    pub(super) fn remove(&self, ptr: NonNull<u8>) -> Option<Grant> {
        let address = ptr.addr().get();
        let mut shard = self.shard(address);
        let grant = shard.live.remove(&address)?;
        shard.freed.insert(address);
        Some(grant)
    }

    pub(super) fn len(&self) -> usize {
        self.shards().map(|shard| shard.live.len()).sum()
    }

    pub(super) fn contains(&self, address: usize) -> bool {
        let inside =
            |grant: &Grant| (grant.address()..grant.address() + grant.len).contains(&address);
        self.shards().any(|shard| {
            shard
                .live
                .range(..=address)
                .next_back()
                .is_some_and(|(_, g)| inside(g))
        })
    }

    /// Says why `layout` does not fit a block at `ptr`, if it does not.
    pub(super) fn fault(&self, ptr: NonNull<u8>, layout: Layout) -> Option<String> {
        let address = ptr.addr().get();
        let shard = self.shard(address);
        let Some(grant) = shard.live.get(&address) else {
            return if layout.size() == 0 {
                (!address.is_multiple_of(layout.align()))
                    .then(|| "a zero-size block is not aligned".into())
            } else if shard.freed.contains(&address) {
                Some("the block was freed before".into())
            } else {
                Some("no block was handed out there".into())
            };
        };
        let (asked, len) = (grant.asked, grant.len);
        if layout.size() == 0 && address.is_multiple_of(layout.align()) {
            // The address of a zero-size block is anything, even that of a block.
            return None;
        }
        let fits = layout.align() == asked.align() && (asked.size()..=len).contains(&layout.size());
        (!fits).then(|| format!("the block was allocated as {asked:?} and has {len} bytes"))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for shard in &mut self.0 {
            let shard = shard.get_mut().unwrap_or_else(PoisonError::into_inner);
            while let Some((_, grant)) = shard.live.pop_first() {
                grant.free();
            }
        }
    }
}
