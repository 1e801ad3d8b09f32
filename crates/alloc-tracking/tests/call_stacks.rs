//! What is known of each call stack, in a program that keeps frame pointers.
//!
//! Tests are usually built without, so that the test which runs then builds this file anew, with frame
//! pointers and a target directory of its own, and runs it.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::collections::HashSet;
use std::hint::black_box;
use std::ptr::NonNull;

use alloc_core::{Allocator, Global};
use alloc_tracking::profile::{Amount, Profile, Site};
use alloc_tracking::{FaultKind, Profiler, SiteProfiler, Stamps};
use common::{has_frames, layout};

type Heap = SiteProfiler<Global>;

/// Allocates a block that is to be freed by [`free`]. Not inlined, nor the last call of anything.
#[inline(never)]
fn small(heap: &impl Allocator) -> NonNull<u8> {
    black_box(heap.allocate(layout(10, 1)).unwrap().cast())
}

#[inline(never)]
fn large(heap: &impl Allocator) -> NonNull<u8> {
    black_box(heap.allocate(layout(1000, 1)).unwrap().cast())
}

#[inline(never)]
fn small_from_elsewhere(heap: &impl Allocator) -> NonNull<u8> {
    black_box(small(heap))
}

fn free(heap: &impl Allocator, block: NonNull<u8>, size: usize) {
    // SAFETY: allocated with this size, and not used any more.
    unsafe { heap.deallocate(block, layout(size, 1)) };
}

/// The only site with this total.
fn site(profile: &Profile, blocks: u64, bytes: u64) -> &Site {
    let total = Amount::new(blocks, bytes);
    let mut sites = profile.sites.iter().filter(|site| site.total == total);
    let site = sites
        .next()
        .unwrap_or_else(|| panic!("{total:?} in {profile:#?}"));
    assert_eq!(sites.next(), None);
    site
}

/// A program whose figures are known for each of its three places.
#[test]
fn each_place_has_its_own_account() {
    if !has_frames() {
        return;
    }
    println!("stacks were taken");
    let heap = Heap::new(Global)
        .with_call_stacks(32)
        .with_exact_peak()
        .with_stamps(Stamps::Precise);
    let mut blocks = Vec::new();
    for _ in 0..black_box(10) {
        blocks.push((small(&heap), 10));
    }
    for _ in 0..black_box(5) {
        blocks.push((large(&heap), 1000));
    }
    // The peak is here: 5100 bytes.
    for (block, size) in blocks.drain(3..) {
        free(&heap, block, size);
    }
    for _ in 0..black_box(4) {
        blocks.push((small_from_elsewhere(&heap), 10));
    }
    let profile = heap.profile();
    let (ten, five, four) = (
        site(&profile, 10, 100),
        site(&profile, 5, 5000),
        site(&profile, 4, 40),
    );
    assert_eq!(profile.sites.len(), 3);
    assert_eq!(
        (ten.at_peak, ten.at_end),
        (Amount::new(10, 100), Amount::new(3, 30))
    );
    assert_eq!(
        (five.at_peak, five.at_end),
        (Amount::new(5, 5000), Amount::new(0, 0))
    );
    assert_eq!(
        (four.at_peak, four.at_end),
        (Amount::new(0, 0), Amount::new(4, 40))
    );
    assert_eq!(
        (ten.max, five.max, four.max),
        (ten.total, five.total, four.total)
    );
    assert_eq!(heap.peak_bytes(), 5100);

    for site in &profile.sites {
        assert!(site.stack.len() >= 4, "{site:?}");
        assert!(
            site.stack.iter().all(|&address| is_code(address)),
            "{site:#x?}"
        );
    }
    // From the test on all are the same.
    let ends: HashSet<_> = profile.sites.iter().map(|site| site.stack.last()).collect();
    assert_eq!(ends.len(), 1);
    assert!(four.stack.len() > ten.stack.len());
    for (block, size) in blocks {
        free(&heap, block, size);
    }
}

/// Whether an address is in a part of a file that can be executed.
fn is_code(address: usize) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().any(|line| {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |digits| usize::from_str_radix(digits, 16).unwrap();
        rest.starts_with("r-xp") && (number(start)..number(end)).contains(&address)
    })
}

/// A block that is resized stays where it was allocated.
#[test]
fn a_block_keeps_its_place() {
    #[inline(never)]
    fn grow(heap: &Heap, block: NonNull<u8>) -> NonNull<u8> {
        // SAFETY: allocated with this layout.
        let block = unsafe { heap.grow(block, layout(10, 1), layout(30, 1)) };
        black_box(block.unwrap().cast())
    }

    let heap = Heap::new(Global).with_call_stacks(32);
    let block = small(&heap);
    let block = grow(&heap, block);
    let profile = heap.profile();
    assert_eq!(profile.sites.len(), 1);
    assert_eq!(profile.sites[0].total, Amount::new(2, 10 + 30));
    assert_eq!(profile.sites[0].at_end, Amount::new(1, 30));
    free(&heap, block, 30);
}

