//! Exhaustion, growth, failing upstreams, reset, and requests that no block serves.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_core::{Allocator, AllocatorExt, Layout, Owns};
use alloc_sync_pool::{InlineSyncPool, SyncPool};

const BLOCK: Layout = Layout::new::<[u64; 4]>();

fn take<A: Allocator>(alloc: &A, n: usize) -> Vec<NonNull<u8>> {
    (0..n)
        .map(|_| alloc.allocate(BLOCK).unwrap().cast())
        .collect()
}

fn give<A: Allocator>(alloc: &A, blocks: Vec<NonNull<u8>>) {
    for block in blocks {
        // SAFETY: taken above, from this allocator or an equivalent one.
        unsafe { alloc.deallocate(block, BLOCK) };
    }
}

#[test]
fn a_fixed_pool_has_exactly_its_blocks() {
    let sizes: &[usize] = if cfg!(miri) {
        &[0, 1, 64, 65]
    } else {
        &[0, 1, 63, 64, 65, 200]
    };
    for &n in sizes {
        let upstream = Upstream::new();
        let pool = SyncPool::fixed_in(BLOCK, n, upstream.clone());
        let blocks = take(&pool, n);
        assert!(pool.allocate(BLOCK).is_err());
        assert_eq!(
            (pool.in_use(), pool.capacity(), pool.limit()),
            (n, n, Some(n))
        );
        give(&pool, blocks);
        give(&pool, take(&pool, n));
        assert_eq!(upstream.calls(), usize::from(n > 0));
        drop(pool);
        upstream.assert_all_returned();
    }
}

#[test]
fn a_local_gets_all_blocks_of_a_fixed_pool() {
    let pool = SyncPool::fixed(BLOCK, 100);
    let local = pool.local();
    let blocks = take(&local, 100);
    assert!(local.allocate(BLOCK).is_err());
    assert!(pool.allocate(BLOCK).is_err());
    give(&local, blocks);
    assert!(
        local.cached() <= 12,
        "at most an eighth: {}",
        local.cached()
    );
    assert_eq!(pool.in_use(), local.cached());
    local.flush();
    assert_eq!((local.cached(), pool.in_use()), (0, 0));
}

#[test]
fn a_refill_takes_its_whole_share_of_a_fixed_pool() {
    const WORDS: usize = 8;
    let pool = SyncPool::fixed(BLOCK, WORDS * 64);
    let mut blocks = take(&pool, WORDS * 64);
    // One free block in each word. A magazine takes up to 32.
    let freed = (0..WORDS).rev().map(|word| blocks.swap_remove(word * 64));
    give(&pool, freed.collect());
    let local = pool.local();
    let one = take(&local, 1);
    assert_eq!(
        (local.cached(), pool.in_use()),
        (WORDS - 1, pool.capacity())
    );
    assert!(pool.allocate(BLOCK).is_err());
    give(&local, one);
    local.flush();
    assert_eq!(pool.in_use(), blocks.len());
    // The shares went back as well: each free block can be had, and no more.
    blocks.extend(take(&pool, WORDS));
    assert!(pool.allocate(BLOCK).is_err());
    give(&pool, blocks);
}

#[test]
#[cfg_attr(miri, ignore = "takes a thousand blocks, one by one")]
fn a_refill_of_a_growing_pool_takes_what_lies_near() {
    const WORDS: usize = 16;
    let pool = SyncPool::with_capacity(BLOCK, WORDS * 64);
    let local = pool.local();
    let mut blocks = take(&local, WORDS * 64);
    for word in [14, 5, 3] {
        give(&local, vec![blocks.remove(word * 64)]);
        local.flush(); // the next refill begins in this word
    }
    let one = take(&local, 1);
    assert_eq!(local.cached(), 1, "that of word 5; word 14 is not near");
    give(&local, one);
    give(&local, blocks);
    assert_eq!(pool.capacity(), WORDS * 64);
}

