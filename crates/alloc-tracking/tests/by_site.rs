//! What the site profiler counts, and what it makes of wrong pointers.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::alloc::GlobalAlloc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use alloc_conformance::{Limits, Program, Upstream};
use alloc_core::{Allocator, Global, Layout, System, boxed::Box};
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
    for size in [isize::MAX as usize, isize::MAX as usize - 18] {
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

/// The clock of the stamps may have begun when the machine did.
#[test]
fn time_begins_with_the_first_block() {
    for stamps in [Stamps::Coarse, Stamps::Precise] {
        let heap = SiteProfiler::new(Global).with_stamps(stamps);
        let before = heap.profile().run;
        assert_eq!((before.peak, before.end), (0, 0), "{stamps:?}");
        drop(Box::new_in(0_u8, &heap));
        let after = heap.profile().run;
        let minute = Duration::from_secs(60).as_nanos();
        assert!(u128::from(after.end) < minute, "{stamps:?}: {after:?}");
    }
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
