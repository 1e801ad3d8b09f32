//! The methods of `Allocator` that are the same for all pools: a block serves whatever fits it.

use core::ptr::NonNull;

/// Zeroes a block from byte `from` on.
///
/// # Safety
///
/// The block is the caller's, and `from` is at most its length.
#[inline]
pub(crate) unsafe fn zero(block: NonNull<[u8]>, from: usize) {
    debug_assert!(from <= block.len());
    // SAFETY: within the block, or at its end.
    let tail = unsafe { block.cast::<u8>().add(from) };
    // SAFETY: so many bytes are left, and they are the caller's.
    unsafe { tail.write_bytes(0, block.len() - from) };
}

/// The methods that zero and resize, by way of `allocate`, `deallocate` and the pool's `resized`: the
/// block at a pointer in its full size, if it serves the new layout, which is not empty.
macro_rules! resizing_methods {
    () => {
        #[inline]
        fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            let block = self.allocate(layout)?;
            // SAFETY: just allocated.
            unsafe { $crate::resize::zero(block, 0) };
            Ok(block)
        }

        #[inline]
        unsafe fn grow(
            &self,
            ptr: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            debug_assert!(old.size() <= new.size());
            if old.size() == 0 {
                return self.allocate(new);
            }
            // SAFETY: the caller's promise, passed on.
            unsafe { self.resized(ptr, old, new) }
        }

        #[inline]
        unsafe fn grow_zeroed(
            &self,
            ptr: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller's promise, passed on.
            let block = unsafe { self.grow(ptr, old, new) }?;
            // SAFETY: the block was just returned, and it is no smaller than `old`.
            unsafe { $crate::resize::zero(block, old.size()) };
            Ok(block)
        }

        #[inline]
        unsafe fn shrink(
            &self,
            ptr: NonNull<u8>,
            old: Layout,
            new: Layout,
        ) -> Result<NonNull<[u8]>, AllocError> {
            debug_assert!(old.size() >= new.size());
            if new.size() == 0 {
                // SAFETY: the caller's promise, passed on.
                unsafe { self.deallocate(ptr, old) };
                return Ok(alloc_core::dangling(new));
            }
            // SAFETY: the caller's promise, passed on.
            unsafe { self.resized(ptr, old, new) }
        }
    };
}

pub(crate) use resizing_methods;
