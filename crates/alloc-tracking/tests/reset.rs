//! An arena that is reset frees its blocks without a word. The trackers around it are told.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use alloc_core::{Allocator, Layout, Owns, Reset, boxed::Box};
use alloc_tracking::{FaultKind, Profiler, Tracking};
use common::Bump;

#[test]
fn a_reset_ends_what_was_live() {
    let mut heap = Tracking::new(Bump::new());
    for round in 1..=3 {
        std::mem::forget(Box::new_in([0_u8; 100], &heap));
        std::mem::forget(Box::new_in([0_u8; 50], &heap));
        drop(Box::new_in([0_u8; 10], &heap));
        let stats = heap.stats();
        assert_eq!((stats.live_bytes, stats.live_blocks), (150, 2));
        heap.reset();
        let stats = heap.stats();
        assert_eq!(
            (stats.live_bytes, stats.live_blocks, stats.forgotten),
            (0, 0, 2 * round)
        );
        assert_eq!(stats.allocations, stats.deallocations + stats.forgotten);
        assert_eq!((stats.peak_bytes, stats.peak_blocks), (160, 3));
        assert_eq!((stats.peak_bytes_within, stats.peak_blocks_within), (0, 0));
    }
}

#[test]
fn a_reset_empties_the_list_of_leaks() {
    let mut heap = Profiler::new(Bump::new());
    let unit = Layout::new::<u64>();
    let stale = heap.allocate(unit).unwrap().cast();
    let nothing = heap.allocate(Layout::new::<()>()).unwrap().cast();
    assert!(heap.owns(stale, unit));
    Reset::reset(&mut heap);

    let report = heap.report();
    assert_eq!(report.leaks, []);
    assert_eq!((report.stats.live_blocks, report.stats.forgotten), (0, 1));
    assert_eq!(report.lifetimes.count(), 1);

    // SAFETY: wrong on purpose: a block of before the reset.
    unsafe { heap.deallocate(stale, unit) };
    // SAFETY: a block of no bytes, which a reset does not end.
    unsafe { heap.deallocate(nothing, Layout::new::<()>()) };
    assert_eq!(heap.fault_counts().double_free, 1);
    assert_eq!(heap.stats().deallocations, 0);

    // The next round gets the same memory, and nothing of the first one gets in its way.
    let again = Box::new_in(7_u64, &heap);
    assert_eq!(heap.leaks()[0].address, (&raw const *again).addr());
    drop(again);
    assert_eq!(heap.fault_counts().total(), 1);
}

/// Whoever resets the arena behind the profiler's back is found out at the next allocation.
#[test]
fn a_silent_reset_is_a_fault() {
    let arena = Bump::new();
    let heap = Profiler::new(&arena);
    let unit = Layout::new::<u64>();
    heap.allocate(unit).unwrap();
    arena.rewind_silently();
    heap.allocate(unit).unwrap();

    let report = heap.report();
    assert_eq!(report.faults[0].kind, FaultKind::HandedOutTwice);
    assert_eq!(report.fault_counts.handed_out_twice, 1);
    assert_eq!(report.leaks.len(), 1);
    assert_eq!(report.leaks[0].sequence, 1);
    assert_eq!((report.stats.live_blocks, report.stats.forgotten), (1, 1));
}
