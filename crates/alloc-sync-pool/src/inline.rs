//! The pool whose blocks lie in the value itself.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, AllocatorClone, AllocatorEq, Owns, Reset, checker};

use crate::alloc::Blocks;
use crate::bitmap::{Bitmap, Claim};
use crate::budget::Budget;
use crate::line::OwnLine;
use crate::math::{self, Served};
use crate::misuse;
use crate::sync::{self, AtomicUsize, BITS, const_fn};

/// A concurrent pool of `N` blocks for one `T` each, in the value itself: for a `static`, or a
/// place without a heap.
///
/// `&InlineSyncPool` is the allocator; it serves every request that fits a `T`. As moving the pool
/// would move its blocks, the pool itself is not one. It holds memory, never values: it is `Send`
/// and `Sync` whatever `T` is. When all blocks are allocated, a request is an `Err`.
///
/// # Costs
///
/// Besides the blocks, one word for each block (8 bytes on 64-bit targets), of which one bit is
/// needed, as stable Rust cannot compute the length of an array from `N`, and two or three cache
/// lines. A new pool is all zeros, so a `static` one takes no room in the program file.
///
/// # Examples
///
/// ```
/// use alloc_core::{AllocError, boxed::Box};
/// use alloc_sync_pool::InlineSyncPool;
///
/// static POOL: InlineSyncPool<[u8; 256], 16> = InlineSyncPool::new();
///
/// let buffer = Box::try_new_in([0_u8; 256], &POOL)?;
/// assert_eq!((POOL.in_use(), POOL.capacity()), (1, 16));
/// std::thread::spawn(move || drop(buffer)).join().map_err(|_| AllocError)?;
/// assert_eq!(POOL.in_use(), 0);
/// # Ok::<(), AllocError>(())
/// ```
#[repr(C)]
pub struct InlineSyncPool<T, const N: usize> {
    /// S1: a share is taken for each block that is claimed, and given back after the block is free.
    budget: OwnLine<Budget>,
    /// The word to look at first.
    hint: OwnLine<AtomicUsize>,
    /// The bits of the blocks, in the first `words_for(N)` words; the others are not used.
    words: OwnLine<[AtomicUsize; N]>,
    /// S2: `N` blocks, accessed by nobody but their owners.
    blocks: UnsafeCell<[MaybeUninit<T>; N]>,
}

// SAFETY: the pool holds no `T`, only memory for some, and hands each block out to one owner at a
// time. The rest are atomics.
unsafe impl<T, const N: usize> Sync for InlineSyncPool<T, N> {}
// SAFETY: as above.
unsafe impl<T, const N: usize> Send for InlineSyncPool<T, N> {}

impl<T, const N: usize> InlineSyncPool<T, N> {
    const_fn! {
        /// A pool whose blocks are all free.
        pub const fn new() -> Self {
            Self {
                budget: OwnLine(Budget::new(Some(N))),
                hint: OwnLine(AtomicUsize::new(0)),
                words: OwnLine(sync::zero_words()),
                blocks: UnsafeCell::new([const { MaybeUninit::uninit() }; N]),
            }
        }
    }

    /// The layout of each block: that of `T`.
    #[inline]
    pub const fn block_layout(&self) -> Layout {
        Layout::new::<T>()
    }

    /// The number of blocks: `N`, or 0 if they have no size.
    pub const fn capacity(&self) -> usize {
        if size_of::<T>() == 0 { 0 } else { N }
    }

    /// Counts the blocks that are allocated.
    ///
    /// Exact while nobody else uses the pool. Otherwise the words are read one after another, and
    /// the sum may be of no single moment.
    pub fn in_use(&self) -> usize {
        self.bitmap().taken()
    }

    /// Takes back every block at once.
    pub fn reset(&mut self) {
        // SAFETY: S2; by `&mut self` nobody has a block any more.
        unsafe { Self::retire(self.start(), N) };
        self.bitmap().clear();
        self.budget.0.clear();
    }

