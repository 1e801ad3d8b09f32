//! The growing or bounded pool on the memory of an upstream.

use core::alloc::Layout;
use core::fmt;
use core::ptr::{self, NonNull};

#[cfg(feature = "alloc")]
use alloc_core::Global;
use alloc_core::{AllocError, Allocator, AllocatorEq, DefaultUpstream, Owns, Reset};

use crate::alloc::Blocks;
use crate::bitmap::Claim;
use crate::budget::Budget;
use crate::chunk::{ChunkList, Header};
use crate::line::OwnLine;
use crate::local::Local;
use crate::sync::{self, BITS, const_fn};
use crate::{math, misuse};

/// A concurrent pool of fixed-size blocks: any thread frees what any other allocated, without a
/// lock.
///
/// Serves every request that fits a block, whatever its type; a larger or more strictly aligned one
/// is an `Err`, and a zero-size one takes no block. The returned length is that of the whole block,
/// and a block grows and shrinks in place within it. Memory is taken from `A` in chunks that double
/// in size, from 8 KiB up to 64 MiB, and given back when the pool is dropped.
///
/// The pool is `Sync` if `A` is, and `Send` if `A` is. `&SyncPool`,
/// [`ArcHandle<SyncPool>`](alloc_core::ArcHandle) and [`Local`] are its handles. A constructor
/// takes no memory and can initialise a `static`.
///
/// # Examples
///
/// ```
/// use alloc_core::{ArcHandle, Layout, boxed::Box};
/// use alloc_sync_pool::SyncPool;
///
/// let pool = ArcHandle::new(SyncPool::new(Layout::new::<[u64; 8]>()));
/// let message = Box::try_new_in([7_u64; 8], pool.clone())?;
/// assert_eq!(pool.in_use(), 1);
/// let sum = std::thread::spawn(move || message.iter().sum::<u64>()).join();
/// assert_eq!(sum.ok(), Some(56));
/// assert_eq!(pool.in_use(), 0); // freed by the other thread
/// # Ok::<(), alloc_core::AllocError>(())
/// ```
///
/// # Complexity
///
/// Allocating looks at one word where the last free block was found, and at each word (of 64
/// blocks) once if it finds none. Freeing looks at each chunk, newest first: O(log n) of them in n
/// blocks, plus one per 64 MiB beyond the first 128 MiB.
pub struct SyncPool<A: Allocator = DefaultUpstream> {
    /// The memory.
    chunks: ChunkList<A>,
    /// P1: the size is a multiple of the alignment. Every chunk is made of such blocks.
    block: Layout,
    /// Blocks of the first chunk.
    first: usize,
    /// P2: a bounded pool takes a share of the budget for each block it claims, and gives it back
    /// after the block is free, or if it has no memory at all. It has one chunk, of all its blocks.
    budget: OwnLine<Budget>,
}

#[cfg(feature = "alloc")]
impl SyncPool {
    const_fn! {
        /// A growing pool of blocks of `block`, on the global allocator.
        ///
        /// The block's size is rounded up to a multiple of its alignment. A block of size 0 makes a
        /// pool that serves zero-size requests only.
        pub const fn new(block: Layout) -> Self {
            Self::new_in(block, Global)
        }

        /// A growing pool of blocks for one `T` each, on the global allocator.
        ///
        /// # Examples
        ///
        /// ```
        /// use alloc_sync_pool::SyncPool;
        ///
        /// static MESSAGES: SyncPool = SyncPool::for_value::<[u8; 120]>();
        /// assert_eq!(MESSAGES.block_layout().size(), 120);
        /// ```
        pub const fn for_value<T>() -> Self {
            Self::new_in(Layout::new::<T>(), Global)
        }

        /// A growing pool whose first chunk has `blocks` blocks, on the global allocator; see
        /// [`with_capacity_in`](Self::with_capacity_in).
        pub const fn with_capacity(block: Layout, blocks: usize) -> Self {
            Self::with_capacity_in(block, blocks, Global)
        }

        /// A pool of exactly `blocks` blocks, on the global allocator; see
        /// [`fixed_in`](Self::fixed_in).
        pub const fn fixed(block: Layout, blocks: usize) -> Self {
            Self::fixed_in(block, blocks, Global)
        }
    }
}

