//! What trackers get wrong, each seen in a peer: one test per trap, which fails on the faulty way.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::alloc::GlobalAlloc;
use std::collections::HashSet;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use alloc_core::{AllocError, Allocator, ArcHandle, Global, Layout, System, boxed::Box};
use alloc_tracking::{Profiler, Tracking};
use common::{Calls, layout};

/// Looks, at the moment a block comes back, whether the profiler around it still lists it.
struct Spy;

static SPIED: Profiler<Spy> = Profiler::new(Spy);
static COUNTED: Tracking<Spy> = Tracking::new(Spy);
static COMES_BACK: AtomicUsize = AtomicUsize::new(0);
static STILL_LISTED: AtomicUsize = AtomicUsize::new(0);
static MOST_COUNTED: AtomicUsize = AtomicUsize::new(0);

impl Spy {
    fn look(ptr: NonNull<u8>) {
        COMES_BACK.fetch_add(1, Relaxed);
        let leaks = SPIED.leaks();
        let listed = leaks.iter().any(|leak| leak.address == ptr.addr().get());
        STILL_LISTED.fetch_add(usize::from(listed), Relaxed);
        MOST_COUNTED.fetch_max(COUNTED.stats().live_bytes, Relaxed);
    }
}

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for Spy {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        Self::look(ptr);
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) }
    }
}

/// A record that outlives its block for a moment describes the block of another thread that was
/// given the address.
#[test]
fn the_record_is_gone_before_the_block_is() {
    let (small, large) = (layout(16, 8), layout(64, 8));
    let block = SPIED.allocate(small).unwrap().cast();
    // SAFETY: each call frees or resizes the block that the one before returned.
    unsafe {
        let block = SPIED.grow(block, small, large).unwrap().cast();
        let block = SPIED.shrink(block, large, small).unwrap().cast();
        SPIED.deallocate(block, small);
    }
    let block = COUNTED.allocate(large).unwrap().cast();
    // SAFETY: as above.
    unsafe {
        let block = COUNTED.shrink(block, large, small).unwrap().cast();
        assert_eq!(MOST_COUNTED.swap(0, Relaxed), 16);
        COUNTED.deallocate(block, small);
    }
    assert_eq!(COMES_BACK.load(Relaxed), 5);
    assert_eq!(STILL_LISTED.load(Relaxed), 0);
    assert_eq!(MOST_COUNTED.load(Relaxed), 0);
}

/// The same with threads that hand each other addresses as fast as they can: no live address
/// appears twice, and no free is a fault.
#[test]
fn no_live_address_is_reported_twice() {
    let heap = Profiler::new(System);
    let rounds = if cfg!(miri) { 30 } else { 30_000 };
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..rounds {
                    let layout = layout(16 + round % 3 * 16, 8);
                    let block = Allocator::allocate(&heap, layout).unwrap().cast();
                    let larger = self::layout(200, 8);
                    // SAFETY: just allocated; then grown, and freed as it then is.
                    unsafe {
                        let block = heap.grow(block, layout, larger).unwrap();
                        heap.deallocate(block.cast(), larger);
                    }
                }
                done.fetch_add(1, Relaxed);
            });
        }
        while done.load(Relaxed) < 4 {
            let leaks = heap.leaks();
            let addresses: HashSet<_> = leaks.iter().map(|leak| leak.address).collect();
            // Not necessarily four or fewer: blocks come and go between the shards' turns.
            assert_eq!(addresses.len(), leaks.len());
            std::thread::yield_now();
        }
    });
    let report = heap.report();
    assert_eq!(report.fault_counts.total(), 0, "{report}");
    assert_eq!(report.lifetimes.count(), 4 * rounds);
}

