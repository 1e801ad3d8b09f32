//! The faults of the C++ originals that concern composition, each shown to be absent here.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_compose::{Fallback, Segregate};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, boxed::Box, vec::Vec};
use alloc_pool::Pool;
use alloc_tracking::Tracking;
use core::ptr::NonNull;

/// Fault: the malloc fallback is not checked. An exhausted pool returns whatever `malloc` returned,
/// a null pointer too.
///
/// Here it is an error when both fail, and the blocks that are there stay as they are.
#[test]
fn the_malloc_fallback_is_not_checked() {
    let pool = Pool::fixed(Layout::new::<u64>(), 1);
    let up = Upstream::new().failing_from(2);
    let memory = Fallback::new(&pool, up.clone());
    let first = Box::try_new_in(1_u64, &memory).expect("the pool's one block");
    let second = Box::try_new_in(2_u64, &memory).expect("the fallback still works");
    assert!(
        Box::try_new_in(3_u64, &memory).is_err(),
        "pool exhausted, fallback failed"
    );
    assert_eq!((*first, *second), (1, 2));
    assert_eq!((pool.in_use(), up.live_blocks(), up.failures()), (1, 1, 1));
    drop((first, second));
    up.assert_all_returned();
}

/// Fault: the malloc fallback is not counted, so the statistics of the pool miss what it cost.
///
/// Here a `Tracking` around the whole counts every block, one around the fallback counts what the
/// pool did not serve, and failures are counted as such.
#[test]
fn the_malloc_fallback_is_not_counted() {
    let pool = Pool::fixed(Layout::new::<u64>(), 2);
    let up = Upstream::new();
    let memory = Tracking::new(Fallback::new(&pool, Tracking::new(up.clone())));
    let boxes: std::vec::Vec<_> = (0..5_u64).map(|i| Box::new_in(i, &memory)).collect();
    up.fail_at(1);
    assert!(Box::try_new_in(5_u64, &memory).is_err());

    let (all, fallback) = (memory.stats(), memory.inner().secondary().stats());
    assert_eq!(
        (all.live_blocks, fallback.live_blocks, pool.in_use()),
        (5, 3, 2)
    );
    assert_eq!((all.live_bytes, fallback.live_bytes), (40, 24));
    assert_eq!((all.failures, fallback.failures), (1, 1));
    drop(boxes);
    let (all, fallback) = (memory.stats(), memory.inner().secondary().stats());
    assert_eq!(
        (all.live_blocks, fallback.live_blocks, pool.in_use()),
        (0, 0, 0)
    );
    up.assert_all_returned();
}

/// Fault: blocks of the fallback go to the pool's free list when they are freed, or the pool's
/// blocks to `free`.
///
/// Here each one goes home, in whatever order they are freed.
#[test]
fn each_block_is_freed_where_it_came_from() {
    let pool = Pool::fixed(Layout::new::<u64>(), 3);
    let up = Upstream::new();
    let memory = Fallback::new(&pool, up.clone());
    for round in 0..20 {
        let mut boxes: std::vec::Vec<_> = (0..7_u64).map(|i| Box::new_in(i, &memory)).collect();
        assert_eq!((pool.in_use(), up.live_blocks()), (3, 4), "round {round}");
        while !boxes.is_empty() {
            let next = (boxes.len() * 5 + round) % boxes.len();
            drop(boxes.swap_remove(next));
        }
        assert_eq!((pool.in_use(), up.live_blocks()), (0, 0), "round {round}");
    }
    up.assert_all_returned();
}

/// Fault: each rebound copy of the allocator is a fresh pool, with a fallback of its own.
///
/// Here the layout travels with the request: one value serves every type, and copies of the handle
/// share it.
#[test]
fn each_rebound_copy_is_a_fresh_pool() {
    let pool = Pool::fixed(Layout::new::<[u64; 4]>(), 8);
    let up = Upstream::new();
    let memory = Fallback::new(&pool, up.clone());
    let word = Box::new_in(1_u64, memory.clone());
    let wide = Box::new_in([2_u16; 16], memory.clone());
    let bytes = Box::new_in([3_u8; 5], memory.clone());
    assert_eq!((pool.in_use(), up.live_blocks()), (3, 0));
    drop((word, wide, bytes));
    assert_eq!(pool.in_use(), 0);
}

/// Fault: `allocate(n)` with `n > 1` takes one slot of the pool, so a vector of it writes over its
/// neighbours.
///
/// Here a request that is larger than a block goes elsewhere, and growth moves across with the
/// contents.
#[test]
fn a_vector_does_not_outgrow_its_slot() -> Result<(), AllocError> {
    let pool = Pool::fixed(Layout::new::<[u64; 2]>(), 2);
    let memory = Segregate::<16, _, _>::new(Fallback::new(&pool, Upstream::new()), Upstream::new());
    let mut numbers: Vec<u64, _> = Vec::with_capacity_in(2, &memory);
    numbers.extend([1, 2]);
    let neighbour: NonNull<[u8]> = memory.allocate_zeroed(Layout::new::<[u64; 2]>())?;
    numbers.extend([3, 4, 5]);
    // SAFETY: allocated above, and zeroed.
    let bytes = unsafe { neighbour.as_ref() };
    assert!(bytes.iter().all(|&byte| byte == 0));
    assert_eq!(&numbers[..], [1, 2, 3, 4, 5]);
    // SAFETY: allocated above with this layout.
    unsafe { memory.deallocate(neighbour.cast(), Layout::new::<[u64; 2]>()) };
    drop(numbers);
    memory.large().assert_all_returned();
    Ok(())
}
