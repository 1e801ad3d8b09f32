//! The allocator of two levels.

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr;

#[cfg(feature = "alloc")]
use alloc_core::Global;
use alloc_core::{AllocatorClone, AllocatorEq, DefaultUpstream, Layout};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use crate::math;
use crate::pools::SizedPool;

/// Serves small requests from pools, one for each class of sizes, and large ones from `L`.
///
/// The class follows from the [`Layout`], so blocks have no header and no address is looked up: a
/// small request costs a few instructions and what the [`Pool`] costs. Blocks of 8 to 128 bytes are 8
/// bytes apart, and from there on there are eight classes to each doubling, so that a block is at most an
/// eighth longer than what was asked for, rounded up to its alignment. `CLASSES` is their number:
///
/// | `CLASSES` | 16 | 24 | 32 | 40 | 48 | 56 | 64 (default) | 72 | 80 | 88 |
/// | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
/// | small up to | 128 B | 256 B | 512 B | 1 KiB | 2 KiB | 4 KiB | 8 KiB | 16 KiB | 32 KiB | 64 KiB |
///
/// More classes serve more requests at the price of a pool, and keep the memory of each for its class: what was
/// once a block of 48 bytes is not given to a request for 64. Fewer leave more to `L`.
///
/// - The returned length is that of the class. A block grows and shrinks in place within it, in `L` as `L` does, and
///   moves with its contents otherwise.
/// - Requests that are aligned to more than 128 bytes are large.
/// - Zero-size requests are dangling pointers, and neither level is asked.
/// - Chunks of the pools are blocks of a clone of `L`, of 4 KiB to 1 MiB (of [`SyncTiered`], of 8 KiB to 64 MiB), or of one block; all go back when this is dropped, and those
///   without a block in use by [`release_empty_chunks`](Self::release_empty_chunks).
///
/// For one thread at a time (`Send`, not `Sync`); [`SyncTiered`] is for several. It is an allocator by value,
/// and its blocks stay valid when it moves, but do not outlive it. `L` is cloned into each pool: a reference, a
/// handle, or an allocator without state, such as `Global`.
///
/// # Errors
///
/// What `L` refuses is refused. What is refused leaves everything as it was.
///
/// # Complexity
///
/// O(1); a request for which its pool has no block takes a chunk from `L`. Moving copies the shorter of the two
/// lengths. The value has a pool for each class: 58 KiB with the default number, of which a program uses the lines of the
/// classes that it asks for, and 32 KiB for [`SyncTiered`]. Make it where it stays: in a static, a box, or the frame of
/// `main`.
///
/// # Examples
///
/// ```
/// use alloc_core::vec::Vec;
/// use alloc_tiered::Tiered;
///
/// let memory: Tiered = Tiered::new();
/// let mut words = Vec::new_in(&memory);
/// for word in "small blocks come from pools, and large ones from the heap".split(' ') {
///     let mut letters = Vec::with_capacity_in(word.len(), &memory);
///     letters.extend(word.bytes());
///     words.push(letters);
/// }
/// assert_eq!(memory.classes().map(|class| class.in_use).sum::<usize>(), words.len() + 1);
/// ```
///
/// The design is that of segregated fits (Wilson, Johnstone, Neely and Boles, *Dynamic Storage Allocation*, 1995), with
/// classes spaced as those of jemalloc, and twice as densely.
pub struct Tiered<
    L: AllocatorClone = DefaultUpstream,
    const CLASSES: usize = 64,
    P: SizedPool<L> = Pool<L>,
> {
    /// T1: the pool of a class has blocks of [`math::block`] of it (S1). A block of some size that was handed out is one of
    /// the pool of its layout's class, and as long as all blocks there, or one of `large` if there is none.
    /// So each layout that fits it tells which it is.
    pub(crate) pools: [P; CLASSES],
    /// What has the large blocks, and the memory of the pools.
    pub(crate) large: L,
}

/// A [`Tiered`] that threads share: any thread frees what any other allocated.
///
/// With the feature `std` each thread keeps free blocks at hand for each class that it uses, and takes and frees
/// them without an atomic read-modify-write; see [`SyncPool`], of which there is one for each class.
/// Chunks go back to `L` when this is dropped, not before.
///
/// # Examples
///
/// ```
/// use alloc_core::{Global, boxed::Box};
/// use alloc_tiered::SyncTiered;
///
/// let memory = SyncTiered::<Global>::new_sync();
/// std::thread::scope(|scope| {
///     let text = Box::new_in(*b"made here", &memory);
///     scope.spawn(|| drop(text));
/// });
/// assert_eq!(memory.classes().map(|class| class.in_use).sum::<usize>(), 0);
/// ```
pub type SyncTiered<L = DefaultUpstream, const CLASSES: usize = 64> =
    Tiered<L, CLASSES, SyncPool<L>>;

/// What there is of one class of a [`Tiered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// The size of its blocks, and what they are aligned to.
    pub block: Layout,
    /// Blocks that are handed out.
    pub in_use: usize,
    /// Blocks that there is memory for.
    pub capacity: usize,
}

