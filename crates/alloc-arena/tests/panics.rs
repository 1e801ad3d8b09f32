//! Panics of closures and of upstreams: other arenas freed twice, or exposed what nobody wrote, when an
//! upstream or a destructor panicked during a reset; this one does not.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use alloc_arena::Arena;
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout};

/// An upstream that panics, which its contract forbids, when its fuse has burnt down.
struct Panicky {
    heap: Upstream,
    allocations: Cell<usize>,
    frees: Cell<usize>,
}

/// Never, for a fuse.
const NEVER: usize = usize::MAX;

impl Panicky {
    /// Panics at the `allocations`-th block, and at the `frees`-th that comes back.
    fn new(heap: &Upstream, allocations: usize, frees: usize) -> Self {
        Self {
            heap: heap.clone(),
            allocations: Cell::new(allocations),
            frees: Cell::new(frees),
        }
    }

    fn burn(fuse: &Cell<usize>) {
        fuse.set(fuse.get().wrapping_sub(1));
        assert_ne!(fuse.get(), 0, "on purpose");
    }
}

// SAFETY: blocks are those of `heap`. Unwinding is not allowed, and what is tested here.
unsafe impl Allocator for Panicky {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Self::burn(&self.allocations);
        self.heap.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.heap.deallocate(ptr, layout) };
        Self::burn(&self.frees);
    }
}

/// An upstream that panics when it should free breaks its contract; nothing is freed twice all the
/// same.
#[test]
fn a_panicking_upstream_frees_nothing_twice() {
    let heap = Upstream::new();
    let mut arena = Arena::new_in(Panicky::new(&heap, NEVER, 2));
    for _ in 0..5 {
        arena.alloc_uninit_slice::<u8>(100_000);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| arena.release())).is_err());
    assert_eq!(
        (heap.live_blocks(), arena.chunks(), arena.used()),
        (3, 3, 0)
    );
    arena.reset();
    drop(arena);
    heap.assert_all_returned();
}

/// The same when the arena is dropped: what is left is leaked, and nothing is freed twice.
#[test]
fn an_upstream_that_panics_in_a_drop_frees_nothing_twice() {
    let heap = Upstream::new();
    let arena = Arena::new_in(Panicky::new(&heap, NEVER, 2));
    for _ in 0..5 {
        arena.alloc_uninit_slice::<u8>(100_000);
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(arena))).is_err());
    assert_eq!((heap.live_blocks(), heap.frees()), (3, 2));
    // The three that are left are missing; a wrong or a second call would be told first.
    let complaint = heap.check().unwrap_err().to_string();
    assert!(complaint.contains("returns_all"), "{complaint}");
}

/// A reset cannot meet a panic of the upstream, as it does not call it; nor does the end of a scope.
#[test]
fn a_reset_does_not_call_the_upstream() {
    let heap = Upstream::new();
    let mut arena = Arena::new_in(Panicky::new(&heap, NEVER, NEVER));
    for _ in 0..5 {
        arena.alloc_uninit_slice::<u8>(100_000);
    }
    let calls = (heap.calls(), heap.frees());
    arena.upstream().allocations.set(1);
    arena.upstream().frees.set(1);
    arena.reset();
    arena.scope(|scope| {
        scope.alloc_uninit_slice::<u8>(100_000);
    });
    arena.alloc_uninit_slice::<u8>(100_000);
    arena.reset();
    assert_eq!((heap.calls(), heap.frees()), calls);
    arena.upstream().frees.set(NEVER);
    drop(arena);
    heap.assert_all_returned();
}

/// A panic out of `allocate` passes through an arena that has counted and promised nothing yet.
#[test]
fn an_upstream_that_panics_instead_of_allocating_changes_nothing() {
    let heap = Upstream::new();
    let arena = Arena::new_in(Panicky::new(&heap, 2, NEVER));
    let first = arena.alloc([1_u8; 4000]);
    let stats = arena.stats();
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc([2_u8; 10_000]);
    }));
    assert!(result.is_err());
    assert_eq!(arena.stats(), stats);
    let second = arena.alloc([3_u8; 10_000]);
    assert_eq!((first[3999], second[9999]), (1, 3));
    drop(arena);
    heap.assert_all_returned();
}

/// A closure that panics leaves no value behind that nobody made, and the arena works on.
#[test]
fn panicking_closures_leave_a_working_arena() {
    let arena = Arena::new();
    let counter = std::rc::Rc::new(());
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_with(|| -> u64 { panic!("on purpose") });
    }));
    assert!(result.is_err());
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_slice_fill_with(10, |index| {
            assert!(index < 5, "on purpose");
            counter.clone()
        });
    }));
    assert!(result.is_err());
    assert_eq!(
        std::rc::Rc::strong_count(&counter),
        1,
        "the five were dropped"
    );
    assert_eq!(arena.used(), 8, "the block of the slice is free again");
    assert_eq!(*arena.alloc(7), 7);
}

#[test]
fn a_cursor_shares_nothing_with_the_arena_after_a_panic_of_the_upstream() {
    let heap = Upstream::new();
    {
        let arena = Arena::new_in(Panicky::new(&heap, 2, NEVER));
        let mut cursor = arena.local_cursor();
        *cursor.alloc(1_u64) = 2;
        let panics = catch_unwind(AssertUnwindSafe(|| *cursor.alloc([2_u8; 5_000])));
        assert!(panics.is_err());
        let (one, other) = (cursor.alloc(1_u64), arena.alloc(2_u64));
        *other = 5;
        assert_eq!((*one, *other), (1, 5));
    }
    assert_eq!(heap.live_blocks(), 0);
}
