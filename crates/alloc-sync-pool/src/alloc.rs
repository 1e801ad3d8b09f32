//! `Allocator` on top of blocks that are all alike.

use core::alloc::Layout;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, checker, dangling};

use crate::inline::InlineSyncPool;
use crate::local::Local;
use crate::math::Served;
use crate::pool::SyncPool;

/// Hands out blocks of one layout.
///
/// # Safety
///
/// `take` returns a block of [`block`](Self::block) that is the caller's alone until it is passed
/// to `put`, to this value or one that is equivalent. Nothing in here unwinds.
pub(crate) unsafe trait Blocks {
    /// The layout of each block, whose size is a multiple of its alignment, and what it serves. If
    /// the size is 0, `take` is not called.
    fn block(&self) -> &Served;

    /// Takes a block.
    fn take(&self) -> Result<NonNull<u8>, AllocError>;

    /// Gives a block back.
    ///
    /// # Safety
    ///
    /// `block` is currently taken from this value or from one that is equivalent.
    unsafe fn put(&self, block: NonNull<u8>);

    /// The block, by a pointer as good as the one that `take` returned: for [`checker`]s that follow pointers. Without one
    /// it is the pointer that it is given.
    fn own(&self, block: NonNull<u8>) -> NonNull<u8>;
}

/// The whole block at `ptr`, for its owner.
///
/// # Safety
///
/// The layout is that of the block, which is the caller's alone, and nobody uses it by another pointer any more.
#[inline]
unsafe fn whole(block: Layout, ptr: NonNull<u8>) -> NonNull<[u8]> {
    // SAFETY: the caller's promise.
    let start = unsafe { checker::hand_out(ptr, block.size(), block.align()) };
    NonNull::slice_from_raw_parts(start, block.size())
}

/// The whole block at `ptr` if it serves `new`: in place or not at all, as no block is larger than the one at hand.
///
/// # Safety
///
/// As [`Allocator::grow`] or [`Allocator::shrink`], and neither size is 0.
#[inline]
unsafe fn resized<B: Blocks>(
    blocks: &B,
    ptr: NonNull<u8>,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = blocks.block();
    if !block.serves(new) {
        return Err(AllocError);
    }
    let own = blocks.own(ptr);
    // SAFETY: a block of some size is one that `take` returned. It is taken still, and the caller gives it up for what is
    // returned.
    Ok(unsafe { whole(block.layout(), own) })
}

#[inline]
fn allocate<B: Blocks>(blocks: &B, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    if layout.size() == 0 {
        return Ok(dangling(layout));
    }
    let block = blocks.block();
    if !block.serves(layout) {
        return Err(AllocError);
    }
    let taken = blocks.take()?;
    // SAFETY: `Blocks`: it is the caller's alone.
    Ok(unsafe { whole(block.layout(), taken) })
}

fn allocate_zeroed<B: Blocks>(blocks: &B, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    let memory = allocate(blocks, layout)?;
    // SAFETY: just allocated, `len` bytes long, and the caller's alone.
    unsafe { memory.cast::<u8>().write_bytes(0, memory.len()) };
    Ok(memory)
}

/// # Safety
///
/// As [`Allocator::deallocate`].
#[inline]
unsafe fn deallocate<B: Blocks>(blocks: &B, ptr: NonNull<u8>, layout: Layout) {
    // A block that `layout` fits has a size of 0 exactly if `layout` has.
    if layout.size() != 0 {
        // SAFETY: a block of some size is one that `take` returned; the caller says that it still
        // is taken.
        unsafe { blocks.put(ptr) };
    }
}

/// # Safety
///
/// As [`Allocator::grow`].
unsafe fn grow<B: Blocks>(
    blocks: &B,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(old.size() <= new.size());
    if old.size() == 0 {
        return allocate(blocks, new);
    }
    // SAFETY: the caller's promise, passed on.
    unsafe { resized(blocks, ptr, new) }
}

/// # Safety
///
/// As [`Allocator::grow_zeroed`].
unsafe fn grow_zeroed<B: Blocks>(
    blocks: &B,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    // SAFETY: the caller's promise, passed on.
    let memory = unsafe { grow(blocks, ptr, old, new) }?;
    // `saturating_sub`: of a zero-size block nothing is left to zero.
    let added = memory.len().saturating_sub(old.size());
    // SAFETY: `old.size()` is within the block: 0, or at most the size of the block that it fits.
    let end = unsafe { memory.cast::<u8>().add(old.size()) };
    // SAFETY: `added` bytes follow in the block, which is the caller's alone.
    unsafe { end.write_bytes(0, added) };
    Ok(memory)
}

/// # Safety
///
/// As [`Allocator::shrink`].
unsafe fn shrink<B: Blocks>(
    blocks: &B,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(old.size() >= new.size());
    if new.size() == 0 {
        // SAFETY: the caller's promise, passed on.
        unsafe { deallocate(blocks, ptr, old) };
        return Ok(dangling(new));
    }
    // SAFETY: the caller's promise, passed on.
    unsafe { resized(blocks, ptr, new) }
}

/// Implements `Allocator` by the functions above.
macro_rules! allocator {
    ([$($generics:tt)*] $type:ty) => {
        // SAFETY: `Blocks` of this type: a block is valid until it is put back or the pool is
        // dropped or reset, and moving the value does not move blocks. The functions above do not
        // unwind, and change nothing where they err.
        unsafe impl<$($generics)*> Allocator for $type {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                allocate(self, layout)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                allocate_zeroed(self, layout)
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise, passed on.
                unsafe { deallocate(self, ptr, layout) }
            }

            #[inline]
            unsafe fn grow(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { grow(self, ptr, old, new) }
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { grow_zeroed(self, ptr, old, new) }
            }

            #[inline]
            unsafe fn shrink(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { shrink(self, ptr, old, new) }
            }
        }
    };
}

allocator!([A: Allocator] SyncPool<A>);
allocator!([A: Allocator] Local<'_, A>);
allocator!([T, const N: usize] &InlineSyncPool<T, N>);
