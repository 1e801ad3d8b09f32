//! What counters get wrong with threads: one test per trap, which fails on the faulty way.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};

use alloc_core::{Allocator, Global, Layout, boxed::Box as BoxIn};
use alloc_tracking::{Peaks, Stats, Tracking};
use common::layout;

/// Allocates a block and frees it.
fn pair<P: Peaks>(heap: &Tracking<Global, P>, layout: Layout) {
    let block = heap.allocate(layout).unwrap();
    // SAFETY: just allocated with this layout.
    unsafe { heap.deallocate(block.cast(), layout) };
}

/// One peer aborts at thread 1,024, and each thread of ours has a place while there is one. All of
/// these live at one time, more than there are places, and each counts as exactly as the first.
#[test]
fn there_may_be_more_threads_than_places() {
    fn exercise<P: Peaks>(heap: &Tracking<Global, P>) {
        let threads = if cfg!(miri) { 6 } else { 400 };
        let rounds = if cfg!(miri) { 3 } else { 2000 };
        let (begin, end) = (Barrier::new(threads), Barrier::new(threads));
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    begin.wait();
                    for size in 1..=rounds {
                        pair(heap, layout(size, 1));
                    }
                    let kept = BoxIn::new_in([0_u8; 64], heap);
                    end.wait();
                    drop(kept);
                });
            }
        });
        let stats = heap.stats();
        let blocks = threads * (rounds + 1);
        assert_eq!((stats.allocations, stats.deallocations), (blocks, blocks));
        let bytes = threads * (64 + rounds * (rounds + 1) / 2);
        assert_eq!((stats.total_bytes, stats.live_bytes), (bytes, 0));
        assert_eq!(heap.histogram().blocks(), blocks);
        let low = threads.saturating_sub(stats.peak_blocks_within);
        assert!(
            (low..=threads + stats.peak_blocks_within).contains(&stats.peak_blocks),
            "{stats}"
        );
    }
    exercise(&Tracking::new(Global));
    exercise(&Tracking::exact(Global));
}

/// What a thread did stays when it has ended, also what it did while it ended: here the heap is used by
/// a destructor of the thread, which in one peer comes after its last word.
#[test]
fn the_end_of_a_thread_loses_nothing() {
    static HEAP: Tracking<Global> = Tracking::new(Global);
    thread_local! {
        static LATE: RefCell<Vec<BoxIn<usize, &'static Tracking<Global>>>> = const { RefCell::new(Vec::new()) };
    }
    let threads = if cfg!(miri) { 4 } else { 1000 };
    for number in 0..threads {
        let thread = std::thread::spawn(move || {
            let mut blocks = vec![BoxIn::new_in(number, &HEAP); 3];
            LATE.with_borrow_mut(|late| late.append(&mut blocks));
        });
        thread.join().unwrap();
        let stats = HEAP.stats();
        assert_eq!(stats.allocations, 3 * (number + 1));
        assert_eq!((stats.live_blocks, stats.live_bytes), (0, 0));
    }
}

/// The seat of a thread that ended is another thread's, which goes on with its counts and does not
/// begin anew.
#[test]
fn the_next_thread_on_a_seat_goes_on() {
    let heap = Tracking::new(Global);
    let rounds = if cfg!(miri) { 3 } else { 1000 };
    for round in 1..=rounds {
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| pair(&heap, layout(10, 1)));
            }
        });
        assert_eq!(heap.stats().allocations, 2 * round);
        assert_eq!(heap.stats().total_bytes, 20 * round);
    }
}

/// One thread allocates, another frees. What each of them has live is nonsense, the sum is not: neither
/// what is live nor the peak goes up with the number of blocks that were passed on.
#[test]
fn a_block_may_be_freed_by_another_thread() {
    let heap = Tracking::new(Global);
    let rounds = if cfg!(miri) { 8 } else { 100_000 };
    let on_the_way = if cfg!(miri) { 3 } else { 100 };
    let (give, take) = mpsc::sync_channel(on_the_way);
    let (heap_of_both, done) = (&heap, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..rounds {
                give.send(BoxIn::new_in([0_u8; 100], heap_of_both)).unwrap();
            }
        });
        scope.spawn(move || {
            take.iter().for_each(drop);
            done.store(true, Ordering::Relaxed);
        });
        let all = rounds * 100;
        while !done.load(Ordering::Relaxed) {
            let stats = heap.stats();
            assert!(
                stats.live_bytes <= all && stats.live_blocks <= rounds,
                "{stats}"
            );
            assert!(stats.deallocations <= rounds, "{stats}");
            assert!(stats.peak_bytes >= stats.live_bytes, "{stats}");
            std::thread::yield_now();
        }
    });
    let stats = heap.stats();
    assert_eq!((stats.allocations, stats.deallocations), (rounds, rounds));
    assert_eq!((stats.live_bytes, stats.live_blocks), (0, 0));
    // On the way, and one in the hand of each thread.
    let most = on_the_way + 2;
    assert!(
        stats.peak_blocks <= most + stats.peak_blocks_within,
        "{stats}"
    );
    assert!(
        stats.peak_bytes <= 100 * most + stats.peak_bytes_within,
        "{stats}"
    );
    assert!(stats.peak_bytes_within <= 4 * 64 * 1024);
}