#[test]
fn no_stack_is_deeper_than_was_asked() {
    #[inline(never)]
    fn deep(heap: &Heap, depth: usize) {
        if depth > 0 {
            deep(heap, depth - 1);
        } else {
            let block = small(heap);
            free(heap, block, 10);
        }
        black_box(depth);
    }

    if !has_frames() {
        return;
    }
    for (asked, given) in [(0, 0), (1, 1), (5, 5), (32, 32), (1000, 32)] {
        let heap = Heap::new(Global).with_call_stacks(asked);
        deep(&heap, 100);
        // These have more frames in common than are kept.
        deep(&heap, 101);
        let profile = heap.profile();
        assert_eq!(profile.sites.len(), 1);
        assert_eq!(profile.sites[0].stack.len(), given);
        assert_eq!(profile.sites[0].total, Amount::new(2, 20));
    }
}

/// More places than the cache of a thread holds, and more than once each.
#[test]
fn places_may_be_many() {
    #[inline(never)]
    fn path(heap: &Heap, steps: u32, depth: u32) {
        if depth == 0 {
            let block = small(heap);
            free(heap, block, 10);
        } else if steps & 1 == 0 {
            path(heap, black_box(steps >> 1), depth - 1);
        } else {
            path(heap, black_box(steps >> 1), depth - 1);
            black_box(depth);
        }
        black_box(steps);
    }

    if !has_frames() {
        return;
    }
    let heap = Heap::new(Global).with_call_stacks(32);
    for _ in 0..black_box(20) {
        for steps in 0..black_box(4096) {
            path(&heap, steps, 12);
        }
    }
    let profile = heap.profile();
    assert_eq!(profile.totals().total, Amount::new(20 * 4096, 200 * 4096));
    let one = |site: &Site| site.total == Amount::new(20, 200);
    // An optimiser may make one call of the two.
    if profile.sites.len() > 1 {
        assert_eq!(profile.sites.len(), 4096);
        assert!(profile.sites.iter().all(one));
    }
    // It would be, if each visit made a new one.
    assert!(!heap.is_full());
}

/// The same place on several threads is one, and so it is when a block ends on another thread.
#[test]
fn threads_share_places() {
    struct Blocks(Vec<NonNull<u8>>);
    // SAFETY: blocks that one thread owns.
    unsafe impl Send for Blocks {}

    let heap = Heap::new(Global).with_call_stacks(2);
    let blocks = std::thread::scope(|scope| {
        let work = || Blocks((0..100).map(|_| small(&heap)).collect());
        let threads = [(); 4].map(|()| scope.spawn(work));
        threads.map(|thread| thread.join().unwrap().0).concat()
    });
    let profile = heap.profile();
    assert_eq!(profile.sites.len(), 1, "{profile:#x?}");
    assert_eq!(profile.sites[0].at_end, Amount::new(400, 4000));
    for block in blocks {
        free(&heap, block, 10);
    }
    assert_eq!(heap.profile().sites[0].at_end, Amount::default());
}

/// Without the option none is taken.
#[test]
fn nobody_who_did_not_ask_gets_a_stack() {
    let heap = Heap::new(Global);
    let blocks = [small(&heap), large(&heap)];
    let profile = heap.profile();
    assert_eq!(profile.sites.len(), 1);
    assert_eq!(profile.sites[0].stack, []);
    free(&heap, blocks[0], 10);
    free(&heap, blocks[1], 1000);
}

