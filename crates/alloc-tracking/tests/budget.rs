//! What budgets let pass, and whom they credit.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::alloc::GlobalAlloc;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::ptr::NonNull;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;

use alloc_conformance::{Limits, Program, Upstream};
use alloc_core::{Allocator, Global, System, vec::Vec as VecIn};
use alloc_tracking::{Budget, Budgeted, Overrun, SiteProfiler, Stamps, tag};
use common::{Calls, Ledger, layout, noise};

type Heap = SiteProfiler<Global, Budgeted>;

fn bytes(heap: &Heap, size: usize) -> Option<VecIn<u8, &Heap>> {
    let mut bytes = VecIn::new_in(heap);
    bytes.try_reserve_exact(size).is_ok().then_some(bytes)
}

#[test]
fn it_is_full_to_the_byte_and_what_is_freed_makes_room() {
    static BUDGET: Budget = Budget::new(1000);
    let heap = SiteProfiler::budgeted(Global);
    let _scope = BUDGET.enter();
    assert!(bytes(&heap, 1001).is_none());
    let first = bytes(&heap, 600).unwrap();
    assert!(bytes(&heap, 401).is_none());
    let second = bytes(&heap, 400).unwrap();
    assert!(bytes(&heap, 1).is_none());
    assert_eq!(BUDGET.live_bytes(), 1000);
    drop(first);
    assert_eq!(bytes(&heap, 600).map(|block| block.capacity()), Some(600));
    drop(second);
    assert_eq!((BUDGET.live_bytes(), BUDGET.peak_bytes()), (0, 1000));
    assert_eq!((BUDGET.overruns(), BUDGET.limit()), (3, 1000));
    // What was refused is not counted as a block.
    let totals = heap.profile().totals();
    assert_eq!((totals.total.blocks, totals.total.bytes), (3, 1600));
    assert_eq!(heap.fault_counts().total(), 0);
}

#[test]
fn a_block_belongs_to_the_budget_in_which_it_was_made() {
    static FIRST: Budget = Budget::new(1000);
    static SECOND: Budget = Budget::new(1000);
    let heap = SiteProfiler::budgeted(Global);
    let mut outside = bytes(&heap, 500).unwrap();
    let mut inside = FIRST.run(|| bytes(&heap, 500).unwrap());
    // Grown in another scope and on another thread.
    SECOND.run(|| {
        thread::scope(|scope| {
            scope.spawn(|| outside.reserve_exact(5000));
        });
        assert!(inside.try_reserve_exact(1001).is_err());
        assert_eq!((FIRST.live_bytes(), FIRST.overruns()), (500, 1));
        inside.reserve_exact(1000);
    });
    assert_eq!((FIRST.live_bytes(), SECOND.live_bytes()), (1000, 0));
    inside.shrink_to(100);
    assert_eq!(FIRST.live_bytes(), 100);
    thread::scope(|scope| {
        scope.spawn(move || drop(inside));
    });
    assert_eq!((FIRST.live_bytes(), SECOND.peak_bytes()), (0, 0));
    drop(outside);
}

/// What fails is neither charged nor credited, and the block is as it was.
#[test]
fn a_request_that_fails_changes_no_account() {
    static BUDGET: Budget = Budget::new(usize::MAX);
    let heap = SiteProfiler::budgeted(Calls::default());
    let (small, large) = (layout(16, 8), layout(64, 8));
    let _scope = BUDGET.enter();
    let block = heap.allocate(large).unwrap().cast();
    heap.inner().refuse.store(true, Relaxed);
    assert!(heap.allocate(small).is_err());
    assert!(heap.allocate_zeroed(small).is_err());
    // SAFETY: the block stays allocated with this layout, since each call errs.
    unsafe {
        assert!(heap.grow(block, large, layout(128, 8)).is_err());
        assert!(heap.grow_zeroed(block, large, layout(128, 128)).is_err());
        assert!(heap.shrink(block, large, small).is_err());
    }
    assert_eq!(BUDGET.live_bytes(), 64);
    let huge = layout(isize::MAX as usize - 7, 1);
    assert!(heap.allocate(huge).is_err());
    // SAFETY: still allocated.
    unsafe { heap.deallocate(block, large) };
    assert_eq!((BUDGET.live_bytes(), BUDGET.overruns()), (0, 0));
}

