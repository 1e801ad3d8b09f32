//! Hardened pools serve as pools do.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use std::collections::HashSet;
use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{Global, Owns, RcHandle, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Allocator, HardenedPool, Hardening, Layout, Pool, Sealed, Strict};
use support::{MANY, Result, give, layout, take};

type Over<H> = HardenedPool<Upstream, H>;

/// Takes and gives in waves, with everything that can happen in between.
fn churn<H: Hardening>(request: Layout) {
    let up = Upstream::new();
    let pool = Over::<H>::new_in(request, up.clone()).with_chunk_limit(request.size() * 16);
    let mut held = std::vec::Vec::new();
    let mut state = 1_usize;
    for round in 0..if cfg!(miri) { 60 } else { 20_000 } {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let choice = state >> (usize::BITS / 2 + 1);
        if choice % 100 < if (round / 200) % 2 == 0 { 70 } else { 30 } {
            let block = pool.allocate(request).unwrap();
            assert!(block.len() >= request.size());
            assert_eq!(block.cast::<u8>().addr().get() % request.align(), 0);
            // SAFETY: the whole block was just allocated.
            unsafe { block.cast::<u8>().write_bytes(0xAB, block.len()) };
            assert!(pool.owns(block.cast(), request));
            held.push(block.cast());
        } else if !held.is_empty() {
            give(&pool, request, [held.swap_remove(choice % held.len())]);
        }
        if choice.is_multiple_of(64) {
            pool.release_empty_chunks();
        }
        if choice.is_multiple_of(16) {
            assert_eq!(pool.in_use(), held.len());
            assert_eq!(pool.available(), pool.capacity() - held.len());
        }
    }
    give(&pool, request, held);
    pool.release_empty_chunks();
    assert_eq!(
        (pool.capacity(), pool.chunks(), pool.upstream_bytes()),
        (0, 0, 0)
    );
    assert_eq!(up.live_blocks(), 0);
}

#[test]
fn churn_loses_nothing() {
    churn::<Sealed>(layout(24, 8));
    churn::<Strict>(layout(24, 8));
    if !cfg!(miri) {
        churn::<Sealed>(layout(64, 64));
        churn::<Strict>(layout(400, 16));
        churn::<Sealed>(layout(1, 1));
    }
}

#[test]
fn a_block_is_as_large_as_asked_and_a_word_is_in_front() {
    let word = size_of::<usize>();
    for (request, expected) in [
        (layout(64, 8), layout(64, 8)),
        (layout(1, 1), layout(word, word)),
        (layout(64, 64), layout(64, 64)),
        (layout(20, 16), layout(32, 16)),
    ] {
        let pool = HardenedPool::new(request);
        assert_eq!(pool.block_layout(), Some(expected));
        assert_eq!(
            pool.allocate(layout(expected.size() + 1, 1)),
            Err(AllocError)
        );
        assert_eq!(
            pool.allocate(layout(1, 2 * expected.align())),
            Err(AllocError)
        );
    }
    let pool = HardenedPool::new(layout(isize::MAX as usize - 7, 1));
    assert_eq!(
        (pool.block_layout(), pool.allocate(layout(1, 1))),
        (None, Err(AllocError))
    );
}

#[test]
fn blocks_made_for_nothing_hold_what_those_of_a_pool_do() -> Result {
    let [word, most] = [layout(8, 8), layout(64, 64)];
    for asked in [layout(0, 1), layout(0, 64)] {
        let request = if asked.align() == 1 { word } else { most };
        let (plain, pool) = (Pool::new(asked), HardenedPool::new(asked));
        assert_eq!(pool.block_layout(), plain.block_layout());
        for pool in [&plain as &dyn Allocator, &pool] {
            let block = pool.allocate(request)?;
            assert_eq!(block.len(), request.size());
            // SAFETY: just allocated.
            unsafe { pool.deallocate(block.cast(), request) };
        }
        // Every block that a pool says it has can be had.
        let pool = HardenedPool::fixed(asked, 3);
        give(&pool, request, take(&pool, request, pool.available()));
    }
    Ok(())
}

#[test]
fn a_learning_pool_learns_once() -> Result {
    let mut pool = HardenedPool::learning();
    assert_eq!((pool.block_layout(), pool.live_blocks().count()), (None, 0));
    assert_eq!(pool.live_blocks().block_layout().size(), 0);
    let first = Box::try_new_in([0_u32; 5], &pool)?;
    assert_eq!(pool.block_layout(), Some(layout(24, 8)));
    assert!(Box::try_new_in([0_u32; 7], &pool).is_err());
    drop(first);
    let roomy = HardenedPool::learning().with_headroom(96);
    let _leaf = Box::try_new_in([0_u8; 100], &roomy)?;
    let _inner = Box::try_new_in([0_u8; 196], &roomy)?;
    Ok(())
}

