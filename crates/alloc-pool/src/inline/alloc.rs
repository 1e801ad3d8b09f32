//! The inline pool as an allocator.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorClone, AllocatorEq, Owns, Reset, dangling};

use super::InlinePool;
use crate::resize::resizing_methods;

impl<T, const N: usize> InlinePool<T, N> {
    /// The block at `ptr` in its full size, if it serves `new`, which is not empty.
    ///
    /// # Errors
    ///
    /// If it does not; it stays as it is.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and `old` fits it.
    #[inline]
    unsafe fn resized(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // First, as a broken promise is one whether or not the block is large enough.
        let at = self.place_in_use(ptr, old);
        if !Self::serves(new) {
            return Err(AllocError);
        }
        // SAFETY: the place of a block in use, by the caller, who gives it up for what is returned.
        Ok(unsafe { self.whole(at) })
    }
}

// SAFETY: a block is in use, in the free list, or behind `carved`, and only one of these, so no two
// blocks in use overlap. A slot has the size and the alignment of `BLOCK`. While a reference exists
// the pool does not move, and only `&mut self` takes blocks back. Nothing unwinds: there is no
// upstream, numbers do not overflow, and the fatal reports abort.
unsafe impl<T, const N: usize> Allocator for &InlinePool<T, N> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if !InlinePool::<T, N>::serves(layout) {
            let nothing = layout.size() == 0;
            return nothing.then(|| dangling(layout)).ok_or(AllocError);
        }
        self.pop().or_else(|| self.carve()).ok_or(AllocError)
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let at = self.place_in_use(ptr, layout);
        // SAFETY: the caller says that the block is currently allocated by this pool and gives it up.
        unsafe { self.push(at) };
    }

    resizing_methods!();
}

// SAFETY: a block in use of this pool begins at a slot that was handed out. A block of another
// allocator lies elsewhere, unless the pool itself lies in it; that one is larger than any slot, as
// the pool has fields beside the blocks, and so no layout that a slot serves fits it.
unsafe impl<T, const N: usize> Owns for &InlinePool<T, N> {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        InlinePool::<T, N>::serves(layout) && self.index_of(ptr.addr().get()).is_some()
    }
}

impl<T, const N: usize> Reset for InlinePool<T, N> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// A pool is equal to itself only.
impl<T, const N: usize> PartialEq for InlinePool<T, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<T, const N: usize> Eq for InlinePool<T, N> {}

// SAFETY: a copy of a reference refers to the same pool; copying does not unwind.
unsafe impl<T, const N: usize> AllocatorClone for &InlinePool<T, N> {}

// SAFETY: equal references refer to one pool.
unsafe impl<T, const N: usize> AllocatorEq for &InlinePool<T, N> {}
