//! `Allocator`: which level, and what else there is to it.

use core::ptr::NonNull;

use alloc_core::resize::Resize;
use alloc_core::{AllocError, Allocator, AllocatorClone, Layout, dangling};

use crate::math;
use crate::pools::SizedPool;
use crate::tiered::Tiered;

impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> Tiered<L, CLASSES, P> {
    /// Resizes a block where it is, or moves it.
    ///
    /// # Safety
    ///
    /// What the method of [`Allocator`] asks for.
    #[inline]
    unsafe fn resize(
        &self,
        how: Resize,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let (from, to) = (math::class_of(old), math::class_of(new));
        match (self.pools.get(from), self.pools.get(to)) {
            // SAFETY: T1: it is a block of this pool, and S1: both layouts are those of its class. So T1 holds of what is
            // returned; the caller's promise.
            (Some(pool), Some(_)) if from == to => unsafe { how.within(pool, ptr, old, new) },
            (None, None) if old.size() != 0 && new.size() != 0 => {
                // SAFETY: T1: it is a block of `large`; the caller's promise.
                unsafe { how.within(&self.large, ptr, old, new) }
            }
            // What is nothing, or becomes it, is served by the methods below.
            // SAFETY: the caller's promise.
            _ => unsafe { how.across(self, self, ptr, old, new) },
        }
    }
}

// SAFETY: T1: each block is one of a pool or of `large`, which a move of `self` does not invalidate, and the layouts that
// fit it tell of which: those of a class have no other (`math::class_of`), and what is longer than all classes, or
// more strictly aligned, stays so with each layout that fits, as the alignment does not change and the size is not
// less than the one asked for. Pools serve their own blocks, by size and alignment (S1). Nothing unwinds.
unsafe impl<L: AllocatorClone, const CLASSES: usize, P: SizedPool<L>> Allocator
    for Tiered<L, CLASSES, P>
{
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let class = math::class_of(layout);
        match self.pools.get(class) {
            Some(pool) => pool.allocate(math::request(class)),
            None if layout.size() == 0 => Ok(dangling(layout)),
            None => self.large.allocate(layout),
        }
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let class = math::class_of(layout);
        match self.pools.get(class) {
            Some(pool) => pool.allocate_zeroed(math::request(class)),
            None if layout.size() == 0 => Ok(dangling(layout)),
            None => self.large.allocate_zeroed(layout),
        }
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let class = math::class_of(layout);
        match self.pools.get(class) {
            // SAFETY: T1: it is a block of this pool, which fits (S1); the caller gives it up.
            Some(pool) => unsafe { pool.deallocate(ptr, math::request(class)) },
            None if layout.size() == 0 => {}
            // SAFETY: T1: it is a block of `large`; the caller's promise.
            None => unsafe { self.large.deallocate(ptr, layout) },
        }
    }

    alloc_core::by_resize!();
}
