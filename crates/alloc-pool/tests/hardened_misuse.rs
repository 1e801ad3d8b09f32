//! What a hardened pool says of misuse in every build, and that it ends the program instead of
//! unwinding.
//!
//! Each test runs this program again with the name of a misdeed, and reads what it says.
#![cfg(not(miri))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[path = "support/misdeed.rs"]
mod misdeed;

use std::ptr::NonNull;

use alloc_pool::alloc_core::{Global, checker};
use alloc_pool::{Allocator, HardenedPool, Hardening, Layout, Strict};
use misdeed::check;

const REQUEST: Layout = Layout::new::<[u64; 8]>();

fn pool() -> HardenedPool {
    HardenedPool::new(REQUEST)
}

fn allocate(pool: &impl Allocator) -> NonNull<u8> {
    pool.allocate(REQUEST).unwrap().cast()
}

/// Frees a block, whatever it is.
fn free(pool: &impl Allocator, block: NonNull<u8>) {
    // SAFETY: none; that is what the tests are for.
    unsafe { pool.deallocate(block, REQUEST) };
}

/// Writes to memory, whatever it is.
fn write(at: NonNull<u8>, offset: isize, value: u64) {
    // SAFETY: within the chunk of the pool, as the test says.
    let place = unsafe { at.byte_offset(offset) };
    // SAFETY: as before, but it may belong to another one.
    unsafe { place.cast::<u64>().write(value) };
}

/// Checks what is said of a write into a seal. A memory checker sees the write itself, before the pool sees its result.
fn check_write(name: &str, expected: &[&str], misdeed: impl FnOnce()) {
    let seen = ["AddressSanitizer: use-after-poison"];
    check(
        name,
        if checker::WATCHED { &seen } else { expected },
        misdeed,
    );
}

#[test]
fn double_free() {
    let expected = [
        "double free of the block at 0x",
        "in the pool at 0x",
        "blocks of 64 bytes aligned to 8",
    ];
    check("double_free", &expected, || {
        let pool = pool();
        let block = allocate(&pool);
        free(&pool, block);
        free(&pool, block);
    });
}

#[test]
fn double_free_later() {
    check("double_free_later", &["double free"], || {
        let pool = pool();
        let (block, other) = (allocate(&pool), allocate(&pool));
        for block in [block, other, block] {
            free(&pool, block);
        }
    });
}

#[test]
fn double_free_after_giving_back() {
    check("double_free_after_giving_back", &["double free"], || {
        let pool = pool();
        let (block, _other) = (allocate(&pool), allocate(&pool));
        free(&pool, block);
        assert_eq!(pool.release_empty_chunks(), 0);
        free(&pool, block);
    });
}

#[test]
fn double_free_after_giving_back_at_a_high_alignment() {
    let misdeed = || {
        let layout = Layout::from_size_align(64, 64).unwrap();
        let pool = HardenedPool::new(layout);
        let [block, _other] = [(); 2].map(|()| pool.allocate(layout).unwrap().cast());
        for _ in 0..2 {
            // SAFETY: none, the second time.
            unsafe { pool.deallocate(block, layout) };
            pool.release_empty_chunks();
        }
    };
    let name = "double_free_after_giving_back_at_a_high_alignment";
    check(name, &["double free"], misdeed);
}

#[test]
fn double_free_after_a_visit() {
    check("double_free_after_a_visit", &["double free"], || {
        let mut pool = pool();
        let (block, _other) = (allocate(&pool), allocate(&pool));
        free(&pool, block);
        assert_eq!(pool.live_blocks().count(), 1);
        free(&pool, block);
    });
}

#[test]
fn double_free_of_a_block_that_waits() {
    check(
        "double_free_of_a_block_that_waits",
        &["double free"],
        || {
            let pool = HardenedPool::<_, Strict>::new_in(REQUEST, Global);
            let block = allocate(&pool);
            free(&pool, block);
            free(&pool, block);
        },
    );
}

#[test]
fn foreign() {
    let expected = [
        "foreign pointer: no block begins at 0x",
        "in the pool at 0x",
    ];
    check("foreign", &expected, || {
        let (pool, other) = (pool(), pool());
        let _own = allocate(&pool);
        free(&pool, allocate(&other));
    });
}

#[test]
fn foreign_of_the_heap() {
    check("foreign_of_the_heap", &["foreign pointer"], || {
        let pool = pool();
        let _own = allocate(&pool);
        let heap = Box::leak(Box::new([0_u64; 16]));
        free(&pool, NonNull::from(&mut heap[8]).cast());
    });
}

#[test]
fn inside() {
    check("inside", &["foreign pointer"], || {
        let pool = pool();
        let block = allocate(&pool);
        write(block, 0, 0);
        // SAFETY: within the block.
        free(&pool, unsafe { block.add(8) });
    });
}

#[test]
fn wrong_layout() {
    let expected = [
        "wrong layout for the block at 0x",
        ": 72 bytes aligned to 8",
    ];
    check("wrong_layout", &expected, || {
        let pool = pool();
        let block = allocate(&pool);
        // SAFETY: none; the block has 64 bytes.
        unsafe { pool.deallocate(block, Layout::new::<[u64; 9]>()) };
    });
}

