//! What the site profiler counts, and what it makes of wrong pointers.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::alloc::GlobalAlloc;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use alloc_conformance::{Limits, Program, Upstream};
use alloc_core::{Allocator, ArcHandle, Global, Layout, System, boxed::Box};
use alloc_tracking::profile::{Amount, Totals};
use alloc_tracking::{Fault, FaultKind, SiteProfiler, Stamps};
use common::{Account, Bump, Calls, Ledger, layout, noise};

fn totals<A>(heap: &SiteProfiler<A>) -> Totals {
    heap.profile().totals()
}

/// Random programs, also over upstreams that fail, and an account that is kept apart.
#[test]
fn it_agrees_with_a_ledger() {
    let (programs, len) = if cfg!(miri) { (3, 150) } else { (200, 800) };
    let mut seen = Account::default();
    for seed in 1..=programs {
        let upstream = Upstream::new();
        if seed % 3 == 0 {
            upstream.fail_at(10);
        }
        if seed % 5 == 0 {
            upstream.fail_from(60);
        }
        let profiler = SiteProfiler::new(upstream.clone()).with_exact_peak();
        let ledger = Ledger::new(profiler);
        let program = Program::from_bytes(&noise(seed, len));
        program
            .run_over(&upstream, &ledger, &Limits::any())
            .unwrap();
        let (account, heap) = (ledger.account(), &ledger.inner);
        let totals = totals(heap);
        let (blocks, bytes) = ledger.renewed();
        let total = Amount::new(blocks as u64, bytes as u64);
        assert_eq!(totals.total, total, "seed {seed}");
        assert_eq!(totals.at_end, Amount::default());
        assert_eq!(
            totals.at_peak.bytes, account.peak_bytes as u64,
            "seed {seed}"
        );
        assert_eq!(heap.peak_bytes(), account.peak_bytes as u64);
        assert_eq!(heap.fault_counts().total(), 0);
        seen.grows += account.grows;
        seen.shrinks += account.shrinks;
        seen.failures += account.failures;
    }
    assert!(
        seen.grows > 0 && seen.shrinks > 0 && seen.failures > 0,
        "{seen:?}"
    );
}

/// A block with a header is where it should be, whatever its alignment, and moves as a whole.
#[test]
fn blocks_keep_their_bytes_when_the_header_changes_its_place() {
    let heap = SiteProfiler::new(Upstream::new());
    for (from, to) in [(1, 64), (64, 1), (16, 32), (4096, 8), (8, 16), (32, 4096)] {
        let (small, large) = (layout(40, from), layout(100, to));
        // SAFETY: each call frees or resizes the block that the one before returned.
        unsafe {
            let block = heap.allocate_zeroed(small).unwrap().cast::<u8>();
            assert!(block.addr().get().is_multiple_of(from));
            block.write_bytes(7, 40);
            let block = heap.grow_zeroed(block, small, large).unwrap();
            assert!(block.cast::<u8>().addr().get().is_multiple_of(to));
            assert_eq!(block.as_ref()[..40], [7; 40]);
            assert_eq!(block.as_ref()[40..], [0; 60]);
            let block = heap.shrink(block.cast(), large, small).unwrap();
            assert_eq!(*block.as_ref(), [7; 40]);
            heap.deallocate(block.cast(), small);
        }
    }
    // Each is allocated, grown and shrunk.
    assert_eq!(totals(&heap).total, Amount::new(18, 6 * (40 + 100 + 40)));
    assert_eq!(totals(&heap).at_end, Amount::default());
    heap.inner().assert_all_returned();
}

#[test]
fn each_request_is_forwarded_as_what_it_is() {
    let heap = SiteProfiler::new(Calls::default());
    let (small, large) = (layout(16, 8), layout(64, 8));
    // SAFETY: each call frees or resizes the block that the one before returned.
    unsafe {
        let block = heap.allocate_zeroed(small).unwrap().cast();
        let block = heap.grow(block, small, large).unwrap().cast();
        let block = heap.shrink(block, large, small).unwrap().cast();
        let block = heap.grow_zeroed(block, small, large).unwrap().cast();
        heap.deallocate(block, large);
    }
    assert_eq!(heap.inner().counts(), [0, 1, 1, 1, 1, 1]);
}

/// What fails is not counted, and the block is as it was.
#[test]
fn a_failed_request_changes_nothing() {
    let heap = SiteProfiler::new(Calls::default()).with_exact_peak();
    let (small, large) = (layout(16, 8), layout(64, 8));
    let block = heap.allocate(large).unwrap().cast();
    heap.inner().refuse.store(true, Relaxed);
    assert!(heap.allocate(small).is_err());
    // SAFETY: the block stays allocated with this layout, since each call errs.
    unsafe {
        assert!(heap.grow(block, large, layout(128, 8)).is_err());
        assert!(heap.grow_zeroed(block, large, layout(128, 128)).is_err());
        assert!(heap.shrink(block, large, small).is_err());
    }
    assert_eq!(totals(&heap).at_end, Amount::new(1, 64));
    // SAFETY: still allocated.
    unsafe { heap.deallocate(block, large) };
    let totals = totals(&heap);
    assert_eq!(totals.total, Amount::new(1, 64));
    assert_eq!(totals.at_peak, Amount::new(1, 64));
    assert_eq!(heap.fault_counts().total(), 0);
}

