//! What the site profiler counts when several threads are at work, and when they end.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::{Mutex, mpsc};

use alloc_core::{Allocator, ArcHandle, Global, boxed::Box};
use alloc_tracking::profile::{Amount, Totals};
use alloc_tracking::{SiteProfiler, Stamps, Tag};
use common::layout;

fn totals<A>(heap: &SiteProfiler<A>) -> Totals {
    heap.profile().totals()
}

/// A block on its way to another thread.
struct Travels(NonNull<u8>);
// SAFETY: a block has one owner at a time.
unsafe impl Send for Travels {}

/// Frees a block of 100 bytes, of some after they were shrunk or grown.
fn finish(heap: &ArcHandle<SiteProfiler<Global>>, i: u64, block: NonNull<u8>) {
    let old = layout(100, 1);
    // SAFETY: allocated with 100 bytes; then resized, and freed as it is then.
    unsafe {
        let (block, size) = match i % 3 {
            0 => (heap.shrink(block, old, layout(50, 1)).unwrap().cast(), 50),
            1 => (block, 100),
            _ => (heap.grow(block, old, layout(200, 1)).unwrap().cast(), 200),
        };
        heap.deallocate(block, layout(size, 1));
    }
}

/// Blocks travel: each second one is freed, grown or shrunk on another thread than the one that
/// allocated it, while that one does the same with the others.
#[test]
fn blocks_may_be_freed_on_other_threads() {
    let rounds: u64 = if cfg!(miri) { 20 } else { 20_000 };
    for stamps in [Stamps::None, Stamps::Precise] {
        let heap = ArcHandle::new(SiteProfiler::new(Global).with_stamps(stamps));
        let (sender, receiver) = mpsc::sync_channel::<Travels>(4);
        let consumer = std::thread::spawn({
            let heap = heap.clone();
            move || {
                for (i, block) in (0..).zip(receiver) {
                    finish(&heap, i, block.0);
                }
            }
        });
        let block = || heap.allocate(layout(100, 1)).unwrap().cast();
        for i in 0..rounds {
            sender.send(Travels(block())).unwrap();
            finish(&heap, i, block());
        }
        drop(sender);
        consumer.join().unwrap();
        let profile = heap.profile();
        let (shrunk, grown) = (rounds.div_ceil(3), rounds / 3);
        let bytes = rounds * 100 + shrunk * 50 + grown * 200;
        let expected = Amount::new(2 * (rounds + shrunk + grown), 2 * bytes);
        assert_eq!(profile.totals().total, expected);
        assert_eq!(profile.totals().at_end, Amount::default());
        assert_eq!(heap.live_bytes(), 0);
        // Four in the channel, two on each side of it, and two that grew.
        assert!(profile.sites[0].max.bytes <= 1000, "{:?}", profile.sites[0]);
        assert!(
            heap.peak_bytes() <= 1000 + 2 * 1024,
            "{}",
            heap.peak_bytes()
        );
    }
}

/// What a place has at most it may have on another thread than the one that allocated there first.
#[test]
fn a_block_that_grows_elsewhere_counts_where_it_is_from() {
    let heap = SiteProfiler::new(Global).with_tags();
    let (small, large) = (layout(10, 1), layout(5000, 1));
    let block = Tag::new("tests: from here").run(|| heap.allocate(small).unwrap());
    let block = Travels(block.cast());
    let end = |block: Travels| {
        // SAFETY: the block that was allocated above, and then that which it becomes.
        unsafe {
            let block = heap.grow(block.0, small, large).unwrap().cast();
            heap.deallocate(block, large);
        }
    };
    std::thread::scope(|scope| scope.spawn(|| end(block)).join().unwrap());
    let profile = heap.profile();
    let [site] = &profile.sites[..] else {
        panic!("{profile}");
    };
    assert_eq!(site.tag.as_deref(), Some("tests: from here"));
    assert_eq!(site.total, Amount::new(2, 5010));
    // Of the two threads together it is not known whether they had it at one time.
    assert!((5000..=5010).contains(&site.max.bytes), "{site:?}");
    assert_eq!(site.at_end, Amount::default());
}

/// Whatever comes first after the peak, a birth or a death, finds that there was one. What is live at
/// most at a place is exact in any case.
#[test]
fn the_figures_at_an_approximate_peak_are_of_one_moment() {
    let (unit, many): (_, u64) = (layout(100, 1), if cfg!(miri) { 100 } else { 20_000 });
    for born_first in [false, true] {
        let heap = SiteProfiler::new(Global);
        let block = |layout| heap.allocate(layout).unwrap().cast();
        // SAFETY: each is allocated below, and freed once.
        let free = |block, layout| unsafe { heap.deallocate(block, layout) };
        let blocks: Vec<NonNull<u8>> = (0..many).map(|_| block(unit)).collect();
        // More than a thread may keep to itself: the peak is now.
        let last = block(layout(100_000, 1));
        let peak = many * 100 + 100_000;
        assert_eq!(heap.peak_bytes(), peak);
        if born_first {
            let more = [block(unit), block(unit)];
            for block in more {
                free(block, unit);
            }
        }
        for block in blocks {
            free(block, unit);
        }
        free(last, layout(100_000, 1));
        let site = heap.profile().sites.remove(0);
        assert_eq!(site.at_peak, Amount::new(many + 1, peak));
        assert_eq!(site.max.bytes, peak + if born_first { 200 } else { 0 });
        assert_eq!((site.at_end, heap.peak_bytes()), (Amount::default(), peak));
    }
}

