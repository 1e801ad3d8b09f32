//! How pools take chunks from their upstream, and give them back.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{Owns, vec::Vec};
use alloc_pool::{AllocError, Allocator, Layout, Pool};
use support::{MANY, Result, give, layout, take};

#[test]
fn chunks_double_up_to_their_limit() {
    let up = Upstream::new();
    let request = layout(1024, 8);
    let pool = Pool::new_in(request, up.clone()).with_chunk_limit(16 * 1024);
    let mut blocks = Vec::new();
    let mut chunks = Vec::new();
    while chunks.len() < 6 {
        let (capacity, calls) = (pool.capacity(), up.calls());
        blocks.extend(take(&pool, request, 1));
        if up.calls() > calls {
            chunks.push(pool.capacity() - capacity);
        }
    }
    assert_eq!(chunks, [8, 8, 16, 16, 16, 16]);
    give(&pool, request, blocks);
}

#[test]
fn the_limit_of_a_chunk_is_a_mebibyte_if_not_set() {
    let request = layout(64 << 10, 8);
    let pool = Pool::new(request);
    let blocks = take(&pool, request, 33);
    assert_eq!(pool.capacity(), 8 + 8 + 16 + 16);
    give(&pool, request, blocks);
    // A block beyond the limit has a chunk of its own.
    let request = layout(2 << 20, 8);
    let pool = Pool::new(request);
    let blocks = take(&pool, request, 2);
    assert_eq!(pool.capacity(), 2);
    give(&pool, request, blocks);
}

#[test]
fn an_upstream_that_refuses_a_large_chunk_may_have_a_small_one() {
    let up = Upstream::new().with_budget(1024);
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone());
    let mut blocks = Vec::new();
    while let Ok(block) = pool.allocate(request) {
        blocks.push(block.cast());
    }
    assert!(
        blocks.len() >= 12,
        "only {} blocks in 1024 bytes",
        blocks.len()
    );
    assert_eq!((pool.in_use(), pool.available()), (blocks.len(), 0));
    give(&pool, request, blocks);
    drop(pool);
    assert!(up.check().is_ok());
}

#[test]
fn a_failing_upstream_leaves_the_pool_as_it_was() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone()).with_chunk_limit(640);
    let mut blocks = take(&pool, request, 10);
    up.fail_from(1);
    for _ in 0..3 {
        assert_eq!(pool.allocate(request), Err(AllocError));
        assert_eq!(pool.reserve(1), Err(AllocError));
    }
    assert_eq!(
        (pool.capacity(), pool.in_use(), pool.available()),
        (10, 10, 0)
    );
    give(&pool, request, blocks.pop());
    blocks.extend(take(&pool, request, 1));
    up.heal();
    blocks.extend(take(&pool, request, 1));
    assert_eq!((pool.capacity(), pool.in_use()), (20, 11));
    give(&pool, request, blocks);
}

#[test]
fn reserving_saves_asking() -> Result {
    let up = Upstream::new();
    let request = layout(32, 8);
    let pool = Pool::with_capacity_in(request, 500, up.clone())?;
    assert_eq!(
        (pool.capacity(), pool.available(), up.calls()),
        (500, 500, 1)
    );
    let mut blocks = take(&pool, request, 400);
    pool.reserve(100)?;
    assert_eq!(up.calls(), 1, "there are a hundred left");
    pool.reserve(150)?;
    assert_eq!((pool.capacity(), up.calls()), (550, 2));
    blocks.extend(take(&pool, request, 150));
    assert_eq!((pool.available(), up.calls()), (0, 2));
    assert_eq!(pool.reserve(usize::MAX), Err(AllocError));
    give(&pool, request, blocks);

    let fixed = Pool::fixed_in(request, 10, up.clone());
    assert_eq!(fixed.reserve(11), Err(AllocError));
    fixed.reserve(1)?;
    assert_eq!((fixed.reserve(10), up.calls()), (Ok(()), 3));
    assert!(Pool::with_capacity(request, usize::MAX).is_err());
    Ok(())
}

