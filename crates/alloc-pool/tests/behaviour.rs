//! How pools grow, learn, run out, and give memory back.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{AllocatorEq, Owns, RcHandle, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Allocator, InlinePool, Layout, Pool};

/// Blocks enough for some chunks, or for an interpreter.
const MANY: usize = if cfg!(miri) { 20 } else { 300 };

type Result = std::result::Result<(), AllocError>;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// Allocates `n` blocks of `request`.
fn take(pool: &impl Allocator, request: Layout, n: usize) -> Vec<NonNull<u8>> {
    let mut blocks = Vec::new();
    blocks.extend((0..n).map(|_| pool.allocate(request).unwrap().cast()));
    blocks
}

/// Frees blocks of `request`.
fn give(pool: &impl Allocator, request: Layout, blocks: impl IntoIterator<Item = NonNull<u8>>) {
    for block in blocks {
        // SAFETY: from `take` with the same pool and layout, and not used any more.
        unsafe { pool.deallocate(block, request) };
    }
}

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
    for round in 0..if cfg!(miri) { 120 } else { 40_000 } {
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
