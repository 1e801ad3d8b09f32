//! What the subjects do.
//!
//! Each workload is deterministic, and leaves its subject as it found it, so that it can run for as
//! many iterations as a measurement takes. What it stands for is written where the registry lists it.

pub mod aligned;
pub mod arena;
pub mod containers;
pub mod jobs;
pub mod json;
pub mod memory;
pub mod pool;
pub mod sync_pool;
pub mod tracking;

mod team;

use std::hint::black_box;
use std::time::Instant;

use crate::registry::{Ran, Round};

/// A round of a workload of one thread, of which `iterate` is one iteration.
pub fn alone(mut iterate: impl FnMut() + 'static) -> Round {
    answering(move || {
        iterate();
        0
    })
}

/// The same for a workload that computes something.
pub fn answering(mut iterate: impl FnMut() -> u64 + 'static) -> Round {
    Box::new(move |iterations| repeat(iterations, &mut iterate))
}

/// Runs so many iterations, for a round that has something to prepare or to take down.
#[inline]
pub fn repeat(iterations: u64, mut iterate: impl FnMut() -> u64) -> Ran {
    let start = Instant::now();
    let mut answer = 0;
    for _ in 0..iterations {
        answer = black_box(iterate());
    }
    Ran {
        time: start.elapsed(),
        answer,
    }
}

/// Lets somebody else read and write all memory, as far as the compiler knows. It is no instruction.
///
/// What was stored before must be in memory by then, and what is in memory must be loaded again
/// after it: neither a block nor the write to it can be left out.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "a call would be more than what is measured"
)]
pub fn observe() {
    black_box(());
}

/// Numbers without a pattern, the same in each run (Marsaglia, *Xorshift RNGs*, 2003).
#[derive(Clone, Copy, Debug)]
pub struct Numbers(u64);

impl Numbers {
    /// The numbers that begin at `seed`, which is not zero.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    #[inline]
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) as usize % end
    }
}