#[test]
fn as_a_global_allocator_it_returns_null_and_leaves_the_block() {
    static BUDGET: Budget = Budget::new(100);
    let heap = SiteProfiler::budgeted(System);
    let _scope = BUDGET.enter();
    let unit = layout(60, 4);
    // SAFETY: no size is zero; each block is used with its layout, and freed once.
    unsafe {
        let block = GlobalAlloc::alloc(&heap, unit);
        block.write_bytes(7, 60);
        assert!(GlobalAlloc::alloc(&heap, layout(41, 1)).is_null());
        assert!(GlobalAlloc::alloc_zeroed(&heap, layout(41, 1)).is_null());
        assert!(GlobalAlloc::realloc(&heap, block, unit, 101).is_null());
        assert_eq!(*block.add(59), 7);
        let block = GlobalAlloc::realloc(&heap, block, unit, 100);
        assert_eq!((*block.add(59), BUDGET.live_bytes()), (7, 100));
        let block = GlobalAlloc::realloc(&heap, block, layout(100, 4), 10);
        assert_eq!(BUDGET.live_bytes(), 10);
        GlobalAlloc::dealloc(&heap, block, layout(10, 4));
    }
    assert_eq!((BUDGET.live_bytes(), BUDGET.overruns()), (0, 3));
    assert_eq!(heap.fault_counts().total(), 0);
}

/// Random programs, over upstreams that fail, with blocks of all alignments that are moved and resized.
#[test]
fn the_account_agrees_with_a_ledger() {
    static BUDGET: Budget = Budget::new(usize::MAX);
    let (programs, len) = if cfg!(miri) { (2, 40) } else { (100, 800) };
    for seed in 1..=programs {
        let upstream = Upstream::new();
        if seed % 3 == 0 {
            upstream.fail_at(10);
        }
        let heap = SiteProfiler::budgeted(upstream.clone())
            .with_exact_peak()
            .with_samples(if seed % 2 == 0 { 300 } else { 0 });
        let ledger = Ledger::new(heap);
        let program = Program::from_bytes(&noise(seed, len));
        let before = BUDGET.peak_bytes();
        BUDGET
            .run(|| program.run_over(&upstream, &ledger, &Limits::any()))
            .unwrap();
        assert_eq!(BUDGET.live_bytes(), 0, "seed {seed}");
        let peak = before.max(ledger.account().peak_bytes);
        assert!(BUDGET.peak_bytes() >= peak, "seed {seed}");
        assert_eq!(BUDGET.overruns(), 0);
        // Samples have no part in it: each block of a budget is recorded.
        let (blocks, bytes) = ledger.renewed();
        let total = ledger.inner.profile().totals().total;
        assert_eq!((total.blocks, total.bytes), (blocks as u64, bytes as u64));
    }
}

/// Whoever keeps what is left as a number, and takes from it before looking, wraps it below nothing, and
/// then grants everything. Two counters that bracket the true one must never exceed the limit.
#[test]
fn threads_together_get_no_more_than_there_is() {
    static BUDGET: Budget = Budget::new(10_000);
    static HELD: AtomicUsize = AtomicUsize::new(0);
    let heap = SiteProfiler::budgeted(Global).with_call_stacks(4);
    let (threads, rounds) = if cfg!(miri) { (3, 3) } else { (8, 4000) };
    let barrier = Barrier::new(threads);
    let (granted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (heap, barrier, granted, refused) = (&heap, &barrier, &granted, &refused);
            scope.spawn(move || {
                let _scope = BUDGET.enter();
                barrier.wait();
                for round in 0..rounds {
                    let size = 1000 + (round * 31 + thread * 977) % 5000;
                    let Some(block) = bytes(heap, size) else {
                        refused.fetch_add(1, Relaxed);
                        continue;
                    };
                    // Held for less than the time that it is charged.
                    let held = HELD.fetch_add(size, Relaxed) + size;
                    assert!(held <= BUDGET.limit(), "{held}");
                    if round % 4 == 0 {
                        thread::yield_now();
                    }
                    HELD.fetch_sub(size, Relaxed);
                    granted.fetch_add(1, Relaxed);
                    drop(block);
                }
            });
        }
    });
    assert_eq!(BUDGET.live_bytes(), 0);
    assert!(BUDGET.peak_bytes() <= BUDGET.limit());
    let (granted, refused) = (granted.into_inner(), refused.into_inner());
    assert_eq!(granted + refused, threads * rounds);
    assert_eq!(BUDGET.overruns(), refused as u64);
    assert!(
        granted > 0 && (refused > 0 || cfg!(miri)),
        "{granted} {refused}"
    );
}

/// A producer in the budget, and a consumer who frees elsewhere.
#[test]
fn whoever_frees_credits_the_budget_of_the_block() {
    static BUDGET: Budget = Budget::new(usize::MAX);
    let heap = SiteProfiler::budgeted(Global)
        .with_stamps(Stamps::Coarse)
        .with_tags();
    let rounds = if cfg!(miri) { 4 } else { 2000 };
    thread::scope(|scope| {
        let (sender, receiver) = std::sync::mpsc::channel::<VecIn<u8, &Heap>>();
        scope.spawn(move || receiver.into_iter().for_each(drop));
        for round in 0..rounds {
            let _tag = (round % 2 == 0).then(|| tag("tests: produced"));
            let mut block = BUDGET.run(|| bytes(&heap, 100).unwrap());
            block.reserve_exact(200 + round);
            sender.send(block).unwrap();
        }
    });
    assert_eq!(BUDGET.live_bytes(), 0);
    assert!(BUDGET.peak_bytes() >= 100);
    // A site for each tag, whatever the budget.
    assert_eq!(heap.profile().sites.len(), 2);
}

