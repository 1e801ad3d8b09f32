//! Faults of the C++ tutorial's arena, each as a test that this one does not have it.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::MaybeUninit;

use alloc_arena::{Arena, FixedArena};
use alloc_conformance::Upstream;
use alloc_core::{Allocator, Layout, RcHandle, boxed::Box, vec::Vec};
use hashbrown::HashMap;

/// Fault: sizes are rounded but the start is never aligned, so that a `u64` after a `u8` lands at
/// address % 8 = 1.
#[test]
fn a_u64_after_a_u8_is_aligned() {
    fn check<const M: usize>(arena: &Arena<alloc_core::Global, M>) {
        for _ in 0..10 {
            arena.alloc(1_u8);
            assert!(std::ptr::from_mut(arena.alloc(2_u64)).is_aligned());
            arena.alloc(1_u8);
            assert!(std::ptr::from_mut(arena.alloc(3_u128)).is_aligned());
        }
    }
    check(&Arena::new());
    check(&Arena::builder().min_align::<1>().build());
    check(&Arena::builder().min_align::<64>().build());

    // Wherever the buffer starts.
    let mut buffer = [const { MaybeUninit::uninit() }; 64];
    for start in 0..16 {
        let arena = FixedArena::new(&mut buffer[start..]);
        let byte = arena.try_alloc(1_u8).unwrap();
        let layout = Layout::new::<u64>();
        let block = arena.allocate(layout).unwrap().cast::<u64>();
        assert!(block.is_aligned() && block.addr().get() > std::ptr::from_mut(byte).addr());
    }
}

/// Fault: the arena type is nested per `T`, so that rebound copies cannot share it and the program
/// does not compile.
#[test]
fn one_arena_serves_many_types_and_containers() {
    let arena = Arena::new();
    let mut numbers = Vec::new_in(&arena);
    let mut words = Vec::new_in(&arena);
    let mut map = HashMap::new_in(&arena);
    for number in 0..200_u32 {
        numbers.push(number);
        words.push(Box::new_in(format!("{number}"), &arena));
        map.insert(number, arena.alloc_str("text"));
    }
    assert_eq!((numbers.len(), words.len(), map.len()), (200, 200, 200));
    assert!(
        words
            .iter()
            .enumerate()
            .all(|(n, word)| **word == n.to_string())
    );
    assert!(map.values().all(|text| *text == "text"));
}

/// Fault: a copy of the allocator does not share its memory.
#[test]
fn copies_of_a_handle_share_the_arena() {
    let arena = RcHandle::new(Arena::new());
    let first = Vec::<u64, _>::with_capacity_in(10, arena.clone());
    let second = Vec::<u64, _>::with_capacity_in(10, first.allocator().clone());
    assert_eq!(arena.used(), 160);
    assert_eq!(first.allocator(), second.allocator());
    // And containers that own their handle move about freely.
    let moved = std::iter::once(second).collect::<std::vec::Vec<_>>();
    drop(first);
    assert_eq!(moved[0].capacity(), 10);
}

/// Fault: a request that does not fit is not checked for overflow, and wraps round to something
/// that does.
#[test]
fn huge_requests_err_and_never_wrap() {
    // An upstream that refuses what no machine has, as Miri's heap does not.
    let arena = Arena::builder().min_align::<64>().build_in(Upstream::new());
    arena.alloc(1_u8);
    for size in [
        isize::MAX as usize,
        isize::MAX as usize - 64,
        isize::MAX as usize / 2,
    ] {
        let layout = Layout::from_size_align(size, 1).unwrap();
        assert!(arena.allocate(layout).is_err());
    }
    assert!(arena.try_alloc_uninit_slice::<u64>(usize::MAX / 4).is_err());
    assert!(arena.try_alloc_iter(std::iter::repeat(1_u64)).is_err());
    assert_eq!(arena.used(), 64);
}

/// Fault: exhaustion of the fixed buffer is not noticed.
#[test]
fn a_full_buffer_is_an_error() {
    let mut buffer = [const { MaybeUninit::uninit() }; 100];
    let mut arena = FixedArena::new(&mut buffer);
    assert_eq!((arena.capacity(), arena.available()), (100, 100));
    assert!(arena.try_alloc([0_u8; 101]).is_err());
    let last = arena.try_alloc([1_u8; 100]).unwrap();
    assert_eq!(last[99], 1);
    assert!(arena.try_alloc(0_u8).is_err());
    assert!(arena.try_alloc(()).is_ok(), "nothing always fits");
    arena.reset();
    assert!(arena.try_alloc([0_u8; 100]).is_ok());
}
