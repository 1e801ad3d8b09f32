//! Blocks of no bytes: containers hand back some that they never asked for, and keep others.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, Global, Layout, boxed::Box, vec::Vec as VecIn};
use alloc_tracking::{Profiler, Stats, Tracking};
use common::{Calls, layout};

/// Runs a program over both trackers and returns what they counted, which must be the same.
fn of_both(program: impl Fn(&dyn Allocator)) -> Stats {
    let (counted, profiled) = (Tracking::new(Global), Profiler::new(Global));
    program(&counted);
    program(&profiled);
    let report = profiled.report();
    assert_eq!(report.fault_counts.total(), 0, "{report}");
    assert_eq!(report.leaks, []);
    assert_eq!(report.stats, counted.stats());
    report.stats
}

#[test]
fn a_box_hands_back_what_it_never_asked_for() {
    let stats = of_both(|heap| {
        for _ in 0..3 {
            drop(Box::new_in((), heap));
            drop(Box::new_in([0_u64; 0], heap));
            drop(VecIn::<u32, _>::new_in(heap).into_boxed_slice());
            drop(VecIn::<u32, _>::new_in(heap).into_boxed_slice().into_vec());
            let mut units = VecIn::new_in(heap);
            units.push(());
            drop(units);
        }
    });
    assert_eq!(stats, Stats::default());
}

#[test]
fn a_vec_keeps_what_it_was_shrunk_to() {
    let stats = of_both(|heap| {
        for _ in 0..3 {
            let mut bytes = VecIn::with_capacity_in(10, heap);
            bytes.push(1_u8);
            bytes.clear();
            bytes.shrink_to_fit();
            drop(bytes);
        }
    });
    assert_eq!((stats.allocations, stats.deallocations), (3, 3));
    assert_eq!((stats.live_blocks, stats.live_bytes), (0, 0));
    assert_eq!((stats.peak_blocks, stats.peak_bytes), (1, 10));
    assert_eq!((stats.grows, stats.shrinks, stats.failures), (0, 0, 0));
}

/// One box of no bytes and one block of no bytes are the same pointer: neither takes the other's place.
#[test]
fn such_blocks_do_not_stand_for_one_another() {
    let stats = of_both(|heap| {
        let block = heap.allocate(layout(0, 1)).unwrap().cast();
        drop(Box::new_in((), heap));
        // SAFETY: allocated above with this layout.
        unsafe { heap.deallocate(block, layout(0, 1)) };
    });
    assert_eq!(stats, Stats::default());
}

#[test]
fn to_grow_one_is_to_allocate_and_to_shrink_to_one_is_to_free() {
    let stats = of_both(|heap| {
        let (nothing, other, some) = (layout(0, 8), layout(0, 4), layout(5, 1));
        let block = heap.allocate(nothing).unwrap().cast();
        // SAFETY: each call frees or resizes the block that the one before returned.
        unsafe {
            let block = heap.grow(block, nothing, other).unwrap().cast();
            let block = heap.grow_zeroed(block, other, some).unwrap().cast();
            let block = heap.shrink(block, some, nothing).unwrap().cast();
            let block = heap.shrink(block, nothing, other).unwrap().cast();
            heap.deallocate(block, other);
        }
    });
    assert_eq!((stats.allocations, stats.deallocations), (1, 1));
    assert_eq!((stats.total_bytes, stats.peak_bytes), (5, 5));
    assert_eq!((stats.live_blocks, stats.peak_blocks), (0, 1));
    assert_eq!((stats.grows, stats.shrinks, stats.failures), (0, 0, 0));
}

/// The profiler answers such requests itself; the counters forward them.
#[test]
fn the_profiler_asks_nobody_for_nothing() {
    let nothing = layout(0, 8);
    let profiled = Profiler::new(Calls::default());
    let block = profiled.allocate(nothing).unwrap().cast();
    // SAFETY: just allocated.
    unsafe { profiled.deallocate(block, nothing) };
    assert_eq!(profiled.inner().counts(), [0; 6]);

    let counted = Tracking::new(Calls::default());
    let block = counted.allocate(nothing).unwrap().cast();
    // SAFETY: just allocated.
    unsafe { counted.deallocate(block, nothing) };
    assert_eq!(counted.inner().counts(), [1, 0, 1, 0, 0, 0]);
    assert_eq!(counted.stats(), Stats::default());
}

/// Refuses to resize.
struct Stubborn;

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for Stubborn {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        _: NonNull<u8>,
        _: Layout,
        _: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        Err(AllocError)
    }

    unsafe fn shrink(
        &self,
        _: NonNull<u8>,
        _: Layout,
        _: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        Err(AllocError)
    }
}

/// A block that could not be shrunk to nothing is as live as before.
#[test]
fn a_refusal_changes_nothing_but_failures() {
    let heap = Tracking::new(Stubborn);
    let (some, nothing) = (layout(24, 8), layout(0, 8));
    let block = heap.allocate(some).unwrap().cast();
    let empty = heap.allocate(nothing).unwrap().cast();
    let mut expected = heap.stats();
    // SAFETY: both stay as they are, since each call errs.
    unsafe {
        assert!(heap.shrink(block, some, nothing).is_err());
        assert!(heap.grow(empty, nothing, some).is_err());
    }
    expected.failures = 2;
    assert_eq!(heap.stats(), expected);
    // SAFETY: allocated above with these layouts.
    unsafe {
        heap.deallocate(block, some);
        heap.deallocate(empty, nothing);
    }
    let stats = heap.stats();
    assert_eq!((stats.live_blocks, stats.live_bytes), (0, 0));
    assert_eq!((stats.allocations, stats.deallocations), (1, 1));
}