/// With a header added there must be no wrapping.
#[test]
fn a_huge_request_is_a_failure() {
    let heap = SiteProfiler::new(System);
    for size in [isize::MAX as usize, isize::MAX as usize - 20] {
        let huge = std::hint::black_box(layout(size, 1));
        assert!(heap.allocate(huge).is_err());
        assert!(heap.allocate_zeroed(huge).is_err());
        // SAFETY: the size is not zero.
        assert!(unsafe { GlobalAlloc::alloc(&heap, huge) }.is_null());
    }
    let small = layout(16, 8);
    // SAFETY: the size is not zero; the second and third call break their contract on purpose and are
    // refused; the block is then freed once.
    unsafe {
        let block = GlobalAlloc::alloc(&heap, small);
        assert!(GlobalAlloc::realloc(&heap, block, small, usize::MAX).is_null());
        assert!(GlobalAlloc::realloc(&heap, block, small, isize::MAX as usize - 8).is_null());
        GlobalAlloc::dealloc(&heap, block, small);
    }
    assert_eq!(totals(&heap).total, Amount::new(1, 16));
    assert_eq!(heap.fault_counts().total(), 0);
}

#[test]
fn wrong_layouts_are_faults_and_the_block_stays() {
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    fn on_fault(fault: &Fault) {
        assert_eq!(fault.kind, FaultKind::Mismatch);
        SEEN.fetch_add(1, Relaxed);
    }

    let upstream = Upstream::new();
    let heap = SiteProfiler::new(upstream.clone()).with_hook(on_fault);
    let right = layout(24, 8);
    let block = heap.allocate(right).unwrap().cast();
    for wrong in [layout(23, 8), layout(25, 8), layout(24, 4), layout(24, 16)] {
        // SAFETY: wrong on purpose: the profiler leaves the block alone.
        unsafe {
            heap.deallocate(block, wrong);
            assert!(heap.grow(block, wrong, layout(64, 64)).is_err());
            assert!(heap.shrink(block, wrong, layout(0, 1)).is_err());
        }
    }
    assert_eq!(
        (heap.fault_counts().mismatch, heap.fault_counts().total()),
        (12, 12)
    );
    assert_eq!((heap.faults().len(), SEEN.load(Relaxed)), (12, 12));
    assert_eq!((upstream.calls(), upstream.frees()), (1, 0));
    assert_eq!(totals(&heap).at_end, Amount::new(1, 24));
    // SAFETY: still allocated, with this layout.
    unsafe { heap.deallocate(block, right) };
    upstream.assert_all_returned();
}

/// Over an allocator that leaves freed memory alone, the torn seal is still there.
#[test]
fn a_double_free_is_a_fault() {
    let heap = SiteProfiler::new(Bump::new());
    let unit = layout(24, 8);
    let block = heap.allocate(unit).unwrap().cast();
    // SAFETY: right the first time and wrong on purpose afterwards.
    unsafe {
        heap.deallocate(block, unit);
        heap.deallocate(block, unit);
        assert!(heap.grow(block, unit, layout(32, 8)).is_err());
    }
    assert_eq!(
        (heap.fault_counts().double_free, heap.fault_counts().total()),
        (2, 2)
    );
    assert_eq!(totals(&heap).at_end, Amount::default());
}

/// The pointer from before a growth that moved the block is a freed one.
#[test]
fn a_pointer_from_before_a_move_is_a_double_free() {
    let heap = SiteProfiler::new(Bump::new());
    let (small, large) = (layout(24, 8), layout(100, 8));
    let old = heap.allocate(small).unwrap().cast();
    // SAFETY: wrong on purpose in the second call.
    unsafe {
        let new = heap.grow(old, small, large).unwrap().cast();
        heap.deallocate(old, small);
        heap.deallocate(new, large);
    }
    assert_eq!(
        (heap.fault_counts().double_free, heap.fault_counts().total()),
        (1, 1)
    );
}

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
    struct Travels(NonNull<u8>);
    // SAFETY: a block has one owner at a time.
    unsafe impl Send for Travels {}

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

#[test]
fn lifetimes_add_up() {
    let heap = SiteProfiler::new(Global).with_stamps(Stamps::Precise);
    let blocks = [(); 3].map(|()| heap.allocate(layout(8, 8)).unwrap().cast());
    std::thread::sleep(Duration::from_millis(20));
    for block in blocks {
        // SAFETY: allocated above.
        unsafe { heap.deallocate(block, layout(8, 8)) };
    }
    let profile = heap.profile();
    let millis = profile.sites[0].lifetimes / 1_000_000;
    assert!((60..30_000).contains(&millis), "{millis}");
    assert!(profile.run.end >= 20_000_000, "{:?}", profile.run);
    assert!(profile.run.peak < profile.run.end);
}

