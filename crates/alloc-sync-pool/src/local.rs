//! A handle of one thread, with a magazine of free blocks.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, DefaultUpstream, Owns};

use crate::alloc::Blocks;
use crate::bitmap::Claim;
use crate::math;
use crate::pool::SyncPool;
use crate::sync::{BITS, MAGAZINE};

/// A handle to a [`SyncPool`] for one thread, which keeps up to 64 free blocks at hand.
///
/// The owner decides where it lives: on a thread's stack, in a worker's state, in a thread-local.
/// Allocating takes a block out of an array and freeing puts it back, without an atomic
/// read-modify-write. An empty magazine takes up to 32 blocks: those of one word of the pool's
/// bitmap, at once, or of as many words as that takes if the pool has a limit. A full one gives the
/// 32 oldest back, those of one word at once; and dropping it gives all back. The magazine is that
/// of Bonwick and Adams (USENIX 2001), owned by the caller instead of the processor.
///
/// It is equivalent to its pool: a block allocated here may be freed by the pool, or by another
/// `Local` of it, and the other way round. It may be moved to another thread (`Send` if `A` is
/// `Sync`) but not shared (never `Sync`).
///
/// Blocks in the magazine count as [`in_use`](SyncPool::in_use), and nobody else can have them. Of
/// a pool with a limit it therefore keeps at most one eighth, but at least one block. A leaked
/// `Local` takes its blocks with it until the pool is reset or dropped.
///
/// Release builds check nothing that is freed here: a block that is freed twice is handed out
/// twice, and a foreign pointer is handed out like a block. Debug builds abort, except for a block
/// that rests in the magazine of another `Local`, or that is freed through the pool while it rests
/// in this one.
///
/// # Examples
///
/// ```
/// use alloc_core::{AllocatorExt, Layout};
/// use alloc_sync_pool::SyncPool;
///
/// let pool = SyncPool::new(Layout::new::<u64>());
/// let local = pool.local();
/// let block = local.allocate_array::<u64>(1)?;
/// assert_eq!(pool.in_use(), local.cached() + 1);
/// // SAFETY: allocated above by an equivalent allocator.
/// unsafe { pool.deallocate_array(block.cast::<u64>(), 1) };
/// drop(local);
/// assert_eq!(pool.in_use(), 0);
/// # Ok::<(), alloc_core::AllocError>(())
/// ```
///
/// # Complexity
///
/// O(1), and for each word that a refill or a flush of up to 32 blocks touches, that of the pool:
/// once in 32 operations if the free blocks lie together. The value is 544 bytes large on 64-bit
/// targets.
pub struct Local<'a, A: Allocator = DefaultUpstream> {
    /// Where the blocks come from.
    pool: &'a SyncPool<A>,
    /// M1: the first `len` slots hold blocks that are taken from the pool and that nobody else
    /// uses. The others hold null.
    slots: [Cell<*mut u8>; MAGAZINE],
    /// At most `limit`.
    len: Cell<usize>,
    /// Slots in use; from 1 to `MAGAZINE`.
    limit: usize,
}

// SAFETY: the blocks of the magazine belong to whoever has the value (M1) and are plain memory; the
// reference to the pool may be sent if the pool is `Sync`, which it is if `A` is.
unsafe impl<A: Allocator + Sync> Send for Local<'_, A> {}

impl<'a, A: Allocator> Local<'a, A> {
    /// A handle with an empty magazine.
    pub(crate) const fn new(pool: &'a SyncPool<A>) -> Self {
        let slots = [const { Cell::new(ptr::null_mut()) }; MAGAZINE];
        let limit = math::magazine_slots(pool.limit(), MAGAZINE);
        Self {
            pool,
            slots,
            len: Cell::new(0),
            limit,
        }
    }

