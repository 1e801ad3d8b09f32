//! What `Limit` charges, refunds and refuses, also from many threads at one time.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use alloc_compose::{Limit, Null};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, boxed::Box, vec::Vec};
use core::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use support::Region;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).unwrap()
}

#[test]
fn the_last_byte_can_be_had_and_no_more() -> Result<(), AllocError> {
    let budget = Limit::new(Upstream::new(), 100);
    assert!(budget.allocate(bytes(101)).is_err());
    let block = budget.allocate(bytes(100))?;
    assert_eq!(
        (budget.used(), budget.available(), budget.limit()),
        (100, 0, 100)
    );
    assert!(budget.allocate(bytes(1)).is_err());
    assert_eq!(
        budget.inner().calls(),
        1,
        "refused before the inner allocator was asked"
    );
    // SAFETY: allocated above with this layout.
    unsafe { budget.deallocate(block.cast(), bytes(100)) };
    assert_eq!(budget.available(), 100);
    budget.into_inner().assert_all_returned();
    Ok(())
}

#[test]
fn growing_charges_the_difference_and_shrinking_refunds_it() -> Result<(), AllocError> {
    let budget = Limit::new(Upstream::new(), 100);
    let block: NonNull<u8> = budget.allocate(bytes(60))?.cast();
    // Both copies would be 150 bytes; the budget counts what the caller holds. SAFETY: allocated
    // above with the old layout.
    let block: NonNull<u8> = unsafe { budget.grow(block, bytes(60), bytes(90)) }?.cast();
    assert_eq!(budget.used(), 90);
    // SAFETY: as returned by the call above.
    assert!(unsafe { budget.grow_zeroed(block, bytes(90), bytes(101)) }.is_err());
    assert_eq!(budget.used(), 90);
    // SAFETY: the call above erred, so the block is as it was.
    let block: NonNull<u8> = unsafe { budget.grow_zeroed(block, bytes(90), bytes(100)) }?.cast();
    // SAFETY: as returned by the call above.
    let block: NonNull<u8> = unsafe { budget.shrink(block, bytes(100), bytes(10)) }?.cast();
    assert_eq!(budget.used(), 10);
    // SAFETY: as returned by the call above.
    unsafe { budget.deallocate(block, bytes(10)) };
    assert_eq!(budget.used(), 0);
    Ok(())
}

#[test]
fn what_the_inner_allocator_refuses_is_refunded() -> Result<(), AllocError> {
    let up = Upstream::new();
    let budget = Limit::new(up.clone(), 1000);
    let block: NonNull<u8> = budget.allocate(bytes(10))?.cast();
    up.fail_from(1);
    assert!(budget.allocate(bytes(20)).is_err());
    assert!(budget.allocate_zeroed(bytes(20)).is_err());
    // SAFETY: allocated above with the old layout; an `Err` leaves it allocated.
    assert!(unsafe { budget.grow(block, bytes(10), bytes(20)) }.is_err());
    // SAFETY: as above.
    assert!(unsafe { budget.grow_zeroed(block, bytes(10), bytes(20)) }.is_err());
    // SAFETY: as above.
    assert!(unsafe { budget.shrink(block, bytes(10), bytes(5)) }.is_err());
    assert_eq!((budget.used(), up.failures()), (10, 5));
    // SAFETY: still allocated with this layout.
    unsafe { budget.deallocate(block, bytes(10)) };
    assert_eq!(budget.used(), 0);
    up.assert_all_returned();
    Ok(())
}

#[test]
fn excess_is_neither_charged_nor_handed_out() -> Result<(), AllocError> {
    let budget = Limit::new(Upstream::new().over_returning(), 1000);
    let block = budget.allocate(bytes(100))?;
    assert_eq!((block.len(), budget.used()), (100, 100));
    // SAFETY: allocated above; the size is the returned length.
    let block = unsafe { budget.grow(block.cast(), bytes(block.len()), bytes(200)) }?;
    assert_eq!((block.len(), budget.used()), (200, 200));
    // SAFETY: as returned by the call above.
    unsafe { budget.deallocate(block.cast(), bytes(block.len())) };
    assert_eq!(budget.used(), 0);
    Ok(())
}

#[test]
fn a_limit_below_what_is_used_grants_nothing_until_it_fell() -> Result<(), AllocError> {
    let budget = Limit::new(Upstream::new(), 1000);
    let first = Box::new_in([0_u8; 300], &budget);
    let second = Box::new_in([0_u8; 300], &budget);
    budget.set_limit(400);
    assert_eq!((budget.used(), budget.available()), (600, 0));
    assert!(budget.allocate(bytes(1)).is_err());
    assert!(
        budget.allocate(bytes(0)).is_ok(),
        "no bytes are always to be had"
    );
    drop(second);
    assert_eq!(budget.available(), 100);
    let third = Box::try_new_in([0_u8; 100], &budget)?;
    assert!(budget.allocate(bytes(1)).is_err());
    drop((first, third));
    assert_eq!(budget.available(), 400);
    Ok(())
}