/// Zeroed memory costs nothing where the system has fresh pages, a growth nothing where there is
/// room: neither may become allocate, copy and free.
#[test]
fn each_request_is_forwarded_as_what_it_is() {
    fn exercise<A: Allocator>(heap: &A, calls: impl Fn(&A) -> [usize; 6]) {
        let (small, large) = (layout(16, 8), layout(64, 8));
        let block = heap.allocate_zeroed(small).unwrap().cast();
        assert_eq!(calls(heap), [0, 1, 0, 0, 0, 0]);
        // SAFETY: each call frees or resizes the block that the one before returned.
        unsafe {
            let block = heap.grow(block, small, large).unwrap().cast();
            assert_eq!(calls(heap), [0, 1, 0, 1, 0, 0]);
            let block = heap.shrink(block, large, small).unwrap().cast();
            assert_eq!(calls(heap), [0, 1, 0, 1, 0, 1]);
            let block = heap.grow_zeroed(block, small, large).unwrap().cast();
            assert_eq!(calls(heap), [0, 1, 0, 1, 1, 1]);
            heap.deallocate(block, large);
        }
        assert_eq!(calls(heap), [0, 1, 1, 1, 1, 1]);
    }
    exercise(&Tracking::new(Calls::default()), |heap| {
        heap.inner().counts()
    });
    exercise(&Profiler::new(Calls::default()), |heap| {
        heap.inner().counts()
    });
}

/// The methods of a global allocator, counted.
#[derive(Default)]
struct GlobalCalls {
    alloc_zeroed: AtomicUsize,
    realloc: AtomicUsize,
    others: AtomicUsize,
    refuse: AtomicBool,
}

