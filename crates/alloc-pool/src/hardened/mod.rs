//! A pool that watches its blocks in every build.

mod alloc;
mod key;
mod seal;

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, DefaultUpstream};

use crate::free_list::LINK;
use crate::live::LiveBlocks;
use crate::{Pool, math};

pub(crate) use seal::Seals;

/// Bytes in front of what the user of a block for `layout` gets: a word for the seal, or more, so
/// that what is behind it is aligned.
const fn front(layout: Layout) -> usize {
    if layout.align() > math::WORD {
        layout.align()
    } else {
        math::WORD
    }
}

/// Bytes that blocks for `layout` have beside what it asks for: the front, and one that can be used if
/// it asks for none, as those of a [`Pool`] have.
const fn extra(layout: Layout) -> usize {
    front(layout) + (layout.size() == 0) as usize
}

/// Bytes behind the seal in blocks for `layout`; zero if there is no such block.
const fn room(layout: Layout) -> usize {
    match math::block_layout(layout, extra(layout), LINK) {
        Some(block) => block.size() - front(layout),
        None => 0,
    }
}

/// How many free blocks wait in no order before one of them goes back into a list.
const WAITING: usize = 16;

/// What a [`HardenedPool`] does beside watching its seals.
///
/// # Examples
///
/// ```
/// use alloc_pool::{AllocError, Allocator, HardenedPool, Hardening, Layout, alloc_core::Global};
///
/// #[derive(Debug)]
/// struct Secrets;
///
/// impl Hardening for Secrets {
///     const ZERO_ON_FREE: bool = true;
/// }
///
/// let pool = HardenedPool::<_, Secrets>::new_in(Layout::new::<[u8; 32]>(), Global);
/// let secret = pool.allocate(Layout::new::<[u8; 32]>())?;
/// // SAFETY: just allocated, and not used any more.
/// unsafe { pool.deallocate(secret.cast(), Layout::new::<[u8; 32]>()) };
/// # Ok::<(), AllocError>(())
/// ```
pub trait Hardening {
    /// Whether a block is filled with zeros when it is freed, so that nothing of what it held can be
    /// read afterwards.
    const ZERO_ON_FREE: bool = false;
    /// Whether blocks that were freed come back in an order that cannot be foreseen: each waits
    /// among 16 others until chance picks it, as in OpenBSD's `malloc`.
    const RANDOM_ORDER: bool = false;
}

/// The seals alone: encoded links, double frees, foreign pointers, writes behind a block.
#[derive(Clone, Copy, Debug)]
pub enum Sealed {}

impl Hardening for Sealed {}

/// All that there is: seals, zeros, and a random order.
#[derive(Clone, Copy, Debug)]
pub enum Strict {}

impl Hardening for Strict {
    const ZERO_ON_FREE: bool = true;
    const RANDOM_ORDER: bool = true;
}

/// A [`Pool`] that notices misuse in every build, at a price.
///
/// In front of each block stands a word that its user has no reason to touch, the *seal*: it says
/// whether the block is in use, and while it is free it is the link to the next one. It is encoded
/// with a random key of the pool and the address of the block, so that it cannot be guessed, and
/// nothing in reach of a use after free leads to another block. `deallocate`, `grow` and `shrink`
/// read it, and find
///
/// - a block that was freed before;
/// - a pointer that is no block of this pool, or points into one;
/// - a size that no block has;
/// - a write in front of the block, or behind the end of the one before it;
///
/// and `allocate` finds links that were overwritten. The seals of the block that was freed last, and of those that
/// [wait](Hardening::RANDOM_ORDER), are looked at when another block takes their place, or when they are freed again.
/// (What lies behind the last block that was made ready, up to a kibibyte of blocks ahead of use, has no seal yet. And where
/// blocks are aligned to more
/// than a word, the seal is the last word of as many bytes; the others are not looked at.) What is found ends the program with a message
/// that names the address and the pool. Nothing unwinds. A wrong seal passes for a right one with a
/// chance of one in 2⁶⁴ (2³² where a word has 32 bits). The word in front of a foreign pointer is read before it is known to be
/// foreign, and a link that was overwritten is seen to be none in seven of eight cases; where there
/// is no memory then, the program ends without a message.
///
/// [`Hardening`] adds zeros and a random order. What each costs is in the
/// [crate's documentation](crate#hardening).
///
/// # Examples
///
/// ```
/// use alloc_pool::{AllocError, HardenedPool, Layout, alloc_core::boxed::Box};
///
/// let pool = HardenedPool::new(Layout::new::<[u64; 4]>());
/// let value = Box::try_new_in([1_u64; 4], &pool)?;
/// assert_eq!((value[0], pool.in_use()), (1, 1));
/// # Ok::<(), AllocError>(())
/// ```
pub struct HardenedPool<A: Allocator = DefaultUpstream, H: Hardening = Sealed> {
    /// Blocks that were handed out and came back.
    ///
    /// - H1: every block of `pool` is in exactly one of these places: in these lists, in `waiting`, in
    ///   one of the places that P1 names (never *currently allocated* by `pool` itself), or
    ///   *currently allocated* by this one.
    /// - H2: once the block layout of `pool` is known, a block of this pool begins [`front`](Self::front)
    ///   bytes behind one of that, and its size, which is that of the seals, is as much less. The front is
    ///   a multiple of the alignment, and holds a word.
    /// - H3: the lists of `pool`, whose links are not encoded, are empty, but while a method of this
    ///   pool runs or a [`LiveBlocks`] is there.
    seals: Seals,
    /// Free blocks with a seal that says so and links to nothing; null where there is none.
    waiting: [Cell<*mut u8>; WAITING],
    /// The state of the random numbers; not zero once a block is there.
    random: Cell<u64>,
    /// Where the blocks come from.
    pool: Pool<A>,
    _hardening: PhantomData<H>,
}

