//! Guards of phases: what they take back, and when.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_arena::{AllocError, Arena};
use alloc_conformance::Upstream;
use alloc_core::{Allocator, vec::Vec};

/// Numbers for more than one chunk.
const MANY: u64 = if cfg!(miri) { 600 } else { 2_000 };

#[test]
fn a_guard_takes_back_what_was_allocated_in_its_phase_and_nothing_else() {
    let mut arena = Arena::new();
    arena.alloc_slice_fill_copy(10, 7_u64);
    let before = arena.used();
    let mut phase = arena.scope_guard();
    let scope = phase.scope();
    let mut numbers = Vec::new_in(&scope);
    numbers.extend(0..MANY);
    assert_eq!(numbers.iter().sum::<u64>(), MANY * (MANY - 1) / 2);
    drop(numbers);
    drop(phase);
    assert_eq!(arena.used(), before);
}

#[test]
fn values_of_outer_phases_stay_usable() {
    let mut arena = Arena::new();
    let mut outer = arena.scope_guard();
    let mut scope = outer.scope();
    let log = scope.alloc_slice_fill_copy(3, 0);
    for (index, slot) in log.iter_mut().enumerate() {
        let mut middle = scope.scope_guard();
        let mut inside = middle.scope();
        let pair = inside.alloc((index, "pair"));
        let mut inner = inside.scope_guard();
        *slot = *inner.scope().alloc(pair.0 + pair.1.len());
    }
    assert_eq!(log, [4, 5, 6]);
    assert_eq!(scope.alloc_slice_copy(log), [4, 5, 6]);
}

#[test]
fn a_guard_that_is_reset_meets_the_same_memory_again() {
    let mut arena = Arena::new();
    let kept = std::ptr::from_mut(arena.alloc(1_u64));
    let mut phase = arena.scope_guard();
    let mut places = std::vec::Vec::new();
    for _round in 0..3 {
        let scope = phase.scope();
        let numbers = scope.alloc_iter(0..MANY);
        assert!(numbers.iter().copied().eq(0..MANY));
        places.push(std::ptr::from_mut(scope.alloc(2_u64)));
        phase.reset();
    }
    assert_eq!(places[1], places[2]);
    assert!(!places.contains(&kept));
    drop(phase);
    assert_eq!(arena.used(), 8);
}

#[test]
fn an_early_end_takes_back_too() {
    fn fails(arena: &mut Arena) -> Result<(), AllocError> {
        let mut phase = arena.scope_guard();
        phase.scope().try_alloc([0_u64; 100])?;
        Err(AllocError)
    }
    let mut arena = Arena::new();
    assert!(fails(&mut arena).is_err());
    assert_eq!(arena.used(), 0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut phase = arena.scope_guard();
        phase.scope().alloc(1);
        panic!("with a phase open");
    }));
    assert!(panicked.is_err());
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_leaked_guard_leaves_its_blocks_to_the_phase_around_it() {
    let upstream = Upstream::new();
    let mut arena = Arena::new_in(&upstream);
    let mut outer = arena.scope_guard();
    let mut scope = outer.scope();
    let before = scope.alloc(1_u64);
    let mut inner = scope.scope_guard();
    inner.scope().alloc_iter(0..MANY);
    mem::forget(inner);
    let after = scope.alloc_iter(0..MANY);
    assert!(after.iter().copied().eq(0..MANY));
    assert_eq!(*before, 1);
    drop(outer);
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_vector_that_grew_before_a_phase_is_where_it_was_after_it() {
    let mut arena = Arena::new();
    let mut outer = arena.scope_guard();
    let mut scope = outer.scope();
    let numbers = scope.alloc_iter(0..MANY);
    for _round in 0..3 {
        let mut inner = scope.scope_guard();
        let inside = inner.scope();
        let mut more = Vec::new_in(&inside);
        more.extend(0..4 * MANY);
        drop(more);
        inner.reset();
        let inside = inner.scope();
        let layout = alloc_core::Layout::new::<[u64; 100]>();
        assert!(inside.allocate_zeroed(layout).is_ok());
    }
    assert!(numbers.iter().copied().eq(0..MANY));
}

#[test]
fn swapped_scopes_and_guards_take_back_what_is_theirs() {
    let (mut one, mut other) = (Arena::new(), Arena::new());
    {
        let (mut first, mut second) = (one.scope_guard(), other.scope_guard());
        let (mut here, mut there) = (first.scope(), second.scope());
        let numbers = here.alloc_iter(0..MANY);
        mem::swap(&mut here, &mut there);
        let mut inner = here.scope_guard();
        let pair = (inner.scope().alloc_iter(0..MANY), there.alloc_iter(0..MANY));
        assert_eq!(pair.0, pair.1);
        let mut another = there.scope_guard();
        mem::swap(&mut inner, &mut another);
        assert!(numbers.iter().copied().eq(0..MANY));
    }
    assert_eq!((one.used(), other.used()), (0, 0));
}