// SAFETY: the system's blocks, or none.
unsafe impl GlobalAlloc for GlobalCalls {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.others.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        self.others.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.alloc_zeroed.fetch_add(1, Relaxed);
        if self.refuse.load(Relaxed) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        self.realloc.fetch_add(1, Relaxed);
        if self.refuse.load(Relaxed) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[test]
fn a_global_allocator_is_forwarded_to_as_well() {
    fn exercise<G: GlobalAlloc>(heap: &G, inner: &GlobalCalls) {
        let layouts = [layout(16, 8), layout(64, 8), layout(32, 8)];
        // SAFETY: sizes are not zero; each call frees or resizes the block that the one before returned.
        unsafe {
            let block = heap.alloc_zeroed(layouts[0]);
            let block = heap.realloc(block, layouts[0], 64);
            let block = heap.realloc(block, layouts[1], 32);
            inner.refuse.store(true, Relaxed);
            assert!(heap.realloc(block, layouts[2], 64).is_null());
            assert!(heap.realloc(block, layouts[2], 16).is_null());
            assert!(heap.alloc_zeroed(layouts[0]).is_null());
            heap.dealloc(block, layouts[2]);
        }
        assert_eq!(inner.alloc_zeroed.load(Relaxed), 2);
        assert_eq!(inner.realloc.load(Relaxed), 4);
        assert_eq!(inner.others.load(Relaxed), 1);
    }
    let counted = Tracking::new(GlobalCalls::default());
    exercise(&counted, counted.inner());
    let profiled = Profiler::new(GlobalCalls::default());
    exercise(&profiled, profiled.inner());
    let report = profiled.report();
    assert_eq!(report.fault_counts.total(), 0, "{report}");
    for stats in [counted.stats(), report.stats] {
        assert_eq!((stats.allocations, stats.deallocations), (1, 1));
        assert_eq!((stats.grows, stats.shrinks, stats.failures), (1, 1, 3));
        assert_eq!(
            (stats.peak_bytes, stats.live_bytes, stats.total_bytes),
            (64, 0, 64)
        );
    }
}

#[test]
fn a_failed_request_is_a_failure_and_nothing_else() {
    fn exercise<A: Allocator>(heap: &A, inner: &Calls) {
        let (small, large) = (layout(16, 8), layout(64, 8));
        let block = heap.allocate(large).unwrap().cast();
        inner.refuse.store(true, Relaxed);
        assert!(heap.allocate(small).is_err());
        assert!(heap.allocate_zeroed(small).is_err());
        // SAFETY: the block stays allocated with this layout, since each call errs.
        unsafe {
            assert!(heap.grow(block, large, layout(128, 8)).is_err());
            assert!(heap.grow_zeroed(block, large, layout(128, 8)).is_err());
            assert!(heap.shrink(block, large, small).is_err());
            heap.deallocate(block, large);
        }
    }
    let counted = Tracking::new(Calls::default());
    exercise(&counted, counted.inner());
    let profiled = Profiler::new(Calls::default());
    exercise(&profiled, profiled.inner());
    assert_eq!(profiled.fault_counts().total(), 0);
    for stats in [counted.stats(), profiled.stats()] {
        assert_eq!(
            (stats.allocations, stats.deallocations, stats.failures),
            (1, 1, 5)
        );
        assert_eq!(
            (stats.total_bytes, stats.peak_bytes, stats.live_bytes),
            (64, 64, 0)
        );
        assert_eq!((stats.peak_blocks, stats.grows, stats.shrinks), (1, 0, 0));
    }
}

/// One peer aborts at thread 1,024; another forgets what a thread did when it ends.
#[test]
fn threads_may_be_many_and_may_end() {
    let threads = if cfg!(miri) { 20 } else { 2_500 };
    let heap = ArcHandle::new(Profiler::new(Tracking::new(Global)));
    let mut kept = Vec::new();
    for i in 0..threads {
        let heap = heap.clone();
        let thread = std::thread::spawn(move || {
            drop(Box::new_in(0_u8, heap.clone()));
            Box::new_in(i, heap)
        });
        kept.push(thread.join().unwrap());
    }
    let report = heap.report();
    assert_eq!(report.leaks.len(), threads);
    let numbers: HashSet<_> = report.leaks.iter().map(|leak| leak.thread).collect();
    assert_eq!(numbers.len(), threads);
    assert_eq!(report.stats.allocations, 2 * threads);
    assert_eq!(heap.inner().stats(), report.stats);
    drop(kept);
    let report = heap.report();
    assert_eq!((report.leaks.len(), report.fault_counts.total()), (0, 0));
    assert_eq!(report.lifetimes.count(), 2 * threads);
}

#[test]
fn a_huge_request_is_a_failure() {
    let huge = layout(isize::MAX as usize, 1);
    let counted = Tracking::new(Calls::default());
    let profiled = Profiler::new(Calls::default());
    if !cfg!(miri) {
        // An optimiser may serve a request whose block nobody uses; this one it must not see through.
        let huge = std::hint::black_box(huge);
        assert!(std::hint::black_box(counted.allocate(huge)).is_err());
        assert!(std::hint::black_box(profiled.allocate(huge)).is_err());
        assert_eq!(counted.stats().failures, 1);
        assert_eq!(profiled.stats().failures, 1);
    }
    // A `realloc` whose size is no layout at all.
    let heap = Profiler::new(System);
    let small = layout(16, 8);
    // SAFETY: the size is not zero; the second call breaks its contract on purpose and is refused;
    // the block is then freed once.
    unsafe {
        let block = GlobalAlloc::alloc(&heap, small);
        assert!(GlobalAlloc::realloc(&heap, block, small, usize::MAX).is_null());
        GlobalAlloc::dealloc(&heap, block, small);
    }
    let stats = heap.stats();
    assert_eq!(
        (stats.failures, stats.live_bytes, stats.peak_bytes),
        (1, 0, 16)
    );
}

/// What is freed twice is not taken off twice: no counter wraps.
#[test]
fn counters_do_not_wrap_below_zero() {
    let heap = Profiler::new(Global);
    let layout = layout(8, 8);
    let block = heap.allocate(layout).unwrap().cast();
    for _ in 0..3 {
        // SAFETY: wrong on purpose after the first time; the profiler leaves the block alone then.
        unsafe { heap.deallocate(block, layout) };
    }
    let stats = heap.stats();
    assert_eq!(
        (stats.live_bytes, stats.live_blocks, stats.deallocations),
        (0, 0, 1)
    );
    assert_eq!(heap.fault_counts().total(), 2);
}
