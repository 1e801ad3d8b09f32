//! Peaks: exact with one thread, exact with all if that was asked for, and otherwise within the bound
//! that is told.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::ptr::NonNull;
use std::sync::Barrier;

use alloc_core::{Allocator, Global, Layout, boxed::Box as BoxIn};
use alloc_tracking::{Exact, Peaks, Stats, Tracking};
use common::{layout, noise};

/// Threads that work at one time.
const THREADS: usize = 4;

/// Whether the peaks of `near` are as close to those of `exact` as it says.
///
/// One of the two is around the other. A block of each thread may be on its way from one to the other,
/// so that even if both were exact they would not be equal.
fn assert_close(near: &Stats, exact: &Stats) {
    assert_eq!((exact.peak_bytes_within, exact.peak_blocks_within), (0, 0));
    let bytes = near.peak_bytes.abs_diff(exact.peak_bytes);
    let blocks = near.peak_blocks.abs_diff(exact.peak_blocks);
    assert!(
        bytes <= near.peak_bytes_within + THREADS * LARGEST
            && blocks <= near.peak_blocks_within + THREADS,
        "{near}\n\n{exact}"
    );
}

/// Blocks that come and go at random, in waves; the sizes as well.
struct Waves {
    noise: Vec<u8>,
    live: Vec<(NonNull<u8>, Layout)>,
}

impl Waves {
    fn new(seed: u64, rounds: usize) -> Self {
        Self {
            noise: noise(seed, 2 * rounds),
            live: Vec::new(),
        }
    }

    fn run(&mut self, heap: &impl Allocator, sizes: fn(u8) -> usize) {
        for (round, pair) in self.noise.chunks(2).enumerate() {
            let up = if round / 1000 % 2 == 0 { 160 } else { 96 };
            if pair[0] < up {
                let layout = layout(sizes(pair[1]), 1);
                let block = heap.allocate(layout).unwrap().cast();
                self.live.push((block, layout));
            } else if let Some((block, layout)) = self.live.pop() {
                // SAFETY: allocated above with this layout.
                unsafe { heap.deallocate(block, layout) };
            }
        }
        for (block, layout) in self.live.drain(..) {
            // SAFETY: as above.
            unsafe { heap.deallocate(block, layout) };
        }
    }
}

/// Small blocks, so that many are live; and large ones, of which each is told.
const SIZES: [fn(u8) -> usize; 3] = [
    |noise| usize::from(noise) % 8 + 1,
    |noise| usize::from(noise) * 16 + 1,
    |noise| 1 << (noise % 17),
];

/// How many of these are tried.
const KINDS: usize = if cfg!(miri) { 1 } else { SIZES.len() };

/// The largest of all sizes.
const LARGEST: usize = 1 << 16;

#[test]
fn one_thread_alone_has_exact_peaks() {
    for (seed, sizes) in (1..).zip(SIZES).take(KINDS) {
        let heap = Tracking::new(Tracking::exact(Global));
        let rounds = if cfg!(miri) { 30 } else { 20_000 };
        for reset in [false, true] {
            if reset {
                heap.reset_stats();
                heap.inner().reset_stats();
            }
            Waves::new(seed, rounds).run(&heap, sizes);
            assert_eq!(heap.stats(), heap.inner().stats());
        }
    }
}

/// What a peak is worth that was summed up without care would be seen here: threads in different
/// phases, so that the peak of the sum is less than the sum of the peaks.
#[test]
fn many_threads_have_peaks_within_the_bound() {
    for sizes in SIZES.into_iter().take(KINDS) {
        let heap = Tracking::new(Tracking::exact(Global));
        let rounds = if cfg!(miri) { 10 } else { 20_000 };
        std::thread::scope(|scope| {
            for seed in (1..).take(THREADS) {
                let heap = &heap;
                scope.spawn(move || Waves::new(seed, rounds).run(heap, sizes));
            }
        });
        let (near, exact) = (heap.stats(), heap.inner().stats());
        assert_close(&near, &exact);
        let threads = if cfg!(feature = "std") { THREADS } else { 0 };
        assert!(near.peak_bytes_within <= (threads + 1) * 65_536, "{near}");
        assert_eq!(near.total_bytes, exact.total_bytes);
        assert_eq!((near.live_bytes, exact.live_bytes), (0, 0));
    }
}

