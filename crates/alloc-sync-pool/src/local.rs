//! A handle of one thread, with a magazine of free blocks.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, DefaultUpstream, Owns};

use crate::alloc::Blocks;
use crate::magazine::Magazine;
use crate::math::Served;
use crate::pool::SyncPool;
use crate::sync::{MAGAZINE, const_fn};

/// A handle to a [`SyncPool`] for one thread, which keeps up to 128 free blocks at hand: 128 KiB of them at most,
/// but 4 in any case.
///
/// The owner decides where it lives: on a thread's stack, in a worker's state, in a thread-local.
/// Allocating takes a block out of an array and freeing puts it back, without an atomic
/// read-modify-write. An empty magazine takes up to 64 blocks: those of one word of the pool's
/// bitmap, at once, and of words near it while it has fewer than half of that, or of as many words as
/// that takes if the pool has a limit. A full one gives the 64 oldest back, those of one word at once,
/// or as many fewer, down to 33, as it takes to give the last word's blocks together another time; and
/// dropping it gives all back. The magazine is that of Bonwick and Adams (USENIX 2001), owned by the caller instead of
/// the processor.
///
/// With the feature `std`, `&SyncPool` of a pool that grows has [such magazines
/// itself](crate#what-threads-have-of-their-own). A handle still saves the way to them, and is the
/// way to have one in a pool with a limit.
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
/// twice, and a foreign pointer is handed out like a block. Debug builds abort.
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
/// O(1), and for each word that a refill or a flush of up to 64 blocks touches, that of the pool:
/// once in 64 operations if the free blocks lie together. The value is about 1,100 bytes large on
/// 64-bit targets.
pub struct Local<'a, A: Allocator = DefaultUpstream> {
    /// Where the blocks come from.
    pool: &'a SyncPool<A>,
    /// That of the pool.
    block: Served,
    /// The blocks at hand.
    magazine: Magazine<Cell<*mut u8>, Cell<usize>>,
}

// SAFETY: the blocks of the magazine belong to whoever has the value (M1) and are plain memory; the
// reference to the pool may be sent if the pool is `Sync`, which it is if `A` is.
unsafe impl<A: Allocator + Sync> Send for Local<'_, A> {}

impl<'a, A: Allocator> Local<'a, A> {
    const_fn! {
        /// A handle with an empty magazine.
        pub(crate) const fn new(pool: &'a SyncPool<A>) -> Self {
            let limit = pool.magazine_slots();
            let magazine = Magazine::new(Cell::new(ptr::null_mut()), Cell::new(0), limit);
            Self { pool, block: *pool.depot().block(), magazine }
        }
    }

    /// The pool.
    pub const fn pool(&self) -> &'a SyncPool<A> {
        self.pool
    }

    /// Counts the blocks in the magazine.
    pub const fn cached(&self) -> usize {
        let (top, len) = self.magazine.words();
        len.get() + !top.get().is_null() as usize
    }

    /// Gives all blocks of the magazine back to the pool.
    ///
    /// For a thread that goes idle; dropping the handle does the same.
    pub fn flush(&self) {
        self.pool.depot().flush(&self.magazine, MAGAZINE);
    }

    /// Takes half a magazine from the pool; returns one of the blocks.
    #[inline(never)]
    fn refill(&self) -> Result<NonNull<u8>, AllocError> {
        self.pool.depot().refill(&self.magazine)
    }

    /// Makes room, and puts the block in.
    #[inline(never)]
    fn overflow(&self, block: NonNull<u8>) {
        self.pool.depot().overflow(&self.magazine, block);
    }
}

// SAFETY: as for the pool; between two owners a block is taken and in the magazine of one thread
// (M1).
unsafe impl<A: Allocator> Blocks for Local<'_, A> {
    #[inline]
    fn block(&self) -> &Served {
        &self.block
    }

    #[inline]
    fn take(&self) -> Result<NonNull<u8>, AllocError> {
        let block = match self.magazine.pop() {
            Some(block) => block,
            None => self.refill()?,
        };
        self.pool.depot().note_taken(block);
        Ok(block)
    }

    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) {
        self.pool.depot().note_put(block);
        // SAFETY: the caller's promise.
        let block = unsafe { self.pool.depot().retire(block) };
        if !self.magazine.push(block) {
            self.overflow(block);
        }
    }

    #[inline]
    fn own(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.pool.depot().own(block)
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
            .field("slots", &self.magazine.capacity())
            .field("pool", &self.pool)
            .finish()
    }
}