#[test]
fn nothing_new_is_recorded_while_it_is_off() {
    let heap = SiteProfiler::new(Global).switched_off().with_exact_peak();
    let unit = layout(10, 1);
    let block = |on| {
        heap.switch(on);
        assert_eq!(heap.is_on(), on);
        heap.allocate(unit).unwrap().cast()
    };
    let blocks = [false, true, false, true].map(block);
    assert_eq!(totals(&heap).at_end, Amount::new(2, 20));
    heap.switch(false);
    // SAFETY: allocated above; each is resized and freed once.
    unsafe {
        let grown = heap.grow(blocks[0], unit, layout(100, 1)).unwrap().cast();
        heap.deallocate(grown, layout(100, 1));
        heap.deallocate(blocks[1], unit);
        heap.deallocate(blocks[2], unit);
    }
    assert_eq!(totals(&heap).at_end, Amount::new(1, 10));
    assert_eq!(totals(&heap).total, Amount::new(2, 20));
    assert_eq!(totals(&heap).at_peak, Amount::new(2, 20));
    // SAFETY: allocated above.
    unsafe { heap.deallocate(blocks[3], unit) };
    assert_eq!(totals(&heap).at_end, Amount::default());
}

/// The estimates have no bias: far more often than not they are within three deviations.
#[test]
#[cfg_attr(miri, ignore = "takes many blocks")]
fn samples_stand_for_all() {
    let (mut within, runs) = (0, 40);
    for _ in 0..runs {
        let heap = SiteProfiler::new(Global).with_samples(1000);
        let mut truth = Amount::default();
        let mut kept = Vec::new();
        for i in 0..20_000_usize {
            let layout = layout(1 + i * 7 % 300, 1);
            let block = heap.allocate(layout).unwrap().cast();
            truth += Amount::new(1, layout.size() as u64);
            kept.push((block, layout));
        }
        let profile = heap.profile();
        let sampling = profile.run.sampling.unwrap();
        let totals = profile.totals();
        assert_eq!(totals.total, totals.at_end);
        assert!(sampling.distance == 1000 && (2000..4000).contains(&sampling.samples));
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let error = |estimate: u64, truth: u64| (estimate as f64 / truth as f64 - 1.0).abs();
        let bytes = error(totals.total.bytes, truth.bytes);
        assert!(
            heap.error() > 0.01 && heap.error() < 0.03,
            "{}",
            heap.error()
        );
        assert!(bytes < 8.0 * heap.error(), "{bytes}");
        assert!(error(totals.total.blocks, truth.blocks) < 0.4);
        within += usize::from(bytes < 3.0 * heap.error());
        for (block, layout) in kept {
            // SAFETY: allocated above.
            unsafe { heap.deallocate(block, layout) };
        }
        assert_eq!(heap.profile().totals().at_end, Amount::default());
    }
    // 99.7 in a hundred are to be expected.
    assert!(within >= runs - 3, "{within}");
}

/// Two profilers at once, and one that is gone: what a thread remembers of one must not reach another.
#[test]
fn profilers_do_not_mix() {
    let first = SiteProfiler::new(Global);
    for _ in 0..3 {
        let second = SiteProfiler::new(Global);
        for _ in 0..5 {
            drop(Box::new_in(0_u8, &first));
            drop(Box::new_in(0_u16, &second));
        }
        assert_eq!(totals(&second).total, Amount::new(5, 10));
        let moved = second;
        drop(Box::new_in(0_u16, &moved));
        assert_eq!(totals(&moved).total, Amount::new(6, 12));
    }
    assert_eq!(totals(&first).total, Amount::new(15, 15));
    assert_eq!(first, first);
    assert_ne!(first, SiteProfiler::new(Global));
    assert!(format!("{first:?}").starts_with("SiteProfiler { live_bytes: 0"));
}

#[test]
fn blocks_of_no_bytes_do_not_count() {
    let upstream = Upstream::new();
    let heap = SiteProfiler::new(upstream.clone());
    let nothing = Layout::from_size_align(0, 8).unwrap();
    let block = heap.allocate(nothing).unwrap().cast();
    // SAFETY: each call frees or resizes the block that the one before returned.
    unsafe {
        let block = heap.grow(block, nothing, layout(8, 8)).unwrap().cast();
        let block = heap.shrink(block, layout(8, 8), nothing).unwrap().cast();
        let block = heap.shrink(block, nothing, nothing).unwrap().cast();
        heap.deallocate(block, nothing);
    }
    assert_eq!(totals(&heap).total, Amount::new(1, 8));
    upstream.assert_all_returned();
}