    /// The pool.
    pub const fn pool(&self) -> &'a SyncPool<A> {
        self.pool
    }

    /// Counts the blocks in the magazine.
    pub const fn cached(&self) -> usize {
        self.len.get()
    }

    /// Gives all blocks of the magazine back to the pool.
    ///
    /// For a thread that goes idle; dropping the handle does the same.
    pub fn flush(&self) {
        self.flush_oldest(self.len.get());
    }

    /// Half of the magazine, at least 1.
    const fn batch(&self) -> usize {
        self.limit.div_ceil(2)
    }

    /// Takes the newest block out.
    #[inline]
    fn pop(&self) -> Option<NonNull<u8>> {
        let last = self.len.get().checked_sub(1)?;
        let block = self.slots.get(last)?.replace(ptr::null_mut());
        self.len.set(last);
        NonNull::new(block)
    }

    /// Puts a block in, unless the magazine is full.
    #[inline]
    fn push(&self, block: NonNull<u8>) -> bool {
        let len = self.len.get();
        let free = self.slots.get(len).filter(|_| len < self.limit);
        let Some(slot) = free else {
            return false;
        };
        slot.set(block.as_ptr());
        self.len.set(len + 1);
        true
    }

    /// Takes half a magazine from the pool; returns one of the blocks.
    #[cold]
    fn refill(&self) -> Result<NonNull<u8>, AllocError> {
        let mut first = Err(AllocError);
        self.pool.claim(self.batch(), |chunk, claim| {
            let mut rest = claim;
            if first.is_err() {
                first = Ok(chunk.block(claim.first()));
                rest = claim.rest();
            }
            while rest.mask != 0 {
                // The highest first, so that the lowest leaves first.
                let mask = 1 << rest.mask.ilog2();
                let one = Claim { mask, ..rest };
                rest.mask &= !mask;
                if !self.push(chunk.block(one.first())) {
                    // Only if the upstream used this very handle while the pool grew.
                    self.pool.release(chunk, one);
                }
            }
        });
        first
    }

    /// Makes room, and puts the block in.
    #[cold]
    fn overflow(&self, block: NonNull<u8>) {
        self.flush_oldest(self.batch());
        let pushed = self.push(block);
        debug_assert!(pushed);
    }

    /// Gives the `count` blocks that came first back to the pool, one read-modify-write for those
    /// of one word.
    fn flush_oldest(&self, count: usize) {
        let (oldest, newest) = self.slots.split_at(count.min(self.len.get()));
        for (index, slot) in oldest.iter().enumerate() {
            let block = slot.replace(ptr::null_mut());
            if block.is_null() {
                continue; // went with an earlier one
            }
            let Some((chunk, block)) = self.pool.locate(block) else {
                continue;
            };
            let word = block / BITS;
            let mut mask = math::bit(block);
            for other in oldest.iter().skip(index + 1) {
                if let Some(bit) = chunk.bit_in(word, other.get().addr()) {
                    mask |= bit;
                    other.set(ptr::null_mut());
                }
            }
            self.pool.release(chunk, Claim { word, mask });
        }
        self.len.set(self.len.get() - oldest.len());
        for (from, to) in newest.iter().zip(&self.slots) {
            to.set(from.replace(ptr::null_mut()));
        }
    }

    /// Aborts if `block` is no block of the pool, is free by its bit, or is in this magazine.
    #[cfg(debug_assertions)]
    fn check(&self, block: NonNull<u8>) {
        let taken = self.pool.locate(block.as_ptr());
        let taken = taken.is_some_and(|(chunk, index)| chunk.bitmap().is_taken(index));
        if !taken || self.slots.iter().any(|slot| slot.get() == block.as_ptr()) {
            crate::misuse::double_free(block.addr().get(), self.pool.address());
        }
    }
}

// SAFETY: as for the pool; between two owners a block is taken and in the magazine of one thread
// (M1).
unsafe impl<A: Allocator> Blocks for Local<'_, A> {
    #[inline]
    fn block(&self) -> Layout {
        self.pool.block_layout()
    }

    #[inline]
    fn take(&self) -> Result<NonNull<u8>, AllocError> {
        match self.pop() {
            Some(block) => Ok(block),
            None => self.refill(),
        }
    }

    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) {
        #[cfg(debug_assertions)]
        self.check(block);
        if !self.push(block) {
            self.overflow(block);
        }
    }
}

impl<A: Allocator> Drop for Local<'_, A> {
    fn drop(&mut self) {
        self.flush();
    }
}

// SAFETY: the blocks are those of the pool.
unsafe impl<A: Allocator> Owns for Local<'_, A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.pool.owns(ptr, layout)
    }
}

/// Two handles are equal if they are of one pool.
impl<A: Allocator> PartialEq for Local<'_, A> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.pool == other.pool
    }
}

impl<A: Allocator> Eq for Local<'_, A> {}

/// A handle is equal to its pool.
impl<A: Allocator> PartialEq<SyncPool<A>> for Local<'_, A> {
    #[inline]
    fn eq(&self, other: &SyncPool<A>) -> bool {
        self.pool == other
    }
}

/// A pool is equal to its handles.
impl<A: Allocator> PartialEq<Local<'_, A>> for SyncPool<A> {
    #[inline]
    fn eq(&self, other: &Local<'_, A>) -> bool {
        self == other.pool
    }
}

// SAFETY: each of them frees what the others allocated, and the pool outlives them all.
unsafe impl<A: Allocator> AllocatorEq for Local<'_, A> {}
// SAFETY: as above.
unsafe impl<A: Allocator> AllocatorEq<SyncPool<A>> for Local<'_, A> {}
// SAFETY: as above.
unsafe impl<A: Allocator> AllocatorEq<Local<'_, A>> for SyncPool<A> {}

impl<A: Allocator> fmt::Debug for Local<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("cached", &self.cached())
            .field("slots", &self.limit)
            .field("pool", &self.pool)
            .finish()
    }
}
