//! A child of `fork` does not wait for what a thread of its parent was doing.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::{Duration, Instant};

use alloc_tracking::{SiteProfiler, Stamps};

static HEAP: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(16)
    .with_stamps(Stamps::Coarse);

const LAYOUT: Layout = Layout::new::<[u64; 3]>();

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

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

/// Waits for a child for at most ten seconds, and returns its exit code if it ended by itself.
fn ended(pid: c_int) -> Option<c_int> {
    let (no_hang, kill_signal, begin) = (1, 9, Instant::now());
    let mut status = 0;
    while begin.elapsed() < Duration::from_secs(10) {
        // SAFETY: a child of this process; `status` is a valid place.
        if unsafe { waitpid(pid, &raw mut status, no_hang) } == pid {
            let [signal, code, ..] = status.to_le_bytes();
            return (signal == 0).then_some(c_int::from(code));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // SAFETY: a child of this process that has not been waited for.
    unsafe { kill(pid, kill_signal) };
    // SAFETY: as above.
    unsafe { waitpid(pid, &raw mut status, 0) };
    None
}

#[test]
fn children_do_not_hang() {
    let (stop, place) = (AtomicBool::new(false), AtomicPtr::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    (0..50).for_each(|_| swap(&place));
                }
            });
        }
        let children = (0..60).map(|_| {
            // SAFETY: the child calls allocators, starts a thread, and calls `_exit`.
            let pid = unsafe { fork() };
            if pid == 0 {
                let thread =
                    std::thread::spawn(|| (0..200).for_each(|_| swap(&AtomicPtr::default())));
                (0..200).for_each(|_| swap(&place));
                let joined = thread.join().is_ok();
                let counted = HEAP.profile().totals().total.blocks >= 400;
                // SAFETY: ends the child at once, without destructors.
                unsafe { _exit(if joined && counted { 7 } else { 1 }) };
            }
            ended(pid)
        });
        let well = children.take_while(|&outcome| outcome == Some(7)).count();
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
