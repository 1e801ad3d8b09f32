//! What the profiler says of blocks that are handed back wrongly, and that it leaves them alone.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use alloc_conformance::Upstream;
use alloc_core::Allocator;
use alloc_tracking::{FAULTS_KEPT, Fault, FaultKind, Operation, Profiler, thread_number};
use common::layout;

#[test]
fn a_wrong_layout_is_reported_and_the_block_stays() {
    let upstream = Upstream::new();
    let heap = Profiler::new(upstream.clone());
    let right = layout(24, 8);
    let block = heap.allocate(right).unwrap().cast();
    for wrong in [
        layout(23, 8),
        layout(25, 8),
        layout(24, 4),
        layout(24, 16),
        layout(0, 8),
    ] {
        // SAFETY: wrong on purpose: the profiler leaves the block alone.
        unsafe {
            heap.deallocate(block, wrong);
            assert!(heap.grow(block, wrong, layout(64, 16)).is_err());
            assert!(heap.shrink(block, wrong, layout(0, 1)).is_err());
        }
    }
    let report = heap.report();
    assert_eq!(report.fault_counts.wrong_layout, 15, "{report}");
    assert_eq!(
        (report.fault_counts.total(), report.stats.failures),
        (15, 10)
    );
    assert_eq!(report.leaks[0].layout, right);
    let operations = report.faults.iter().map(|fault| fault.operation);
    let expected = [Operation::Deallocate, Operation::Grow, Operation::Shrink];
    assert!(operations.eq(expected.into_iter().cycle().take(15)));
    for fault in &report.faults {
        assert_eq!(fault.kind, FaultKind::WrongLayout);
        assert_eq!(fault.expected, Some(right));
        assert_ne!(fault.given, right);
        assert_eq!(fault.thread, thread_number());
        assert!(fault.age.is_some());
    }
    assert_eq!((upstream.calls(), upstream.frees()), (1, 0));
    // SAFETY: still allocated, with this layout.
    unsafe { heap.deallocate(block, right) };
    upstream.assert_all_returned();
}

#[test]
fn a_double_free_tells_what_was_freed_and_when() {
    let heap = Profiler::new(Upstream::new());
    let block = heap.allocate(layout(24, 8)).unwrap().cast();
    // SAFETY: right the first time and wrong on purpose the second time.
    unsafe {
        heap.deallocate(block, layout(24, 8));
        heap.deallocate(block, layout(24, 8));
        assert!(heap.grow(block, layout(24, 8), layout(32, 8)).is_err());
    }
    let report = heap.report();
    assert_eq!(report.fault_counts.double_free, 2);
    let fault = report.faults[0];
    assert_eq!(fault.kind, FaultKind::DoubleFree);
    assert_eq!(fault.expected, Some(layout(24, 8)));
    assert_eq!(fault.address, block.addr().get());
    assert!(fault.age.is_some());
    assert_eq!(report.faults[1].operation, Operation::Grow);
    heap.inner().assert_all_returned();
}

/// Said to have no bytes, a freed block is a freed block all the same.
#[test]
fn a_double_free_is_one_with_any_size() {
    let heap = Profiler::new(Upstream::new());
    let (right, nothing) = (layout(24, 8), layout(0, 8));
    let block = heap.allocate(right).unwrap().cast();
    // SAFETY: right the first time and wrong on purpose afterwards.
    unsafe {
        heap.deallocate(block, right);
        heap.deallocate(block, nothing);
        assert!(heap.grow(block, nothing, right).is_err());
        assert!(heap.shrink(block, nothing, nothing).is_err());
    }
    let report = heap.report();
    assert_eq!(report.fault_counts.double_free, 3);
    assert_eq!(report.fault_counts.total(), 3);
    assert_eq!(report.faults[0].expected, Some(right));
    assert_eq!(
        (report.stats.deallocations, report.stats.live_blocks),
        (1, 0)
    );
    heap.inner().assert_all_returned();
}

