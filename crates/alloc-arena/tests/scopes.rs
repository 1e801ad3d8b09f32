//! Scopes: what they keep apart, and what they give back.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_arena::{Arena, Scope};
use alloc_conformance::Upstream;
use alloc_core::{Allocator, boxed::Box, vec::Vec};

#[test]
fn a_scope_takes_back_what_it_allocated_and_nothing_else() {
    let mut arena = Arena::new();
    arena.alloc(1_u64);
    let before = arena.used();
    let sum = arena.scope(|scope| {
        let mut numbers = Vec::new_in(&*scope);
        numbers.extend(0..1000_u64);
        scope.alloc_slice_copy(&numbers);
        numbers.iter().sum::<u64>()
    });
    assert_eq!((sum, arena.used()), (499_500, before));
}

#[test]
fn values_of_outer_scopes_stay_usable() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let log = outer.alloc_slice_fill_copy(3, 0);
        let name = outer.alloc_str("outer");
        for (index, slot) in log.iter_mut().enumerate() {
            outer.scope(|middle| {
                // A reference to the outer scope in a value of the inner one.
                let pair = middle.alloc((index, &*name));
                *slot = middle.scope(|inner| inner.alloc(pair.0 + pair.1.len()).to_owned());
            });
        }
        assert_eq!(log, [5, 6, 7]);
    });
}

#[test]
fn values_borrowed_from_outside_can_enter() {
    let mut arena = Arena::new();
    let names = [String::from("a"), String::from("bc")];
    let total = arena.scope(|scope| {
        let lists = scope.alloc_iter(names.iter().map(String::as_str));
        scope.scope(|inner| {
            inner
                .alloc_slice_copy(lists)
                .iter()
                .map(|name| name.len())
                .sum::<usize>()
        })
    });
    assert_eq!(total, 3);
}

#[test]
fn scopes_reuse_their_chunks() {
    let upstream = Upstream::new();
    let mut arena = Arena::new_in(upstream.clone());
    let mut calls = [0; 10];
    arena.alloc([0_u8; 100]);
    for slot in &mut calls {
        let before = upstream.calls();
        arena.scope(|scope| {
            for _ in 0..100 {
                scope.alloc([0_u8; 1000]);
            }
            scope.alloc_uninit_slice::<u8>(1 << 20);
        });
        *slot = upstream.calls() - before;
    }
    assert!(calls[0] > 0);
    assert_eq!(calls[1..], [0; 9]);
    assert_eq!(arena.used(), 104);
    drop(arena);
    upstream.assert_all_returned();
}

/// The current chunk of the outer scope is left inside, and found again with its cursor.
#[test]
fn the_cursor_comes_back_to_its_chunk() {
    let mut arena = Arena::builder().chunk_size(256).max_chunk_size(256).build();
    arena.scope(|outer| {
        let first = outer.alloc([1_u8; 100]);
        outer.scope(|inner| {
            for _ in 0..10 {
                inner.alloc([2_u8; 90]);
            }
        });
        let second = outer.alloc([3_u8; 64]);
        let distance = std::ptr::from_mut(second).addr() - std::ptr::from_mut(first).addr();
        assert_eq!(distance, 104, "the same chunk, right after the first block");
        assert!(first.iter().all(|&byte| byte == 1) && second.iter().all(|&byte| byte == 3));
    });
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_panic_rewinds_too() {
    let mut arena = Arena::new();
    arena.alloc(1_u64);
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.scope(|outer| {
            outer.alloc(2_u64);
            let inner = catch_unwind(AssertUnwindSafe(|| {
                outer.scope(|inner| {
                    inner.alloc([0_u8; 10_000]);
                    panic!("inside");
                })
            }));
            assert!(inner.is_err());
            assert_eq!(*outer.alloc(3_u64), 3);
            panic!("outside");
        })
    }));
    assert!(result.is_err());
    assert_eq!(arena.used(), 8);
}

/// Values that the closure owns are dropped before the memory is taken back.
#[test]
fn boxes_of_a_scope_are_dropped_in_it() {
    let counter = std::rc::Rc::new(());
    let mut arena = Arena::new();
    let captured = counter.clone();
    arena.scope(|scope| {
        let boxed = Box::new_in(captured, &*scope);
        assert_eq!(std::rc::Rc::strong_count(&boxed), 2);
    });
    assert_eq!(std::rc::Rc::strong_count(&counter), 1);
}

/// A function that knows nothing of arenas, given a scope as its allocator.
#[test]
fn a_scope_is_an_allocator_for_strangers() {
    fn squares<A: Allocator>(count: u64, allocator: A) -> Vec<u64, A> {
        let mut squares = Vec::new_in(allocator);
        squares.extend((0..count).map(|n| n * n));
        squares
    }

    /// As deep as it is told, with a vector at each level.
    fn deep(scope: &mut Scope<'_, '_>, depth: u64) -> u64 {
        let sum = squares(depth, &*scope).iter().sum::<u64>();
        if depth == 0 {
            sum
        } else {
            sum + scope.scope(|inner| deep(inner, depth - 1))
        }
    }

    let mut arena = Arena::new();
    assert_eq!(arena.scope(|scope| deep(scope, 10)), 825);
}
