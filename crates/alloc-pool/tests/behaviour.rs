//! How pools serve, learn, and run out.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{AllocatorEq, RcHandle, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Allocator, InlinePool, Layout, Pool};
use std::ptr::NonNull;
use support::{MANY, Result, give, layout, take};

#[test]
fn making_a_pool_asks_for_nothing() {
    let up = Upstream::new();
    let pools = [
        Pool::new_in(layout(64, 16), up.clone()),
        Pool::fixed_in(layout(64, 16), 1 << 40, up.clone()),
        Pool::learning_in(up.clone()),
    ];
    assert_eq!(up.calls(), 0);
    drop(pools);
    assert!(up.check().is_ok());
}

#[test]
fn the_block_freed_last_is_taken_first() -> Result {
    let pool = Pool::new(layout(64, 16));
    let first = Box::try_new_in([0_u64; 8], &pool)?;
    let address = &raw const *first;
    drop(first);
    let second = Box::try_new_in([0_u64; 8], &pool)?;
    assert_eq!(&raw const *second, address);
    Ok(())
}

#[test]
fn requests_of_several_sizes_share_the_blocks() {
    const BLOCKS: usize = if cfg!(miri) { 9 } else { 40 };
    let pool = Pool::fixed(layout(400, 8), BLOCKS);
    let sizes = [1, 8, 9, 64, 255, 256, 257, 400];
    for &size in sizes.iter().chain(sizes.iter().rev()) {
        // What the last size gave back is all that there is.
        let blocks = take(&pool, layout(size, 8), BLOCKS);
        assert_eq!(pool.allocate(layout(8, 8)), Err(AllocError));
        let addresses: std::collections::HashSet<_> = blocks.iter().collect();
        assert_eq!(addresses.len(), BLOCKS);
        give(&pool, layout(size, 8), blocks);
        assert_eq!((pool.in_use(), pool.available()), (0, BLOCKS));
    }
}

#[test]
fn a_block_may_be_freed_as_larger_or_smaller_than_it_was_asked_for() -> Result {
    let pool = Pool::fixed(layout(64, 8), 3);
    for round in 0..20 {
        let [a, b, c] = [8, 16, 24].map(|size| pool.allocate(layout(size, 8)));
        let (a, b, c) = (a?.cast(), b?.cast(), c?.cast());
        for (block, size) in [(a, 64), (b, 24 + 8 * (round % 3)), (c, 24)] {
            // SAFETY: in use, and the size is between what was asked for and what was returned.
            unsafe { pool.deallocate(block, layout(size, 8)) };
        }
        assert_eq!(pool.in_use(), 0);
    }
    Ok(())
}

#[test]
fn aligned_and_large_blocks_come_back_as_well() {
    for (size, align) in [(64, 64), (8, 4096), (257, 1), (4000, 16), (100_000, 8)] {
        let request = layout(size, align);
        let pool = Pool::fixed(request, 5);
        for _ in 0..3 {
            let blocks = take(&pool, request, 5);
            assert!(blocks.iter().all(|block| block.addr().get() % align == 0));
            let last = blocks[4];
            give(&pool, request, blocks);
            let again = take(&pool, request, 1);
            assert_eq!(again[0], last, "the block freed last is taken first");
            give(&pool, request, again);
        }
        // Where a block was freed as less, it serves the whole again.
        let small = take(&pool, layout(1, 1), 5);
        give(&pool, layout(1, 1), small);
        give(&pool, request, take(&pool, request, 5));
    }
}

