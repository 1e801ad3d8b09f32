//! What threads leave when they end, in a process in which no other thread takes their seats.
#![cfg(not(loom))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;
use std::thread;

use alloc_core::{Allocator, Layout};
use alloc_sync_pool::SyncPool;

const BLOCK: Layout = Layout::new::<[u64; 4]>();

/// Takes so many blocks, and gives them back.
fn pairs(pool: &impl Allocator, n: usize) {
    let take = |_| pool.allocate(BLOCK).unwrap().cast::<u8>();
    let blocks: Vec<NonNull<u8>> = (0..n).map(take).collect();
    for block in blocks {
        // SAFETY: taken above.
        unsafe { pool.deallocate(block, BLOCK) };
    }
}

/// Does the same in a thread of its own, which has ended when this returns.
fn pairs_elsewhere(pool: &SyncPool) {
    thread::scope(|scope| {
        scope.spawn(|| pairs(pool, 40)).join().unwrap();
    });
}

/// The only test of this file: another one would have threads with seats.
#[test]
fn what_a_thread_left_serves_others_before_the_pool_grows() {
    let pool = SyncPool::with_capacity(BLOCK, 40);
    for _ in 0..5 {
        pairs_elsewhere(&pool);
        assert_eq!((pool.in_use(), pool.capacity()), (0, 40));
        let local = pool.local();
        pairs(&local, 40);
        assert_eq!((local.cached(), pool.capacity()), (40, 40));
    }
    pairs_elsewhere(&pool);
    // All that there is, through the magazine of this thread.
    pairs(&pool, 40);
    assert_eq!((pool.in_use(), pool.capacity()), (0, 40));
}
