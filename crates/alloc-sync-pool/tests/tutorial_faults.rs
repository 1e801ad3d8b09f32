//! The faults of the C++ tutorial's thread-safe pool, which this one must not have.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::thread;

use alloc_core::{Allocator, AllocatorEq, ArcHandle, Layout, Owns, boxed::Box, vec::Vec};
use alloc_sync_pool::{Local, SyncPool};

/// Their thread-safe pool holds a mutex, and so no container can copy it.
#[test]
fn fault_the_thread_safe_pool_cannot_be_copied() {
    let pool = ArcHandle::new(SyncPool::for_value::<[u64; 8]>());
    let first = Box::new_in(1_u64, pool.clone());
    let copied = first.clone(); // a box clones its allocator
    assert_eq!(*copied, 1);
    assert_eq!(pool.in_use(), 2, "both are from the one pool");
}

/// Their pool is of one type; a list's nodes are of another, and there is no way from one to the
/// other.
#[test]
fn fault_the_thread_safe_pool_cannot_be_rebound() {
    let pool = SyncPool::new(Layout::from_size_align(64, 16).unwrap());
    let number = Box::new_in(7_u8, &pool);
    let wide = Box::new_in([1.5_f64; 4], &pool);
    let mut text = Vec::new_in(&pool);
    text.extend_from_slice(b"any type that fits");
    assert_eq!(pool.in_use(), 3);
    assert_eq!((*number, wide[0], text.len()), (7, 1.5, 18));
}

/// Their example makes the pool and then lets every container use the default allocator.
#[test]
fn fault_the_example_never_uses_the_pool() {
    let pool = SyncPool::for_value::<u64>();
    thread::scope(|scope| {
        for n in 0..4_u64 {
            let pool = &pool;
            scope.spawn(move || {
                let value = Box::new_in(n, pool);
                let address = std::ptr::NonNull::from(&*value).cast();
                assert!(
                    pool.owns(address, Layout::new::<u64>()),
                    "the value is in the pool"
                );
                assert!(pool.in_use() >= 1);
            });
        }
    });
    assert!(pool.capacity() >= 4, "memory was taken for it");
    assert_eq!(pool.in_use(), 0);
}

/// Each copy of theirs, if it could be made, would be a pool of its own: memory of one cannot be
/// freed by the other.
#[test]
fn fault_each_rebound_copy_is_a_fresh_pool() {
    fn is_equivalent<A: AllocatorEq<B>, B: AllocatorEq<A>>(a: &A, b: &B) -> bool {
        a == b
    }
    let pool = SyncPool::for_value::<u64>();
    let local: Local<'_> = pool.local();
    assert!(is_equivalent(&local, &pool));
    let layout = Layout::new::<u64>();
    let block = local.allocate(layout).unwrap();
    // SAFETY: allocated above, by an equivalent allocator.
    unsafe { pool.deallocate(block.cast(), layout) };
}