impl<A: Allocator> SyncPool<A> {
    const_fn! {
        /// A growing pool of blocks of `block`, in memory of `upstream`.
        pub const fn new_in(block: Layout, upstream: A) -> Self {
            let block = block.pad_to_align();
            Self::build(block, math::first_len(block.size()), None, upstream)
        }

        /// A growing pool whose first chunk has `blocks` blocks, at least 1, in memory of
        /// `upstream`.
        ///
        /// The chunk is taken with the first block, or by [`try_reserve`](Self::try_reserve).
        pub const fn with_capacity_in(block: Layout, blocks: usize, upstream: A) -> Self {
            let first = if blocks == 0 { 1 } else { blocks };
            Self::build(block.pad_to_align(), first, None, upstream)
        }

        /// A pool of exactly `blocks` blocks, in memory of `upstream`. When all are allocated, a
        /// request is an `Err`.
        ///
        /// They are one chunk, which is taken with the first block, or by
        /// [`try_reserve`](Self::try_reserve).
        ///
        /// # Examples
        ///
        /// ```
        /// use alloc_core::{Allocator, Global, Layout};
        /// use alloc_sync_pool::SyncPool;
        ///
        /// let layout = Layout::new::<u64>();
        /// let pool = SyncPool::fixed_in(layout, 1, Global);
        /// let block = pool.allocate(layout)?;
        /// assert!(pool.allocate(layout).is_err());
        /// // SAFETY: allocated above with this layout.
        /// unsafe { pool.deallocate(block.cast(), layout) };
        /// assert!(pool.allocate(layout).is_ok());
        /// # Ok::<(), alloc_core::AllocError>(())
        /// ```
        pub const fn fixed_in(block: Layout, blocks: usize, upstream: A) -> Self {
            Self::build(block.pad_to_align(), blocks, Some(blocks), upstream)
        }

        /// Puts the parts together.
        const fn build(block: Layout, first: usize, limit: Option<usize>, upstream: A) -> Self {
            let chunks = ChunkList::new(upstream);
            Self { chunks, block, first, budget: OwnLine(Budget::new(limit)) }
        }
    }

    /// A handle for one thread, which keeps a few free blocks at hand and then needs no atomic
    /// read-modify-write.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_core::{Layout, boxed::Box};
    /// use alloc_sync_pool::SyncPool;
    ///
    /// let pool = SyncPool::new(Layout::new::<u64>());
    /// std::thread::scope(|scope| {
    ///     for n in 0..2_u64 {
    ///         let pool = &pool;
    ///         scope.spawn(move || {
    ///             let local = pool.local();
    ///             assert_eq!(*Box::new_in(n, &local), n);
    ///         });
    ///     }
    /// });
    /// assert_eq!(pool.in_use(), 0);
    /// ```
    pub const fn local(&self) -> Local<'_, A> {
        Local::new(self)
    }

    /// The layout of each block, padded to its alignment.
    #[inline]
    pub const fn block_layout(&self) -> Layout {
        self.block
    }

    /// Blocks at most, if the pool is bounded.
    pub const fn limit(&self) -> Option<usize> {
        self.budget.0.limit()
    }

    /// Where the memory comes from.
    pub const fn upstream(&self) -> &A {
        self.chunks.upstream()
    }

    /// Counts the blocks that the pool has memory for.
    pub fn capacity(&self) -> usize {
        self.chunks
            .iter()
            .map(Header::len)
            .fold(0, usize::saturating_add)
    }

    /// Counts the blocks that are allocated or in the magazine of a [`Local`].
    ///
    /// Exact while nobody else uses the pool. Otherwise the words are read one after another, and
    /// the sum may be of no single moment.
    pub fn in_use(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bitmap().taken()).sum()
    }

    /// Takes memory now, until [`capacity`](Self::capacity) is at least `blocks`.
    ///
    /// # Errors
    ///
    /// If `blocks` is more than a bounded pool has, the blocks have no size, or the upstream
    /// refuses, also because another thread has its last memory and has not added it to the pool
    /// yet. What was taken is kept.
    pub fn try_reserve(&self, blocks: usize) -> Result<(), AllocError> {
        loop {
            // The head first: if there is a newer chunk by then, growing from this head adds
            // nothing, and the loop looks again.
            let head = self.chunks.head();
            let missing = blocks.saturating_sub(self.capacity());
            if missing == 0 {
                return Ok(());
            }
            if self.block.size() == 0 || self.limit().is_some_and(|limit| limit < blocks) {
                return Err(AllocError);
            }
            let len = if self.limit().is_some() {
                self.first
            } else {
                missing
            };
            if self.chunks.grow(head, self.block, len).is_err() && self.chunks.head() == head {
                return Err(AllocError);
            }
        }
    }

    /// Takes back every block at once, also those lost in a leaked [`Local`], and keeps all chunks.
    pub fn reset(&mut self) {
        for chunk in self.chunks.iter() {
            chunk.bitmap().clear();
        }
        self.budget.0.clear();
    }

    /// Claims up to `want` blocks, growing if there is none, and passes them on; none on failure.
    ///
    /// Of an unbounded pool these are blocks of one word. Of a bounded one they are as many as the
    /// budget grants, of as many words as that takes: a share that came back unused would have been
    /// refused to others while a block was free (G1).
    pub(crate) fn claim(&self, want: usize, mut pass: impl FnMut(&Header, Claim)) {
        let budget = &self.budget.0;
        let mut left = budget.take(want);
        while left != 0 {
            let Ok((chunk, claim)) = self.claim_granted(left) else {
                return budget.give(left);
            };
            left -= claim.len();
            pass(chunk, claim);
            if self.limit().is_none() {
                return;
            }
        }
    }

    /// Claims up to `want` blocks of one word, which the budget has room for.
    fn claim_granted(&self, want: usize) -> Result<(&Header, Claim), AllocError> {
        loop {
            let head = self.chunks.head();
            if let Some(found) = self.chunks.claim(want) {
                return Ok(found);
            }
            if self.limit().is_some() && !head.is_null() {
                // G1: a block is free for each caller who got here. Others took those that we saw;
                // this is their progress.
                sync::spin_loop();
            } else if self.grow(head).is_err() && self.chunks.head() == head {
                // With a newer head, another thread got what the upstream had, and we look there.
                return Err(AllocError);
            }
        }
    }

    /// Adds a chunk twice as large as the newest one, or one as large as the upstream has.
    #[cold]
    fn grow(&self, head: *mut Header) -> Result<(), AllocError> {
        let newest = self.chunks.iter().next();
        let double = |chunk: &Header| math::next_len(chunk.len(), self.block.size());
        let mut len = newest.map_or(self.first, double);
        while self.chunks.grow(head, self.block, len).is_err() {
            len /= 2;
            if len == 0 || self.limit().is_some() {
                return Err(AllocError);
            }
        }
        Ok(())
    }

    /// Frees what a claim of `chunk` stands for. In a debug build, aborts if some of it was free.
    pub(crate) fn release(&self, chunk: &Header, claim: Claim) {
        let freed = chunk.bitmap().release(claim);
        if cfg!(debug_assertions) && freed != claim.mask {
            let twice = Claim {
                mask: claim.mask & !freed,
                ..claim
            };
            misuse::double_free(chunk.block(twice.first()).addr().get(), self.address());
        }
        // Only what was taken is added: a double free in a release build cannot make the budget
        // wrong.
        self.budget.0.give(freed.count_ones() as usize);
    }

    /// The chunk and index of the block at `ptr`. In a debug build, aborts if there is none.
    pub(crate) fn locate(&self, ptr: *mut u8) -> Option<(&Header, usize)> {
        let address = ptr.addr();
        let found = self.chunks.find(address);
        let located = found.and_then(|chunk| Some((chunk, chunk.index_of(address)?)));
        if cfg!(debug_assertions) && located.is_none() {
            misuse::foreign(address, self.address());
        }
        located
    }

    /// What reports call this pool.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