/// The pointer from before a growth that moved the block is a freed one.
#[test]
fn a_pointer_from_before_a_move_is_a_double_free() {
    let heap = Profiler::new(Upstream::new());
    let (small, large) = (layout(24, 8), layout(100, 8));
    let old = heap.allocate(small).unwrap().cast();
    // SAFETY: wrong on purpose in the second call.
    unsafe {
        let new = heap.grow(old, small, large).unwrap().cast();
        heap.deallocate(old, small);
        heap.deallocate(new, large);
    }
    assert_eq!(heap.fault_counts().double_free, 1);
    assert_eq!(heap.fault_counts().total(), 1);
    heap.inner().assert_all_returned();
}

/// A block that was freed long ago is an unknown pointer, but not freed either.
#[test]
#[cfg_attr(miri, ignore = "takes thousands of blocks")]
fn the_memory_of_freed_blocks_is_bounded() {
    let heap = Profiler::new(Upstream::new());
    let unit = layout(8, 8);
    let old = heap.allocate(unit).unwrap().cast();
    // SAFETY: just allocated.
    unsafe { heap.deallocate(old, unit) };
    let blocks: Vec<_> = (0..6000)
        .map(|_| heap.allocate(unit).unwrap().cast())
        .collect();
    for &block in &blocks {
        // SAFETY: allocated above.
        unsafe { heap.deallocate(block, unit) };
    }
    if blocks.contains(&old) {
        return; // The heap handed out the old address again: there is nothing to see.
    }
    // SAFETY: wrong on purpose.
    unsafe { heap.deallocate(old, unit) };
    assert_eq!(heap.fault_counts().unknown_pointer, 1);
    let last = blocks[blocks.len() - 1];
    // SAFETY: wrong on purpose.
    unsafe { heap.deallocate(last, unit) };
    assert_eq!(heap.fault_counts().double_free, 1);
}

#[test]
fn the_first_faults_are_kept_and_all_are_counted() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    fn on_fault(fault: &Fault) {
        assert_eq!(fault.kind, FaultKind::UnknownPointer);
        SEEN.fetch_add(1, Relaxed);
    }

    let heap = Profiler::with_hook(Upstream::new(), on_fault);
    let mut foreign = [0_u8; FAULTS_KEPT + 10];
    for byte in &mut foreign {
        // SAFETY: wrong on purpose.
        unsafe { heap.deallocate(NonNull::from(byte), layout(1, 1)) };
    }
    let report = heap.report();
    assert_eq!(report.faults.len(), FAULTS_KEPT);
    assert_eq!(report.fault_counts.unknown_pointer, foreign.len());
    assert_eq!(SEEN.load(Relaxed), foreign.len());
    let text = report.to_string();
    assert!(
        text.contains("74 faults: 0 double free, 74 unknown pointer"),
        "{text}"
    );
    assert!(text.contains("… and 64 more"), "{text}");
    heap.clear_faults();
    assert!(heap.report().to_string().contains("no faults"));
}

/// A hook that panics must not unwind out of `deallocate`.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_hook_that_panics_ends_the_process() {
    fn on_fault(_: &Fault) {
        panic!("the hook's own words");
    }

    if std::env::var_os("ALLOC_TRACKING_PANIC_IN_HOOK").is_some() {
        let heap = Profiler::with_hook(Upstream::new(), on_fault);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // SAFETY: wrong on purpose.
            unsafe { heap.deallocate(NonNull::<u64>::dangling().cast(), layout(8, 8)) };
        }));
        println!("unwound: {}", caught.is_err());
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "a_hook_that_panics_ends_the_process",
            "--exact",
            "--nocapture",
        ])
        .env("ALLOC_TRACKING_PANIC_IN_HOOK", "1")
        .output()
        .unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&child.stdout),
        String::from_utf8_lossy(&child.stderr),
    );
    assert!(!child.status.success());
    assert!(stderr.contains("the hook's own words"), "{stderr}");
    assert!(!stdout.contains("unwound"), "{stdout}");
}
