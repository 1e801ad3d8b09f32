//! Bugs that other arenas had or have, each as a test that this one does not. Those with panics are in
//! `panics`.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_arena::{Arena, FixedArena, TypedArena};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Global, Layout, Owns, vec::Vec};

/// bumpalo: `set_allocation_limit` below what is allocated already disables the limit.
#[test]
fn a_limit_below_what_is_reserved_stops_growth() {
    let arena = Arena::new();
    arena.alloc([0_u8; 3000]);
    let reserved = arena.reserved();
    arena.set_limit(Some(10));
    assert!(arena.try_alloc([0_u8; 4096]).is_err());
    assert_eq!((arena.reserved(), arena.limit()), (reserved, Some(10)));
    assert!(
        arena.try_alloc([0_u8; 100]).is_ok(),
        "what is reserved may be used"
    );
    arena.set_limit(None);
    assert!(arena.try_alloc([0_u8; 4096]).is_ok());
}

/// A limit that is met by chance, or by what one asked for and not by what one got, is none.
#[test]
fn a_limit_is_exact() {
    for upstream in [Upstream::new(), Upstream::new().over_returning()] {
        for limit in (0..6000).step_by(if cfg!(miri) { 1511 } else { 7 }) {
            let arena = Arena::builder().limit(limit).build_in(upstream.clone());
            while arena.try_alloc([0_u8; 40]).is_ok() {}
            assert!(arena.reserved() <= limit);
            assert!(
                arena.used() + 40 + 3 * 32 > limit || limit < 40 + 3 * 32,
                "{limit}: {arena:?}"
            );
        }
        upstream.assert_all_returned();
    }
}

/// bump-scope and blink-alloc: give up when the upstream refuses a large chunk, although a small
/// one would do.
#[test]
fn a_refused_chunk_is_tried_again_smaller() {
    let upstream = Upstream::new().with_budget(2000);
    let arena = Arena::builder()
        .chunk_size(64 << 10)
        .build_in(upstream.clone());
    assert!(arena.try_alloc(1_u64).is_ok());
    let mut blocks = 1;
    while arena.try_alloc(1_u64).is_ok() {
        blocks += 1;
    }
    assert!(blocks * 8 > 1500, "{blocks} blocks of 8 bytes in 2000");
    drop(arena);
    upstream.assert_all_returned();
}

/// The same, with an upstream that refuses single large blocks and has any number of small ones: a
/// request is met if a chunk of just what it needs is to be had, and only then.
#[test]
fn a_refused_request_is_tried_again_with_what_it_needs() {
    struct Picky {
        heap: Upstream,
        largest: usize,
    }

    // SAFETY: every block is one of `heap`.
    unsafe impl Allocator for Picky {
        fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            if layout.size() > self.largest {
                return Err(AllocError);
            }
            self.heap.allocate(layout)
        }

        unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
            // SAFETY: the caller's promise.
            unsafe { self.heap.deallocate(ptr, layout) };
        }
    }

    /// More than a chunk's header takes.
    const HEADER: usize = 64;
    for largest in [200, 1000, 5000, 70_000] {
        let heap = Upstream::new();
        let upstream = Picky {
            heap: heap.clone(),
            largest,
        };
        let arena = Arena::builder().chunk_size(1 << 20).build_in(upstream);
        for _ in 0..20 {
            let block = arena.try_alloc_uninit_slice::<u8>(largest - HEADER);
            assert!(block.is_ok(), "{largest}: {arena:?}");
            assert!(arena.try_alloc_uninit_slice::<u8>(largest + 1).is_err());
        }
        drop(arena);
        heap.assert_all_returned();
    }
}

/// An upstream that fails for a while is no reason to stay broken, or to forget anything.
#[test]
fn an_upstream_that_recovers_is_used_again() {
    let upstream = Upstream::new();
    let arena = Arena::new_in(upstream.clone());
    let first = arena.alloc([1_u8; 4000]);
    upstream.fail_from(1);
    let stats = arena.stats();
    assert!(arena.try_alloc([2_u8; 1000]).is_err());
    assert!(arena.try_alloc_iter(0..1_000_000_u64).is_err());
    assert_eq!(arena.stats(), stats, "an error changes nothing");
    upstream.heal();
    let second = arena.alloc([3_u8; 1000]);
    assert_eq!((first[3999], second[999]), (1, 3));
}

/// A failed collection frees its block and drops what it had taken.
#[test]
fn an_error_in_the_middle_drops_what_was_taken() {
    let mut buffer = [std::mem::MaybeUninit::uninit(); 256];
    let arena = FixedArena::<8>::with_min_align(&mut buffer);
    let counter = std::rc::Rc::new(());
    let endless = std::iter::repeat_with(|| counter.clone()).take_while(|_| true);
    assert!(arena.try_alloc_iter(endless).is_err());
    assert_eq!(std::rc::Rc::strong_count(&counter), 1);
    assert_eq!(arena.used(), 0);
}

