//! The counters agree with an account that is kept apart, to the last byte.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use alloc_conformance::{Limits, Program, Upstream};
use alloc_core::{Allocator, Global, boxed::Box, vec::Vec as VecIn};
use alloc_tracking::{Peaks, Stats, Tracking};
use common::{Account, Ledger, layout, noise};

/// How many programs are run, and of how many bytes each is made.
const PROGRAMS: (u64, usize) = if cfg!(miri) { (3, 200) } else { (200, 800) };

/// Runs random programs, also over upstreams that fail, and compares all ten counters.
fn agrees<A: Allocator>(wrap: impl Fn(Upstream) -> A, stats: impl Fn(&A) -> Stats) {
    let mut seen = Account::default();
    for seed in 1..=PROGRAMS.0 {
        let upstream = Upstream::new();
        if seed % 3 == 0 {
            upstream.fail_at(10);
        }
        if seed % 5 == 0 {
            upstream.fail_from(60);
        }
        let ledger = Ledger::new(wrap(upstream.clone()));
        let program = Program::from_bytes(&noise(seed, PROGRAMS.1));
        program
            .run_over(&upstream, &ledger, &Limits::any())
            .unwrap();
        let account = ledger.account();
        assert_eq!(Account::from(stats(&ledger.inner)), account, "seed {seed}");
        assert_eq!(account.live_blocks, 0);
        seen.grows += account.grows;
        seen.shrinks += account.shrinks;
        seen.failures += account.failures;
    }
    assert!(
        seen.grows > 0 && seen.shrinks > 0 && seen.failures > 0,
        "{seen:?}"
    );
}

#[test]
fn tracking_agrees_with_a_ledger() {
    agrees(Tracking::new, Tracking::stats);
}

// It adds no unsafe code of its own.
#[cfg(not(miri))]
#[test]
fn exact_tracking_agrees_with_a_ledger() {
    agrees(Tracking::exact, Tracking::stats);
}

#[cfg(feature = "std")]
#[test]
fn profiler_agrees_with_a_ledger() {
    use alloc_tracking::Profiler;

    agrees(Profiler::new, |profiler| {
        let report = profiler.report();
        assert_eq!(report.leaks, []);
        assert_eq!(report.fault_counts.total(), 0, "{report}");
        report.stats
    });
}

#[test]
fn live_is_what_the_upstream_has_live() {
    let upstream = Upstream::new();
    let heap = Tracking::new(upstream.clone());
    let mut words = VecIn::new_in(&heap);
    for i in 0..if cfg!(miri) { 20 } else { 100_u64 } {
        words.push(Box::new_in(i, &heap));
        let stats = heap.stats();
        assert_eq!(stats.live_bytes, upstream.live_bytes());
        assert_eq!(stats.live_blocks, upstream.live_blocks());
    }
    drop(words);
    let stats = heap.stats();
    assert_eq!((stats.live_bytes, stats.live_blocks), (0, 0));
    assert_eq!(heap.inner(), &upstream);
    assert_eq!(heap.into_inner(), upstream);
}

/// Hands each thread's work to four threads at once; returns allocations and bytes that must come out.
fn from_four_threads(heap: &(impl Allocator + Sync)) -> (usize, usize) {
    let rounds = if cfg!(miri) { 40 } else { 20_000 };
    std::thread::scope(|scope| {
        for thread in 1..=4_usize {
            scope.spawn(move || {
                for round in 0..rounds {
                    let layout = layout(thread * 8 + round % 8, 8);
                    let block = heap.allocate(layout).unwrap();
                    // SAFETY: just allocated with this layout.
                    unsafe { heap.deallocate(block.cast(), layout) };
                }
            });
        }
    });
    let bytes = 4 * (rounds / 8 * 28) + 8 * rounds * (1 + 2 + 3 + 4);
    (4 * rounds, bytes)
}

/// Returns what is left to be said of the peaks.
fn counts_of_four_threads<P: Peaks>(heap: &Tracking<Global, P>) -> Stats {
    let (allocations, bytes) = from_four_threads(heap);
    let stats = heap.stats();
    assert_eq!(
        (stats.allocations, stats.deallocations),
        (allocations, allocations)
    );
    assert_eq!(
        (stats.total_bytes, stats.live_bytes, stats.live_blocks),
        (bytes, 0, 0)
    );
    assert_eq!(heap.histogram().blocks(), allocations);
    stats
}

#[test]
fn no_thread_s_count_is_lost() {
    let stats = counts_of_four_threads(&Tracking::new(Global));
    assert!(stats.peak_blocks <= 4 + stats.peak_blocks_within);

    let stats = counts_of_four_threads(&Tracking::exact(Global));
    assert!((1..=4).contains(&stats.peak_blocks));
    assert!((32..=4 * 39).contains(&stats.peak_bytes), "{stats}");
}

#[cfg(feature = "std")]
#[test]
fn no_thread_s_block_is_lost() {
    let heap = alloc_tracking::Profiler::new(Global);
    let (allocations, bytes) = from_four_threads(&heap);
    let report = heap.report();
    assert_eq!(report.stats.allocations, allocations);
    assert_eq!(report.stats.total_bytes, bytes);
    assert_eq!(report.lifetimes.count(), allocations);
    assert_eq!(report.fault_counts.total(), 0, "{report}");
    assert_eq!(report.leaks, []);
}

#[test]
fn a_new_account_begins_with_what_is_live() {
    let heap = Tracking::new(Global);
    let kept = Box::new_in([0_u8; 100], &heap);
    drop(Box::new_in([0_u8; 1000], &heap));
    assert_eq!(heap.stats().peak_bytes, 1100);
    heap.reset_stats();
    let stats = heap.stats();
    assert_eq!((stats.allocations, stats.total_bytes), (0, 0));
    assert_eq!((stats.live_bytes, stats.peak_bytes), (100, 100));
    assert_eq!((stats.live_blocks, stats.peak_blocks), (1, 1));
    drop(kept);
    let stats = heap.stats();
    assert_eq!((stats.deallocations, stats.live_bytes), (1, 0));
}

/// A reset in the midst of other threads' work never leaves a peak that is below what is live.
fn resets_in_the_midst<P: Peaks>(heap: &Tracking<Global, P>) {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut blocks = Vec::new();
            for i in 0..if cfg!(miri) { 50 } else { 50_000 } {
                blocks.push(Box::new_in(i, heap));
            }
            blocks
        });
        while !worker.is_finished() {
            heap.reset_stats();
            let stats = heap.stats();
            assert!(stats.peak_blocks >= stats.live_blocks, "{stats}");
            std::thread::yield_now();
        }
        let blocks = worker.join().unwrap();
        heap.reset_stats();
        let stats = heap.stats();
        assert_eq!(stats.live_blocks, blocks.len());
        assert_eq!(stats.peak_bytes, stats.live_bytes);
    });
}

#[test]
fn no_peak_is_lost_in_a_reset() {
    resets_in_the_midst(&Tracking::new(Global));
    if cfg!(not(miri)) {
        resets_in_the_midst(&Tracking::exact(Global));
    }
}