/// What one thread frees of another's is no debt that wraps: with nothing else in that account, the
/// block of another heap makes it 0 and not 2⁶⁴ - 100.
#[test]
fn a_foreign_block_does_not_wrap_the_account() {
    let heap = Tracking::new(Global);
    let layout = layout(100, 1);
    let block = heap.inner().allocate(layout).unwrap();
    // SAFETY: a block of the inner allocator, which is where it goes.
    unsafe { heap.deallocate(block.cast(), layout) };
    let stats = heap.stats();
    assert_eq!((stats.live_bytes, stats.live_blocks), (0, 0));
    assert_eq!((stats.peak_bytes, stats.peak_blocks), (0, 0));
    assert_eq!(stats.deallocations, 1);
}

/// A thread has one place in each heap: two heaps that it uses in turn do not count for each other.
#[test]
fn two_heaps_of_one_thread_are_two_accounts() {
    let (outer, other) = (Tracking::new(Tracking::new(Global)), Tracking::new(Global));
    for round in 1..=if cfg!(miri) { 3 } else { 20 } {
        drop(BoxIn::new_in([0_u8; 10], &outer));
        drop(BoxIn::new_in([0_u8; 10], outer.inner()));
        drop(BoxIn::new_in([0_u8; 7], &other));
        let counts = |stats: Stats| (stats.allocations, stats.total_bytes, stats.peak_bytes);
        assert_eq!(counts(outer.stats()), (round, 10 * round, 10));
        assert_eq!(counts(outer.inner().stats()), (2 * round, 20 * round, 10));
        assert_eq!(counts(other.stats()), (round, 7 * round, 7));
    }
}

/// A reset that wrote to the counters of a thread at work would be overwritten by it, or would
/// overwrite what it counts. Whatever was complete before the reset is of the old account, and
/// whatever began after it of the new one.
#[test]
fn a_reset_neither_loses_nor_keeps_what_others_count() {
    let (rounds, resets) = if cfg!(miri) { (60, 3) } else { (50_000, 40) };
    let heap = Tracking::new(Global);
    for _ in 0..resets {
        let (progress, is_reset) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            let mut after = None;
            for round in 1..=rounds {
                // Acquire: partner of the `Release` below.
                if after.is_none() && is_reset.load(Ordering::Acquire) {
                    after = Some(round);
                }
                pair(&heap, layout(16, 8));
                // Release: partner of the `Acquire` below.
                progress.store(round, Ordering::Release);
            }
            after
        };
        let (before, after) = std::thread::scope(|scope| {
            let worker = scope.spawn(work);
            while progress.load(Ordering::Relaxed) < rounds / 10 {
                std::thread::yield_now();
            }
            let before = progress.load(Ordering::Acquire);
            heap.reset_stats();
            is_reset.store(true, Ordering::Release);
            (before, worker.join().unwrap())
        });
        let stats = heap.stats();
        let new = after.map_or(0, |round| rounds - round + 1);
        let possible = new..=rounds - before;
        for counted in [
            stats.allocations,
            stats.deallocations,
            heap.histogram().of(16),
            stats.total_bytes / 16,
        ] {
            assert!(possible.contains(&counted), "{possible:?} {stats}");
        }
        assert_eq!(stats.live_bytes, 0);
    }
}

/// Whoever reads and resets at one time sees a small number, and never one below zero.
#[test]
fn no_account_is_less_than_nothing() {
    let heap = Tracking::new(Global);
    let (rounds, reads) = if cfg!(miri) {
        (60, 5)
    } else {
        (400_000, 20_000)
    };
    let done = AtomicBool::new(false);
    let nonsense = std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..rounds).for_each(|_| pair(&heap, layout(16, 8)));
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                heap.reset_stats();
                if cfg!(miri) {
                    std::thread::yield_now();
                }
            }
        });
        let stats = (0..reads).map(|_| heap.stats());
        let nonsense = stats.filter(|stats| {
            stats.allocations.max(stats.deallocations) > rounds
                || stats.total_bytes > 16 * rounds
                || stats.live_bytes > 16
        });
        nonsense.count()
    });
    assert_eq!(nonsense, 0);
}

/// A thread that has left its seat is still there for a moment, and others have destructors that run
/// then. It must not count where the next one on that seat does.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn who_has_left_counts_elsewhere() {
    use std::ffi::{c_int, c_uint, c_void};

    static HEAP: Tracking<Global> = Tracking::new(Global);
    static HAS_LEFT: AtomicBool = AtomicBool::new(false);
    const ROUNDS: usize = 200_000;

    unsafe extern "C" {
        fn pthread_key_create(key: *mut c_uint, end: extern "C" fn(*mut c_void)) -> c_int;
        fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    }

    fn work() {
        (0..ROUNDS).for_each(|_| pair(&HEAP, layout(16, 8)));
    }

    extern "C" fn end(_: *mut c_void) {
        HAS_LEFT.store(true, Ordering::Relaxed);
        work();
    }

    // The seat's key is the older one, and its destructor runs first.
    pair(&HEAP, layout(16, 8));
    let mut key = 0;
    // SAFETY: the declaration is that of POSIX; `key` is a valid place.
    assert_eq!(unsafe { pthread_key_create(&raw mut key, end) }, 0);
    let leaver = std::thread::spawn(move || {
        pair(&HEAP, layout(16, 8));
        let value = (&raw const HEAP).cast();
        // SAFETY: the declaration is that of POSIX; the key was made above.
        assert_eq!(unsafe { pthread_setspecific(key, value) }, 0);
    });
    while !HAS_LEFT.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
    std::thread::spawn(work).join().unwrap();
    leaver.join().unwrap();
    let stats = HEAP.stats();
    assert_eq!(
        (stats.allocations, stats.deallocations),
        (2 * ROUNDS + 2, 2 * ROUNDS + 2)
    );
    assert_eq!(
        (stats.total_bytes, stats.live_bytes),
        (16 * (2 * ROUNDS + 2), 0)
    );
}