/// oxc (PR 18186): values of no size wrote through the dummy chunk that all empty arenas shared.
#[test]
fn values_of_no_size_touch_nothing() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    #[repr(align(4096))]
    struct Nothing;

    let upstream = Upstream::new();
    let arena = Arena::new_in(upstream.clone());
    let one = arena.alloc(Nothing);
    assert!(std::ptr::from_mut(one).is_aligned());
    assert_eq!(arena.alloc_slice_fill_copy(1000, Nothing).len(), 1000);
    assert_eq!(arena.alloc_slice_copy::<u64>(&[]).len(), 0);
    assert_eq!(arena.alloc_str(""), "");
    assert_eq!(arena.alloc_iter((0..10).map(|_| Nothing)).len(), 10);
    let block = arena
        .allocate(Layout::from_size_align(0, 1 << 16).unwrap())
        .unwrap();
    assert!(!arena.owns(block.cast(), Layout::new::<()>()));
    // SAFETY: just allocated so.
    unsafe { arena.deallocate(block.cast(), Layout::from_size_align(0, 1 << 16).unwrap()) };
    assert_eq!((upstream.calls(), arena.used()), (0, 0));
}

/// The same, from many threads: what all empty arenas shared was a race then.
#[test]
fn values_of_no_size_share_nothing_between_threads() {
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..if cfg!(miri) { 3 } else { 1000 } {
                    let mut arena = Arena::new();
                    arena.alloc(());
                    arena.alloc_slice_fill_with(3, |_| ());
                    arena.scope(|scope| *scope.alloc([0_u64; 0]));
                    arena.reset();
                    drop(Vec::<(), _>::with_capacity_in(7, &arena));
                    arena.release();
                    assert_eq!((arena.used(), arena.reserved()), (0, 0));
                }
            });
        }
    });
}

/// A zero-size block whose address is the cursor's by chance has no provenance, and must not give
/// the cursor its own.
#[test]
fn a_block_of_no_size_at_the_cursor_is_harmless() {
    let arena = Arena::new();
    // Without a chunk the cursor is at 8, and so is this block.
    let eight = Layout::from_size_align(0, 8).unwrap();
    let block = arena.allocate(eight).unwrap().cast::<u8>();
    let layout = Layout::from_size_align(24, 8).unwrap();
    // SAFETY: currently allocated, with this layout.
    let grown = unsafe { arena.grow(block, eight, layout) }.unwrap();
    // SAFETY: 24 bytes, just allocated.
    unsafe { grown.cast::<u8>().write_bytes(7, 24) };
    let after = grown.cast::<u8>().addr().get() + 24;
    let after = NonNull::new(std::ptr::without_provenance_mut(after)).unwrap();
    // SAFETY: a zero-size block is valid wherever it is aligned.
    unsafe { arena.deallocate(after, eight) };
    assert_eq!((arena.used(), *arena.alloc(5_u64)), (24, 5));
}

/// blink-alloc: `deallocate` compares the wrong way round, and never rewinds.
#[test]
fn freeing_the_last_block_rewinds() {
    let arena = Arena::new();
    for _ in 0..100 {
        drop(Vec::<u64, _>::with_capacity_in(100, &arena));
    }
    assert_eq!((arena.used(), arena.chunks()), (0, 1));
}

/// The same, seen in addresses: the place of the last block is handed out again, that of another one
/// is not.
#[test]
fn freeing_another_block_than_the_last_frees_no_place() {
    let arena = Arena::new();
    let layout = Layout::new::<[u64; 3]>();
    let place = || arena.allocate(layout).unwrap().cast::<u8>();
    let (first, middle, last) = (place(), place(), place());
    // SAFETY: currently allocated, with this layout.
    unsafe { arena.deallocate(middle, layout) };
    let next = place();
    assert!(![first, middle, last].contains(&next));
    // SAFETY: as above.
    unsafe { arena.deallocate(next, layout) };
    assert_eq!(place(), next);
    assert_eq!(arena.used(), 4 * layout.size());
}

