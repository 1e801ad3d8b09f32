//! A child of `fork` does not wait for what a thread of its parent was doing.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

mod forks;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use alloc_tracking::{SiteProfiler, Stamps};
use forks::{by_library, children};

static HEAP: SiteProfiler<System> = {
    let heap = SiteProfiler::new(System)
        .with_call_stacks(16)
        .with_stamps(Stamps::Coarse)
        .with_series();
    #[cfg(feature = "unwind")]
    let heap = heap.with_unwinder();
    heap
};

const LAYOUT: Layout = Layout::new::<[u64; 3]>();

/// Leaves a block in `place`, and frees that which another thread left there: under the lock of the
/// tally that the other one counted it in.
fn swap(place: &AtomicPtr<u8>) {
    // SAFETY: the size is not zero.
    let block = unsafe { HEAP.alloc(LAYOUT) };
    let old = place.swap(block, Ordering::AcqRel);
    if !old.is_null() {
        // SAFETY: allocated like this one, and taken out of the place by this thread alone.
        unsafe { HEAP.dealloc(old, LAYOUT) };
    }
}

#[test]
fn children_do_not_hang() {
    // Who forks before any stack was taken may fork while the loader tells another thread of its libraries.
    #[cfg(feature = "unwind")]
    alloc_tracking::learn_libraries();
    let (stop, place) = (AtomicBool::new(false), AtomicPtr::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    (0..50).for_each(|_| swap(&place));
                    HEAP.take_point();
                }
            });
        }
        let well = children(by_library, || {
            let thread = std::thread::spawn(|| (0..200).for_each(|_| swap(&AtomicPtr::default())));
            (0..200).for_each(|_| swap(&place));
            HEAP.take_point();
            let joined = thread.join().is_ok();
            let counted = HEAP.profile().totals().total.blocks >= 400;
            if !(joined && counted) {
                // No panic: it would go on in the test's harness, in two processes.
                std::process::abort();
            }
        });
        stop.store(true, Ordering::Relaxed);
        assert_eq!(well, 60);
    });
    assert_eq!(HEAP.fault_counts().total(), 0);
    // What is in the place is the only block that is live.
    assert_eq!(HEAP.profile().totals().at_end.blocks, 1);
    // SAFETY: allocated with this layout, and nobody else has it.
    unsafe { HEAP.dealloc(place.into_inner(), LAYOUT) };
    assert_eq!(HEAP.profile().totals().at_end.blocks, 0);
}
