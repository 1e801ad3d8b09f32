//! The growing or bounded pool on the memory of an upstream.

use core::alloc::Layout;
use core::fmt;
use core::ptr::{self, NonNull};

#[cfg(feature = "alloc")]
use alloc_core::Global;
use alloc_core::{AllocError, Allocator, AllocatorEq, DefaultUpstream, Owns, Reset};

use crate::alloc::Blocks;
use crate::depot::Depot;
use crate::local::Local;
use crate::magazine::Magazine;
use crate::math::{self, Served};
use crate::rack::Mine;
use crate::sync::{MAGAZINE, const_fn};

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
/// With `std`, the first block that a thread takes or frees may ask `A` for the thread's magazine,
/// and, if the thread has used no pool before, the system's heap for its end to be noticed. So do not
/// free a block while holding a lock that `A` takes.
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
/// O(1) with blocks in the [thread's magazine](crate#what-threads-have-of-their-own), and room
/// there. Otherwise allocating looks at one word where the last free block was found, and at each
/// word (of 64 blocks) once if it finds none. Freeing looks at each chunk, newest first: O(log n) of them in n
/// blocks, plus one per 64 MiB beyond the first 128 MiB.
pub struct SyncPool<A: Allocator = DefaultUpstream> {
    /// All of it. A type of its own because others look inside.
    depot: Depot<A>,
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
            let first = math::first_len(block.pad_to_align().size());
            Self::build(block, first, None, upstream)
        }

        /// A growing pool whose first chunk has `blocks` blocks, at least 1, in memory of
        /// `upstream`.
        ///
        /// The chunk is taken with the first block, or by [`try_reserve`](Self::try_reserve).
        pub const fn with_capacity_in(block: Layout, blocks: usize, upstream: A) -> Self {
            let first = if blocks == 0 { 1 } else { blocks };
            Self::build(block, first, None, upstream)
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
            Self::build(block, blocks, Some(blocks), upstream)
        }

        /// Puts the parts together.
        const fn build(block: Layout, first: usize, limit: Option<usize>, upstream: A) -> Self {
            Self { depot: Depot::new(block, first, limit, upstream) }
        }
    }

    const_fn! {
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
    }

    /// The layout of each block, padded to its alignment.
    #[inline]
    pub const fn block_layout(&self) -> Layout {
        self.depot.block().layout()
    }

    /// Blocks at most, if the pool is bounded.
    pub const fn limit(&self) -> Option<usize> {
        self.depot.limit()
    }

    /// Where the memory comes from.
    pub const fn upstream(&self) -> &A {
        self.depot.chunks().upstream()
    }

    /// Counts the blocks that the pool has memory for.
    pub fn capacity(&self) -> usize {
        self.depot.capacity()
    }

    /// Counts the blocks that are allocated or in the magazine of a [`Local`].
    ///
    /// Exact while nobody else uses the pool. Otherwise the words and the magazines of threads are
    /// read one after another, and the sum may be of no single moment.
    pub fn in_use(&self) -> usize {
        self.depot.in_use()
    }

    /// Takes memory now, until [`capacity`](Self::capacity) is at least `blocks`.
    ///
    /// # Errors
    ///
    /// If `blocks` is more than a bounded pool has, the blocks have no size, or the upstream
    /// refuses, also because another thread has its last memory and has not added it to the pool
    /// yet. What was taken is kept.
    pub fn try_reserve(&self, blocks: usize) -> Result<(), AllocError> {
        self.depot.reserve(blocks)
    }

    /// Takes back every block at once, also those lost in a leaked [`Local`], and keeps all chunks.
    pub fn reset(&mut self) {
        self.depot.clear();
    }

    /// Blocks of a magazine.
    pub(crate) const fn magazine_slots(&self) -> usize {
        math::magazine_slots(self.limit(), self.block_layout().size(), MAGAZINE)
    }

    /// The shared part.
    #[inline]
    pub(crate) const fn depot(&self) -> &Depot<A> {
        &self.depot
    }

    /// Takes a block where this thread does not remember its magazine, or that is empty.
    #[inline(never)]
    fn take_slowly(&self) -> Result<NonNull<u8>, AllocError> {
        if let Some(magazine) = self.depot.racks().remembered() {
            return self.depot.refill(magazine);
        }
        if let Some(block) = self.depot.racks().indexed().and_then(Magazine::pop) {
            return Ok(block);
        }
        if let Some(magazine) = self.depot.racks().search(self.upstream()) {
            return match magazine.pop() {
                Some(block) => Ok(block),
                None => self.depot.refill(magazine),
            };
        }
        let want = if self.may_open() {
            self.magazine_slots().div_ceil(2)
        } else {
            1
        };
        self.depot.take_up_to(want, || self.open())
    }

    /// Puts a block back where this thread does not remember its magazine, or that is full.
    #[inline(never)]
    fn put_slowly(&self, block: NonNull<u8>) {
        if let Some(magazine) = self.depot.racks().remembered() {
            return self.depot.overflow(magazine, block);
        }
        let indexed = self.depot.racks().indexed();
        if indexed.is_some_and(|magazine| magazine.push(block)) {
            return;
        }
        match self
            .depot
            .racks()
            .search(self.upstream())
            .or_else(|| self.open())
        {
            Some(magazine) if magazine.push(block) => {}
            Some(magazine) => self.depot.overflow(magazine, block),
            None => self.depot.put(block),
        }
    }

    /// Tells whether [`open`](Self::open) is worth a try. Not in a bounded pool: others could not have the blocks.
    fn may_open(&self) -> bool {
        self.limit().is_none() && self.depot.racks().may_open()
    }

    /// A magazine for this thread.
    fn open(&self) -> Option<&Mine> {
        if !self.may_open() {
            return None;
        }
        self.depot
            .racks()
            .open(self.upstream(), self.magazine_slots())
    }
}

// SAFETY: a claimed block is the caller's alone (the crate documentation has the proof), P1 gives
// its size and alignment, and nothing in here panics: misuse that a debug build finds is reported by
// functions that abort, before an assertion could fail.
unsafe impl<A: Allocator> Blocks for SyncPool<A> {
    #[inline]
    fn block(&self) -> &Served {
        self.depot.block()
    }

    #[inline]
    fn take(&self) -> Result<NonNull<u8>, AllocError> {
        let block = match self.depot.racks().remembered().and_then(Magazine::pop) {
            Some(block) => block,
            None => self.take_slowly()?,
        };
        self.depot.note_taken(block);
        Ok(block)
    }

    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) {
        self.depot.note_put(block);
        // SAFETY: the caller's promise.
        let block = unsafe { self.depot.retire(block) };
        let mine = self.depot.racks().remembered();
        if !mine.is_some_and(|magazine| magazine.push(block)) {
            self.put_slowly(block);
        }
    }

    #[inline]
    fn own(&self, block: NonNull<u8>) -> NonNull<u8> {
        self.depot.own(block)
    }
}

// SAFETY: a block of some size that is currently allocated and starts among the blocks of a chunk
// is one of them: the chunk is the pool's, and the pool gives memory to nobody else. A chunk starts
// with its header, so its own address is not among them.
unsafe impl<A: Allocator> Owns for SyncPool<A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        layout.size() != 0 && self.depot.chunks().find(ptr.addr().get()).is_some()
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
            .field("block_layout", &self.block_layout())
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .field("limit", &self.limit())
            .finish_non_exhaustive()
    }
}