#[test]
fn an_inline_pool_has_exactly_its_blocks() {
    let pool = InlineSyncPool::<[u64; 4], 70>::new();
    let blocks = take(&&pool, 70);
    assert!((&pool).allocate(BLOCK).is_err());
    assert_eq!((pool.in_use(), pool.capacity()), (70, 70));
    give(&&pool, blocks);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_magazine_moves_half_of_itself() {
    let pool = SyncPool::with_capacity(BLOCK, 256);
    let local = pool.local();
    let first = take(&local, 1);
    assert_eq!((local.cached(), pool.in_use()), (63, 64));
    let blocks = take(&pool, 64);
    give(&local, first);
    give(&local, blocks);
    assert_eq!((local.cached(), pool.in_use()), (128, 128));
    give(&local, take(&pool, 1));
    assert_eq!(
        (local.cached(), pool.in_use()),
        (65, 65),
        "64 oldest back, the new one in"
    );
    drop(local);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn chunks_double() {
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 4, upstream.clone());
    assert_eq!((pool.capacity(), upstream.calls()), (0, 0));
    let blocks = take(&pool, 28);
    // Three chunks; and with the feature `std` a magazine for this thread, and an index of these.
    let calls = 3 + if cfg!(feature = "std") { 2 } else { 0 };
    assert_eq!((pool.capacity(), upstream.calls()), (4 + 8 + 16, calls));
    assert!(blocks.iter().all(|&block| pool.owns(block, BLOCK)));
    give(&pool, blocks);
    give(&pool, take(&pool, 28));
    assert_eq!(upstream.calls(), calls);
    pool.try_reserve(100).unwrap();
    assert_eq!((pool.capacity(), upstream.calls()), (100, calls + 1));
    pool.try_reserve(100).unwrap();
    assert_eq!(upstream.calls(), calls + 1);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn growth_that_fails_leaves_everything_as_it_was() {
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 4, upstream.clone());
    let mut blocks = take(&pool, 4);
    upstream.fail_from(1);
    assert!(pool.allocate(BLOCK).is_err());
    assert!(pool.local().allocate(BLOCK).is_err());
    assert!(pool.try_reserve(5).is_err());
    assert_eq!((pool.in_use(), pool.capacity()), (4, 4));
    give(&pool, blocks.split_off(3));
    blocks.extend(take(&pool, 1));
    upstream.heal();
    blocks.extend(take(&pool, 1));
    give(&pool, blocks);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn an_upstream_without_a_large_chunk_gives_a_small_one() {
    let upstream = Upstream::new().with_budget(4 << 10);
    let pool = SyncPool::with_capacity_in(BLOCK, 1 << 20, upstream.clone());
    let blocks = take(&pool, 1);
    assert_eq!(pool.capacity(), 64);
    give(&pool, blocks);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn a_fixed_pool_takes_all_or_nothing() {
    let upstream = Upstream::new().failing_at(1);
    let pool = SyncPool::fixed_in(BLOCK, 3, upstream.clone());
    assert!(pool.allocate(BLOCK).is_err());
    assert_eq!((pool.capacity(), pool.in_use()), (0, 0));
    let blocks = take(&pool, 3);
    assert!(pool.allocate(BLOCK).is_err());
    give(&pool, blocks);
    assert!(pool.try_reserve(4).is_err());
    assert!(SyncPool::fixed(BLOCK, usize::MAX).allocate(BLOCK).is_err());
}

#[test]
fn reset_takes_back_what_a_leaked_handle_had() {
    let mut pool = SyncPool::fixed(BLOCK, 64);
    let local = pool.local();
    take(&local, 5);
    std::mem::forget(local);
    assert!(pool.in_use() > 5);
    pool.reset();
    assert_eq!((pool.in_use(), pool.capacity()), (0, 64));
    let blocks = take(&pool, 64);
    give(&pool, blocks);

    let mut inline = InlineSyncPool::<[u64; 4], 2>::new();
    take(&&inline, 2);
    inline.reset();
    give(&&inline, take(&&inline, 2));
}

#[test]
fn blocks_without_a_size_serve_zero_size_requests_only() {
    let pool = SyncPool::for_value::<()>();
    assert!(pool.allocate(Layout::new::<()>()).is_ok());
    assert!(pool.allocate(Layout::new::<u8>()).is_err());
    assert!(pool.try_reserve(1).is_err());
    assert_eq!((pool.capacity(), pool.in_use()), (0, 0));
    let inline = InlineSyncPool::<[u64; 0], 3>::new();
    assert!((&inline).allocate(Layout::new::<u8>()).is_err());
    assert!((&inline).allocate(Layout::new::<[u32; 0]>()).is_ok());
    assert_eq!((inline.capacity(), inline.in_use()), (0, 0));
}

#[test]
fn sizes_are_rounded_up_to_the_alignment() {
    let pool = SyncPool::new(Layout::from_size_align(20, 16).unwrap());
    assert_eq!(
        pool.block_layout(),
        Layout::from_size_align(32, 16).unwrap()
    );
    let block = pool
        .allocate(Layout::from_size_align(3, 1).unwrap())
        .unwrap();
    assert_eq!(block.len(), 32);
    assert!(pool.allocate_array::<u8>(33).is_err());
    assert!(
        pool.allocate(Layout::from_size_align(8, 32).unwrap())
            .is_err()
    );
    // SAFETY: allocated above; 32 bytes lie between asked and returned.
    unsafe { pool.deallocate(block.cast(), Layout::from_size_align(32, 1).unwrap()) };
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn blocks_are_used_again() {
    let pool = SyncPool::new(BLOCK);
    let local = pool.local();
    let first = take(&local, 1);
    let address = first[0].addr();
    give(&local, first);
    let again = take(&local, 1);
    assert_eq!(again[0].addr(), address);
    give(&pool, again);
}

#[test]
fn handles_are_equal_to_their_pool() {
    let (pool, other) = (SyncPool::new(BLOCK), SyncPool::new(BLOCK));
    let (a, b) = (pool.local(), pool.local());
    assert!(a == b && a == pool && pool == b);
    assert!(a != other.local() && a != other && pool != other);
    let text = format!("{a:?}");
    assert!(
        text.contains("cached: 0") && text.contains("SyncPool"),
        "{text}"
    );
}
