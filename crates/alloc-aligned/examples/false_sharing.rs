//! Measures how two threads disturb each other that write to neighbouring counters: on one line, on
//! two, and on two pairs of lines. It tells whether this machine is one for `CachePadded`.
//!
//! ```text
//! cargo run --release -p alloc-aligned --example false_sharing
//! ```

use std::ops::Deref;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use alloc_aligned::{CacheAligned, is_aligned_to};
use crossbeam_utils::CachePadded;

const STEPS: u32 = 5_000_000;
const RUNS: usize = 9;

/// Two counters that start a pair of lines, so that a line alone is in the other's pair.
#[derive(Default)]
#[repr(align(128))]
struct Pair<C>([C; 2]);

/// How long the slower of two threads takes to count.
fn count<C: Deref<Target = AtomicU64> + Sync>(pair: &Pair<C>) -> Duration {
    assert!(is_aligned_to(pair, 128));
    let start = Barrier::new(2);
    let run = |counter: &AtomicU64| {
        start.wait();
        let begin = Instant::now();
        for _ in 0..STEPS {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        begin.elapsed()
    };
    let [one, other] = &pair.0;
    thread::scope(|s| {
        let one = s.spawn(|| run(one));
        run(other).max(one.join().unwrap_or_default())
    })
}

/// A counter with nothing around it.
#[derive(Default)]
struct Bare(AtomicU64);

impl Deref for Bare {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        &self.0
    }
}

fn main() {
    let (bare, line, padded) = (
        Pair::<Bare>::default(),
        Pair::<CacheAligned<AtomicU64>>::default(),
        Pair::<CachePadded<AtomicU64>>::default(),
    );
    let mut times = [const { Vec::new() }; 3];
    // In turn, so that what else the machine does falls on all of them.
    for _ in 0..RUNS {
        times[0].push(count(&bare));
        times[1].push(count(&line));
        times[2].push(count(&padded));
    }
    let names = ["on one line", "CacheAligned", "CachePadded"];
    for (name, mut times) in names.into_iter().zip(times) {
        times.sort_unstable();
        let nanoseconds = times[RUNS / 2].as_secs_f64() * 1e9 / f64::from(STEPS);
        println!("{name:<13} {nanoseconds:>6.2} ns for each addition");
    }
}