/// A fault tells where it was found, and where the block was allocated or freed before.
#[test]
fn a_fault_knows_both_ends() {
    /// Not inlined, nor a last call: the place where a block is freed.
    #[inline(never)]
    fn free_here(heap: &Profiler<Global>, block: NonNull<u8>, size: usize) {
        free(heap, block, size);
        black_box(size);
    }

    let heap = Profiler::new(Global).with_call_stacks(32);
    let kept = small(&heap);
    let block = small(&heap);
    free_here(&heap, block, 10);
    // Both are wrong: the one is freed already, and the other is not as large.
    free_here(&heap, block, 10);
    free_here(&heap, kept, 11);
    // SAFETY: wrong on purpose: never allocated.
    unsafe { heap.deallocate(NonNull::<u64>::dangling().cast(), layout(16, 4)) };

    let (report, profile) = (heap.report(), heap.profile());
    let [double, wrong, unknown] = report.faults[..] else {
        panic!("{report}");
    };
    assert_eq!(
        (double.kind, wrong.kind),
        (FaultKind::DoubleFree, FaultKind::WrongLayout)
    );
    let leak = report.leaks[0];
    assert_eq!(profile.totals().total, Amount::new(2, 20));
    let origin_of_kept = heap.call_stack(&leak);
    free(&heap, kept, 10);
    if !has_frames() {
        return;
    }
    assert_eq!(wrong.origin, origin_of_kept);
    let mut live = profile.sites.iter().filter(|site| site.at_end.blocks > 0);
    assert_eq!(wrong.origin.addresses(), live.next().unwrap().stack);
    for stack in [
        double.stack,
        double.origin,
        wrong.stack,
        wrong.origin,
        unknown.stack,
    ] {
        assert!(stack.addresses().len() >= 4, "{stack}");
        assert!(
            stack.addresses().iter().all(|&address| is_code(address)),
            "{stack}"
        );
    }
    let all = [&double.stack, &double.origin, &wrong.stack, &wrong.origin];
    for (i, stack) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|other| other != stack), "{all:?}");
        // From the test on outwards they are the same.
        assert_eq!(stack.addresses().last(), unknown.stack.addresses().last());
    }
    assert!(unknown.origin.is_empty());
    assert!(
        report
            .to_string()
            .contains(&format!("asked: {}", double.stack))
    );
}

/// The profiler that has a table has an account of each place as well.
#[test]
fn a_table_and_places_agree() {
    let heap = Profiler::new(Global)
        .with_call_stacks(8)
        .with_stamps(Stamps::Coarse);
    let mut blocks = Vec::new();
    for i in 0..black_box(50) {
        blocks.push(if i % 5 == 0 {
            (large(&heap), 1000)
        } else {
            (small(&heap), 10)
        });
    }
    let peak = heap.stats();
    for (block, size) in blocks.drain(10..) {
        free(&heap, block, size);
    }
    for (block, size) in &mut blocks {
        // SAFETY: allocated with this size.
        let grown = unsafe { heap.grow(*block, layout(*size, 1), layout(2000, 1)) };
        (*block, *size) = (grown.unwrap().cast(), 2000);
    }
    let (stats, profile) = (heap.stats(), heap.profile());
    let totals = profile.totals();
    let of = |blocks: usize, bytes: usize| Amount::new(blocks as u64, bytes as u64);
    // A resized block is a new one to its place.
    let before = 2 * 1000 + 8 * 10;
    let total = of(stats.allocations + stats.grows, stats.total_bytes + before);
    assert_eq!(totals.total, total);
    assert_eq!(totals.at_end, of(stats.live_blocks, stats.live_bytes));
    assert_eq!(totals.at_peak.bytes, stats.peak_bytes as u64);
    assert!(peak.live_bytes < stats.peak_bytes);
    if has_frames() {
        assert_eq!(site(&profile, 12, 10_000 + 2 * 2000).at_end, of(2, 4000));
        assert_eq!(site(&profile, 48, 400 + 8 * 2000).at_end, of(8, 16_000));
    }
    for (block, size) in blocks {
        free(&heap, block, size);
    }
    assert_eq!(heap.profile().totals().at_end, Amount::default());
}

#[test]
fn a_table_knows_when_the_peak_was() {
    let pause = std::time::Duration::from_millis(if cfg!(miri) { 5 } else { 30 });
    for stamps in [Stamps::Precise, Stamps::Coarse] {
        let heap = Profiler::new(Global)
            .with_stamps(stamps)
            .with_call_stacks(8);
        free(&heap, small(&heap), 10);
        std::thread::sleep(pause);
        free(&heap, large(&heap), 1000);
        std::thread::sleep(pause);
        let run = heap.profile().run;
        // A coarse clock moves every 10 ms at least.
        let early = (pause / 2).as_nanos();
        assert!(u128::from(run.peak) > early, "{run:?}");
        assert!(u128::from(run.end - run.peak) > early, "{run:?}");
    }
}

/// What an arena's reset takes with it is live no longer.
#[test]
fn a_reset_ends_what_is_live_at_each_place() {
    let mut heap = Profiler::new(common::Bump::new()).with_call_stacks(8);
    small(&heap);
    large(&heap);
    heap.reset();
    let totals = heap.profile().totals();
    assert_eq!(
        (totals.total, totals.at_end),
        (Amount::new(2, 1010), Amount::default())
    );
}

/// An arena that was rewound behind the profiler's back hands out what is live.
#[test]
fn a_block_that_is_handed_out_twice_is_live_once() {
    let heap = Profiler::new(common::Bump::new()).with_call_stacks(8);
    small(&heap);
    heap.inner().rewind_silently();
    let block = small(&heap);
    assert_eq!(heap.fault_counts().handed_out_twice, 1);
    assert_eq!(heap.profile().totals().at_end, Amount::new(1, 10));
    free(&heap, block, 10);
    assert_eq!(heap.profile().totals().at_end, Amount::default());
}
