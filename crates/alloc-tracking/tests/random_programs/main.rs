//! Random programs of several threads against a plain account of what they did.
//!
//! The threads take turns, so that the account is exact: of each tag what it has, had in all, and had when
//! the whole was largest. Blocks are resized and freed by other threads than those that allocated them,
//! threads end and others take their seats, some work when they have already left theirs, and the
//! allocator underneath refuses one request in 16.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod at_once;
#[path = "../common/mod.rs"]
mod common;
mod late;
mod subjects;
mod world;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use alloc_tracking::profile::Amount;
use alloc_tracking::{Profiler, SiteProfiler, Stamps, Tracking};
use late::late;
use subjects::{All, ExactSites, Flaky, Subject};
use world::{Random, World};

/// Threads that live as long as a program runs.
const WORKERS: usize = 3;

fn run(heap: &impl Subject, seed: u64) {
    let (turns, steps) = if cfg!(miri) { (1, 8) } else { (150, 200) };
    let world = Mutex::new(World::default());
    let lock = || -> MutexGuard<'_, World> { world.lock().unwrap() };
    let mut random = Random(seed);
    thread::scope(|scope| {
        let workers: Vec<Sender<(u64, Sender<()>)>> = (0..WORKERS)
            .map(|_| {
                let (sender, receiver) = channel::<(u64, Sender<()>)>();
                scope.spawn(move || {
                    for (seed, done) in receiver {
                        lock().turn(heap, seed, steps, false);
                        done.send(()).unwrap();
                    }
                });
                sender
            })
            .collect();
        for _ in 0..turns {
            let seed = random.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let work = move |has_left| lock().turn(heap, seed, steps, has_left);
            match random.below(WORKERS + 3) {
                0 => work(false),
                1 => scope.spawn(move || work(false)).join().unwrap(),
                2 => late(scope, work),
                worker => {
                    let (done, is_done) = channel();
                    workers[worker - 3].send((seed, done)).unwrap();
                    is_done.recv().unwrap();
                }
            }
            let mut world = lock();
            heap.check(&world);
            if random.below(5) == 0 && heap.reset() {
                world.reset();
                heap.check(&world);
            }
        }
    });
    let mut world = lock();
    while !world.blocks.is_empty() {
        world.free(heap, &mut random);
    }
    heap.check(&world);
    assert_eq!(world.live(), Amount::default());
}

fn runs<S: Subject>(make: impl Fn() -> S) {
    for seed in 1..=if cfg!(miri) { 1 } else { 3 } {
        run(&make(), seed * 77_777);
    }
}

#[test]
#[cfg_attr(miri, ignore = "they are in all_of_them_agree")]
fn counters_of_several_threads_are_exact() {
    runs(|| Tracking::new(Flaky::default()));
}

#[test]
#[cfg_attr(miri, ignore = "they are in all_of_them_agree")]
fn peaks_of_several_threads_are_exact() {
    runs(|| Tracking::exact(Flaky::default()));
}

#[test]
#[cfg_attr(miri, ignore = "they are in all_of_them_agree")]
fn sites_of_several_threads_are_exact() {
    runs(|| SiteProfiler::new(Flaky::default()).with_tags());
}

#[test]
#[cfg_attr(miri, ignore = "they are in all_of_them_agree")]
fn figures_at_the_exact_peak_are_of_that_moment() {
    let heap = || SiteProfiler::new(Flaky::default()).with_tags();
    runs(|| ExactSites(heap().with_exact_peak().with_stamps(Stamps::Precise)));
}

#[test]
#[cfg_attr(miri, ignore = "they are in all_of_them_agree")]
fn a_table_and_its_places_are_exact() {
    runs(|| Profiler::new(Flaky::default()).with_call_stacks(8));
}

#[test]
fn all_of_them_agree() {
    runs(|| {
        let sites = SiteProfiler::new(Profiler::new(Flaky::default()));
        All(Tracking::exact(sites.with_tags().with_exact_peak()))
    });
}

/// The peak is found when it is passed by a 64th of itself, or 1 KiB if that is more, or 64 KiB if that is
/// less.
#[test]
#[cfg_attr(miri, ignore = "one thread")]
fn a_peak_of_one_thread_is_as_near_as_is_said() {
    for seed in 1..40 {
        let heap = SiteProfiler::new(Flaky::default());
        let (mut world, mut random) = (World::default(), Random(seed * 33_333));
        for _ in 0..60 {
            let seed = random.0 | 1;
            world.turn(&heap, seed, 1 + random.below(40), true);
            let (found, truth) = (heap.peak_bytes(), world.stats.peak_bytes as u64);
            let bound = (truth / 64).clamp(1 << 10, 64 << 10);
            assert!(found <= truth && truth - found <= bound, "{found}, {truth}");
        }
        while !world.blocks.is_empty() {
            world.free(&heap, &mut random);
        }
    }
}
