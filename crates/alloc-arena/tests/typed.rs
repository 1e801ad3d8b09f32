//! The arena of one type: counting, order, destructors.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_arena::TypedArena;
use alloc_conformance::Upstream;

/// Counts its drops; panics at one of them.
struct Counted<'a>(&'a Cell<usize>, bool);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
        assert!(!self.1, "on purpose");
    }
}

#[test]
fn values_stay_in_order_across_chunks() {
    let upstream = Upstream::new();
    let mut arena = TypedArena::new_in(upstream.clone());
    let mut next = 0_u32;
    let size = if cfg!(miri) { 70 } else { 700 };
    for round in 0..60 {
        arena.alloc(next);
        next += 1;
        if round % 7 == 3 {
            // Large enough for a chunk of its own now and then.
            let batch = arena.alloc_extend(next..next + size);
            assert_eq!((batch[0], batch.len()), (next, size as usize));
            next += size;
        }
    }
    assert_eq!(arena.len(), next as usize);
    assert!(arena.iter_mut().map(|value| *value).eq(0..next));
    assert!(arena.stats().used >= arena.len() * 4);
    arena.clear();
    assert_eq!(
        (arena.len(), arena.iter_mut().count(), arena.stats().used),
        (0, 0, 0)
    );
    arena.extend(0..10);
    assert!(arena.iter_mut().map(|value| *value).eq(0..10));
    arena.release();
    upstream.assert_all_returned();
}

#[test]
fn odd_sizes_and_high_alignments_iterate() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Odd([u8; 7]);
    #[derive(Clone, Copy)]
    #[repr(align(16))]
    struct Aligned(u8);

    let mut odd = TypedArena::new();
    odd.extend((0..200).map(|n| Odd([n; 7])));
    assert!(odd.iter_mut().map(|value| value.0[6]).eq(0..200));
    let mut aligned = TypedArena::new();
    aligned.extend((0..200).map(Aligned));
    assert!(aligned.iter_mut().map(|value| value.0).eq(0..200));
}

#[test]
fn destructors_run_once() {
    let drops = Cell::new(0);
    let mut arena = TypedArena::new();
    arena.extend((0..1000).map(|_| Counted(&drops, false)));
    assert_eq!(drops.get(), 0);
    arena.clear();
    assert_eq!(drops.get(), 1000);
    arena.alloc(Counted(&drops, false));
    drop(arena);
    assert_eq!(drops.get(), 1001);
}

#[test]
fn a_panicking_destructor_does_not_save_the_others() {
    let drops = Cell::new(0);
    let mut arena = TypedArena::new();
    arena.extend((0..1000).map(|n| Counted(&drops, n == 300)));
    assert!(catch_unwind(AssertUnwindSafe(|| arena.clear())).is_err());
    assert_eq!((drops.get(), arena.len()), (1000, 0));
    drops.set(0);
    arena.extend((0..10).map(|n| Counted(&drops, n == 0)));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(arena))).is_err());
    assert_eq!(drops.get(), 10);
}

#[test]
fn values_of_no_size_are_counted_and_dropped() {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }

    let mut arena = TypedArena::with_capacity(10);
    arena.extend((0..100).map(|_| Nothing));
    assert_eq!(arena.alloc_extend((0..5).map(|_| Nothing)).len(), 5);
    assert_eq!(
        (
            arena.len(),
            arena.iter_mut().count(),
            arena.stats().reserved
        ),
        (105, 105, 0)
    );
    drop(arena);
    assert_eq!(DROPS.get(), 105);
}