// SAFETY: as for `Pool`: the blocks are reached through this value alone. There is no value of `H`.
unsafe impl<A: Allocator + Send, H: Hardening> Send for HardenedPool<A, H> {}

#[cfg(feature = "alloc")]
impl HardenedPool {
    /// Makes a growing pool of blocks for requests up to `layout`, as [`Pool::new`] does. Does not
    /// allocate.
    pub const fn new(layout: Layout) -> Self {
        Self::new_in(layout, DefaultUpstream {})
    }

    /// Makes a growing pool of blocks for values of `T`. Does not allocate.
    pub const fn for_value<T>() -> Self {
        Self::new(Layout::new::<T>())
    }

    /// Makes a pool that learns its block layout, as [`Pool::learning`] does. Does not allocate.
    pub const fn learning() -> Self {
        Self::learning_in(DefaultUpstream {})
    }

    /// Makes a pool of at most `blocks` blocks, as [`Pool::fixed`] does. Does not allocate.
    pub const fn fixed(layout: Layout, blocks: usize) -> Self {
        Self::fixed_in(layout, blocks, DefaultUpstream {})
    }
}

impl<A: Allocator, H: Hardening> HardenedPool<A, H> {
    /// Makes a growing pool over `upstream`. Does not allocate.
    pub const fn new_in(layout: Layout, upstream: A) -> Self {
        Self::over(
            Pool::roomy_in(layout, extra(layout), upstream),
            room(layout),
        )
    }

    /// Makes a growing pool that learns its block layout, over `upstream`. Does not allocate.
    pub const fn learning_in(upstream: A) -> Self {
        Self::over(Pool::learning_in(upstream), 0)
    }

    /// Makes a pool of at most `blocks` blocks over `upstream`. Does not allocate.
    pub const fn fixed_in(layout: Layout, blocks: usize, upstream: A) -> Self {
        let pool = Pool::roomy_in(layout, extra(layout), upstream);
        Self::over(pool.bounded(blocks), room(layout))
    }

    /// A pool whose blocks come from this one, which has none yet, and of which `size` bytes are the
    /// user's.
    const fn over(pool: Pool<A>, size: usize) -> Self {
        Self {
            seals: Seals::new(size, 0),
            waiting: [const { Cell::new(ptr::null_mut()) }; WAITING],
            random: Cell::new(0),
            pool,
            _hardening: PhantomData,
        }
    }

    /// Takes the key that links are encoded with from the caller, as far as there is no block yet.
    ///
    /// Without it the key is from the operating system with the feature `std`, and else made of
    /// addresses and a counter, which is weak where memory is laid out the same way each time. Zero
    /// is no key. Pools with one key take each other's blocks for their own, and so do a pool and the
    /// one whose memory it has inherited.
    #[must_use]
    pub fn with_key(self, key: usize) -> Self {
        if self.pool.held.get() == 0 && key != 0 {
            self.seals.set_key(key);
        }
        self
    }

    /// Lets no chunk have more than `bytes` bytes of blocks, as [`Pool::with_chunk_limit`] does.
    #[must_use]
    pub fn with_chunk_limit(mut self, bytes: usize) -> Self {
        self.pool.chunk_limit = bytes;
        self
    }

    /// Lets a learning pool make its blocks larger than the first request, as
    /// [`Pool::with_headroom`] does.
    #[must_use]
    pub fn with_headroom(mut self, bytes: usize) -> Self {
        if let Some(headroom) = &mut self.pool.headroom {
            *headroom = bytes;
        }
        self
    }