#[test]
fn while_too_much_is_used_blocks_may_shrink_and_be_realigned() -> Result<(), AllocError> {
    let budget = Limit::new(Upstream::new(), 1000);
    let block: NonNull<u8> = budget.allocate(bytes(500))?.cast();
    budget.set_limit(0);
    let aligned = Layout::from_size_align(500, 256).unwrap();
    // SAFETY: allocated above with the old layout; the size stays.
    let block: NonNull<u8> = unsafe { budget.grow(block, bytes(500), aligned) }?.cast();
    let less = Layout::from_size_align(10, 256).unwrap();
    // SAFETY: as returned by the call above.
    let block: NonNull<u8> = unsafe { budget.shrink(block, aligned, less) }?.cast();
    assert_eq!(budget.used(), 10);
    // SAFETY: as returned by the call above.
    unsafe { budget.deallocate(block, less) };
    assert_eq!(budget.used(), 0);
    Ok(())
}

#[test]
fn reset_frees_the_budget() -> Result<(), AllocError> {
    let mut budget = Limit::new(Region::new(100), 50);
    let _ = budget.allocate(bytes(50))?;
    assert!(budget.allocate(bytes(1)).is_err());
    budget.reset();
    assert_eq!(
        (budget.used(), budget.inner().used(), budget.limit()),
        (0, 0, 50)
    );
    assert!(budget.allocate(bytes(50)).is_ok());
    Ok(())
}

#[test]
fn a_budget_is_equal_to_itself_alone() {
    let (one, other) = (Limit::new(Null, 0), Limit::new(Null, 0));
    assert_eq!(one, one);
    assert_ne!(one, other);
    assert_eq!(
        format!("{one:?}"),
        "Limit { inner: Null, budget: 0, used: 0 }"
    );
}

/// Counts the bytes that it has handed out, and the most of them at one time.
#[derive(Default)]
struct Meter {
    live: AtomicUsize,
    peak: AtomicUsize,
}

impl Meter {
    fn add(&self, bytes: usize) {
        let live = self.live.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(live, Ordering::Relaxed);
    }
}

// SAFETY: each method is that of `Global`.
unsafe impl Allocator for Meter {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.add(layout.size());
        alloc_core::Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { alloc_core::Global.deallocate(ptr, layout) };
    }
}

/// A cap by `fetch_add` first and a look afterwards, or by a `fetch_sub` that wraps, is exceeded
/// here at once.
#[test]
fn threads_never_exceed_the_limit_not_even_for_a_moment() {
    const LIMIT: usize = 1000;
    let rounds = if cfg!(miri) { 60 } else { 40_000 };
    let budget = Limit::new(Meter::default(), LIMIT);
    let done = AtomicBool::new(false);
    let (budget, done) = (&budget, &done);
    let granted: usize = std::thread::scope(|s| {
        let watcher = s.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                assert!(budget.used() <= LIMIT);
                std::thread::yield_now();
            }
        });
        let workers = [130, 270, 410, 600].map(|size| {
            s.spawn(move || {
                (0..rounds)
                    .filter_map(|round| {
                        let layout = bytes(size + round % 7);
                        let block = budget.allocate(layout).ok()?;
                        if round % 8 == 0 {
                            std::thread::yield_now();
                        }
                        // SAFETY: allocated above with this layout.
                        unsafe { budget.deallocate(block.cast(), layout) };
                        Some(())
                    })
                    .count()
            })
        });
        let granted = workers.map(|worker| worker.join().unwrap()).iter().sum();
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
        granted
    });
    assert!(granted > 0);
    assert!(budget.inner().peak.load(Ordering::Relaxed) <= LIMIT);
    assert_eq!(
        (budget.used(), budget.inner().live.load(Ordering::Relaxed)),
        (0, 0)
    );
}

#[test]
fn threads_that_grow_keep_the_books() {
    let rounds: u16 = if cfg!(miri) { 20 } else { 2000 };
    let budget = Limit::new(Upstream::new(), 5000);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                for round in 0..rounds {
                    let mut numbers: Vec<u16, _> = Vec::new_in(&budget);
                    for i in 0..round % 900 {
                        if numbers.try_reserve(1).is_err() {
                            numbers.truncate(numbers.len() / 2);
                            numbers.shrink_to_fit();
                        } else {
                            numbers.push(i);
                        }
                    }
                }
            });
        }
    });
    assert_eq!(budget.used(), 0);
    assert!(
        budget.inner().peak_bytes() <= 2 * 5000,
        "two copies while a block moves"
    );
    budget.into_inner().assert_all_returned();
}