#[test]
fn reset_takes_every_block_back_and_keeps_the_chunks() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let mut pool = Pool::new_in(request, up.clone());
    for _ in 0..2 {
        let blocks = take(&pool, request, MANY);
        give(&pool, request, blocks.into_iter().step_by(3));
        let (calls, capacity) = (up.calls(), pool.capacity());
        pool.reset();
        assert_eq!(
            (pool.in_use(), pool.available(), pool.capacity()),
            (0, capacity, capacity)
        );
        let blocks = take(&pool, request, capacity);
        assert_eq!(up.calls(), calls);
        let mut addresses: std::vec::Vec<_> = blocks.iter().map(|block| block.addr()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), capacity, "no block is handed out twice");
        pool.reset();
    }
}

#[test]
fn empty_chunks_go_back_and_blocks_in_use_stay() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone()).with_chunk_limit(640);
    let mut blocks: std::vec::Vec<_> = take(&pool, request, 95).into_iter().collect();
    pool.reserve(25).unwrap();
    assert_eq!((pool.capacity(), up.live_blocks()), (120, 11));
    // Everything of every second chunk, and half of the chunks between; the last one is cut to its middle.
    let mut kept = std::vec::Vec::new();
    for (index, block) in blocks.drain(..).enumerate() {
        if (index / 10) % 2 == 1 && index % 2 == 0 {
            // SAFETY: the block is in use and large enough.
            unsafe { block.cast::<usize>().write(index) };
            kept.push((index, block));
        } else {
            give(&pool, request, [block]);
        }
    }
    let before = up.live_bytes();
    let bytes = pool.release_empty_chunks();
    assert_eq!(up.live_bytes(), before - bytes);
    // Five of four chunks, and three of the last, of which five were never used.
    assert_eq!((pool.in_use(), kept.len()), (23, 23));
    assert_eq!((pool.capacity(), pool.available()), (50, 27));
    assert_eq!(pool.release_empty_chunks(), 0, "nothing is left to give");
    for &(index, block) in &kept {
        // SAFETY: written above and in use since.
        assert_eq!(unsafe { block.cast::<usize>().read() }, index);
        assert!(pool.owns(block, request));
    }
    // What was freed is handed out in the order of addresses, then what was never used.
    let more = take(&pool, request, 27);
    assert!(more[..22].windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!((pool.available(), up.live_blocks()), (0, 5));
    give(&pool, request, more);
    give(&pool, request, kept.into_iter().map(|(_, block)| block));
    pool.release_empty_chunks();
    assert_eq!((pool.capacity(), up.live_blocks()), (0, 0));
    give(&pool, request, take(&pool, request, 1));
}

#[test]
fn a_chunk_half_carved_goes_back_only_without_blocks() {
    let up = Upstream::new();
    let request = layout(64, 8);
    let pool = Pool::new_in(request, up.clone());
    let blocks = take(&pool, request, 2);
    assert_eq!(pool.release_empty_chunks(), 0);
    let third = take(&pool, request, 1);
    assert_eq!(
        third[0].addr().get(),
        blocks[1].addr().get() + 64,
        "the cursor stands where it stood"
    );
    give(&pool, request, blocks);
    assert_eq!((pool.release_empty_chunks(), pool.in_use()), (0, 1));
    give(&pool, request, third);
    assert!(pool.release_empty_chunks() > 0);
    assert_eq!(
        (pool.capacity(), pool.available(), up.live_blocks()),
        (0, 0, 0)
    );
}