#[test]
fn written_behind() {
    let expected = [
        "overwritten: the word in front of the block at 0x",
        "in the pool at 0x",
    ];
    check_write("written_behind", &expected, || {
        let pool = pool();
        let (block, next) = (allocate(&pool), allocate(&pool));
        assert_eq!(next.addr().get() - block.addr().get(), 72);
        write(block, 64, 0);
        free(&pool, next);
    });
}

#[test]
fn written_behind_into_a_free_block() {
    check_write(
        "written_behind_into_a_free_block",
        &["broken free list"],
        || {
            let pool = pool();
            let (block, next, last) = (allocate(&pool), allocate(&pool), allocate(&pool));
            free(&pool, next);
            free(&pool, last);
            // The key is not known, so what is left of the link is a random number. One of eight of them
            // is aligned; the other half of the seal makes sure that this one is not.
            // SAFETY: the seal of the block behind.
            let seal = unsafe { block.add(64) }.cast::<u64>();
            // SAFETY: as before.
            write(block, 64, unsafe { seal.read() } ^ 6);
            for _ in 0..3 {
                allocate(&pool);
            }
        },
    );
}

#[test]
fn written_behind_into_the_block_that_was_freed_last() {
    let expected = ["overwritten: the word in front of the block at 0x"];
    check_write(
        "written_behind_into_the_block_that_was_freed_last",
        &expected,
        || {
            let pool = pool();
            let (block, next) = (allocate(&pool), allocate(&pool));
            free(&pool, next);
            write(block, 64, 0);
            assert_eq!(allocate(&pool), next);
            free(&pool, next);
        },
    );
}

#[test]
fn written_behind_into_a_block_that_another_one_follows() {
    let expected = ["overwritten: the word in front of the block at 0x"];
    check_write(
        "written_behind_into_a_block_that_another_one_follows",
        &expected,
        || {
            let pool = pool();
            let (block, next, last) = (allocate(&pool), allocate(&pool), allocate(&pool));
            free(&pool, next);
            write(block, 64, 0);
            free(&pool, last);
        },
    );
}

#[test]
fn written_behind_into_a_block_that_waits() {
    let expected = ["overwritten: the word in front of the block at 0x"];
    check_write("written_behind_into_a_block_that_waits", &expected, || {
        let pool = HardenedPool::<_, Strict>::new_in(REQUEST, Global).with_key(0xB10C);
        let blocks: Vec<_> = (0..500).map(|_| allocate(&pool)).collect();
        free(&pool, blocks[1]);
        write(blocks[0], 64, 0);
        // One of them takes its place, or it is out of luck once in 10 to the 14.
        blocks[2..].iter().for_each(|&block| free(&pool, block));
    });
}

#[test]
fn written_behind_into_a_block_that_was_never_handed_out() {
    check_write(
        "written_behind_into_a_block_that_was_never_handed_out",
        &["broken free list"],
        || {
            let pool = pool();
            let block = allocate(&pool);
            // SAFETY: the seal of the block behind.
            let seal = unsafe { block.add(64) }.cast::<u64>();
            // SAFETY: as before.
            write(block, 64, unsafe { seal.read() } ^ 6);
            for _ in 0..3 {
                allocate(&pool);
            }
        },
    );
}

#[test]
fn growing_a_freed_block() {
    check("growing_a_freed_block", &["double free"], || {
        let pool = pool();
        let block = allocate(&pool);
        free(&pool, block);
        // SAFETY: none; it is free.
        let _ = unsafe { pool.grow(block, Layout::new::<u64>(), REQUEST) };
    });
}

#[test]
fn freeing_after_a_reset() {
    check("freeing_after_a_reset", &["foreign pointer"], || {
        let mut pool = pool();
        let block = allocate(&pool);
        pool.reset();
        free(&pool, block);
    });
}

#[test]
fn freeing_after_a_reset_and_another_request() {
    check(
        "freeing_after_a_reset_and_another_request",
        &["double free"],
        || {
            let mut pool = pool();
            let (_, block) = (allocate(&pool), allocate(&pool));
            pool.reset();
            // The chunk is in use again, but this block is not, and the key is another one.
            let _ = allocate(&pool);
            free(&pool, block);
        },
    );
}

/// What is not asked for does not happen, and what is asked for does.
#[test]
fn zeros_are_for_those_who_ask() {
    fn left<H: Hardening>() -> u64 {
        let pool = HardenedPool::<_, H>::new_in(REQUEST, Global);
        let block = allocate(&pool);
        write(block, 16, 0xAB);
        free(&pool, block);
        // SAFETY: within the block.
        let place = unsafe { block.add(16) }.cast::<u64>();
        // SAFETY: the pool has the memory still, and nobody writes to it.
        unsafe { place.read() }
    }
    // A memory checker lets nobody look.
    if !checker::WATCHED {
        assert_eq!(left::<alloc_pool::Sealed>(), 0xAB);
        assert_eq!(left::<Strict>(), 0);
    }
}
