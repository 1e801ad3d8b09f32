//! The second allocator of a [`Fallback`](super::Fallback), kept apart from the first.

use alloc_core::{AllocError, Allocator, Layout, Owns};
use core::ptr::NonNull;

use alloc_core::resize::Resize;

/// `secondary`, without the blocks that `primary` would take for its own.
///
/// [`Owns`] lets `primary` answer either way for a block whose memory came out of it by another
/// way: because it is the upstream of `secondary`, or because both wrap one allocator. Such a block
/// could not be routed home, and safe code can build such a pair. So none is let through. The
/// answer stays the same while the block is allocated, so asking once is enough.
pub(super) struct Secondary<'a, P, S> {
    pub(super) primary: &'a P,
    pub(super) secondary: &'a S,
}

impl<P: Owns, S: Allocator> Secondary<'_, P, S> {
    /// Lets a new block through, or gives it back.
    #[inline]
    fn admit(&self, block: NonNull<[u8]>, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if !self.primary.owns(block.cast(), layout) {
            return Ok(block);
        }
        // SAFETY: `secondary` just returned this block for this layout, and nobody else knows it.
        unsafe { self.secondary.deallocate(block.cast(), layout) };
        Err(AllocError)
    }

    /// Resizes a block inside `secondary`.
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
        // SAFETY: the caller's promise.
        let block = unsafe { how.within(self.secondary, ptr, old, new) }?;
        if self.primary.owns(block.cast(), new) {
            // The old block is gone, so there is no way back, and no way on: each later call would
            // go astray.
            lost_between();
        }
        Ok(block)
    }
}

/// Ends the program. It does not unwind: no method of an allocator may, and an `extern "C"`
/// function cannot.
#[cold]
#[inline(never)]
extern "C" fn lost_between() -> ! {
    panic!("Fallback: the secondary resized a block into memory that the primary says it owns");
}

// SAFETY: blocks are those of `secondary`.
unsafe impl<P: Owns, S: Allocator> Allocator for Secondary<'_, P, S> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.admit(self.secondary.allocate(layout)?, layout)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.admit(self.secondary.allocate_zeroed(layout)?, layout)
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.secondary.deallocate(ptr, layout) };
    }

    alloc_core::by_resize!();
}
