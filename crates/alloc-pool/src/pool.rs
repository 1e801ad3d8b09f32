//! The pool: what it is made of, how it is made, and what it tells of itself.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;

use alloc_core::{AllocError, Allocator, DefaultUpstream};

use crate::chunk::{Chunk, Chunks, Cursor, Linked};
use crate::free_list::{FreeLists, LINK};
use crate::list::Shared;
use crate::live::LiveBlocks;
use crate::math;

/// A layout of no bytes stands for a block layout that is not known.
const UNKNOWN: Layout = Layout::new::<()>();

/// Bytes of blocks in a chunk at most, where nothing else is said: 1 MiB.
const CHUNK_LIMIT: usize = 1 << 20;

/// Hands out blocks of one size and keeps the free ones in a list.
///
/// `Pool` is an [`Allocator`]: it serves every request that is no larger and no more aligned than
/// its blocks, through `&Pool`, through a shared handle such as [`RcHandle`](alloc_core::RcHandle),
/// or by value. Any other request is an [`AllocError`], except an empty one, which takes no block.
/// Each block is returned in its full size, so that a container may use all of it.
///
/// The memory comes in chunks from the upstream `A` and goes back when the pool is dropped, or
/// earlier by [`release_empty_chunks`](Self::release_empty_chunks). There are three ways to bound
/// it: [`new`](Self::new) grows as needed, [`fixed`](Self::fixed) never exceeds a number of blocks,
/// and [`learning`](Self::learning) grows and finds its block layout out by itself.
///
/// The design is the segregated storage of Weinstock and Wulf (Quick Fit, 1988): a list through the
/// free blocks themselves, last in, first out.
///
/// # Examples
///
/// ```
/// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
///
/// let pool = Pool::for_value::<[u64; 4]>();
/// let a = Box::try_new_in([1_u64; 4], &pool)?;
/// let b = Box::try_new_in([2_u64; 4], &pool)?;
/// assert_eq!(pool.in_use(), 2);
///
/// drop(a);
/// let c = Box::try_new_in([3_u64; 4], &pool)?; // takes the block of `a`
/// assert_eq!((b[0], c[0], pool.in_use()), (2, 3, 2));
/// # Ok::<(), alloc_pool::AllocError>(())
/// ```
///
/// # Complexity
///
/// `allocate` and `deallocate` take constant time and touch the first word of a block, plus one
/// request to the upstream per chunk. No operation looks for a block, and none counts:
/// [`in_use`](Self::in_use) and its kin walk the free list when they are asked.
pub struct Pool<A: Allocator = DefaultUpstream> {
    /// Blocks that were handed out and came back.
    ///
    /// - P1: every block of the pool is in exactly one of these places: in these lists, under the
    ///   cursor, in a chunk of `fresh`, or *currently allocated* by this pool.
    pub(crate) free: FreeLists,
    /// The layout of each block in each chunk; of size zero as long as it is not known, and then
    /// there is no chunk.
    ///
    /// - P2: once known it does not change, it is from [`math::block_layout`], and all chunks are
    ///   made with it.
    pub(crate) block: Cell<Layout>,
    /// The blocks of the chunk in front of `used` that were never handed out.
    pub(crate) cursor: Cell<Cursor>,
    /// Chunks with blocks that were handed out, the one under the cursor in front.
    pub(crate) used: Shared<Linked>,
    /// Chunks of which no block was handed out.
    ///
    /// - P3: all chunks here and in `used` are from `upstream`.
    pub(crate) fresh: Shared<Linked>,
    /// Blocks in all chunks.
    pub(crate) held: Cell<usize>,
    /// Blocks that there may be at most; `None` if the pool grows as needed.
    pub(crate) bound: Option<usize>,
    /// Bytes of blocks in a chunk at most, as long as one block is not larger.
    pub(crate) chunk_limit: usize,
    /// How many bytes to add to the first request to learn from it; `None` if there is nothing to learn.
    pub(crate) headroom: Option<usize>,
    /// Who wants to know of blocks that are in use when the pool is dropped.
    pub(crate) leak: Option<fn(LiveBlocks<'_>)>,
    /// Where chunks come from.
    pub(crate) upstream: A,
}

// SAFETY: chunks and blocks are reached through this value alone, and go where it goes; nothing
// depends on the thread. Blocks in use are held by their users, by raw pointer or through a borrow
// of the pool, and a borrow is not `Send`, as the pool is not `Sync`.
unsafe impl<A: Allocator + Send> Send for Pool<A> {}

#[cfg(feature = "alloc")]
impl Pool {
    /// Makes a growing pool of blocks for requests up to `layout`. Does not allocate.
    ///
    /// The block layout is `layout` raised to hold and align a pointer, its size rounded up to its
    /// alignment, in bytes; see [`block_layout`](Self::block_layout). If that exceeds `isize::MAX`
    /// bytes there is no such block, and every request is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{Layout, Pool};
    ///
    /// let pool = Pool::new(Layout::new::<[u8; 3]>());
    /// assert_eq!(pool.block_layout(), Some(Layout::new::<*const u8>()));
    /// ```
    pub const fn new(layout: Layout) -> Self {
        Self::new_in(layout, DefaultUpstream {})
    }

