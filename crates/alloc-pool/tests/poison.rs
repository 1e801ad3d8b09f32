//! What memory checkers see of a pool: one faulty program per case, which the checker must end.
//!
//! `cargo xtask miri` and `cargo xtask asan` run each of the ignored tests in a process of its own, and fail unless
//! the checker reports the fault. The same things done right are in `checked.rs`.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;

use alloc_conformance::{
    faulty,
    poison::{read, write},
};
#[cfg(miri)]
use alloc_pool::InlinePool;
use alloc_pool::alloc_core::Global;
use alloc_pool::{Allocator, HardenedPool, Layout, Pool, Strict};

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

// Single blocks. While one is free a link stands in its first bytes.
faulty! {
    fn read_of_the_link_after_free() {
        let pool = Pool::new(BLOCK);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_of_the_last_byte_after_free() {
        let pool = Pool::new(BLOCK);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(63)) };
    }

    fn write_after_free() {
        let pool = Pool::new(BLOCK);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn write_after_free_in_an_older_chunk() {
        let pool = Pool::new(BLOCK).with_chunk_limit(256);
        let (byte, _others) = (block(&pool), [(); 9].map(|()| block(&pool)));
        free(&pool, byte);
        // SAFETY: a fault.
        unsafe { write(byte.wrapping_add(63)) };
    }

    fn read_after_a_block_shrank_to_nothing() {
        let pool = Pool::new(BLOCK);
        let byte = block(&pool);
        shrink(&pool, byte, 0);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn read_after_free_and_a_look_at_the_lists() {
        let mut pool = Pool::new(BLOCK);
        let byte = freed(&pool);
        assert_eq!((pool.in_use(), pool.live_blocks().count()), (2, 2));
        assert_eq!((pool.release_empty_chunks(), pool.in_use()), (0, 2));
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

// Everything at once.
faulty! {
    fn write_after_reset_in_an_older_chunk() {
        let mut pool = Pool::new(BLOCK).with_chunk_limit(256);
        let (byte, _others) = (block(&pool), [(); 9].map(|()| block(&pool)));
        pool.reset();
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn read_after_empty_chunks_went_back_to_a_pool() {
        let outer = Pool::new(Layout::new::<[u64; 64]>());
        let inner = Pool::new_in(BLOCK, &outer).with_chunk_limit(256);
        let byte = block(&inner);
        free(&inner, byte);
        assert_ne!(inner.release_empty_chunks(), 0);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(63)) };
    }

    fn read_after_the_drop_of_a_pool_over_a_pool() {
        let outer = Pool::new(Layout::new::<[u64; 64]>());
        let inner = Pool::new_in(BLOCK, &outer).with_chunk_limit(256);
        let byte = block(&inner);
        drop(inner);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

// What was never handed out. Some blocks ahead of use have links already.
faulty! {
    fn read_of_a_block_that_was_made_ready() {
        let pool = Pool::new(BLOCK);
        let byte = block(&pool);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(64 + 8)) };
    }

    fn write_out_of_its_block_into_one_that_was_made_ready() {
        let pool = Pool::new(BLOCK);
        let byte = block(&pool);
        // SAFETY: a fault. (For Tree Borrows it is none: a pointer may leave its block there.)
        unsafe { write(byte.wrapping_add(64)) };
    }

    fn read_of_a_block_under_the_cursor() {
        let pool = Pool::new(BLOCK);
        let byte = block(&pool);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(20 * 64)) };
    }
}

// Hardened pools, which have a seal in front of each block.
faulty! {
    fn read_after_free_of_a_hardened_pool() {
        let pool = HardenedPool::new(BLOCK);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_free_to_a_block_that_waits() {
        let pool = HardenedPool::<_, Strict>::new_in(BLOCK, Global);
        let byte = freed(&pool);
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn write_out_of_its_block_into_the_seal_behind_it() {
        let pool = HardenedPool::new(BLOCK);
        let (byte, _next) = (block(&pool), block(&pool));
        // SAFETY: a fault.
        unsafe { write(byte.wrapping_add(64)) };
    }

    fn read_out_of_its_block_of_the_seal_before_it() {
        let pool = HardenedPool::new(BLOCK);
        let (_first, byte) = (block(&pool), block(&pool));
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_sub(1)) };
    }

    fn read_after_reset_of_a_hardened_pool() {
        let mut pool = HardenedPool::new(BLOCK);
        let byte = block(&pool);
        pool.reset();
        // SAFETY: a fault.
        unsafe { read(byte) };
    }
}

// Memory that is somebody else's now, and pools that may move: for checkers that know by which pointer memory is used.
#[cfg(miri)]
faulty! {
    fn stale_pointer_to_a_block_that_was_handed_out_again() {
        let pool = Pool::new(BLOCK);
        let stale = freed(&pool);
        assert_eq!(block(&pool), stale);
        // SAFETY: a fault.
        unsafe { write(stale) };
    }

    fn stale_pointer_to_a_block_that_shrank_in_place() {
        let pool = Pool::new(BLOCK);
        let stale = block(&pool);
        assert_eq!(shrink(&pool, stale, 8), stale);
        // SAFETY: a fault.
        unsafe { read(stale) };
    }

    fn read_out_of_its_block_of_the_next_one() {
        let pool = Pool::new(BLOCK);
        let (byte, next) = (block(&pool), block(&pool));
        assert_eq!(byte.wrapping_add(64), next);
        // SAFETY: a fault.
        unsafe { read(byte.wrapping_add(64)) };
    }

    fn read_after_free_of_an_inline_pool() {
        let pool = InlinePool::<[u64; 8], 4>::new();
        let byte = freed(&&pool);
        // SAFETY: a fault.
        unsafe { read(byte) };
    }

    fn write_after_reset_of_an_inline_pool() {
        let mut pool = InlinePool::<[u64; 8], 4>::new();
        let byte = block(&&pool);
        pool.reset();
        // SAFETY: a fault.
        unsafe { write(byte) };
    }

    fn stale_pointer_to_an_inline_block_that_was_handed_out_again() {
        let pool = InlinePool::<[u64; 8], 4>::new();
        let stale = freed(&&pool);
        assert_eq!(block(&&pool), stale);
        // SAFETY: a fault.
        unsafe { read(stale) };
    }
}
