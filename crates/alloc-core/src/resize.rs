//! The three ways to resize a block, as a value, so that an allocator over others writes once where a block goes.
//!
//! For the crates of this workspace.

use core::alloc::Layout;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use crate::ext::{relocate, relocate_zeroed};

/// What the caller asked for. A constant wherever it is used, so nothing is decided at run time.
#[derive(Clone, Copy, Debug)]
pub enum Resize {
    /// [`Allocator::grow`].
    Grow,
    /// [`Allocator::grow_zeroed`].
    GrowZeroed,
    /// [`Allocator::shrink`].
    Shrink,
}

impl Resize {
    /// Allocates what a block of zero size becomes.
    #[inline]
    pub fn fresh<A: Allocator>(self, to: &A, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match self {
            Self::GrowZeroed => to.allocate_zeroed(new),
            Self::Grow | Self::Shrink => to.allocate(new),
        }
    }

    /// Resizes a block where it belongs.
    ///
    /// # Safety
    ///
    /// What the method of [`Allocator`] of this name asks for.
    #[inline]
    pub unsafe fn within<A: Allocator>(
        self,
        a: &A,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        match self {
            // SAFETY: the caller's promise.
            Self::Grow => unsafe { a.grow(ptr, old, new) },
            // SAFETY: the caller's promise.
            Self::GrowZeroed => unsafe { a.grow_zeroed(ptr, old, new) },
            // SAFETY: the caller's promise.
            Self::Shrink => unsafe { a.shrink(ptr, old, new) },
        }
    }

    /// Resizes a block by moving it to another allocator. `Err` leaves it where and as it was.
    ///
    /// # Safety
    ///
    /// `ptr` denotes a block that is currently allocated by `from`, and `old` fits it.
    #[inline]
    pub unsafe fn across<F: Allocator, T: Allocator>(
        self,
        from: &F,
        to: &T,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        match self {
            // SAFETY: the caller's promise.
            Self::GrowZeroed => unsafe { relocate_zeroed(from, to, ptr, old, new) },
            // SAFETY: the caller's promise.
            Self::Grow | Self::Shrink => unsafe { relocate(from, to, ptr, old, new) },
        }
    }
}

/// The methods `grow`, `grow_zeroed` and `shrink` of an `Allocator` whose type has an inherent
/// `unsafe fn resize(&self, how, ptr, old, new)` with the same contract.
#[doc(hidden)]
#[macro_export]
macro_rules! by_resize {
    () => {
        #[inline]
        unsafe fn grow(
            &self,
            ptr: ::core::ptr::NonNull<u8>,
            old_layout: $crate::Layout,
            new_layout: $crate::Layout,
        ) -> ::core::result::Result<::core::ptr::NonNull<[u8]>, $crate::AllocError> {
            // SAFETY: the caller's promise.
            unsafe { self.resize($crate::resize::Resize::Grow, ptr, old_layout, new_layout) }
        }

        #[inline]
        unsafe fn grow_zeroed(
            &self,
            ptr: ::core::ptr::NonNull<u8>,
            old_layout: $crate::Layout,
            new_layout: $crate::Layout,
        ) -> ::core::result::Result<::core::ptr::NonNull<[u8]>, $crate::AllocError> {
            // SAFETY: the caller's promise.
            unsafe {
                self.resize(
                    $crate::resize::Resize::GrowZeroed,
                    ptr,
                    old_layout,
                    new_layout,
                )
            }
        }

        #[inline]
        unsafe fn shrink(
            &self,
            ptr: ::core::ptr::NonNull<u8>,
            old_layout: $crate::Layout,
            new_layout: $crate::Layout,
        ) -> ::core::result::Result<::core::ptr::NonNull<[u8]>, $crate::AllocError> {
            // SAFETY: the caller's promise.
            unsafe { self.resize($crate::resize::Resize::Shrink, ptr, old_layout, new_layout) }
        }
    };
}