    /// Makes a growing pool of blocks for values of `T`. Does not allocate.
    pub const fn for_value<T>() -> Self {
        Self::new(Layout::new::<T>())
    }

    /// Makes a growing pool that takes its block layout from the first request that is not empty.
    /// Does not allocate.
    ///
    /// It serves containers whose node type cannot be named, such as std's `LinkedList`. A
    /// container with nodes of several sizes must ask for the largest first, or needs
    /// [`with_headroom`](Self::with_headroom): a `BTreeMap` begins with a leaf, and its inner nodes
    /// are larger by twelve pointers.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
    ///
    /// let pool = Pool::learning();
    /// assert_eq!(pool.block_layout(), None);
    /// let value = Box::try_new_in([0_u64; 5], &pool)?;
    /// assert_eq!(pool.block_layout(), Some(Layout::new::<[u64; 5]>()));
    /// # Ok::<(), alloc_pool::AllocError>(())
    /// ```
    pub const fn learning() -> Self {
        Self::learning_in(DefaultUpstream {})
    }

    /// Makes a pool of at most `blocks` blocks for requests up to `layout`. Does not allocate.
    ///
    /// The first request, or [`reserve`](Self::reserve), asks the upstream for all of them at once.
    /// Without a free block a request is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
    ///
    /// let pool = Pool::fixed(Layout::new::<u64>(), 1);
    /// let only = Box::try_new_in(1_u64, &pool)?;
    /// assert!(Box::try_new_in(2_u64, &pool).is_err());
    /// drop(only);
    /// assert!(Box::try_new_in(3_u64, &pool).is_ok());
    /// # Ok::<(), alloc_pool::AllocError>(())
    /// ```
    pub const fn fixed(layout: Layout, blocks: usize) -> Self {
        Self::fixed_in(layout, blocks, DefaultUpstream {})
    }

    /// Makes a growing pool that has memory for `blocks` blocks.
    ///
    /// # Errors
    ///
    /// If the upstream has no chunk for so many blocks.
    pub fn with_capacity(layout: Layout, blocks: usize) -> Result<Self, AllocError> {
        Self::with_capacity_in(layout, blocks, DefaultUpstream {})
    }
}

impl<A: Allocator> Pool<A> {
    /// Makes a growing pool as [`new`](Pool::new) does, over `upstream`. Does not allocate.
    pub const fn new_in(layout: Layout, upstream: A) -> Self {
        Self::roomy_in(layout, 0, upstream)
    }

    /// The same, of blocks with `extra` bytes behind what is asked for.
    pub(crate) const fn roomy_in(layout: Layout, extra: usize, upstream: A) -> Self {
        let block = match math::block_layout(layout, extra, LINK) {
            Some(block) => block,
            None => UNKNOWN,
        };
        Self::make(block, None, upstream)
    }

    /// Makes a growing pool that learns its block layout as [`learning`](Pool::learning) does, over
    /// `upstream`. Does not allocate.
    pub const fn learning_in(upstream: A) -> Self {
        Self::make(UNKNOWN, Some(0), upstream)
    }

    /// Makes a pool of at most `blocks` blocks as [`fixed`](Pool::fixed) does, over `upstream`.
    /// Does not allocate.
    pub const fn fixed_in(layout: Layout, blocks: usize, upstream: A) -> Self {
        Self::new_in(layout, upstream).bounded(blocks)
    }

    /// This pool, with at most so many blocks.
    pub(crate) const fn bounded(mut self, blocks: usize) -> Self {
        self.bound = Some(blocks);
        self
    }

    /// Makes a growing pool that has memory for `blocks` blocks, over `upstream`.
    ///
    /// # Errors
    ///
    /// If the upstream has no chunk for so many blocks.
    pub fn with_capacity_in(
        layout: Layout,
        blocks: usize,
        upstream: A,
    ) -> Result<Self, AllocError> {
        let pool = Self::new_in(layout, upstream);
        pool.reserve(blocks)?;
        Ok(pool)
    }

