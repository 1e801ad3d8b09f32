//! The faults of the C++ tutorial's tracker, each with a test that ours does not have it.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;

use alloc_conformance::Upstream;
use alloc_core::{Allocator, Layout, boxed::Box};
use alloc_tracking::{FaultKind, Profiler};

/// "The tracker counts and frees unknown pointers."
#[test]
fn unknown_pointers_are_neither_counted_nor_freed() {
    let upstream = Upstream::new();
    let heap = Profiler::new(upstream.clone());
    let mut foreign = 0_u64;
    // SAFETY: wrong on purpose; the profiler leaves memory alone that it does not know.
    unsafe { heap.deallocate(NonNull::from(&mut foreign).cast(), Layout::new::<u64>()) };

    let report = heap.report();
    assert_eq!(report.stats.deallocations, 0);
    assert_eq!(report.stats.live_blocks, 0);
    assert_eq!(upstream.frees(), 0);
    assert_eq!(report.faults[0].kind, FaultKind::UnknownPointer);
    assert_eq!(report.faults[0].address, (&raw const foreign).addr());
}

/// "'leaked' is a subtraction, not a list." A block that is freed twice and one that is never freed
/// add up to nothing leaked.
#[test]
fn leaked_is_a_list_and_not_a_subtraction() {
    let upstream = Upstream::new();
    let heap = Profiler::new(upstream.clone());
    let leaked = Box::leak(Box::new_in(1_u64, &heap));
    let twice = heap.allocate(Layout::new::<u64>()).unwrap().cast();
    for _ in 0..2 {
        // SAFETY: wrong on purpose the second time; the profiler knows that the block is free.
        unsafe { heap.deallocate(twice, Layout::new::<u64>()) };
    }

    let report = heap.report();
    assert_eq!(report.leaks.len(), 1);
    assert_eq!(report.leaks[0].address, (&raw const *leaked).addr());
    assert_eq!(report.leaks[0].layout, Layout::new::<u64>());
    assert_eq!(report.stats.live_bytes, 8);
    assert_eq!(report.fault_counts.double_free, 1);

    // SAFETY: leaked from a box over `heap`, with this layout, and no longer used.
    unsafe { heap.deallocate(NonNull::from(leaked).cast(), Layout::new::<u64>()) };
    upstream.assert_all_returned();
}
