//! Handles that say what their blocks hold.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use alloc_conformance::{Limits, Program, Upstream};
use alloc_core::{Allocator, Global, Layout, boxed::Box, vec::Vec as VecIn};
use alloc_tracking::profile::Amount;
use alloc_tracking::{Budget, Profile, SiteProfiler, tag};
use common::{Ledger, noise};

struct Order {
    _price: u64,
    _amount: u32,
}

/// How much is live of a type, and how many of it.
fn live(profile: &Profile, name: &str) -> (Amount, u64) {
    let by_type = profile.by_type();
    let is_it = |site: &&alloc_tracking::profile::Site| {
        let element = site.element.as_ref();
        element.is_some_and(|element| element.name.ends_with(name))
    };
    let mut sites = by_type.sites.iter().filter(is_it);
    let found = sites.next().map(|site| {
        let element = site.element.as_ref().unwrap();
        (site.at_end, element.count(site.at_end))
    });
    assert!(sites.next().is_none());
    found.unwrap_or_default()
}

#[test]
fn containers_show_by_their_type_with_blocks_bytes_and_elements() {
    let heap = SiteProfiler::new(Global).with_tags();
    let size = size_of::<Order>() as u64;
    let mut orders: VecIn<Order, _> = VecIn::with_capacity_in(100, heap.of::<Order>());
    let single = Box::new_in(
        Order {
            _price: 1,
            _amount: 2,
        },
        heap.of::<Order>(),
    );
    let tagged = {
        let _tag = tag("tests: typed");
        VecIn::<u16, _>::with_capacity_in(9, heap.of::<u16>())
    };
    let plain: VecIn<u16, _> = VecIn::with_capacity_in(5, &heap);
    let other: VecIn<u32, _> = VecIn::with_capacity_in(4, heap.of::<u32>());
    let profile = heap.profile();
    assert_eq!(live(&profile, "::Order"), (Amount::new(2, 101 * size), 101));
    assert_eq!(live(&profile, "u16"), (Amount::new(1, 18), 9));
    assert_eq!(live(&profile, "u32"), (Amount::new(1, 16), 4));
    assert_eq!(profile.totals().at_end.bytes, 101 * size + 18 + 10 + 16);
    let tags = profile.sites.iter().filter(|site| site.tag.is_some());
    assert!(tags.eq(profile.sites.iter().filter(|site| {
        let element = site.element.as_ref();
        element.is_some_and(|element| element.name == "u16")
    })));
    // It stays with its type when it is resized and moved to another thread.
    orders.reserve_exact(200);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(single));
    });
    assert_eq!(live(&heap.profile(), "::Order").1, 200);
    drop((orders, tagged, plain, other));
    assert_eq!(live(&heap.profile(), "::Order"), (Amount::default(), 0));
    assert_eq!(heap.fault_counts().total(), 0);
}

#[test]
fn it_is_the_same_allocator_as_its_profiler() {
    let (heap, other) = (SiteProfiler::new(Global), SiteProfiler::new(Global));
    let (typed, layout) = (heap.of::<u64>(), Layout::new::<[u64; 4]>());
    let block = typed.allocate_zeroed(layout).unwrap().cast();
    // SAFETY: the block is from this profiler, which has no other names for itself but handles.
    unsafe {
        let grown = heap.grow_zeroed(block, layout, Layout::new::<[u64; 8]>());
        assert_eq!(*grown.unwrap().cast::<[u64; 8]>().as_ref(), [0; 8]);
        heap.of::<u8>()
            .deallocate(grown.unwrap().cast(), Layout::new::<[u64; 8]>());
    }
    assert_eq!(typed, typed.clone());
    assert_ne!(typed, other.of::<u64>());
    assert!(format!("{typed:?}").starts_with("Typed { of: \"u64\""));
    assert_eq!(typed.profiler().live_bytes(), 0);
}

