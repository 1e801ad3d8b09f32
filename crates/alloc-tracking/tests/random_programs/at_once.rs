//! Threads that do not wait for each other, and somebody who reads all the time.

use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use alloc_core::{Allocator, Global};
use alloc_tracking::profile::Amount;
use alloc_tracking::{Profiler, SiteProfiler, Stamps, Tracking};

use super::common::layout;
use super::world::Random;

const THREADS: u64 = if cfg!(miri) { 2 } else { 4 };
const ROUNDS: usize = if cfg!(miri) { 3 } else { 2_000 };

/// A block of so many bytes that anybody may take.
struct Block(NonNull<u8>, usize);

// SAFETY: a block has one owner at a time.
unsafe impl Send for Block {}

/// Blocks and bytes that were allocated, with a resized block as a new one.
#[derive(Default)]
struct Sum(AtomicU64, AtomicU64);

impl Sum {
    fn add(&self, bytes: usize) {
        self.0.fetch_add(1, Relaxed);
        self.1.fetch_add(bytes as u64, Relaxed);
    }
}

/// Allocates, and resizes or frees what any thread has allocated.
fn work(heap: &impl Allocator, shared: &Mutex<Vec<Block>>, sum: &Sum, seed: u64) {
    let mut random = Random(seed * 0x9E37_79B9 + 1);
    for _ in 0..ROUNDS {
        let size = 1 + random.below(300);
        let new = heap.allocate(layout(size, 8)).unwrap();
        sum.add(size);
        let mut blocks = shared.lock().unwrap();
        blocks.push(Block(new.cast(), size));
        if random.below(8) == 0 {
            continue;
        }
        let some = random.below(blocks.len());
        let Block(start, size) = blocks.swap_remove(some);
        drop(blocks);
        let (old, more) = (layout(size, 8), size + random.below(100));
        // SAFETY: the block has this layout, and then the new one.
        unsafe {
            if random.below(3) == 0 {
                let start = heap.grow(start, old, layout(more, 8)).unwrap().cast();
                sum.add(more);
                shared.lock().unwrap().push(Block(start, more));
            } else {
                heap.deallocate(start, old);
            }
        }
    }
}

/// Has all threads work, twice, so that others take their seats, while `read` is called again and again.
/// Returns what was allocated; all of it is freed then.
fn all_at_once(heap: &(impl Allocator + Sync), read: impl Fn() + Sync) -> Amount {
    let (shared, sum, done) = (Mutex::default(), Sum::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                read();
                thread::yield_now();
            }
        });
        for turn in 0..2 {
            thread::scope(|scope| {
                for i in 0..THREADS {
                    let (shared, sum) = (&shared, &sum);
                    scope.spawn(move || work(heap, shared, sum, turn * THREADS + i + 1));
                }
            });
        }
        done.store(true, Relaxed);
    });
    for Block(start, size) in shared.into_inner().unwrap() {
        // SAFETY: the block has this layout.
        unsafe { heap.deallocate(start, layout(size, 8)) };
    }
    Amount::new(sum.0.into_inner(), sum.1.into_inner())
}

#[test]
fn sites_lose_nothing() {
    for exact in [true, false] {
        if cfg!(miri) && !exact {
            continue;
        }
        let mut heap = SiteProfiler::new(Global).with_stamps(Stamps::Precise);
        if exact {
            heap = heap.with_exact_peak();
        }
        let allocated = all_at_once(&heap, || {
            let profile = heap.profile();
            let (totals, peak) = (profile.totals(), heap.peak_bytes());
            assert!(totals.at_end.bytes <= totals.total.bytes && totals.total.bytes < 1 << 40);
            assert!(peak < 1 << 40);
        });
        let profile = heap.profile();
        assert_eq!(profile.totals().total, allocated);
        assert_eq!(profile.totals().at_end, Amount::default());
        assert_eq!((heap.live_bytes(), heap.fault_counts().total()), (0, 0));
    }
}

/// What is recorded is followed to its end, also if somebody switches all the time.
#[test]
#[cfg_attr(miri, ignore = "takes many blocks")]
fn a_switch_leaves_nothing_behind() {
    for mean in [0, 100] {
        let heap = SiteProfiler::new(Global).with_samples(mean);
        all_at_once(&heap, || heap.switch(!heap.is_on()));
        assert_eq!(heap.profile().totals().at_end, Amount::default());
        assert_eq!((heap.live_bytes(), heap.fault_counts().total()), (0, 0));
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes many blocks")]
fn tables_and_counters_lose_nothing() {
    let heap = Tracking::exact(Profiler::new(Tracking::new(Global)));
    let table = heap.inner();
    let allocated = all_at_once(&heap, || {
        let mut leaks: Vec<_> = table.leaks().iter().map(|leak| leak.address).collect();
        leaks.sort_unstable();
        assert!(leaks.windows(2).all(|pair| pair[0] != pair[1]));
        table.reset_stats();
        table.inner().reset_stats();
        assert!(heap.stats().live_bytes < 1 << 30);
    });
    let stats = heap.stats();
    assert_eq!((stats.allocations + stats.grows) as u64, allocated.blocks);
    assert_eq!((stats.live_blocks, stats.live_bytes), (0, 0));
    for stats in [table.stats(), table.inner().stats()] {
        assert_eq!((stats.live_blocks, stats.live_bytes), (0, 0));
    }
    assert_eq!((table.leaks().len(), table.fault_counts().total()), (0, 0));
}