// SAFETY: a claimed block is the caller's alone (the crate documentation has the proof), P1 gives
// its size and alignment, and nothing in here panics: `release` and `locate` abort.
unsafe impl<A: Allocator> Blocks for SyncPool<A> {
    #[inline]
    fn block(&self) -> Layout {
        self.block
    }

    #[inline]
    fn take(&self) -> Result<NonNull<u8>, AllocError> {
        let mut block = Err(AllocError);
        self.claim(1, |chunk, claim| block = Ok(chunk.block(claim.first())));
        block
    }

    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) {
        if let Some((chunk, index)) = self.locate(block.as_ptr()) {
            self.release(
                chunk,
                Claim {
                    word: index / BITS,
                    mask: math::bit(index),
                },
            );
        }
    }
}

// SAFETY: a block of some size that is currently allocated and starts among the blocks of a chunk
// is one of them: the chunk is the pool's, and the pool gives memory to nobody else. A chunk starts
// with its header, so its own address is not among them.
unsafe impl<A: Allocator> Owns for SyncPool<A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        layout.size() != 0 && self.chunks.find(ptr.addr().get()).is_some()
    }
}

/// A pool is equal to itself only.
impl<A: Allocator> PartialEq for SyncPool<A> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A: Allocator> Eq for SyncPool<A> {}

// SAFETY: equal pools are one pool.
unsafe impl<A: Allocator> AllocatorEq for SyncPool<A> {}

impl<A: Allocator> Reset for SyncPool<A> {
    fn reset(&mut self) {
        self.reset();
    }
}

impl<A: Allocator> fmt::Debug for SyncPool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncPool")
            .field("block_layout", &self.block)
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .field("limit", &self.limit())
            .finish_non_exhaustive()
    }
}
