//! The laws of `Allocator`, on every kind of pool and handle.
#![cfg(not(loom))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use alloc_conformance::{Limits, Upstream, suite};
#[cfg(not(miri))]
use alloc_core::ArcHandle;
use alloc_core::{AllocError, Allocator, Layout, Owns};
use alloc_sync_pool::{InlineSyncPool, Local, SyncPool};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A pool on the heap and a local handle to it in one value.
#[derive(Debug)]
struct OwnedLocal {
    local: ManuallyDrop<Local<'static, Upstream>>,
    pool: NonNull<SyncPool<Upstream>>,
}

// SAFETY: the pool is as `Send` and `Sync` as its upstream, and nobody else has it.
unsafe impl Send for OwnedLocal {}

impl OwnedLocal {
    fn new(pool: SyncPool<Upstream>) -> Self {
        let pool = NonNull::from(Box::leak(Box::new(pool)));
        // SAFETY: it lives until the drop below.
        let local = ManuallyDrop::new(unsafe { pool.as_ref() }.local());
        Self { local, pool }
    }
}

impl Drop for OwnedLocal {
    fn drop(&mut self) {
        // SAFETY: only here, and before the pool.
        unsafe { ManuallyDrop::drop(&mut self.local) };
        // SAFETY: made by a box, and not borrowed any more.
        drop(unsafe { Box::from_raw(self.pool.as_ptr()) });
    }
}

// SAFETY: every method is that of the handle.
unsafe impl Allocator for OwnedLocal {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.local.allocate(layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.local.allocate_zeroed(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.local.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.local.grow(ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.local.grow_zeroed(ptr, old, new) }
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.local.shrink(ptr, old, new) }
    }
}

// SAFETY: the handle's answer.
unsafe impl Owns for OwnedLocal {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.local.owns(ptr, layout)
    }
}

suite!(
    pool_64,
    |up| SyncPool::new_in(layout(64, 16), up),
    [owns, reset, eq, threads, send],
    limits = Limits::block(64, 16)
);
#[cfg(not(miri))] // the others take the same paths
suite!(
    pool_1,
    |up| SyncPool::new_in(layout(1, 1), up),
    [owns, reset, eq, threads, send],
    limits = Limits::block(1, 1)
);
#[cfg(not(miri))] // the others take the same paths
suite!(
    pool_over_aligned,
    |up| SyncPool::with_capacity_in(layout(24, 256), 2, up),
    [owns, reset, eq, threads, send],
    limits = Limits::block(256, 256)
);
#[cfg(not(miri))] // the others take the same paths
suite!(
    pool_from_one_block,
    |up| SyncPool::with_capacity_in(layout(48, 8), 1, up),
    [owns, reset, eq, threads, send],
    limits = Limits::block(48, 8)
);
#[cfg(not(miri))] // a bound is arithmetic, and `bounds` has full pools under Miri
suite!(
    fixed,
    |up| SyncPool::fixed_in(layout(64, 16), 100, up),
    [owns, reset, eq, threads, send],
    limits = Limits::block(64, 16).blocks(100)
);
suite!(
    inline,
    |_| InlineSyncPool::<[u64; 8], 96>::new(),
    [owns, reset, eq, threads, send],
    limits = Limits::block(64, 8).blocks(96)
);
suite!(
    local,
    |up| OwnedLocal::new(SyncPool::new_in(layout(64, 16), up)),
    [owns, send],
    limits = Limits::block(64, 16)
);
#[cfg(not(miri))] // the others take the same paths
suite!(
    local_of_fixed,
    |up| OwnedLocal::new(SyncPool::fixed_in(layout(64, 16), 100, up)),
    [owns, send],
    limits = Limits::block(64, 16).blocks(100)
);
#[cfg(not(miri))] // the others take the same paths
suite!(
    arc_handle,
    |up| ArcHandle::new(SyncPool::new_in(layout(64, 16), up)),
    [owns, clones, eq, threads, send],
    limits = Limits::block(64, 16)
);
