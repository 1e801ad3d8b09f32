//! `Aligned` as an allocator: each method of the inner one, at the raised layout.

use alloc_core::{AllocError, Allocator, Layout};
use core::ptr::NonNull;

use crate::aligned::Aligned;
use crate::math;

impl<const ALIGN: usize, A> Aligned<ALIGN, A> {
    /// The layout to ask the inner allocator for.
    #[inline]
    fn raise(layout: Layout) -> Result<Layout, AllocError> {
        math::raise(layout, ALIGN).map_err(|_| AllocError)
    }

    /// The layout that fits the inner block of one of our blocks.
    ///
    /// # Safety
    ///
    /// `layout` fits a block that is currently allocated by this allocator.
    #[inline]
    unsafe fn raise_fitting(layout: Layout) -> Layout {
        let raised = math::raise(layout, ALIGN);
        debug_assert!(raised.is_ok(), "I1: a fitting layout can be raised");
        // SAFETY: `layout` fits, so its size is at most the block's length, which I1 bounds.
        unsafe { raised.unwrap_unchecked() }
    }

    /// The part of an inner block that we hand out: all of it, up to what a layout can name (I1).
    #[inline]
    fn hand_out(block: NonNull<[u8]>, raised: Layout) -> NonNull<[u8]> {
        let len = block.len().min(math::max_size(raised.align()));
        NonNull::slice_from_raw_parts(block.cast(), len)
    }
}

// SAFETY: blocks are blocks of `inner`, which a move of `self` does not invalidate. A raised layout
// asks for at least what `layout` asks for, so what `inner` returns meets both. I1 holds:
// `hand_out` bounds every length, and the asked size is within the bound because the raised layout
// exists.
unsafe impl<const ALIGN: usize, A: Allocator> Allocator for Aligned<ALIGN, A> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let raised = Self::raise(layout)?;
        let block = self.inner().allocate(raised)?;
        Ok(Self::hand_out(block, raised))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let raised = Self::raise(layout)?;
        let block = self.inner().allocate_zeroed(raised)?;
        Ok(Self::hand_out(block, raised))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller promises that `layout` fits.
        let raised = unsafe { Self::raise_fitting(layout) };
        // SAFETY: by I1 the block is one of `inner` that `raised` fits.
        unsafe { self.inner().deallocate(ptr, raised) };
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both sizes, so
        // `new` is not smaller.
        let block = unsafe { self.inner().grow(ptr, old, new) }?;
        Ok(Self::hand_out(block, new))
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both sizes, so
        // `new` is not smaller.
        let block = unsafe { self.inner().grow_zeroed(ptr, old, new) }?;
        Ok(Self::hand_out(block, new))
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both sizes, so
        // `new` is not larger.
        let block = unsafe { self.inner().shrink(ptr, old, new) }?;
        Ok(Self::hand_out(block, new))
    }
}