#[test]
fn a_request_more_aligned_than_the_blocks_never_gets_one() {
    let pool = Pool::new(layout(64, 8));
    let blocks = take(&pool, layout(64, 8), MANY);
    give(&pool, layout(64, 8), blocks);
    for align in [16, 32, 64] {
        assert_eq!(pool.allocate(layout(64, align)), Err(AllocError));
        assert_eq!(pool.allocate(layout(8, align)), Err(AllocError));
    }
    for size in [65, 72, 128, 256, 257, 1000] {
        assert_eq!(pool.allocate(layout(size, 8)), Err(AllocError));
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_block_is_returned_in_full() -> Result {
    let pool = Pool::new(layout(50, 4));
    assert_eq!(pool.block_layout(), Some(layout(56, 8)));
    let block = pool.allocate(layout(1, 1))?;
    assert_eq!(block.len(), 56);
    // SAFETY: the whole block fits it as well.
    unsafe { pool.deallocate(block.cast(), layout(56, 1)) };
    Ok(())
}

#[test]
fn requests_that_fit_no_block_err_and_change_nothing() {
    let up = Upstream::new();
    let pool = Pool::new_in(layout(64, 16), up.clone());
    let most = isize::MAX as usize;
    for (size, align) in [
        (65, 1),
        (64, 32),
        (1, 32),
        (most, 1),
        (1, 1 << (usize::BITS - 2)),
    ] {
        assert_eq!(pool.allocate(layout(size, align)), Err(AllocError));
        assert_eq!(pool.allocate_zeroed(layout(size, align)), Err(AllocError));
    }
    assert_eq!((pool.capacity(), pool.in_use(), up.calls()), (0, 0, 0));
}

#[test]
fn a_layout_without_a_block_errs_always_but_for_nothing() {
    let pool = Pool::new(layout(isize::MAX as usize, 1));
    assert_eq!(pool.block_layout(), None);
    assert_eq!(pool.allocate(layout(1, 1)), Err(AllocError));
    assert_eq!(
        pool.allocate(layout(isize::MAX as usize, 1)),
        Err(AllocError)
    );
    assert_eq!(pool.reserve(1), Err(AllocError));
    assert_eq!(pool.allocate(layout(0, 1)).map(NonNull::len), Ok(0));
    // One that can be padded, but not had.
    let pool = Pool::new(layout(isize::MAX as usize - 7, 1));
    assert!(pool.block_layout().is_some());
    assert_eq!(pool.allocate(layout(1, 1)), Err(AllocError));
    assert_eq!(pool.capacity(), 0);
}

#[test]
fn values_without_size_take_no_block() -> Result {
    let up = Upstream::new();
    let pool = Pool::new_in(Layout::new::<()>(), up.clone());
    let nothing = Box::try_new_in((), &pool)?;
    let aligned = pool.allocate(layout(0, 4096))?;
    assert_eq!(
        (aligned.len(), aligned.cast::<u8>().addr().get() % 4096),
        (0, 0)
    );
    assert_eq!(up.calls(), 0);
    // The block for nothing still holds a link, and so a small value.
    assert_eq!(pool.block_layout(), Some(Layout::new::<usize>()));
    let small = Box::try_new_in(7_u8, &pool)?;
    assert_eq!((*nothing, *small, pool.in_use()), ((), 7, 1));
    Ok(())
}

#[test]
fn counters_follow_every_block() {
    let pool = Pool::new(layout(64, 16));
    assert_eq!(
        (pool.capacity(), pool.in_use(), pool.available()),
        (0, 0, 0)
    );
    let request = layout(64, 16);
    let mut blocks = take(&pool, request, MANY);
    let capacity = pool.capacity();
    assert!(capacity >= MANY);
    for freed in 1..=MANY {
        give(&pool, request, blocks.pop());
        assert_eq!(
            (pool.in_use(), pool.available()),
            (MANY - freed, capacity - MANY + freed)
        );
        assert_eq!(pool.capacity(), capacity);
    }
}

#[test]
fn a_fixed_pool_has_exactly_its_blocks() {
    let request = layout(48, 8);
    for n in [0, 1, 2, if cfg!(miri) { 5 } else { 65 }] {
        let up = Upstream::new();
        let pool = Pool::fixed_in(request, n, up.clone());
        assert_eq!((pool.capacity(), pool.available()), (n, n));
        let blocks = take(&pool, request, n);
        assert_eq!(pool.allocate(request), Err(AllocError));
        assert_eq!(
            (pool.in_use(), pool.available(), pool.capacity()),
            (n, 0, n)
        );
        assert_eq!(up.calls(), n.min(1), "one chunk is all it takes");
        give(&pool, request, blocks);
        give(&pool, request, take(&pool, request, n));
        assert_eq!((pool.in_use(), pool.available()), (0, n));
        drop(pool);
        assert!(up.check().is_ok());
    }
}

#[test]
fn a_fixed_pool_asks_for_all_or_nothing() {
    let up = Upstream::new().with_budget(4096);
    let pool = Pool::fixed_in(layout(64, 8), 100, up.clone());
    assert_eq!(pool.allocate(layout(8, 8)), Err(AllocError));
    assert_eq!((up.calls(), pool.in_use(), pool.available()), (1, 0, 100));
    let pool = Pool::fixed_in(layout(64, 8), usize::MAX, Upstream::new());
    assert_eq!(pool.allocate(layout(8, 8)), Err(AllocError));
}

#[test]
fn a_fixed_pool_stays_so_after_giving_back() {
    let request = layout(64, 8);
    let pool = Pool::fixed(request, 3);
    give(&pool, request, take(&pool, request, 3));
    assert!(pool.release_empty_chunks() >= 3 * 64);
    let blocks = take(&pool, request, 3);
    assert_eq!(pool.allocate(request), Err(AllocError));
    give(&pool, request, blocks);
}

#[test]
fn a_learning_pool_learns_from_the_first_request_that_has_a_size() -> Result {
    let pool = Pool::learning();
    assert_eq!(
        pool.reserve(1),
        Err(AllocError),
        "there is no block layout yet"
    );
    assert_eq!(pool.reserve(0), Ok(()));
    let _nothing = Box::try_new_in((), &pool)?;
    assert_eq!(pool.block_layout(), None);
    let _first = Box::try_new_in([0_u32; 5], &pool)?;
    assert_eq!(pool.block_layout(), Some(layout(24, 8)));
    assert!(Box::try_new_in([0_u32; 7], &pool).is_err());
    assert!(Box::try_new_in(0_u8, &pool).is_ok());
    assert_eq!(pool.reserve(1000), Ok(()));
    Ok(())
}

#[test]
fn a_learning_pool_learns_nothing_from_a_request_that_failed() -> Result {
    let up = Upstream::new().failing_at(1).with_budget(1 << 20);
    let pool = Pool::learning_in(up.clone());
    assert_eq!(
        pool.allocate(layout(isize::MAX as usize, 1)),
        Err(AllocError)
    );
    assert_eq!(pool.allocate(layout(2 << 20, 1)), Err(AllocError));
    assert_eq!(pool.block_layout(), None);
    let _value = Box::try_new_in(0_u64, &pool)?;
    assert_eq!(pool.block_layout(), Some(layout(8, 8)));
    Ok(())
}

#[test]
fn headroom_is_for_the_larger_nodes_of_a_container() -> Result {
    let pool = Pool::learning().with_headroom(96);
    let _leaf = Box::try_new_in([0_u8; 100], &pool)?;
    assert_eq!(pool.block_layout(), Some(layout(200, 8)));
    let _inner = Box::try_new_in([0_u8; 196], &pool)?;
    let pool = Pool::learning().with_headroom(usize::MAX);
    assert_eq!(pool.allocate(layout(8, 8)), Err(AllocError));
    assert_eq!(
        Pool::new(layout(8, 8)).with_headroom(96).block_layout(),
        Some(layout(8, 8))
    );
    Ok(())
}

#[test]
fn pools_are_equal_to_themselves_only() {
    fn equal<T: AllocatorEq>(a: &T, b: &T) -> bool {
        a == b
    }
    let (a, b) = (Pool::new(layout(8, 8)), Pool::new(layout(8, 8)));
    assert!(equal(&&a, &&a) && !equal(&&a, &&b));
    let (a, b) = (InlinePool::<u64, 2>::new(), InlinePool::<u64, 2>::new());
    assert!(equal(&&a, &&a) && !equal(&&a, &&b));
    let handle = RcHandle::new(Pool::new(layout(8, 8)));
    assert!(equal(&handle, &handle.clone()));
}

#[test]
fn a_pool_moves_with_its_blocks() {
    let mut numbers = Vec::with_capacity_in(4, Pool::new(layout(64, 8)));
    numbers.extend([1_u64, 2, 3]);
    let mut moved = std::boxed::Box::new(numbers);
    moved.extend([4, 5, 6, 7, 8]);
    std::thread::spawn(move || assert_eq!(moved.iter().sum::<u64>(), 36))
        .join()
        .unwrap();
}

#[test]
fn blocks_grow_and_shrink_where_they_are() -> Result {
    let pool = Pool::new(layout(64, 16));
    let block = pool.allocate(layout(1, 1))?.cast::<u8>();
    // SAFETY: one byte of a block in use.
    unsafe { block.write(0xAB) };
    // SAFETY: in use, and the layout fits.
    let grown = unsafe { pool.grow_zeroed(block, layout(1, 1), layout(60, 16)) }?;
    assert_eq!((grown.cast(), grown.len()), (block, 64));
    // SAFETY: 64 bytes, all of them written.
    let bytes = unsafe { grown.as_ref() };
    assert!(
        bytes[0] == 0xAB && bytes[1..].iter().all(|&byte| byte == 0),
        "excess is zeroed, too"
    );
    // SAFETY: in use, and the layout fits.
    let failed = unsafe { pool.grow(block, layout(60, 16), layout(65, 16)) };
    assert_eq!(failed, Err(AllocError));
    // SAFETY: in use, and the layout fits.
    let failed = unsafe { pool.shrink(block, layout(60, 16), layout(60, 32)) };
    assert_eq!(failed, Err(AllocError), "no block is aligned so");
    // SAFETY: in use, and the layout fits.
    let shrunk = unsafe { pool.shrink(block, layout(60, 16), layout(2, 2)) }?;
    assert_eq!((shrunk.cast(), pool.in_use()), (block, 1));
    // SAFETY: in use, and the layout fits.
    let nothing = unsafe { pool.shrink(block, layout(2, 2), layout(0, 2)) }?;
    assert_eq!((nothing.len(), pool.in_use()), (0, 0));
    Ok(())
}

#[test]
fn debug_says_what_a_pool_is() {
    let pool = Pool::fixed(layout(64, 16), 3);
    let text = format!("{pool:?}");
    for part in [
        "capacity: 3",
        "in_use: 0",
        "available: 3",
        "bound: Some(3)",
        "64",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(format!("{:?}", InlinePool::<u64, 5>::new()).contains("capacity: 5"));
}
