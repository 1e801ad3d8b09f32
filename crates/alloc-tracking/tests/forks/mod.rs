//! Forks while other threads hold locks, and sees whether the children end.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use alloc_tracking::Profiler;

pub(crate) static HEAP: Profiler<Own> = Profiler::new(Own);

/// How many blocks a thread has at one time.
const BLOCKS: usize = 256;

type Block = [u64; 3];

/// Gives each thread blocks of its own, for which it needs no lock: one of the C library could be
/// held at a fork as well, and a bare system call does nothing about that.
pub(crate) struct Own;

thread_local! {
    static BUFFER: UnsafeCell<[Block; BLOCKS]> = const { UnsafeCell::new([[0; 3]; BLOCKS]) };
    /// How many blocks of the buffer were handed out since none was live, and how many are live.
    static USED: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

// SAFETY: blocks are places of a buffer that lives as long as the thread. A place is handed out once
// until no block is live.
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert_eq!(layout, Layout::new::<Block>());
        let (used, live) = match USED.get() {
            (_, 0) => (0, 0),
            some => some,
        };
        assert!(used < BLOCKS);
        USED.set((used + 1, live + 1));
        // SAFETY: below the length of the buffer.
        BUFFER.with(|buffer| unsafe { buffer.get().cast::<Block>().add(used).cast() })
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        let (used, live) = USED.get();
        USED.set((used, live - 1));
    }
}

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

/// Forks as programs do.
pub(crate) fn by_library() -> c_int {
    // SAFETY: the child calls allocators, starts at most a thread, and calls `_exit`.
    unsafe { fork() }
}

/// Allocates in every shard, and frees everything.
pub(crate) fn churn() {
    let layout = Layout::new::<Block>();
    // SAFETY: the size is not zero.
    let blocks: [_; BLOCKS] = std::array::from_fn(|_| unsafe { HEAP.alloc(layout) });
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

/// Makes children while four threads work, each of which then does `work`. Returns how many of 60
/// ended, up to the first one that did not.
pub(crate) fn children(fork: impl Fn() -> c_int, work: impl Fn()) -> usize {
    let stop = AtomicBool::new(false);
    let well = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    churn();
                }
            });
        }
        let children = (0..60).map(|_| {
            let pid = fork();
            if pid == 0 {
                work();
                // SAFETY: ends the child at once, without destructors.
                unsafe { _exit(7) };
            }
            ended(pid)
        });
        let well = children.take_while(|&outcome| outcome == Some(7)).count();
        stop.store(true, Relaxed);
        well
    });
    assert_eq!(HEAP.fault_counts().total(), 0);
    assert_eq!(HEAP.report().lost_shards, 0, "the parent lost nothing");
    well
}
