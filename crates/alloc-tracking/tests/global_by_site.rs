//! `SiteProfiler` as the global allocator of this very test.
//!
//! Not under Miri: a `Box` of the global allocator hands back a pointer that, by the rules of Stacked
//! Borrows, is good for the box alone and not for the header in front of it. Those of Tree Borrows
//! allow it, and this file passes with them.
#![cfg(all(feature = "std", not(miri)))]

use std::alloc::System;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alloc_tracking::{SiteProfiler, Stamps, tag};

#[global_allocator]
static HEAP: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(16)
    .with_tags()
    .with_stamps(Stamps::Coarse);

#[test]
fn everything_the_program_allocates_is_counted() {
    let before = HEAP.profile().totals();
    let block = black_box(vec![1_u8; 1 << 20]);
    let during = HEAP.profile().totals();
    assert!(during.total.blocks > before.total.blocks);
    assert!(during.at_end.bytes >= 1 << 20 && HEAP.live_bytes() >= 1 << 20);
    drop(block);
    assert!(HEAP.peak_bytes() >= 1 << 20);
    assert_eq!(HEAP.fault_counts().total(), 0);
}

/// What a profile is made of is not in the next one.
#[test]
fn nothing_grows_by_looking() {
    // Other tests allocate meanwhile, but without a tag.
    let tag = tag("nothing grows by looking");
    let mut last = HEAP.profile();
    let block = black_box(vec![0_u8; 77_777]);
    for expected in [(1, 77_777), (0, 0), (0, 0)] {
        let next = HEAP.profile();
        let difference = &next - &last;
        let growths = difference.growths();
        let ours = growths.iter().filter(|growth| growth.tag.is_some());
        let ends = ours.map(|growth| (growth.at_end.blocks, growth.at_end.bytes));
        let sum = ends.fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
        assert_eq!(sum, expected, "{difference}");
        last = next;
    }
    drop((block, tag));
}

/// A profile that held a lock while it allocated through the profiler would wait for itself.
#[test]
fn a_profile_in_the_midst_of_threads_does_not_deadlock() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut words: Vec<String> = Vec::new();
                while !stop.load(Relaxed) {
                    words.push("a word".repeat(words.len() % 7));
                    if words.len() == 100 {
                        words.clear();
                        words.shrink_to_fit();
                    }
                    std::thread::yield_now();
                }
            });
        }
        for _ in 0..200 {
            let totals = HEAP.profile().totals();
            // Nonsense would be a number below zero, as a large one.
            assert!((1..1 << 40).contains(&totals.at_end.bytes), "{totals:?}");
            assert!(totals.at_peak.bytes < 1 << 40 && totals.total.bytes < 1 << 40);
        }
        stop.store(true, Relaxed);
    });
    assert_eq!(HEAP.fault_counts().total(), 0);
    assert_eq!(HEAP.profile().run.unrecorded, 0);
}
