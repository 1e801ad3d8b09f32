//! An arena that is reset frees its blocks without a word. The trackers around it are told.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;

use alloc_core::{AllocError, Allocator, Global, Layout, Owns, Reset, boxed::Box};
use alloc_tracking::{Budget, FaultKind, Profiler, SiteProfiler, Tracking};
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

/// The figures at the peak are those of the time before, however little of it was told by then.
#[test]
fn a_reset_leaves_what_was_and_nothing_that_is() {
    static BUDGET: Budget = Budget::new(1000);
    let mut heap = SiteProfiler::budgeted(Bump::new()).with_series();
    for round in 1..=3 {
        std::mem::forget(Box::new_in([0_u8; 100], &heap));
        BUDGET.run(|| std::mem::forget(Box::new_in([0_u8; 50], &heap)));
        drop(Box::new_in([0_u8; 10], &heap));
        assert_eq!((heap.live_bytes(), BUDGET.live_bytes()), (150, 50));
        Reset::reset(&mut heap);
        assert_eq!((heap.live_bytes(), BUDGET.live_bytes()), (0, 0));
        let totals = heap.profile().totals();
        assert_eq!((totals.at_end.bytes, totals.at_end.blocks), (0, 0));
        assert_eq!(
            (totals.total.blocks, totals.total.bytes),
            (3 * round, 160 * round)
        );
        // To within what a thread keeps to itself.
        assert_eq!((totals.at_peak.blocks, totals.at_peak.bytes), (2, 150));
        assert_eq!(heap.peak_bytes(), 150);
    }
    heap.take_point();
    assert_eq!(
        heap.profile().series.last().map(|point| point.live.bytes),
        Some(0)
    );
    assert_eq!(heap.fault_counts().total(), 0);
}

/// Also those of threads that are gone.
#[test]
fn a_reset_ends_the_blocks_of_all_threads() {
    let mut heap = SiteProfiler::new(Kept::default()).with_exact_peak();
    let unit = Layout::new::<u64>();
    for round in 1..=2 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                heap.allocate(unit).unwrap();
                heap.allocate(unit).unwrap();
            });
        });
        heap.allocate(unit).unwrap();
        assert_eq!(heap.live_bytes(), 24);
        heap.reset();
        let totals = heap.profile().totals();
        assert_eq!((totals.at_end.blocks, totals.total.blocks), (0, 3 * round));
        assert_eq!((totals.at_peak.bytes, heap.peak_bytes()), (24, 24));
    }
}

/// Frees when it is reset, as an arena does, and is for threads.
#[derive(Default)]
struct Kept(Mutex<Vec<(AtomicPtr<u8>, Layout)>>);

// SAFETY: blocks of `Global`, which are freed by `reset` and `drop` alone.
unsafe impl Allocator for Kept {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = Global.allocate(layout)?;
        let start = AtomicPtr::new(block.cast().as_ptr());
        self.0.lock().unwrap().push((start, layout));
        Ok(block)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

impl Reset for Kept {
    fn reset(&mut self) {
        for (start, layout) in self.0.get_mut().unwrap().drain(..) {
            let start = NonNull::new(start.into_inner()).unwrap();
            // SAFETY: allocated with this layout, and nobody uses it any more.
            unsafe { Global.deallocate(start, layout) };
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.reset();
    }
}

/// Else a budget would be the smaller for each arena that came and went.
#[test]
fn a_profiler_that_goes_credits_what_nobody_freed() {
    static BUDGET: Budget = Budget::new(1000);
    for _ in 0..3 {
        let heap = SiteProfiler::budgeted(Bump::new());
        BUDGET.run(|| std::mem::forget(Box::new_in([0_u8; 500], &heap)));
        let kept = BUDGET.run(|| Box::new_in([0_u8; 30], &heap));
        drop(kept);
        assert_eq!(BUDGET.live_bytes(), 500);
    }
    assert_eq!((BUDGET.live_bytes(), BUDGET.overruns()), (0, 0));
}
