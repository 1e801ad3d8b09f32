//! The allocator that has no memory.

use alloc_core::{
    AllocError, Allocator, AllocatorClone, AllocatorEq, Layout, Owns, Reset, StaticAllocator,
    dangling,
};
use core::ptr::NonNull;

/// An allocator that refuses every request, save those of zero size.
///
/// It ends a chain of combinators: `Segregate<256, Pool, Null>` serves blocks of up to 256 bytes
/// and errs above. In tests it is the allocator that is always exhausted. It owns no block, all its
/// values are equivalent, and it takes no memory itself. The idea and the name are those of Phobos'
/// `NullAllocator`.
///
/// # Errors
///
/// Every request of more than 0 bytes errs.
///
/// # Examples
///
/// ```
/// use alloc_compose::Null;
/// use alloc_core::vec::Vec;
///
/// let mut numbers = Vec::new_in(Null); // an empty vector asks for nothing
/// assert!(numbers.try_reserve(1).is_err());
/// # let _: Vec<u32, Null> = numbers;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Null;

impl Null {
    /// Serves what has no size.
    #[inline]
    fn serve(layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            Ok(dangling(layout))
        } else {
            Err(AllocError)
        }
    }
}

// SAFETY: the only blocks are zero-size ones, which are aligned and backed by no memory, so that
// nothing invalidates them.
unsafe impl Allocator for Null {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Self::serve(layout)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Self::serve(layout)
    }

    #[inline]
    unsafe fn deallocate(&self, _: NonNull<u8>, layout: Layout) {
        debug_assert!(layout.size() == 0, "`Null` hands out no memory");
    }

    #[inline]
    unsafe fn grow(
        &self,
        _: NonNull<u8>,
        _: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        Self::serve(new_layout)
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        _: NonNull<u8>,
        _: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        Self::serve(new_layout)
    }

    #[inline]
    unsafe fn shrink(
        &self,
        _: NonNull<u8>,
        _: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        Self::serve(new_layout)
    }
}

// SAFETY: no block of any size is its own, and a zero-size one is nobody's.
unsafe impl Owns for Null {
    #[inline]
    fn owns(&self, _: NonNull<u8>, _: Layout) -> bool {
        false
    }
}

// SAFETY: its blocks are not backed by memory, so every `Null` can take every other's. `clone` is a
// copy of nothing.
unsafe impl AllocatorClone for Null {}

// SAFETY: all values are equivalent, as above.
unsafe impl AllocatorEq for Null {}

// SAFETY: nothing invalidates a block that no memory is behind.
unsafe impl StaticAllocator for Null {}

/// There is nothing to take back.
impl Reset for Null {
    #[inline]
    fn reset(&mut self) {}
}