#[test]
fn random_churn_with_giving_back_loses_nothing() {
    let up = Upstream::new();
    let request = layout(24, 8);
    let pool = Pool::new_in(request, up.clone()).with_chunk_limit(24 * 16);
    let mut held: std::vec::Vec<NonNull<u8>> = std::vec::Vec::new();
    let mut state = 1_usize;
    for round in 0..if cfg!(miri) { 60 } else { 40_000 } {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let choice = state >> 33;
        // Long tides, so that whole chunks become free.
        if choice % 100 < if (round / 200) % 2 == 0 { 70 } else { 30 } {
            held.extend(take(&pool, request, 1));
        } else if !held.is_empty() {
            let block = held.swap_remove(choice % held.len());
            give(&pool, request, [block]);
        }
        if choice.is_multiple_of(64) {
            pool.release_empty_chunks();
        }
        if choice.is_multiple_of(16) {
            assert_eq!(pool.in_use(), held.len());
            assert_eq!(pool.available(), pool.capacity() - held.len());
        }
    }
    let mut addresses: std::vec::Vec<_> = held.iter().map(|block| block.addr()).collect();
    addresses.sort_unstable();
    assert!(
        addresses
            .windows(2)
            .all(|pair| pair[1].get() - pair[0].get() >= 24)
    );
    give(&pool, request, held);
    pool.release_empty_chunks();
    assert_eq!((pool.capacity(), up.live_blocks()), (0, 0));
}

#[test]
fn a_chunk_is_not_a_block() {
    /// Remembers the last block that it handed out.
    struct Spy(Upstream, Cell<Option<(NonNull<u8>, Layout)>>);

    // SAFETY: all of it is the upstream's work.
    unsafe impl Allocator for Spy {
        fn allocate(&self, layout: Layout) -> std::result::Result<NonNull<[u8]>, AllocError> {
            let block = self.0.allocate(layout)?;
            self.1.set(Some((block.cast(), layout)));
            Ok(block)
        }

        unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.0.deallocate(ptr, layout) }
        }
    }

    let request = layout(64, 8);
    let pool = Pool::new_in(request, Spy(Upstream::new(), Cell::new(None)));
    let block = take(&pool, request, 1);
    let (chunk, chunk_layout) = pool.upstream().1.get().unwrap();
    assert_eq!(
        chunk, block[0],
        "the first block stands where the chunk does"
    );
    assert!(pool.owns(block[0], request));
    assert!(
        !pool.owns(chunk, chunk_layout),
        "the chunk is the upstream's"
    );
    assert!(!pool.owns(block[0], layout(0, 8)));
    give(&pool, request, block);
}

/// An upstream that asks the pool above it for a block whenever it is asked for a chunk.
mod meddling {
    use super::*;
    use std::rc::{Rc, Weak};

    struct Meddler(Upstream, Cell<Option<Weak<Pool<Meddler>>>>);

    // SAFETY: the blocks are the upstream's.
    unsafe impl Allocator for Meddler {
        fn allocate(&self, request: Layout) -> std::result::Result<NonNull<[u8]>, AllocError> {
            if let Some(pool) = self.1.take().and_then(|pool| pool.upgrade()) {
                pool.allocate(layout(40, 8))?;
            }
            self.0.allocate(request)
        }

        unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.0.deallocate(ptr, layout) }
        }
    }

    fn meddled(make: impl FnOnce(Meddler) -> Pool<Meddler>) -> Rc<Pool<Meddler>> {
        let pool = Rc::new(make(Meddler(Upstream::new(), Cell::new(None))));
        pool.upstream().1.set(Some(Rc::downgrade(&pool)));
        pool
    }

    #[test]
    fn a_bound_holds() {
        let pool = meddled(|up| Pool::fixed_in(layout(40, 8), 3, up));
        assert_eq!(
            pool.allocate(layout(8, 8)),
            Err(AllocError),
            "the chunk came twice"
        );
        assert_eq!(pool.in_use(), 1);
        take(&*pool, layout(40, 8), 2);
        assert_eq!(pool.allocate(layout(8, 8)), Err(AllocError));
        assert_eq!(pool.upstream().0.live_blocks(), 1);
    }

    #[test]
    fn a_layout_is_learned_once() {
        let pool = meddled(Pool::learning_in);
        assert_eq!(pool.allocate(layout(64, 8)), Err(AllocError));
        assert_eq!(
            (pool.block_layout(), pool.in_use()),
            (Some(layout(40, 8)), 1)
        );
        assert_eq!(pool.upstream().0.live_blocks(), 1);
    }
}
