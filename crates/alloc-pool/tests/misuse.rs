//! What debug builds say of a wrong `deallocate`, and that it ends the program instead of unwinding.
//!
//! Each test runs this program again with the name of a misdeed, and reads what it says.
#![cfg(all(debug_assertions, not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[path = "support/misdeed.rs"]
mod misdeed;

use std::ptr::NonNull;

use alloc_pool::{Allocator, HardenedPool, InlinePool, Layout, Pool};
use misdeed::check;

const REQUEST: Layout = Layout::new::<[u64; 8]>();

fn allocate(pool: impl Allocator) -> NonNull<u8> {
    pool.allocate(REQUEST).unwrap().cast()
}

#[test]
fn double_free() {
    check(
        "double_free",
        &[
            "double free of the block at 0x",
            "blocks of 64 bytes aligned to 8",
        ],
        || {
            let pool = Pool::new(REQUEST);
            let block = allocate(&pool);
            for _ in 0..2 {
                // SAFETY: none, the second time.
                unsafe { pool.deallocate(block, REQUEST) };
            }
        },
    );
}

#[test]
fn double_free_later() {
    check("double_free_later", &["double free"], || {
        let pool = Pool::new(REQUEST);
        let (block, other) = (allocate(&pool), allocate(&pool));
        for block in [block, other, block] {
            // SAFETY: none, the last time.
            unsafe { pool.deallocate(block, REQUEST) };
        }
    });
}

#[test]
fn foreign() {
    check(
        "foreign",
        &[
            "foreign pointer: no block begins at 0x",
            "in the pool at 0x",
        ],
        || {
            let (pool, other) = (Pool::new(REQUEST), Pool::new(REQUEST));
            let _own = allocate(&pool);
            let block = allocate(&other);
            // SAFETY: none; it is the other pool's.
            unsafe { pool.deallocate(block, REQUEST) };
        },
    );
}

#[test]
fn inside() {
    check("inside", &["foreign pointer"], || {
        let pool = Pool::new(REQUEST);
        let block = allocate(&pool);
        // SAFETY: within the block.
        let inside = unsafe { block.add(8) };
        // SAFETY: none; no block begins here.
        unsafe { pool.deallocate(inside, REQUEST) };
    });
}

#[test]
fn wrong_layout() {
    check(
        "wrong_layout",
        &[
            "wrong layout for the block at 0x",
            ": 72 bytes aligned to 8",
        ],
        || {
            let pool = Pool::new(REQUEST);
            let block = allocate(&pool);
            // SAFETY: none; the block has 64 bytes.
            unsafe { pool.deallocate(block, Layout::new::<[u64; 9]>()) };
        },
    );
}

#[test]
fn growing_a_freed_block() {
    check("growing_a_freed_block", &["double free"], || {
        let pool = Pool::new(REQUEST);
        let block = allocate(&pool);
        // SAFETY: in use.
        unsafe { pool.deallocate(block, REQUEST) };
        // SAFETY: none; it is free.
        let _ = unsafe { pool.grow(block, Layout::new::<u64>(), REQUEST) };
    });
}

#[test]
fn growing_a_freed_block_beyond_its_size() {
    let name = "growing_a_freed_block_beyond_its_size";
    check(name, &["double free"], || {
        let pool = Pool::new(REQUEST);
        let block = allocate(&pool);
        // SAFETY: in use.
        unsafe { pool.deallocate(block, REQUEST) };
        // SAFETY: none; it is free.
        let _ = unsafe { pool.grow(block, REQUEST, Layout::new::<[u64; 9]>()) };
    });
}

#[test]
fn freeing_after_a_reset() {
    check("freeing_after_a_reset", &["foreign pointer"], || {
        let mut pool = Pool::new(REQUEST);
        let block = allocate(&pool);
        pool.reset();
        // SAFETY: none; the reset took it.
        unsafe { pool.deallocate(block, REQUEST) };
    });
}

#[test]
fn inline_double_free() {
    check(
        "inline_double_free",
        &["double free", "blocks of 64 bytes aligned to 8"],
        || {
            let pool = InlinePool::<[u64; 8], 4>::new();
            let block = allocate(&pool);
            for _ in 0..2 {
                // SAFETY: none, the second time.
                unsafe { (&pool).deallocate(block, REQUEST) };
            }
        },
    );
}

#[test]
fn inline_foreign() {
    check("inline_foreign", &["foreign pointer"], || {
        let pool = InlinePool::<[u64; 8], 4>::new();
        let block = allocate(Pool::new(REQUEST));
        // SAFETY: none; it is the other pool's.
        unsafe { (&pool).deallocate(block, REQUEST) };
    });
}

#[test]
fn inline_growing_a_freed_block_beyond_its_size() {
    let name = "inline_growing_a_freed_block_beyond_its_size";
    check(name, &["double free"], || {
        let pool = InlinePool::<[u64; 8], 4>::new();
        let block = allocate(&pool);
        // SAFETY: in use.
        unsafe { (&pool).deallocate(block, REQUEST) };
        // SAFETY: none; it is free.
        let _ = unsafe { (&pool).grow(block, REQUEST, Layout::new::<[u64; 9]>()) };
    });
}

#[test]
fn hardened_wrong_alignment() {
    check(
        "hardened_wrong_alignment",
        &[
            "wrong layout for the block at 0x",
            ": 64 bytes aligned to 16",
        ],
        || {
            let pool = HardenedPool::new(REQUEST);
            let block = allocate(&pool);
            // SAFETY: none; the block is aligned to 8.
            unsafe { pool.deallocate(block, Layout::from_size_align(64, 16).unwrap()) };
        },
    );
}