#[test]
fn a_fixed_pool_serves_every_block_whatever_waits() {
    let request = layout(48, 8);
    for n in [0, 1, 2, 17, if cfg!(miri) { 5 } else { 65 }] {
        let up = Upstream::new();
        let pool = Over::<Strict>::fixed_in(request, n, up.clone());
        for _ in 0..3 {
            let blocks = take(&pool, request, n);
            assert_eq!(pool.allocate(request), Err(AllocError));
            assert_eq!(
                (pool.in_use(), pool.available(), pool.capacity()),
                (n, 0, n)
            );
            give(&pool, request, blocks);
            assert_eq!((pool.in_use(), pool.available()), (0, n));
        }
        assert_eq!(up.calls(), n.min(1));
    }
}

#[test]
fn a_failing_upstream_leaves_the_pool_as_it_was() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Over::<Sealed>::new_in(request, up.clone()).with_chunk_limit(720);
    let mut blocks = take(&pool, request, 10);
    up.fail_from(1);
    assert_eq!(pool.allocate(request), Err(AllocError));
    assert_eq!(pool.reserve(1), Err(AllocError));
    assert_eq!((pool.capacity(), pool.in_use()), (10, 10));
    give(&pool, request, blocks.pop());
    assert_eq!(pool.reserve(1), Ok(()));
    blocks.extend(take(&pool, request, 1));
    up.heal();
    blocks.extend(take(&pool, request, 1));
    assert_eq!(pool.in_use(), 11);
    give(&pool, request, blocks);
}

#[test]
fn requests_of_several_sizes_share_blocks() {
    let pool = RcHandle::new(HardenedPool::new(layout(512, 8)));
    for _ in 0..3 {
        let small: std::vec::Vec<_> = (0..MANY)
            .map(|n| Box::new_in(n as u64, pool.clone()))
            .collect();
        assert!(
            small
                .iter()
                .enumerate()
                .all(|(n, value)| **value == n as u64)
        );
        let capacity = pool.capacity();
        drop(small);
        let large: std::vec::Vec<_> = (0..MANY)
            .map(|_| Box::new_in([7_u64; 64], pool.clone()))
            .collect();
        assert_eq!((pool.capacity(), pool.in_use()), (capacity, MANY));
        drop(large);
    }
    let mut numbers = Vec::with_capacity_in(1, pool.clone());
    (0..64).for_each(|n: u64| numbers.push(n));
    numbers.truncate(2);
    numbers.shrink_to_fit();
    assert_eq!(numbers.iter().sum::<u64>(), 1);
}

#[test]
fn reset_takes_every_block_back() {
    let request = layout(64, 8);
    let mut pool = HardenedPool::<_, Strict>::new_in(request, Upstream::new());
    for _ in 0..3 {
        let blocks = take(&pool, request, MANY);
        give(&pool, request, blocks.into_iter().step_by(3));
        let capacity = pool.capacity();
        pool.reset();
        assert_eq!(
            (pool.in_use(), pool.available(), pool.capacity()),
            (0, capacity, capacity)
        );
    }
}

#[test]
fn a_random_order_differs_from_pool_to_pool() {
    let request = layout(64, 8);
    let order = |key| {
        let pool = HardenedPool::<_, Strict>::new_in(request, Global).with_key(key);
        let blocks = take(&pool, request, 64);
        let start = sorted(&blocks)[0];
        give(&pool, request, blocks);
        let again = take(&pool, request, 48);
        let places: std::vec::Vec<_> = again
            .iter()
            .map(|block| block.addr().get() - start)
            .collect();
        give(&pool, request, again);
        places
    };
    let orders: HashSet<_> = [1, 2, 3, 4].map(order).into_iter().collect();
    assert_eq!(orders.len(), 4);
}

/// The addresses of blocks, sorted.
fn sorted(blocks: &[NonNull<u8>]) -> std::vec::Vec<usize> {
    let mut addresses: std::vec::Vec<_> = blocks.iter().map(|block| block.addr().get()).collect();
    addresses.sort_unstable();
    addresses
}

#[test]
fn a_pool_moves_with_its_blocks() {
    let mut numbers = Vec::with_capacity_in(4, HardenedPool::new(layout(64, 8)));
    numbers.extend([1_u64, 2, 3]);
    let mut moved = std::boxed::Box::new(numbers);
    moved.extend([4, 5, 6, 7, 8]);
    std::thread::spawn(move || assert_eq!(moved.iter().sum::<u64>(), 36))
        .join()
        .unwrap();
}

#[test]
fn debug_says_what_a_pool_is() {
    let text = format!(
        "{:?}",
        HardenedPool::<_, Strict>::fixed_in(layout(64, 16), 3, Global)
    );
    for part in [
        "capacity: 3",
        "in_use: 0",
        "zero_on_free: true",
        "random_order: true",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