/// Four threads hold their blocks at one time; then each of them does much alone. The peak is what they
/// held together, to the byte.
fn held_together<P: Peaks>(heap: &Tracking<Global, P>) -> Stats {
    let (rounds, barrier) = (if cfg!(miri) { 5 } else { 500 }, Barrier::new(4));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let blocks: Vec<_> = (0..rounds)
                    .map(|_| BoxIn::new_in([0_u8; 300], heap))
                    .collect();
                barrier.wait();
                drop(blocks);
                barrier.wait();
                for _ in 0..rounds {
                    drop(BoxIn::new_in([0_u8; 1000], heap));
                }
            });
        }
    });
    let stats = heap.stats();
    let (bytes, blocks) = (4 * rounds * 300, 4 * rounds);
    assert!(
        stats.peak_bytes.abs_diff(bytes) <= stats.peak_bytes_within,
        "{stats}"
    );
    assert!(
        stats.peak_blocks.abs_diff(blocks) <= stats.peak_blocks_within,
        "{stats}"
    );
    stats
}

#[test]
fn an_exact_peak_is_exact() {
    let stats = held_together(&Tracking::exact(Global));
    assert_eq!((stats.peak_bytes_within, stats.peak_blocks_within), (0, 0));
}

#[test]
fn a_near_peak_is_near() {
    held_together(&Tracking::new(Global));
}

/// A thread that comes when less is live than once was may not be taken to have been as high.
#[test]
fn who_comes_below_the_peak_does_not_raise_it() {
    let heap = Tracking::exact(Global);
    drop(BoxIn::new_in([0_u8; 10_000], &heap));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let held = BoxIn::new_in([0_u8; 9_000], &heap);
            assert_eq!(heap.stats().peak_bytes, 10_000);
            drop(held);
        });
    });
}

/// Threads that have their turns one after another may count as one, whose peaks are exact.
#[test]
fn who_comes_next_on_a_seat_keeps_its_peak() {
    // Others may take the seat in between: then it is not one thread, and the bound says so.
    for _ in 0..if cfg!(miri) { 3 } else { 20 } {
        let heap = Tracking::new(Global);
        for count in [50, 1] {
            let block = |_| BoxIn::new_in([0_u8; 10], &heap);
            let work = || drop((0..count).map(block).collect::<Vec<_>>());
            std::thread::scope(|scope| scope.spawn(work).join().unwrap());
        }
        let stats = heap.stats();
        assert!(500 - stats.peak_bytes <= stats.peak_bytes_within, "{stats}");
    }
}

/// A peak of another thread is over when a new account begins, whoever begins it.
#[test]
fn a_reset_ends_the_peaks_of_all_threads() {
    let (heap, steps) = (Tracking::new(Global), Barrier::new(2));
    let peak = || heap.stats().peak_bytes;
    let (before, after) = std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(BoxIn::new_in([0_u8; 5000], &heap));
            steps.wait();
            steps.wait();
            drop(BoxIn::new_in([0_u8; 3000], &heap));
        });
        steps.wait();
        let before = peak();
        heap.reset_stats();
        let after = peak();
        steps.wait();
        (before, after)
    });
    assert_eq!((before, after, peak()), (5000, 0, 3000));
}

/// The option is part of the type, and both can be a static.
#[test]
fn both_can_be_static() {
    static EXACT: Tracking<Global, Exact> = Tracking::exact(Global);
    static NEAR: Tracking<Global> = Tracking::new(Global);
    drop(BoxIn::new_in(1_u32, &EXACT));
    drop(BoxIn::new_in(1_u32, &NEAR));
    assert_eq!(EXACT.stats(), NEAR.stats());
    assert!(format!("{EXACT:?}").contains("peak_bytes: 4"));
}
