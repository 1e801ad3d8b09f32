//! Who is in use, and what is said of them when the pool goes.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::string::String;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::boxed::Box;
use alloc_pool::{AllocError, Allocator, HardenedPool, Layout, LiveBlocks, Pool, Sealed};
use support::{MANY, Result, give, layout, take};

/// The addresses of blocks, sorted.
fn sorted(blocks: impl IntoIterator<Item = NonNull<u8>>) -> std::vec::Vec<usize> {
    let mut addresses: std::vec::Vec<_> =
        blocks.into_iter().map(|block| block.addr().get()).collect();
    addresses.sort_unstable();
    addresses
}

/// Every third block is given back, then every second; what is left is seen, and nothing else.
fn sees<A: Allocator>(
    pool: &mut A,
    live: impl Fn(&mut A) -> std::vec::Vec<NonNull<u8>>,
    in_use: impl Fn(&A) -> (usize, usize),
) {
    let request = layout(64, 8);
    assert_eq!(live(pool), []);
    let mut held: std::vec::Vec<_> = take(pool, request, MANY).into_iter().collect();
    for step in [3, 2, 1] {
        assert_eq!(sorted(live(pool)), sorted(held.iter().copied()));
        let (in_use_before, available) = in_use(pool);
        assert_eq!(in_use_before, held.len());
        // Looking changes nothing.
        assert_eq!(sorted(live(pool)), sorted(held.iter().copied()));
        assert_eq!(in_use(pool), (in_use_before, available));
        let (gone, kept): (std::vec::Vec<_>, std::vec::Vec<_>) = held
            .into_iter()
            .enumerate()
            .partition(|(index, _)| index % step == 0);
        give(pool, request, gone.into_iter().map(|(_, block)| block));
        held = kept.into_iter().map(|(_, block)| block).collect();
    }
    assert_eq!(live(pool), []);
    let all = in_use(pool).1;
    give(pool, request, take(pool, request, all));
}

#[test]
fn live_blocks_are_those_in_use() {
    let up = Upstream::new();
    let mut pool = Pool::new_in(layout(64, 8), up.clone()).with_chunk_limit(64 * 7);
    let live = |pool: &mut Pool<Upstream>| {
        let blocks = pool.live_blocks();
        let len = blocks.len();
        let blocks: std::vec::Vec<_> = blocks.map(NonNull::cast).collect();
        assert_eq!(blocks.len(), len);
        blocks
    };
    sees(&mut pool, live, |pool| (pool.in_use(), pool.available()));
    let mut pool = HardenedPool::<_, Sealed>::new_in(layout(64, 8), up).with_chunk_limit(72 * 7);
    let live = |pool: &mut HardenedPool<Upstream>| pool.live_blocks().map(NonNull::cast).collect();
    sees(&mut pool, live, |pool| (pool.in_use(), pool.available()));
}

#[test]
fn looking_may_end_early() {
    let request = layout(64, 8);
    let mut pool = Pool::new(request).with_chunk_limit(64 * 7);
    let blocks = take(&pool, request, 50);
    give(&pool, request, blocks.iter().copied().step_by(2));
    let before = (pool.in_use(), pool.available());
    for seen in [0, 1, 7, 24] {
        assert_eq!(pool.live_blocks().take(seen).count(), seen);
        assert_eq!((pool.in_use(), pool.available()), before);
    }
    // Forgotten, it keeps the free blocks until the pool is reset.
    std::mem::forget(pool.live_blocks());
    assert_eq!(pool.capacity(), 56);
    pool.reset();
    assert_eq!((pool.in_use(), pool.available()), (0, 56));
    give(&pool, request, take(&pool, request, 56));
}

#[test]
fn chunks_and_bytes_are_those_of_the_upstream() -> Result {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone()).with_chunk_limit(640);
    assert_eq!((pool.chunks(), pool.upstream_bytes()), (0, 0));
    let blocks = take(&pool, request, 35);
    pool.reserve(100)?;
    assert_eq!(pool.chunks(), up.live_blocks());
    assert_eq!(pool.upstream_bytes(), up.live_bytes());
    give(&pool, request, blocks);
    Ok(())
}

thread_local! {
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Takes what a report said.
fn said() -> String {
    SAID.take()
}

fn report(blocks: LiveBlocks<'_>) {
    let text = format!("{blocks}");
    let counted = blocks.count();
    SAID.set(format!("{text}, {counted}"));
}

#[test]
fn a_leak_is_reported_to_those_who_asked() -> Result {
    let pool = Pool::new(layout(48, 16));
    std::mem::forget(Box::try_new_in(1_u64, &pool)?);
    drop(pool);
    assert_eq!(said(), "", "nobody asked");

    let pool = Pool::new(layout(48, 16)).on_leak(report);
    let address = (&raw const pool).addr();
    for n in 0..3_u64 {
        std::mem::forget(Box::try_new_in(n, &pool)?);
    }
    drop(Box::try_new_in(4_u64, &pool)?);
    drop(pool);
    let text = said();
    assert!(
        text.starts_with("3 in use of the blocks of 48 bytes aligned to 16 in the pool at 0x"),
        "{text}"
    );
    assert!(text.ends_with(", 3"), "{text}");
    assert!(address != 0);

    let pool = HardenedPool::new(layout(48, 16)).on_leak(report);
    std::mem::forget(Box::try_new_in(1_u64, &pool)?);
    drop(Box::try_new_in(4_u64, &pool)?);
    drop(pool);
    let text = said();
    assert!(
        text.starts_with("1 in use of the blocks of 48 bytes aligned to 16"),
        "{text}"
    );
    Ok(())
}

#[test]
fn no_leak_is_reported_where_there_is_none() -> Result {
    let pool = Pool::new(layout(48, 16)).on_leak(report);
    drop(Box::try_new_in(1_u64, &pool)?);
    drop(pool);
    // Reset, the blocks are gone on purpose.
    let mut pool = Pool::new(layout(48, 16)).on_leak(report);
    std::mem::forget(Box::try_new_in(1_u64, &pool)?);
    pool.reset();
    drop(pool);
    drop(Pool::learning().on_leak(report));
    drop(HardenedPool::learning().on_leak(report));
    assert_eq!(said(), "");
    Ok(())
}

#[test]
fn a_report_that_unwinds_leaves_nothing_behind() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone()).on_leak(|blocks| panic!("{blocks}"));
    take(&pool, request, 3);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(pool)));
    assert!(dropped.is_err());
    assert_eq!(up.live_blocks(), 0);
    let pool =
        HardenedPool::<_, Sealed>::new_in(request, up.clone()).on_leak(|blocks| panic!("{blocks}"));
    take(&pool, request, 3);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(pool)));
    assert!(dropped.is_err());
    assert_eq!(up.live_blocks(), 0);
}

#[test]
fn exhausted_pools_err_and_lose_nothing() {
    let request = layout(64, 8);
    for n in [0, 1] {
        let mut pool = Pool::fixed(request, n);
        let blocks = take(&pool, request, n);
        assert_eq!(pool.allocate(request), Err(AllocError));
        assert_eq!(pool.live_blocks().count(), n);
        give(&pool, request, blocks);
        assert_eq!((pool.in_use(), pool.available()), (0, n));
    }
    assert_eq!(Layout::new::<[u64; 8]>(), request);
}
