//! Assertions about what a piece of code allocates, in tests that run side by side.
//!
//! Not under Miri, as the other files with `SiteProfiler` as the global allocator.
#![cfg(all(feature = "std", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::alloc::System;
use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Barrier;
use std::thread;

use alloc_core::Global;
use alloc_core::boxed::Box as BoxIn;
use alloc_tracking::profile::Amount;
use alloc_tracking::{SiteProfiler, Watched};
use common::has_frames;

#[global_allocator]
static HEAP: SiteProfiler<System> = SiteProfiler::new(System).with_call_stacks(16);

/// What an assertion says when it panics; nothing if it does not.
fn message(assertion: impl FnOnce()) -> Option<String> {
    let caught = panic::catch_unwind(AssertUnwindSafe(assertion)).err()?;
    Some(*caught.downcast::<String>().unwrap())
}

#[inline(never)]
fn place_of_the_leak() -> Vec<u8> {
    black_box(vec![7; 100])
}

#[test]
fn code_that_allocates_nothing_passes_while_others_allocate() {
    let numbers = vec![1_u64; 1000];
    let turn = Barrier::new(2);
    let (sum, watched) = thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                turn.wait();
                drop(black_box(vec![1_u8; 5000]));
                turn.wait();
            }
        });
        let meet = || {
            turn.wait();
            turn.wait();
        };
        // Nothing has to be set up the second time.
        meet();
        HEAP.watch(|| {
            meet();
            black_box(numbers.iter().sum::<u64>())
        })
    });
    assert_eq!(sum, 1000);
    watched.assert_nothing_allocated();
    watched.assert_nothing_left();
    watched.assert_at_most(0);
    assert!(watched.profile().sites.is_empty());
}

#[test]
fn what_was_allocated_is_told_with_its_places() {
    let (kept, watched) = HEAP.watch(|| {
        drop(black_box(Box::new(1_u64)));
        place_of_the_leak()
    });
    assert_eq!(watched.allocated(), Amount::new(2, 108));
    watched.assert_at_most(108);
    let nothing = message(|| watched.assert_nothing_allocated()).unwrap();
    assert!(
        nothing.starts_with("2 blocks of 108 bytes allocated, where none may be\n"),
        "{nothing}"
    );
    let most = message(|| watched.assert_at_most(107)).unwrap();
    assert!(
        most.starts_with("108 bytes allocated in 2 blocks, of 107 that may be\n"),
        "{most}"
    );
    if has_frames() {
        // Without them there is one place for all, where others may free something older.
        assert_eq!(watched.left(), Amount::new(1, 100));
        let left = message(|| watched.assert_nothing_left()).unwrap();
        assert!(
            left.starts_with("1 block of 100 bytes not freed\n"),
            "{left}"
        );
        assert!(
            !cfg!(feature = "symbols") || left.contains("place_of_the_leak"),
            "{left}"
        );
    }
    drop(kept);
}

#[test]
fn what_was_there_before_is_left_out() {
    let older = place_of_the_leak();
    let (newer, watched) = HEAP.watch(place_of_the_leak);
    assert_eq!(watched.allocated(), Amount::new(1, 100));
    if has_frames() {
        // Without them there is one place for all, where others may free something older.
        assert_eq!(watched.left(), Amount::new(1, 100));
    }
    let ((), watched) = HEAP.watch(|| drop((older, newer)));
    watched.assert_nothing_allocated();
    watched.assert_nothing_left();
}

#[test]
fn what_another_thread_frees_is_not_left() {
    let ((), watched) = HEAP.watch(|| {
        let block = place_of_the_leak();
        thread::spawn(move || drop(block)).join().unwrap();
    });
    // What starting a thread takes is the standard library's.
    let of_100 = |watched: &Watched| {
        let sites = watched.profile().sites.iter();
        sites
            .filter(|site| site.total.bytes == 100 && site.at_end.blocks > 0)
            .count()
    };
    assert_eq!(of_100(&watched), 0);
}

#[test]
fn a_growth_is_an_allocation() {
    let mut bytes = Vec::<u8>::with_capacity(10);
    let ((), watched) = HEAP.watch(|| bytes.reserve_exact(20));
    assert_eq!(watched.allocated(), Amount::new(1, 20));
    assert!(message(|| watched.assert_nothing_allocated()).is_some());
}

/// Who resizes a block allocates it anew, whoever has allocated it first.
#[test]
fn a_growth_is_an_allocation_of_the_thread_that_grows() {
    let grow = |bytes: &mut Vec<u8>| bytes.reserve_exact(20);
    let mut bytes = thread::spawn(|| Vec::with_capacity(10)).join().unwrap();
    let ((), watched) = HEAP.watch(|| grow(&mut bytes));
    assert_eq!(watched.allocated(), Amount::new(1, 20));
    assert_eq!(watched.left(), Amount::new(1, 20));

    let mut bytes = Vec::with_capacity(10);
    let turn = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            turn.wait();
            grow(&mut bytes);
            turn.wait();
        });
        let ((), watched) = HEAP.watch(|| {
            turn.wait();
            turn.wait();
        });
        watched.assert_nothing_allocated();
    });
}

/// An assertion that knows nothing does not pass.
#[test]
fn who_cannot_know_says_so() {
    let off = SiteProfiler::new(Global).switched_off();
    let sampled = SiteProfiler::new(Global).with_samples(1 << 20);
    let blind = [
        (
            off.watch(|| ()).1,
            "what was allocated is not known: the profiler is off",
        ),
        (
            sampled.watch(|| ()).1,
            "what was allocated is not known: the profiler records samples",
        ),
    ];
    for (watched, expected) in blind {
        for assertion in [
            Watched::assert_nothing_allocated,
            Watched::assert_nothing_left,
            |watched: &Watched| watched.assert_at_most(u64::MAX),
        ] {
            assert_eq!(message(|| assertion(&watched)).as_deref(), Some(expected));
        }
    }
}

#[test]
fn one_container_can_be_watched_as_well() {
    let heap = SiteProfiler::new(Global);
    let (block, watched) = heap.watch(|| {
        drop(vec![1, 2, 3]);
        BoxIn::new_in(1_u32, &heap)
    });
    assert_eq!(watched.allocated(), Amount::new(1, 4));
    drop(block);
}
