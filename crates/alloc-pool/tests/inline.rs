//! The pool whose blocks stand inside itself.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;

use alloc_pool::alloc_core::{Owns, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Allocator, InlinePool, Layout};

type Result = std::result::Result<(), AllocError>;

/// Allocates all blocks of a pool, checks that they are aligned and apart, and frees every one.
fn fill<T, const N: usize>(pool: &InlinePool<T, N>) {
    let request = InlinePool::<T, N>::BLOCK;
    let mut blocks = std::vec::Vec::<NonNull<u8>>::new();
    for used in 0..N {
        assert_eq!((pool.in_use(), pool.available()), (used, N - used));
        let block = pool.allocate(request).unwrap();
        assert_eq!(block.len(), request.size());
        assert_eq!(block.addr().get() % request.align(), 0);
        assert!(pool.owns(block.cast(), request));
        // SAFETY: the whole block was just allocated.
        unsafe { block.cast::<u8>().write_bytes(0xAB, request.size()) };
        blocks.push(block.cast());
    }
    assert_eq!(pool.allocate(request), Err(AllocError));
    let mut addresses: std::vec::Vec<_> = blocks.iter().map(|b| b.addr().get()).collect();
    addresses.sort_unstable();
    assert!(
        addresses
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= request.size())
    );
    for block in blocks {
        // SAFETY: allocated above, and not used any more.
        unsafe { pool.deallocate(block, request) };
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn every_block_is_aligned_and_apart() {
    #[repr(align(64))]
    #[allow(dead_code)] // Only its layout matters.
    struct Line(u8);

    for _ in 0..2 {
        fill(&InlinePool::<u8, 33>::new());
        fill(&InlinePool::<u16, 5>::new());
        fill(&InlinePool::<[u8; 5], 7>::new());
        fill(&InlinePool::<[u64; 8], 4>::new());
        fill(&InlinePool::<Line, 3>::new());
        fill(&InlinePool::<(), 9>::new());
        fill(&InlinePool::<u64, 0>::new());
    }
    let pool = InlinePool::<u32, 10>::new();
    fill(&pool);
    fill(&pool);
}

#[test]
fn a_pool_in_the_middle_of_something_is_aligned() {
    struct Task {
        id: u8,
        pool: InlinePool<u64, 2>,
    }
    let task = Task {
        id: 7,
        pool: InlinePool::new(),
    };
    fill(&task.pool);
    assert_eq!(task.id, 7);
}

#[test]
fn it_can_be_a_constant_and_move() -> Result {
    let pool = const { InlinePool::<u64, 3>::new() };
    {
        let a = Box::try_new_in(1_u64, &pool)?;
        let b = Box::try_new_in(2_u64, &pool)?;
        drop(a);
        assert_eq!(*b, 2);
    }
    // The free list moves along, for its links are numbers.
    let moved = std::boxed::Box::new(pool);
    fill(&moved);
    std::thread::spawn(move || fill(&moved)).join().unwrap();
    Ok(())
}

#[test]
fn thread_locals_need_no_set_up() {
    thread_local! {
        static POOL: InlinePool<u64, 4> = const { InlinePool::new() };
    }
    POOL.with(fill);
}

#[test]
fn reset_takes_back_what_was_forgotten() -> Result {
    let mut pool = InlinePool::<u64, 2>::new();
    std::mem::forget(Box::try_new_in(1_u64, &pool)?);
    std::mem::forget(Box::try_new_in(2_u64, &pool)?);
    assert_eq!(pool.available(), 0);
    pool.reset();
    assert_eq!((pool.in_use(), pool.available()), (0, 2));
    fill(&pool);
    Ok(())
}

#[test]
fn what_does_not_fit_is_an_error() {
    let pool = InlinePool::<u64, 2>::new();
    let most = isize::MAX as usize;
    for (size, align) in [(9, 1), (8, 16), (1, 16), (most, 1)] {
        let request = Layout::from_size_align(size, align).unwrap();
        assert_eq!((&pool).allocate(request), Err(AllocError));
        assert_eq!((&pool).allocate_zeroed(request), Err(AllocError));
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_vector_grows_to_the_end_of_its_block_and_no_further() {
    let pool = InlinePool::<[u64; 8], 1>::new();
    let mut numbers = Vec::new_in(&pool);
    for n in 0..8_u64 {
        assert!(numbers.try_reserve(1).is_ok());
        numbers.push(n);
    }
    assert!(numbers.try_reserve(1).is_err());
    assert_eq!(numbers.iter().sum::<u64>(), 28);
    numbers.truncate(1);
    numbers.shrink_to_fit();
    assert_eq!((numbers[0], pool.in_use()), (0, 1));
    numbers.clear();
    numbers.shrink_to_fit();
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn it_owns_its_own_blocks_only() -> Result {
    let pool = InlinePool::<u64, 2>::new();
    let other = InlinePool::<u64, 2>::new();
    let request = Layout::new::<u64>();
    let block = (&pool).allocate(request)?.cast();
    assert!((&pool).owns(block, request) && !(&other).owns(block, request));
    assert!(!(&pool).owns(block, Layout::new::<()>()));
    assert!(!(&pool).owns(NonNull::dangling(), request));
    Ok(())
}

#[test]
fn live_blocks_are_those_in_use() {
    let mut pool = InlinePool::<[u64; 3], 40>::new();
    let request = Layout::new::<[u64; 3]>();
    assert_eq!(pool.live_blocks().count(), 0);
    let mut held: std::vec::Vec<NonNull<u8>> = (0..33)
        .map(|_| (&pool).allocate(request).unwrap().cast())
        .collect();
    for step in [3, 2, 1] {
        let (gone, kept): (std::vec::Vec<_>, std::vec::Vec<_>) = held
            .into_iter()
            .enumerate()
            .partition(|(index, _)| index % step == 0);
        for (_, block) in gone {
            // SAFETY: allocated above, and not used any more.
            unsafe { (&pool).deallocate(block, request) };
        }
        held = kept.into_iter().map(|(_, block)| block).collect();
        let addresses = |blocks: &mut dyn Iterator<Item = NonNull<u8>>| {
            blocks
                .map(NonNull::addr)
                .collect::<std::collections::BTreeSet<_>>()
        };
        let seen = addresses(&mut pool.live_blocks().map(NonNull::cast));
        assert_eq!(seen, addresses(&mut held.iter().copied()));
    }
    assert!(held.is_empty());
}
