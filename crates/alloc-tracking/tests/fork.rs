//! A child of `fork` does not wait for a lock that a thread of its parent holds.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use alloc_tracking::Profiler;

static HEAP: Profiler<System> = Profiler::new(System);

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

/// Allocates in every shard, and frees everything.
fn churn() {
    let layout = Layout::new::<[u64; 3]>();
    // SAFETY: the size is not zero.
    let blocks: [_; 256] = std::array::from_fn(|_| unsafe { HEAP.alloc(layout) });
    for block in blocks {
        // SAFETY: allocated above with this layout.
        unsafe { HEAP.dealloc(block, layout) };
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

/// The peer `dhat` hangs 20 children of 20.
#[test]
fn children_do_not_hang() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    churn();
                }
            });
        }
        let children = (0..60).map(|_| {
            // SAFETY: the child calls the allocators and `_exit` alone.
            let pid = unsafe { fork() };
            if pid == 0 {
                churn();
                // SAFETY: ends the child at once, without destructors.
                unsafe { _exit(7) };
            }
            ended(pid)
        });
        // Up to the first one that hangs.
        let well = children.take_while(|&outcome| outcome == Some(7)).count();
        stop.store(true, Relaxed);
        assert_eq!(well, 60);
    });
    assert_eq!(HEAP.fault_counts().total(), 0);
    assert_eq!(HEAP.report().lost_shards, 0, "the parent lost nothing");
}
