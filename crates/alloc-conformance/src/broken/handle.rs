//! A shared handle to such an allocator, which may lie about what it is equivalent to.

use std::ptr::NonNull;
use std::sync::Arc;

use alloc_core::{AllocError, Allocator, AllocatorClone, AllocatorEq, Layout};

use super::{Broken, Fault};
use crate::Upstream;

/// A shared handle to a [`Broken`] allocator: the faults [`Fault::Clones`] and [`Fault::Eq`] are its own.
///
/// # Examples
///
/// ```
/// use alloc_conformance::Upstream;
/// use alloc_conformance::broken::{BrokenHandle, Fault};
///
/// let make = || BrokenHandle::new(Fault::Eq, Upstream::new());
/// assert_eq!(make(), make());
/// ```
#[derive(Debug)]
pub struct BrokenHandle(Arc<Broken>);

impl BrokenHandle {
    /// Makes an allocator with this fault, and the first handle to it.
    pub fn new(fault: Fault, upstream: Upstream) -> Self {
        Self(Arc::new(Broken::new(fault, upstream)))
    }
}

impl Clone for BrokenHandle {
    fn clone(&self) -> Self {
        if self.0.fault() == Fault::Clones {
            return Self::new(Fault::Clones, Upstream::new());
        }
        Self(Arc::clone(&self.0))
    }
}

impl PartialEq for BrokenHandle {
    fn eq(&self, other: &Self) -> bool {
        self.0.fault() == Fault::Eq || Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for BrokenHandle {}

// SAFETY: each method is that of the allocator inside, with its faults.
unsafe impl Allocator for BrokenHandle {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate_zeroed(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.grow(ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.grow_zeroed(ptr, old, new) }
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.shrink(ptr, old, new) }
    }
}

// SAFETY: clones share one allocator. With `Fault::Clones` this is a lie.
unsafe impl AllocatorClone for BrokenHandle {}

// SAFETY: equal handles share one allocator. With `Fault::Eq` this is a lie.
unsafe impl AllocatorEq for BrokenHandle {}