    const fn make(block: Layout, headroom: Option<usize>, upstream: A) -> Self {
        Self {
            free: FreeLists::new(),
            block: Cell::new(block),
            cursor: Cell::new(Cursor::EMPTY),
            used: Shared::new(),
            fresh: Shared::new(),
            held: Cell::new(0),
            bound: None,
            chunk_limit: CHUNK_LIMIT,
            headroom,
            leak: None,
            upstream,
        }
    }

    /// Lets a learning pool make its blocks `bytes` larger than the first request.
    ///
    /// Without effect on a pool whose block layout is given.
    ///
    /// # Examples
    ///
    /// The inner nodes of std's `BTreeMap` are its leaves and twelve pointers:
    ///
    /// ```
    /// use alloc_pool::{AllocError, Allocator, Layout, Pool};
    ///
    /// let pool = Pool::learning().with_headroom(12 * size_of::<usize>());
    /// let leaf = pool.allocate(Layout::new::<[u64; 24]>())?;
    /// let inner = pool.allocate(Layout::new::<([u64; 24], [usize; 12])>())?;
    /// assert_eq!(leaf.len(), inner.len());
    /// # Ok::<(), AllocError>(())
    /// ```
    #[must_use]
    pub fn with_headroom(mut self, bytes: usize) -> Self {
        if let Some(headroom) = &mut self.headroom {
            *headroom = bytes;
        }
        self
    }

    /// Lets no chunk of a growing pool have more than `bytes` bytes of blocks, or more than one
    /// block if that is larger. 1 MiB if not set.
    ///
    /// Chunks double up to this limit. [`reserve`](Self::reserve) and a [`fixed`](Pool::fixed) pool
    /// ask for one chunk and heed no limit.
    #[must_use]
    pub fn with_chunk_limit(mut self, bytes: usize) -> Self {
        self.chunk_limit = bytes;
        self
    }

    /// The layout of a block: the largest size in bytes and the largest alignment that a request may have.
    ///
    /// `None` while a learning pool has not learned it, and for a pool whose block layout would
    /// exceed `isize::MAX` bytes.
    #[inline]
    pub fn block_layout(&self) -> Option<Layout> {
        let block = self.block.get();
        (block.size() > 0).then_some(block)
    }

    /// The number of blocks that there is memory for; for a [`fixed`](Pool::fixed) pool its bound.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.bound.unwrap_or(self.held.get())
    }

    /// The number of blocks that are currently allocated.
    ///
    /// # Complexity
    ///
    /// Linear in the free blocks and the chunks: allocating and freeing do not count.
    pub fn in_use(&self) -> usize {
        // By P1 there are no fewer blocks than spare ones.
        self.held.get().saturating_sub(self.spare())
    }

    /// The number of blocks that can be allocated before the capacity is used up.
    ///
    /// # Complexity
    ///
    /// That of [`in_use`](Self::in_use).
    pub fn available(&self) -> usize {
        self.capacity().saturating_sub(self.in_use())
    }

    /// The number of chunks that are held from the upstream. Takes time linear in it.
    pub fn chunks(&self) -> usize {
        self.sum_of_chunks(|_| 1)
    }

    /// The number of bytes that are held from the upstream, with what stands around the blocks.
    /// Takes time linear in the chunks.
    pub fn upstream_bytes(&self) -> usize {
        self.sum_of_chunks(Chunk::bytes)
    }

    /// A sum over all chunks.
    fn sum_of_chunks(&self, of: impl Fn(&Chunk) -> usize) -> usize {
        let sum = |list: &mut Chunks| list.iter().map(|linked| of(linked.chunk())).sum();
        let (used, fresh): (usize, usize) = (self.used.with(sum), self.fresh.with(sum));
        used + fresh
    }

    /// The upstream that the chunks come from.
    #[inline]
    pub fn upstream(&self) -> &A {
        &self.upstream
    }

    /// The number of blocks that there is memory for and nobody uses.
    pub(crate) fn spare(&self) -> usize {
        let fresh: usize = self
            .fresh
            .with(|list| list.iter().map(|linked| linked.chunk().blocks()).sum());
        let freed = self.free.count();
        let cursor = self.cursor.take();
        let left = cursor.left();
        self.cursor.set(cursor);
        fresh + freed + left
    }

    /// The number of blocks that the next chunk should have; zero if there may be no more.
    pub(crate) fn next_blocks(&self, block: Layout) -> usize {
        let held = self.held.get();
        match self.bound {
            Some(bound) => bound.saturating_sub(held),
            None => math::next_blocks(held, block.size(), self.chunk_limit),
        }
    }
}

impl<A: Allocator> fmt::Debug for Pool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("block_layout", &self.block_layout())
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .field("available", &self.available())
            .field("chunks", &self.chunks())
            .field("upstream_bytes", &self.upstream_bytes())
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
