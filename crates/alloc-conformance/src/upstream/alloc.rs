//! What the heap is to its users: an allocator, shared by its handles.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use alloc_core::{AllocError, Allocator, AllocatorClone, AllocatorEq, Layout, Owns};

use super::Upstream;

// SAFETY: blocks are those of the system's heap, in the table from here until they are freed; all
// bookkeeping is behind locks and atomics, and clones share it. What the contract forbids is noted
// down and not acted upon.
unsafe impl Allocator for Upstream {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.enter(layout)?;
        self.serve(layout, false)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.enter(layout)?;
        self.serve(layout, true)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.frees.fetch_add(1, Relaxed);
        self.fits("deallocate", ptr, layout);
        if layout.size() > 0 {
            self.take_back(ptr);
        }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.relocate("grow", ptr, old, new)
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.relocate("grow_zeroed", ptr, old, new)
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.relocate("shrink", ptr, old, new)
    }
}

// SAFETY: a clone shares the heap and keeps it alive; cloning an `Arc` does not unwind.
unsafe impl AllocatorClone for Upstream {}

/// Two handles are equal if they share one heap.
impl PartialEq for Upstream {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Upstream {}

// SAFETY: equal handles share one heap.
unsafe impl AllocatorEq for Upstream {}

// SAFETY: the table holds each block that is allocated, with the layouts that fit it, and no other;
// zero-size blocks are not in it.
unsafe impl Owns for Upstream {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        layout.size() > 0 && self.0.blocks.fault(ptr, layout).is_none()
    }
}