/// The pools of all classes, which are made by an expression of the class's blocks.
macro_rules! pools {
    ($pool:ty, $classes:expr, |$block:ident| $new:expr) => {{
        const { assert!($classes <= math::MAX_CLASSES, "there are no more classes") };
        let mut pools = [const { MaybeUninit::<$pool>::uninit() }; $classes];
        let mut class = 0;
        while class < $classes {
            let $block = math::block(class);
            pools[class] = MaybeUninit::new($new);
            class += 1;
        }
        // SAFETY: each of them was just written; an array of values that may be missing is laid out as one of values,
        // and does not drop them.
        unsafe { ptr::from_ref(&pools).cast::<[$pool; $classes]>().read() }
    }};
}

#[cfg(feature = "alloc")]
impl<const CLASSES: usize> Tiered<Global, CLASSES> {
    /// Has its memory from the global allocator. Takes none before the first request.
    pub const fn new() -> Self {
        Self {
            pools: pools!(Pool<Global>, CLASSES, |block| Pool::new_in(block, Global)),
            large: Global,
        }
    }
}

#[cfg(feature = "alloc")]
impl<const CLASSES: usize> SyncTiered<Global, CLASSES> {
    /// Has its memory from the global allocator. Takes none before the first request.
    pub const fn new_sync() -> Self {
        Self {
            pools: pools!(SyncPool<Global>, CLASSES, |block| SyncPool::new_in(
                block, Global
            )),
            large: Global,
        }
    }
}

#[cfg(feature = "std")]
impl<const CLASSES: usize> SyncTiered<alloc_core::System, CLASSES> {
    /// Has its memory from the system, also where it is the program's allocator itself.
    pub(crate) const fn new_system() -> Self {
        use alloc_core::System;
        Self {
            pools: pools!(SyncPool<System>, CLASSES, |block| SyncPool::new_in(
                block, System
            )),
            large: System,
        }
    }
}

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> Tiered<L, CLASSES, P> {
    /// Has its memory from `upstream`, of which each pool gets a clone. Takes none before the first request.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_core::{Global, boxed::Box};
    /// use alloc_tiered::{SyncTiered, Tiered};
    ///
    /// let heap = Global;
    /// let memory = Tiered::<_, 40>::new_in(&heap);
    /// assert_eq!(*Box::new_in(7, &memory), 7);
    ///
    /// let shared = SyncTiered::<_, 40>::new_in(&heap);
    /// assert_eq!(*Box::new_in(7, &shared), 7);
    /// ```
    pub fn new_in(upstream: L) -> Self {
        Self {
            pools: pools!(P, CLASSES, |block| P::of(block, upstream.clone())),
            large: upstream,
        }
    }
}

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> Tiered<L, CLASSES, P> {
    /// The largest size in bytes that is small.
    pub const THRESHOLD: usize = if CLASSES == 0 {
        0
    } else {
        math::size_of_class(CLASSES - 1)
    };

    /// What has the large blocks.
    pub const fn large(&self) -> &L {
        &self.large
    }

    /// The block that serves such a request, if it is a small one.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_core::Layout;
    /// use alloc_tiered::Tiered;
    ///
    /// let memory: Tiered = Tiered::new();
    /// let block = |size, align| memory.block_for(Layout::from_size_align(size, align).unwrap());
    /// assert_eq!(block(100, 1).unwrap().size(), 104);
    /// assert_eq!(block(100, 32).unwrap().size(), 128);
    /// assert_eq!(block(1000, 8).unwrap().size(), 1024);
    /// assert_eq!((block(8193, 1), block(100, 256)), (None, None));
    /// ```
    pub const fn block_for(&self, layout: Layout) -> Option<Layout> {
        let class = math::class_of(layout);
        if class < CLASSES {
            Some(math::block(class))
        } else {
            None
        }
    }

    /// The classes, smallest first, and what there is of them. Counting takes time linear in the free blocks of a [`Pool`], or in the words and magazines of a [`SyncPool`].
    pub fn classes(&self) -> impl ExactSizeIterator<Item = Class> {
        self.pools.iter().enumerate().map(|(class, pool)| Class {
            block: math::block(class),
            in_use: pool.blocks_in_use(),
            capacity: pool.blocks(),
        })
    }
}

impl<L: AllocatorClone, const CLASSES: usize> Tiered<L, CLASSES> {
    /// Gives back to `L` the chunks of pools that have no block in use; returns how many bytes they were.
    ///
    /// Takes the time of [`Pool::release_empty_chunks`], for each class.
    pub fn release_empty_chunks(&self) -> usize {
        let release = |pool: &Pool<L>| pool.release_empty_chunks();
        self.pools.iter().map(release).sum()
    }
}

#[cfg(feature = "alloc")]
impl<const CLASSES: usize> Default for Tiered<Global, CLASSES> {
    fn default() -> Self {
        Self::new()
    }
}

/// One is equal to itself only. With no class and an upstream without state there is nothing to it, and each is as good as another.
impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> PartialEq for Tiered<L, CLASSES, P> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> Eq for Tiered<L, CLASSES, P> {}

// SAFETY: equal values are one value, or values without any state, whose only part is an upstream without state.
unsafe impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> AllocatorEq
    for Tiered<L, CLASSES, P>
{
}

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> fmt::Debug
    for Tiered<L, CLASSES, P>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered")
            .field("threshold", &Self::THRESHOLD)
            .field("classes", &Used(self))
            .finish_non_exhaustive()
    }
}

/// The classes that there is memory of.
struct Used<'a, T>(&'a T);

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> fmt::Debug
    for Used<'_, Tiered<L, CLASSES, P>>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.0.classes().filter(|class| class.capacity != 0);
        f.debug_list().entries(used).finish()
    }
}
