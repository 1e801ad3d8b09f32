//! What memory checkers see of a shared pool: one faulty program per case, which the checker must end.
//!
//! `cargo xtask miri` and `cargo xtask asan` run each of the ignored tests in a process of its own, and fail unless
//! the checker reports the fault. The same things done right are in `checked.rs`.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};

use alloc_conformance::{
    faulty,
    poison::{read, write},
};
#[cfg(miri)]
use alloc_sync_pool::InlineSyncPool;
use alloc_sync_pool::{Allocator, Layout, SyncPool};

/// What each block is for.
const BLOCK: Layout = Layout::new::<[u8; 64]>();

/// A block, all initialised.
fn block(pool: &impl Allocator) -> *mut u8 {
    let block = pool.allocate(BLOCK).expect("there is room").cast::<u8>();
    // SAFETY: a fresh block of this length.
    unsafe { block.write_bytes(7, BLOCK.size()) };
    block.as_ptr()
}

/// Frees a block of this pool.
fn free(pool: &impl Allocator, byte: *mut u8) {
    let block = NonNull::new(byte).expect("a block");
    // SAFETY: the block has this layout.
    unsafe { pool.deallocate(block, BLOCK) };
}

/// A block that was freed, while those around it are in use.
fn freed(pool: &impl Allocator) -> *mut u8 {
    let (_first, byte, _last) = (block(pool), block(pool), block(pool));
    free(pool, byte);
    byte
}

/// Makes a block of this pool so long.
fn shrink(pool: &impl Allocator, byte: *mut u8, len: usize) -> *mut u8 {
    let block = NonNull::new(byte).expect("a block");
    let new = Layout::array::<u8>(len).expect("a small layout");
    // SAFETY: the block has this layout, and the other one is smaller.
    let shrunk = unsafe { pool.shrink(block, BLOCK, new) };
    shrunk.expect("it stays in place").cast().as_ptr()
}

// Single blocks, wherever they rest.
faulty! {
    fn read_after_free_into_a_magazine() {
        let pool = SyncPool::new(BLOCK);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_free_of_a_bounded_pool() {
        let pool = SyncPool::fixed(BLOCK, 8);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { write(byte.wrapping_add(63)) };
    }

    fn read_after_free_by_a_handle() {
        let pool = SyncPool::new(BLOCK);
        let byte = freed(&pool.local());
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_free_by_another_thread() {
        let pool = SyncPool::new(BLOCK);
        let byte = AtomicPtr::new(block(&pool));
        std::thread::scope(|scope| {
            scope.spawn(|| free(&pool, byte.load(Relaxed)));
        });
        // SAFETY: a fault.
        unsafe { write(byte.into_inner()) };
    }

    fn read_after_a_block_shrank_to_nothing() {
        let pool = SyncPool::new(BLOCK);
        let byte = block(&pool);
        shrink(&pool, byte, 0);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

/// What has room for a chunk, and is aligned as one is on every machine.
#[repr(align(256))]
struct Chunk {
    _room: [u8; 4096],
}

// Everything at once, and what was never handed out.
faulty! {
    fn write_after_reset() {
        let mut pool = SyncPool::new(BLOCK);
        let byte = block(&pool);
        pool.reset();
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn read_after_the_drop_of_a_pool_over_a_pool() {
        let outer = SyncPool::for_value::<Chunk>();
        let inner = SyncPool::fixed_in(BLOCK, 8, &outer);
        let byte = block(&inner);
        drop(inner);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_of_a_block_that_was_never_handed_out() {
        let pool = SyncPool::new(BLOCK);
        let byte = block(&pool);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(100 * 64)) };
    }
}

// Memory that is somebody else's now, and pools that may move: for checkers that know by which pointer memory is used.
#[cfg(miri)]
faulty! {
    fn stale_pointer_to_a_block_that_was_handed_out_again() {
        let pool = SyncPool::new(BLOCK);
        let stale = freed(&pool);
        assert_eq!(block(&pool), stale);
        // SAFETY: a fault.
        unsafe { write(stale) };
    }

    fn stale_pointer_to_a_block_that_shrank_in_place() {
        let pool = SyncPool::new(BLOCK);
        let stale = block(&pool);
        assert_eq!(shrink(&pool, stale, 8), stale);
        // SAFETY: a fault.
        unsafe { read(stale) };
    }

    fn read_after_free_of_an_inline_pool() {
        let pool = InlineSyncPool::<[u64; 8], 4>::new();
        let byte = freed(&&pool);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_reset_of_an_inline_pool() {
        let mut pool = InlineSyncPool::<[u64; 8], 4>::new();
        let byte = block(&&pool);
        pool.reset();
        // SAFETY: a fault.
        unsafe { write(byte) };
    }
}
