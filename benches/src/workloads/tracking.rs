//! Workloads of heaps under a tracker: blocks of 64 bytes, by several threads.

use std::mem;

use super::Numbers;
use super::team::{self, Member, Pattern};
use crate::registry::Round;
use crate::subjects::free_lists::Hand;
use crate::subjects::shared::Shared;

/// How many blocks all threads together take in an iteration, and free.
pub const PAIRS: usize = 10_240;

/// How many blocks each thread has at a time.
const LIVE: usize = 4096;

/// Each thread puts fresh blocks into random slots of its own, and frees what was there.
pub fn churn<S: Shared>(threads: usize) -> Round {
    team::round::<S, Churn>(threads)
}

/// What [`churn`] does.
struct Churn;

impl Pattern for Churn {
    type Ground<B: Send> = ();

    fn ground<B: Send>(_threads: usize) {}

    fn work<H: Hand<Block: Send>>(
        (): &(),
        member: &Member<'_>,
        hand: &mut H,
        iterations: u64,
    ) -> u64 {
        let share = (PAIRS / member.threads()) as u64;
        let mut numbers = Numbers::new(0x5EED + member.number() as u64);
        let mut slots: Vec<_> = (0..LIVE).map(|_| hand.take(0)).collect();
        let sum = member.timed(|| {
            let values = (0..iterations).flat_map(|_| 0..share);
            let olds = values.map(|value| {
                let slot = &mut slots[numbers.below(LIVE)];
                let old = mem::replace(slot, hand.take(value));
                // SAFETY: taken by this hand.
                unsafe { hand.give(old) }
            });
            olds.sum()
        });
        slots.into_iter().fold(sum, |sum, block| {
            // SAFETY: taken by this hand.
            sum + unsafe { hand.give(block) }
        })
    }
}