/// A thread that is below its own maximum when another one makes the peak.
#[test]
fn a_peak_is_noticed_by_threads_that_had_no_part_in_it() {
    let heap = SiteProfiler::new(Global);
    let (unit, large) = (layout(100, 1), layout(100_000, 1));
    let block = |layout| heap.allocate(layout).unwrap().cast();
    // SAFETY: each is allocated below, and freed once.
    let free = |block, layout| unsafe { heap.deallocate(block, layout) };
    let barrier = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut blocks: Vec<NonNull<u8>> = (0..50).map(|_| block(unit)).collect();
            blocks.drain(20..).for_each(|block| free(block, unit));
            barrier.wait();
            barrier.wait();
            blocks.push(block(unit));
            blocks.drain(..).for_each(|block| free(block, unit));
        });
        barrier.wait();
        let peak = block(large);
        barrier.wait();
        free(peak, large);
    });
    let totals = totals(&heap);
    assert_eq!(totals.at_peak, Amount::new(21, 102_000));
    assert_eq!(totals.at_end, Amount::default());
}

/// Threads end, and what they counted stays; no number of them is too large.
#[test]
fn threads_may_be_many_and_may_end() {
    let threads: u64 = if cfg!(miri) { 10 } else { 2_500 };
    let heap = ArcHandle::new(SiteProfiler::new(Global));
    let mut kept = Vec::new();
    for i in 0..threads {
        let heap = heap.clone();
        let thread = std::thread::spawn(move || {
            drop(Box::new_in(0_u8, heap.clone()));
            Box::new_in(i, heap)
        });
        kept.push(thread.join().unwrap());
    }
    let profile = heap.profile();
    assert_eq!(
        profile.totals().total,
        Amount::new(2 * threads, 9 * threads)
    );
    assert_eq!(profile.totals().at_end, Amount::new(threads, 8 * threads));
    assert_eq!(profile.sites.len(), 1);
    drop(kept);
    assert_eq!(heap.profile().totals().at_end, Amount::default());
}

/// Destructors of thread-locals run late: some after the thread gave up its seat.
#[test]
fn a_thread_that_ends_may_still_allocate() {
    type Block<T> = Box<T, &'static SiteProfiler<Global>>;
    struct Last(Option<Block<u64>>);

    static HEAP: SiteProfiler<Global> = SiteProfiler::new(Global);
    static LEFT: Mutex<Vec<Block<[u8; 5]>>> = Mutex::new(Vec::new());

    impl Drop for Last {
        fn drop(&mut self) {
            drop(Box::new_in([0_u8; 10], &HEAP));
            LEFT.lock().unwrap().push(Box::new_in([0_u8; 5], &HEAP));
        }
    }

    std::thread_local! {
        static EARLY: RefCell<Last> = const { RefCell::new(Last(None)) };
        static LATE: RefCell<Last> = const { RefCell::new(Last(None)) };
    }
    let threads = if cfg!(miri) { 2 } else { 50 };
    for _ in 0..threads {
        let thread = std::thread::spawn(|| {
            // One is registered before the thread has its seat and one afterwards.
            EARLY.with_borrow_mut(|last| last.0 = None);
            let block = Box::new_in(7, &HEAP);
            LATE.with_borrow_mut(|last| last.0 = Some(block));
        });
        thread.join().unwrap();
    }
    let all = totals(&HEAP);
    assert_eq!(all.total, Amount::new(5 * threads, (8 + 2 * 15) * threads));
    assert_eq!(all.at_end, Amount::new(2 * threads, 10 * threads));
    LEFT.lock().unwrap().clear();
    assert_eq!(totals(&HEAP).at_end, Amount::default());
    assert_eq!(HEAP.fault_counts().total(), 0);
}

/// Each thread holds what it has until all have it: that is the peak.
#[test]
fn the_peak_of_many_threads_is_found() {
    let (threads, size) = (4_u64, 1 << 20);
    for exact in [false, true] {
        let mut heap = SiteProfiler::new(Global);
        if exact {
            heap = heap.with_exact_peak();
        }
        let barrier = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let block = heap.allocate(layout(size, 1)).unwrap().cast();
                    let small = heap.allocate(layout(100, 1)).unwrap().cast();
                    barrier.wait();
                    // SAFETY: allocated above.
                    unsafe {
                        heap.deallocate(block, layout(size, 1));
                        heap.deallocate(small, layout(100, 1));
                    }
                });
            }
        });
        let peak = threads * (size as u64 + 100);
        let found = heap.profile().totals();
        let bound = if exact { 0 } else { threads * (64 << 10) };
        assert!(heap.peak_bytes() <= peak && heap.peak_bytes() + bound >= peak);
        // Threads that pass the barrier at the same time may be in the midst of freeing.
        assert!(found.at_peak.bytes <= peak + bound);
        assert_eq!(found.at_end, Amount::default());
    }
}
