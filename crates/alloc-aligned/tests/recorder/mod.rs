//! An allocator that writes down what it is asked for.

use alloc_core::{AllocError, Allocator, Global, Layout};
use std::ptr::NonNull;
use std::sync::Mutex;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Allocate(Layout),
    AllocateZeroed(Layout),
    Deallocate(Layout),
    Grow(Layout, Layout),
    GrowZeroed(Layout, Layout),
    Shrink(Layout, Layout),
}

/// The heap, with a record of every call.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    calls: Mutex<Vec<Call>>,
}

impl Recorder {
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn record(&self, call: Call) {
        self.calls.lock().unwrap().push(call);
    }
}

// SAFETY: each method is that of `Global`.
unsafe impl Allocator for Recorder {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.record(Call::Allocate(layout));
        Global.allocate(layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.record(Call::AllocateZeroed(layout));
        Global.allocate_zeroed(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.record(Call::Deallocate(layout));
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) };
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.record(Call::Grow(old, new));
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.grow(ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.record(Call::GrowZeroed(old, new));
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.grow_zeroed(ptr, old, new) }
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.record(Call::Shrink(old, new));
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.shrink(ptr, old, new) }
    }
}
