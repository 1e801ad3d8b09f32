//! Which part `Segregate` serves from, and how blocks cross the line.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use alloc_compose::{Fallback, Null, Segregate};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, Owns, vec::Vec};
use core::ptr::NonNull;
use support::Region;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).unwrap()
}

#[test]
fn the_threshold_itself_is_small() -> Result<(), AllocError> {
    let (small, large) = (Upstream::new(), Upstream::new());
    let memory = Segregate::<64, _, _>::new(small.clone(), large.clone());
    for (size, counts) in [(1, (1, 0)), (64, (1, 0)), (65, (0, 1)), (1000, (0, 1))] {
        let block = memory.allocate(bytes(size))?;
        assert_eq!((small.live_blocks(), large.live_blocks()), counts, "{size}");
        // SAFETY: allocated above with this layout.
        unsafe { memory.deallocate(block.cast(), bytes(size)) };
    }
    small.assert_all_returned();
    large.assert_all_returned();
    Ok(())
}

#[test]
fn a_vector_crosses_the_line_both_ways() {
    let (small, large) = (Upstream::new(), Upstream::new());
    let memory = Segregate::<64, _, _>::new(small.clone(), large.clone());
    let mut numbers: Vec<u8, _> = Vec::new_in(&memory);
    for i in 0..200 {
        numbers.push(i);
        let is_small = numbers.capacity() <= 64;
        assert_eq!(small.live_blocks(), usize::from(is_small));
        assert_eq!(large.live_blocks(), usize::from(!is_small));
    }
    assert!(numbers.iter().copied().eq(0..200));
    numbers.truncate(20);
    numbers.shrink_to_fit();
    assert_eq!((small.live_bytes(), large.live_bytes()), (20, 0));
    assert!(numbers.iter().copied().eq(0..20));
    drop(numbers);
    small.assert_all_returned();
    large.assert_all_returned();
}

#[test]
fn excess_never_carries_a_small_block_over_the_line() -> Result<(), AllocError> {
    let (small, large) = (
        Upstream::new().over_returning(),
        Upstream::new().over_returning(),
    );
    let memory = Segregate::<64, _, _>::new(small.clone(), large.clone());
    for size in 1..=100 {
        let block = memory.allocate(bytes(size))?;
        assert_eq!(block.len() <= 64, size <= 64, "{size}");
        // SAFETY: the returned length fits as well as the asked one.
        unsafe { memory.deallocate(block.cast(), bytes(block.len())) };
    }
    let block = memory.allocate(bytes(1))?;
    // SAFETY: allocated above with the old layout.
    let grown = unsafe { memory.grow(block.cast(), bytes(1), bytes(60)) }?;
    assert_eq!(grown.len(), 64);
    // SAFETY: the returned length fits.
    let large_one = unsafe { memory.grow_zeroed(grown.cast(), bytes(64), bytes(65)) }?;
    assert!(large_one.len() > 65);
    // SAFETY: the returned length fits.
    let shrunk = unsafe { memory.shrink(large_one.cast(), bytes(large_one.len()), bytes(55)) }?;
    assert_eq!(shrunk.len(), 64);
    // SAFETY: the returned length fits.
    unsafe { memory.deallocate(shrunk.cast(), bytes(64)) };
    small.assert_all_returned();
    large.assert_all_returned();
    Ok(())
}

#[test]
fn zeroed_growth_over_the_line_zeroes_what_is_new() -> Result<(), AllocError> {
    let memory = Segregate::<64, _, _>::new(Upstream::new(), Upstream::new());
    let block: NonNull<u8> = memory.allocate(bytes(64))?.cast();
    // SAFETY: the block is 64 bytes long.
    unsafe { block.write_bytes(7, 64) };
    // SAFETY: allocated above with the old layout.
    let block = unsafe { memory.grow_zeroed(block, bytes(64), bytes(300)) }?;
    // SAFETY: 64 bytes were written before, and the rest is zeroed.
    let seen = unsafe { block.as_ref() }.to_vec();
    assert!(
        seen.iter()
            .enumerate()
            .all(|(i, &byte)| byte == if i < 64 { 7 } else { 0 })
    );
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block.cast(), bytes(300)) };
    Ok(())
}

#[test]
fn a_refused_crossing_leaves_the_block_as_it_was() -> Result<(), AllocError> {
    let (small, large) = (Upstream::new(), Upstream::new());
    let memory = Segregate::<64, _, _>::new(small.clone(), large.clone());
    let mut little: Vec<u8, _> = Vec::with_capacity_in(64, &memory);
    little.extend(0..64);
    large.fail_at(1);
    assert!(little.try_reserve(1).is_err());
    assert!(little.iter().copied().eq(0..64));

    let block = memory.allocate(bytes(100))?;
    small.fail_at(1);
    // SAFETY: allocated above with the old layout.
    assert!(unsafe { memory.shrink(block.cast(), bytes(100), bytes(10)) }.is_err());
    // SAFETY: the call above erred, so the block is as it was.
    unsafe { memory.deallocate(block.cast(), bytes(100)) };
    drop(little);
    small.assert_all_returned();
    large.assert_all_returned();
    Ok(())
}

#[test]
fn a_fallback_makes_small_requests_safe_from_exhaustion() {
    let up = Upstream::new();
    let small = Fallback::new(Region::new(100), up.clone());
    let memory = Segregate::<64, _, _>::new(small, up.clone());
    let vectors: std::vec::Vec<Vec<u8, _>> = (0..5)
        .map(|i| {
            let mut bytes = Vec::with_capacity_in(40, &memory);
            bytes.resize(40, i);
            bytes
        })
        .collect();
    assert_eq!((memory.small().primary().used(), up.live_blocks()), (80, 3));
    assert!(
        vectors
            .iter()
            .zip(0..)
            .all(|(bytes, i)| bytes.iter().all(|&byte| byte == i))
    );
    drop(vectors);
    up.assert_all_returned();
}

#[test]
fn zero_size_blocks_are_nobodys() -> Result<(), AllocError> {
    let memory = Segregate::<0, _, _>::new(Null, Upstream::new());
    let block = memory.allocate(bytes(0))?;
    // SAFETY: allocated above with the old layout.
    let block: NonNull<u8> = unsafe { memory.grow(block.cast(), bytes(0), bytes(5)) }?.cast();
    assert_eq!(memory.large().live_bytes(), 5);
    // SAFETY: as returned by the call above.
    let block = unsafe { memory.shrink(block, bytes(5), bytes(0)) }?;
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block.cast(), bytes(0)) };
    memory.large().assert_all_returned();
    Ok(())
}

#[test]
fn it_owns_by_size_and_resets_both() -> Result<(), AllocError> {
    let mut memory = Segregate::<64, _, _>::new(Region::new(1000), Region::new(1000));
    assert_eq!(Segregate::<64, Null, Null>::THRESHOLD, 64);
    let small: NonNull<u8> = memory.allocate(bytes(64))?.cast();
    let large: NonNull<u8> = memory.allocate(bytes(65))?.cast();
    assert!(memory.owns(small, bytes(64)) && memory.owns(large, bytes(65)));
    assert!(!memory.owns(small, bytes(0)));
    assert!(!memory.owns(NonNull::from(&1_u8), bytes(1)));
    memory.reset();
    assert_eq!((memory.small().used(), memory.large().used()), (0, 0));
    let (small, large) = memory.into_parts();
    assert_eq!((small.used(), large.used()), (0, 0));
    Ok(())
}