/// GHSA-xhx6-q96x-pf9c: a block of an outer scope that grew or shrank by way of an inner one was given
/// to somebody else when the inner scope ended. Here a container cannot stay while an inner scope is
/// open (`compile_fail` shows it); a block that does, and becomes a container again afterwards, grows
/// and shrinks as if nothing had been.
#[test]
fn a_block_of_an_outer_scope_grows_and_shrinks_after_an_inner_one() {
    let mut arena = Arena::builder()
        .chunk_size(1024)
        .max_chunk_size(1024)
        .build();
    arena.scope(|outer| {
        let mut numbers = Vec::new_in(&*outer);
        numbers.extend(0..10_u64);
        let mut parts = (numbers.as_mut_ptr(), numbers.len(), numbers.capacity());
        std::mem::forget(numbers);
        for inner_bytes in [8, 100, 900, 5000] {
            outer.scope(|inner| {
                inner.alloc_slice_fill_copy(inner_bytes, 0xff_u8);
                let mut local = Vec::new_in(&*inner);
                local.extend([u64::MAX; 50]);
                local.shrink_to(20);
            });
            let (ptr, len, capacity) = parts;
            // SAFETY: the parts of a vector of this allocator that was forgotten.
            let mut numbers = unsafe { Vec::from_raw_parts_in(ptr, len, capacity, &*outer) };
            let other = outer.alloc([u64::MAX; 4]);
            numbers.extend(len as u64..2 * len as u64);
            assert!(numbers.iter().copied().eq(0..2 * len as u64));
            numbers.truncate(len + 1);
            numbers.shrink_to_fit();
            numbers.push(len as u64 + 1);
            let others = [outer.alloc([u64::MAX; 4]), other];
            assert!(numbers.iter().copied().eq(0..len as u64 + 2));
            assert_eq!(others, [&[u64::MAX; 4]; 2]);
            parts = (numbers.as_mut_ptr(), numbers.len(), numbers.capacity());
            std::mem::forget(numbers);
        }
    });
    assert_eq!(arena.used(), 0);
}

/// bumpalo #152: after one large block every chunk is twice as large as that.
#[test]
fn a_huge_block_does_not_inflate_what_follows() {
    let huge = 1 << 20;
    let arena = Arena::new();
    arena.alloc(1_u64);
    arena.alloc_uninit_slice::<u8>(huge);
    let chunks = arena.chunks();
    assert!(arena.reserved() < huge + 5000, "{arena:?}");
    for _ in 0..500 {
        arena.alloc(1_u64);
    }
    assert_eq!(
        arena.chunks(),
        chunks,
        "small blocks go on in the chunk where they were"
    );
    for _ in 0..1000 {
        arena.alloc(1_u64);
    }
    assert!(arena.reserved() < huge + 21_000, "{arena:?}");
}

/// bumpalo #72: references of an arena in a vector of it. (That they are neither `Send` nor `Sync`
/// is in `compile_fail`.)
#[test]
fn a_vector_of_references_in_the_same_arena() {
    let arena = Arena::new();
    let mut cells = Vec::new_in(&arena);
    for number in 0..100 {
        cells.push(&*arena.alloc(Cell::new(number)));
    }
    for cell in &cells {
        cell.set(cell.get() + 1);
    }
    assert_eq!(cells.iter().map(|cell| cell.get()).sum::<i32>(), 5050);
}

/// Closures and iterators that allocate in the same arena while it is filling a slice.
#[test]
fn reentrant_closures_get_memory_of_their_own() {
    let arena = Arena::new();
    let outer = arena.alloc_with(|| *arena.alloc(1) + 1);
    let lists = arena.alloc_slice_fill_with(20, |n| arena.alloc_slice_fill_copy(n, n));
    let words = arena.alloc_iter(
        (0..50)
            .filter(|n| n % 2 == 0)
            .map(|n| arena.alloc_str(&format!("{n}"))),
    );
    let typed = TypedArena::new();
    let sums = typed.alloc_extend((0..9).map(|n| *typed.alloc(n) + 1));
    assert_eq!(*outer, 2);
    assert!(
        lists
            .iter()
            .enumerate()
            .all(|(n, list)| list.len() == n && list.iter().all(|&m| m == n))
    );
    assert!(
        words
            .iter()
            .enumerate()
            .all(|(n, word)| **word == *format!("{}", 2 * n))
    );
    assert_eq!((sums.len(), typed.len()), (9, 18));
}

/// Two arenas tell their blocks apart, also when one was the other's neighbour.
#[test]
fn blocks_are_owned_by_one_arena() {
    let (one, two) = (Arena::new_in(Global), Arena::new_in(Global));
    let layout = Layout::new::<[u64; 50]>();
    for _ in 0..100 {
        let (a, b) = (one.allocate(layout).unwrap(), two.allocate(layout).unwrap());
        assert!(one.owns(a.cast(), layout) && two.owns(b.cast(), layout));
        assert!(!one.owns(b.cast(), layout) && !two.owns(a.cast(), layout));
    }
    assert!(one == one && one != two);
}