    /// What a block is to its user: its size without the seal, and its alignment. `None` as long as
    /// that is not known.
    pub fn block_layout(&self) -> Option<Layout> {
        let block = self.pool.block_layout()?;
        Layout::from_size_align(block.size() - self.front(), block.align()).ok()
    }

    /// The number of blocks that there is memory for, as [`Pool::capacity`].
    pub fn capacity(&self) -> usize {
        self.pool.capacity()
    }

    /// The number of blocks that are currently allocated. Walks the free blocks.
    pub fn in_use(&self) -> usize {
        // By H1 and P1.
        self.pool.in_use().saturating_sub(self.free())
    }

    /// Bytes of a block of `pool` in front of what its user gets.
    #[inline]
    fn front(&self) -> usize {
        self.pool.block.get().align().max(math::WORD)
    }

    /// The number of free blocks with a seal.
    fn free(&self) -> usize {
        let waiting = self.waiting.iter().filter(|place| !place.get().is_null());
        self.seals.count() + waiting.count()
    }

    /// The number of blocks that can be allocated before the capacity is used up. Walks the free
    /// blocks.
    pub fn available(&self) -> usize {
        self.capacity().saturating_sub(self.in_use())
    }

    /// The number of chunks, as [`Pool::chunks`].
    pub fn chunks(&self) -> usize {
        self.pool.chunks()
    }

    /// The bytes that are held from the upstream, as [`Pool::upstream_bytes`].
    pub fn upstream_bytes(&self) -> usize {
        self.pool.upstream_bytes()
    }

    /// The upstream that the chunks come from.
    pub fn upstream(&self) -> &A {
        self.pool.upstream()
    }

    /// Gets memory for `blocks` more blocks than are in use, as [`Pool::reserve`] does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reserve(&self, blocks: usize) -> Result<(), AllocError> {
        self.pool.reserve(blocks.saturating_sub(self.free()))
    }

    /// Takes every block back and keeps the chunks, as [`Pool::reset`] does.
    pub fn reset(&mut self) {
        // With the old key a seal could pass for one of a block that is in use.
        self.seals.forget();
        if self.seals.key() != 0 {
            self.seals.set_key(key::fresh([self.seals.key(), 0]));
        }
        self.waiting
            .iter()
            .for_each(|place| place.set(ptr::null_mut()));
        self.pool.reset();
    }

    /// Gives every chunk back to the upstream of which no block is in use, as
    /// [`Pool::release_empty_chunks`] does, and returns their size in bytes.
    pub fn release_empty_chunks(&self) -> usize {
        self.return_free();
        let bytes = self.pool.release_empty_chunks();
        if let Some(block) = self.block_layout() {
            self.seal_free(block);
        }
        bytes
    }

    /// Visits the blocks that are currently allocated, as [`Pool::live_blocks`] does.
    pub fn live_blocks(&mut self) -> LiveBlocks<'_> {
        self.return_free();
        let front = self.front();
        self.pool.live_blocks_behind(front, Some(&self.seals))
    }

    /// Calls `report` when the pool is dropped while blocks are in use, as [`Pool::on_leak`] does.
    #[must_use]
    pub fn on_leak(mut self, report: fn(LiveBlocks<'_>)) -> Self {
        self.pool.leak = Some(report);
        self
    }

    /// Puts all free blocks into the lists of `pool`.
    fn return_free(&self) {
        for slot in 0..math::SLOTS {
            while let Some(block) = self.seals.take(slot) {
                // SAFETY: H1: it comes out of the list.
                unsafe { self.give_back(block) };
            }
        }
        for place in &self.waiting {
            if let Some(block) = NonNull::new(place.replace(ptr::null_mut())) {
                // SAFETY: H1: it waits no longer.
                unsafe { self.give_back(block) };
            }
        }
    }

    /// Puts a block into the lists of `pool`.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and in none of H1's places.
    unsafe fn give_back(&self, block: NonNull<u8>) {
        // Whoever frees it again is found out, also where the link that `pool` writes is elsewhere.
        // SAFETY: of this pool, by the caller.
        unsafe { self.seals.set_free(block) };
        // SAFETY: H2.
        let start = unsafe { block.sub(self.front()) };
        // SAFETY: a block of `pool` that nobody uses, by the caller.
        unsafe { self.pool.take_over(start) };
    }
}

impl<A: Allocator, H: Hardening> Drop for HardenedPool<A, H> {
    fn drop(&mut self) {
        if let Some(report) = self.pool.leak.take()
            && self.in_use() > 0
        {
            report(self.live_blocks());
        }
    }
}

impl<A: Allocator, H: Hardening> fmt::Debug for HardenedPool<A, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HardenedPool")
            .field("block_layout", &self.block_layout())
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .field("zero_on_free", &H::ZERO_ON_FREE)
            .field("random_order", &H::RANDOM_ORDER)
            .finish_non_exhaustive()
    }
}