    /// The bits of the blocks.
    fn bitmap(&self) -> Bitmap<'_> {
        Bitmap::new(&self.words.0, N, &self.hint.0)
    }

    /// The start of the first block.
    fn start(&self) -> *mut u8 {
        self.blocks.get().cast()
    }

    /// Tells [`checker`]s that some blocks are nobody's, if they go by pointers. One that goes by addresses would go on
    /// reporting what is there after the pool has moved.
    ///
    /// # Safety
    ///
    /// As for [`checker::retire`].
    #[inline]
    unsafe fn retire(start: *mut u8, blocks: usize) {
        if checker::FOLLOWS_POINTERS {
            // SAFETY: the caller's promise.
            unsafe { checker::retire(start, blocks * size_of::<T>()) };
        }
    }

    /// Block `index`, which is less than `N`.
    #[inline]
    fn at(&self, index: usize) -> NonNull<u8> {
        debug_assert!(index < N);
        // SAFETY: S2.
        let block = unsafe { self.start().add(index * size_of::<T>()) };
        // SAFETY: it points into the pool.
        unsafe { NonNull::new_unchecked(block) }
    }

    /// The index of the block at `ptr`. In a debug build, aborts if there is none.
    fn locate(&self, ptr: NonNull<u8>) -> Option<usize> {
        let address = ptr.addr().get();
        let offset = address.wrapping_sub(self.start().addr());
        let index = math::index_of(offset, size_of::<T>()).filter(|&index| index < N);
        if cfg!(debug_assertions) && index.is_none() {
            misuse::foreign(address, ptr::from_ref(self).addr());
        }
        index
    }
}

// SAFETY: a claimed block is the caller's alone (the crate documentation has the proof), is a place
// for a `T`, and stays where it is as long as the pool is borrowed. Nothing in here panics:
// `locate` and `put` abort.
unsafe impl<T, const N: usize> Blocks for &InlineSyncPool<T, N> {
    #[inline]
    fn block(&self) -> &Served {
        const { &Served::by(Layout::new::<T>()) }
    }

    #[inline]
    fn take(&self) -> Result<NonNull<u8>, AllocError> {
        if self.budget.0.take(1) == 0 {
            return Err(AllocError);
        }
        let claim = loop {
            match self.bitmap().claim(1) {
                Some(claim) => break claim,
                // G1: a block is free for each caller who got here. Others took those that we saw;
                // this is their progress.
                None => sync::spin_loop(),
            }
        };
        // The bitmap has the indices below `N` only.
        Ok(self.at(claim.first()))
    }

    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) {
        let Some(index) = self.locate(block) else {
            return;
        };
        // SAFETY: the caller gives it up.
        unsafe { InlineSyncPool::<T, N>::retire(self.at(index).as_ptr(), 1) };
        let mask = math::bit(index);
        let freed = self.bitmap().release(Claim {
            word: index / BITS,
            mask,
        });
        if cfg!(debug_assertions) && freed != mask {
            misuse::double_free(block.addr().get(), ptr::from_ref(*self).addr());
        }
        self.budget.0.give(freed.count_ones() as usize);
    }

    #[inline]
    fn own(&self, block: NonNull<u8>) -> NonNull<u8> {
        if checker::FOLLOWS_POINTERS
            && let Some(index) = self.locate(block)
        {
            return self.at(index);
        }
        block
    }
}

// SAFETY: a block of some size that is currently allocated and starts among the blocks is one of
// them.
unsafe impl<T, const N: usize> Owns for &InlineSyncPool<T, N> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let offset = ptr.addr().get().wrapping_sub(self.start().addr());
        layout.size() != 0 && offset < N * size_of::<T>()
    }
}

/// A pool is equal to itself only.
impl<T, const N: usize> PartialEq for InlineSyncPool<T, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<T, const N: usize> Eq for InlineSyncPool<T, N> {}

// SAFETY: equal references are to one pool.
unsafe impl<T, const N: usize> AllocatorEq<&InlineSyncPool<T, N>> for &InlineSyncPool<T, N> {}

// SAFETY: a copy of the reference is to the same pool, which stays where it is while there is one.
unsafe impl<T, const N: usize> AllocatorClone for &InlineSyncPool<T, N> {}

impl<T, const N: usize> Default for InlineSyncPool<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> Reset for InlineSyncPool<T, N> {
    fn reset(&mut self) {
        self.reset();
    }
}

impl<T, const N: usize> fmt::Debug for InlineSyncPool<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineSyncPool")
            .field("block_layout", &self.block_layout())
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .finish()
    }
}

#[cfg(test)]
mod layout {
    use super::InlineSyncPool;
    use crate::line::LINE;
    use memoffset::offset_of;

    type Pool = InlineSyncPool<u64, 3>;

    // What threads write at different times lies on different lines, and the blocks on none of
    // these.
    const _: () = assert!(offset_of!(Pool, budget) == 0);
    const _: () = assert!(offset_of!(Pool, hint).is_multiple_of(LINE));
    const _: () = assert!(offset_of!(Pool, words).is_multiple_of(LINE));
    const _: () = assert!(offset_of!(Pool, blocks).is_multiple_of(LINE));
}