/// Random programs, also over upstreams that fail.
#[test]
fn it_agrees_with_a_ledger() {
    let (programs, len) = if cfg!(miri) { (2, 60) } else { (100, 800) };
    for seed in 1..=programs {
        let upstream = Upstream::new();
        if seed % 3 == 0 {
            upstream.fail_at(10);
        }
        let heap = SiteProfiler::new(upstream.clone()).with_exact_peak();
        let ledger = Ledger::new(heap.of::<u32>());
        let program = Program::from_bytes(&noise(seed, len));
        program
            .run_over(&upstream, &ledger, &Limits::any())
            .unwrap();
        let profile = heap.profile();
        let (blocks, bytes) = ledger.renewed();
        let total = Amount::new(blocks as u64, bytes as u64);
        assert_eq!(profile.totals().total, total, "seed {seed}");
        assert!(profile.sites.iter().all(|site| site.element.is_some()));
        assert_eq!(live(&profile, "u32"), (Amount::default(), 0));
    }
}

#[test]
fn a_handle_honours_budgets_and_samples_and_the_switch() {
    static BUDGET: Budget = Budget::new(100);
    let heap = SiteProfiler::budgeted(Global);
    let mut numbers = VecIn::<u64, _>::new_in(heap.of::<u64>());
    BUDGET.run(|| {
        assert!(numbers.try_reserve_exact(13).is_err());
        assert!(numbers.try_reserve_exact(12).is_ok());
    });
    assert_eq!(
        (BUDGET.live_bytes(), live(&heap.profile(), "u64").1),
        (96, 12)
    );
    drop(numbers);
    assert_eq!(BUDGET.live_bytes(), 0);
    let off = SiteProfiler::new(Global).switched_off();
    drop(VecIn::<u64, _>::with_capacity_in(3, off.of::<u64>()));
    assert_eq!(off.profile().sites, []);
    let sampled = SiteProfiler::new(Global).with_samples(1000);
    let count = if cfg!(miri) { 10 } else { 3000 };
    for _ in 0..count {
        drop(VecIn::<u64, _>::with_capacity_in(100, sampled.of::<u64>()));
    }
    let profile = sampled.profile();
    let total = profile.totals().total.bytes;
    assert!(
        cfg!(miri) || (1_800_000..3_000_000).contains(&total),
        "{total}"
    );
    assert!(profile.sites.iter().all(|site| site.element.is_some()));
    assert_eq!(profile.totals().at_end, Amount::default());
}

/// Each call stack by itself, and each type within it.
#[test]
fn call_stacks_and_types_are_told_apart() {
    let heap = SiteProfiler::new(Global).with_call_stacks(8);
    let here = || VecIn::<u8, _>::with_capacity_in(3, heap.of::<u8>());
    let there = || VecIn::<u8, _>::with_capacity_in(3, heap.of::<u8>());
    let blocks = [here(), there()];
    let other: VecIn<u16, _> = VecIn::with_capacity_in(3, heap.of::<u16>());
    let profile = heap.profile();
    assert_eq!(live(&profile, "u8"), (Amount::new(2, 6), 6));
    assert_eq!(live(&profile, "u16"), (Amount::new(1, 6), 3));
    if common::has_frames() {
        assert_eq!(profile.sites.len(), 3);
        assert!(profile.sites.iter().all(|site| !site.stack.is_empty()));
    }
    drop((blocks, other));
}

/// A type of no size has no blocks, and no number that is divided by it.
#[test]
fn nothing_takes_nothing() {
    let heap = SiteProfiler::new(Global);
    let mut units = VecIn::new_in(heap.of::<()>());
    units.resize(1000, ());
    assert_eq!(heap.profile().sites, []);
    let odd: VecIn<u8, _> = VecIn::with_capacity_in(3, heap.of::<()>());
    let profile = heap.profile();
    assert_eq!(live(&profile, "()"), (Amount::new(1, 3), 0));
    drop(odd);
}

/// A sample that is resized is drawn anew, and is of the same type as before.
#[test]
fn a_vector_that_grows_keeps_its_type_where_samples_are_taken() {
    // One byte in one: each block is a sample.
    let heap = SiteProfiler::new(Global).with_samples(1);
    let mut numbers: VecIn<u64, _> = VecIn::with_capacity_in(100, heap.of::<u64>());
    numbers.reserve_exact(200);
    assert_eq!(live(&heap.profile(), "u64"), (Amount::new(1, 1600), 200));
    numbers.shrink_to(150);
    assert_eq!(live(&heap.profile(), "u64"), (Amount::new(1, 1200), 150));
}