#[test]
fn scopes_nest_and_end_and_a_thread_has_its_own() {
    static OUTER: Budget = Budget::new(100);
    static INNER: Budget = Budget::new(200);
    assert_eq!(Budget::current(), None);
    let outer = OUTER.enter();
    let budget = INNER.run(Budget::current);
    assert_eq!((budget, Budget::current()), (Some(&INNER), Some(&OUTER)));
    assert_eq!(thread::spawn(Budget::current).join().unwrap(), None);
    let caught = std::panic::catch_unwind(|| INNER.run(|| panic!("on purpose")));
    assert!(caught.is_err());
    assert_eq!(Budget::current(), Some(&OUTER));
    drop(outer);
    assert_eq!(Budget::current(), None);
    assert!(format!("{OUTER:?}").starts_with("Budget { limit: 100, live_bytes: 0"));
}

#[test]
fn a_future_has_its_budget_at_each_poll() {
    static BUDGET: Budget = Budget::new(10);
    let mut polls = 0;
    let future = BUDGET.wrap(async {
        let before = Budget::current();
        poll_fn(|_| {
            polls += 1;
            if polls == 1 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        (before, Budget::current())
    });
    assert_eq!(future.budget(), &BUDGET);
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    assert_eq!(Budget::current(), None);
    let both = Poll::Ready((Some(&BUDGET), Some(&BUDGET)));
    assert_eq!(future.poll(&mut context), both);
}

#[test]
fn a_callback_runs_instead_and_may_allocate() {
    static HEAP: Heap = SiteProfiler::budgeted(Global);
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    static BUDGET: Budget = Budget::new(100).on_overrun(|overrun: &Overrun| {
        assert_eq!((overrun.budget, Budget::current()), (&BUDGET, None));
        // More than there is: it would come back here, if it were charged.
        assert!(bytes(&HEAP, 1000).is_some());
        SEEN.fetch_add(overrun.bytes + overrun.live, Relaxed);
    });
    let _scope = BUDGET.enter();
    let mut block = bytes(&HEAP, 90).unwrap();
    block.reserve_exact(110);
    assert_eq!((SEEN.load(Relaxed), BUDGET.overruns()), (110, 1));
    block.reserve_exact(130);
    assert_eq!((SEEN.load(Relaxed), BUDGET.overruns()), (240, 2));
    assert_eq!(
        (BUDGET.live_bytes(), Budget::current()),
        (130, Some(&BUDGET))
    );
    drop(block);
    assert_eq!(BUDGET.live_bytes(), 0);
}

#[test]
fn an_overrun_reads_as_a_sentence() {
    static LAST: std::sync::Mutex<Option<Overrun>> = std::sync::Mutex::new(None);
    static BUDGET: Budget = Budget::new(100).on_overrun(|overrun| {
        *LAST.lock().unwrap() = Some(*overrun);
    });
    let heap = SiteProfiler::budgeted(Global);
    assert!(BUDGET.run(|| bytes(&heap, 150)).is_some());
    let overrun = LAST.lock().unwrap().unwrap();
    assert_eq!(
        overrun.to_string(),
        "150 bytes were asked for, with 0 live of a budget of 100"
    );
}

/// Also where nothing else is recorded.
#[test]
fn it_holds_while_the_profiler_is_off_and_takes_samples() {
    static BUDGET: Budget = Budget::new(100);
    for heap in [
        SiteProfiler::budgeted(Global).switched_off(),
        SiteProfiler::budgeted(Global).with_samples(1 << 30),
    ] {
        let outside = bytes(&heap, 50).unwrap();
        let scope = BUDGET.enter();
        let blocks = [30, 70].map(|size| bytes(&heap, size).unwrap());
        assert!(bytes(&heap, 1).is_none());
        drop(scope);
        assert_eq!(heap.profile().totals().at_end.bytes, 100);
        let [first, second] = blocks;
        drop(first);
        assert_eq!(heap.profile().totals().at_end.bytes, 70);
        drop((second, outside));
        assert_eq!(BUDGET.live_bytes(), 0);
        assert_eq!(heap.profile().totals().at_end.bytes, 0);
    }
}

#[test]
fn a_profiler_without_budgets_looks_at_none() {
    static BUDGET: Budget = Budget::new(1);
    let heap = SiteProfiler::new(Global);
    let _scope = BUDGET.enter();
    let block: NonNull<[u8]> = heap.allocate(layout(100, 1)).unwrap();
    // SAFETY: allocated above.
    unsafe { heap.deallocate(block.cast(), layout(100, 1)) };
    assert_eq!((BUDGET.peak_bytes(), BUDGET.overruns()), (0, 0));
}