#[test]
fn errors_drop_what_was_taken_and_change_nothing() {
    let upstream = Upstream::new();
    let drops = Cell::new(0);
    let arena = TypedArena::try_with_capacity_in(10, upstream.clone()).unwrap();
    arena.alloc_extend((0..3).map(|_| Counted(&drops, false)));
    upstream.fail_from(1);
    let many = std::iter::repeat_with(|| Counted(&drops, false)).take(1000);
    assert!(arena.try_alloc_extend(many).is_err());
    let before = drops.get();
    while arena.try_alloc(Counted(&drops, false)).is_ok() {}
    assert_eq!(drops.get(), before + 1, "the one that found no room");
    assert_eq!(arena.len(), 10);
    assert!(TypedArena::<u64>::try_with_capacity_in(usize::MAX, alloc_core::Global).is_err());
}

#[test]
fn a_panicking_iterator_leaves_the_arena_as_it_was() {
    let drops = Cell::new(0);
    let arena = TypedArena::new();
    arena.alloc(Counted(&drops, false));
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_extend((0..10).map(|n| {
            assert!(n < 6, "on purpose");
            Counted(&drops, false)
        }));
    }));
    assert!(result.is_err());
    assert_eq!((drops.get(), arena.len()), (6, 1));
}

#[test]
fn values_come_out_in_order_and_the_memory_goes_back() {
    let upstream = Upstream::new();
    let arena = TypedArena::new_in(upstream.clone());
    assert_eq!(
        TypedArena::<u32, _>::new_in(upstream.clone())
            .into_iter()
            .next(),
        None
    );
    let size = if cfg!(miri) { 70 } else { 700 };
    for start in (0..20 * size).step_by(size) {
        arena.alloc_extend((start..start + size - 1).map(Box::new));
        arena.alloc(Box::new(start + size - 1));
    }
    let chunks = arena.stats().chunks;
    assert!(chunks > 1, "{chunks} chunks");
    let mut values = arena.into_iter();
    for expected in 0..20 * size {
        assert_eq!(values.len(), 20 * size - expected);
        assert_eq!(values.next().as_deref(), Some(&expected));
    }
    assert_eq!(
        (values.len(), values.next(), values.next()),
        (0, None, None)
    );
    drop(values);
    upstream.assert_all_returned();
}

#[test]
fn values_that_are_not_taken_are_dropped() {
    let upstream = Upstream::new();
    let drops = Cell::new(0);
    for taken in [0, 1, 299, 300, 1000] {
        let mut arena = TypedArena::new_in(upstream.clone());
        arena.extend((0..1000).map(|_| Counted(&drops, false)));
        let mut values = arena.into_iter();
        let kept: Vec<_> = values.by_ref().take(taken).collect();
        assert_eq!(drops.replace(0), 0);
        drop(values);
        assert_eq!(drops.replace(0), 1000 - taken);
        drop(kept);
        assert_eq!(drops.replace(0), taken);
    }
    upstream.assert_all_returned();
}

#[test]
fn a_panicking_destructor_in_an_iterator_does_not_save_the_others() {
    let upstream = Upstream::new();
    let drops = Cell::new(0);
    let mut arena = TypedArena::new_in(upstream.clone());
    arena.extend((0..1000).map(|n| Counted(&drops, n == 300)));
    let mut values = arena.into_iter();
    drop(values.next());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(values))).is_err());
    assert_eq!(drops.get(), 1000);
    upstream.assert_all_returned();
}

#[test]
fn odd_values_come_out_as_well() {
    #[derive(PartialEq, Debug)]
    struct Nothing;
    #[derive(Debug)]
    #[repr(align(64))]
    struct Aligned(u8);

    let mut nothing = TypedArena::new();
    nothing.extend((0..100).map(|_| Nothing));
    let mut nothing = nothing.into_iter();
    assert_eq!((nothing.next(), nothing.len()), (Some(Nothing), 99));
    assert_eq!(nothing.count(), 99);
    let mut aligned = TypedArena::new();
    aligned.extend((0..200).map(Aligned));
    assert!(aligned.into_iter().map(|value| value.0).eq(0..200));
    // A chunk that holds nothing, since it was too small for what came next.
    let arena = TypedArena::with_capacity(1);
    let values = arena.alloc_extend(0..100_u64).len();
    assert!(arena.into_iter().eq(0..values as u64));
}
