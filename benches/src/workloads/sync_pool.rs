//! Workloads of a pool that threads share: blocks of 64 bytes.
//!
//! An iteration takes and frees [`PAIRS`] blocks, which are divided among the threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::Numbers;
use super::pool::Ring;
use super::team::{self, Member, Pattern};
use crate::registry::Round;
use crate::subjects::free_lists::Hand;
use crate::subjects::shared::Shared;

/// How many blocks all threads together take in an iteration, and free.
pub const PAIRS: usize = 10_240;

/// Each thread frees what it took itself, and has a few blocks at a time.
pub fn own_pairs<S: Shared>(threads: usize) -> Round {
    team::round::<S, OwnPairs>(threads)
}

/// Half of the threads take blocks, and the other half frees them.
pub fn hand_over<S: Shared>(threads: usize) -> Round {
    team::round::<S, HandOver>(threads)
}

/// Each thread puts fresh blocks into random ones of `SLOTS` slots, and frees what was there (Larson
/// and Krishnan, *Memory Allocation for Long-Running Server Applications*, 1998).
pub fn exchange<S: Shared, const SLOTS: usize>(threads: usize) -> Round {
    team::round::<S, Exchange<SLOTS>>(threads)
}

/// What [`own_pairs`] does.
struct OwnPairs;

impl Pattern for OwnPairs {
    type Ground<B: Send> = ();

    fn ground<B: Send>(_threads: usize) {}

    fn work<H: Hand>((): &(), member: &Member<'_>, hand: &mut H, iterations: u64) -> u64 {
        let share = (PAIRS / member.threads()) as u64;
        let mut ring = Ring::new(hand, share);
        let sum = member.timed(|| {
            let turns = (0..iterations).map(|_| {
                // SAFETY: the ring has no other hand.
                unsafe { ring.turn(hand, share) }
            });
            turns.sum()
        });
        // SAFETY: the ring has had no other hand.
        unsafe { ring.end(hand) };
        sum
    }
}

/// What [`hand_over`] does.
struct HandOver;

/// How many blocks travel together.
const BATCH: usize = 64;
/// How many batches are on their way at most.
const BATCHES: usize = 8;

/// Carries batches from one thread to another.
struct Belt<B>([CachePadded<Tray<B>>; BATCHES]);

/// Holds a batch. The lock is free whenever somebody wants it: `full` says whose turn it is.
struct Tray<B> {
    full: AtomicBool,
    blocks: Mutex<Vec<B>>,
}

impl<B> Belt<B> {
    fn new() -> Self {
        Self([(); BATCHES].map(|()| {
            CachePadded::new(Tray {
                full: AtomicBool::new(false),
                blocks: Mutex::new(Vec::new()),
            })
        }))
    }

    /// Works on the tray of a batch when it is `full` or not, and then changes that.
    fn pass<R>(
        &self,
        member: &Member<'_>,
        batch: usize,
        full: bool,
        work: impl FnOnce(&mut Vec<B>) -> R,
    ) -> R {
        let tray = &self.0[batch % BATCHES];
        // Acquire: partner is the store below.
        member.wait(|| tray.full.load(Ordering::Acquire) == full);
        let mut blocks = tray.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut blocks);
        drop(blocks);
        // Release: partner is the load above.
        tray.full.store(!full, Ordering::Release);
        result
    }

    /// Fills a tray.
    fn fill<H: Hand<Block = B>>(&self, member: &Member<'_>, hand: &mut H, batch: usize) {
        self.pass(member, batch, false, |blocks| {
            blocks.extend((0..BATCH as u64).map(|number| hand.take(number)));
        });
    }

    /// Empties a tray; returns the sum of what the blocks held.
    ///
    /// # Safety
    ///
    /// Whoever fills the trays has a hand of the same subject.
    unsafe fn empty<H: Hand<Block = B>>(
        &self,
        member: &Member<'_>,
        hand: &mut H,
        batch: usize,
    ) -> u64 {
        self.pass(member, batch, true, |blocks| {
            let values = blocks.drain(..).map(|block| {
                // SAFETY: of the same subject, by the caller.
                unsafe { hand.give(block) }
            });
            values.sum()
        })
    }
}

impl Pattern for HandOver {
    /// A belt for each pair of threads; for one thread alone, one.
    type Ground<B: Send> = Vec<Belt<B>>;

    fn ground<B: Send>(threads: usize) -> Vec<Belt<B>> {
        (0..threads.div_ceil(2)).map(|_| Belt::new()).collect()
    }

    fn work<H: Hand<Block: Send>>(
        belts: &Vec<Belt<H::Block>>,
        member: &Member<'_>,
        hand: &mut H,
        iterations: u64,
    ) -> u64 {
        let belt = &belts[member.number() / 2];
        let batches = PAIRS / BATCH / belts.len();
        let (fills, empties) = match (member.threads(), member.number() % 2) {
            (1, _) => (true, true),
            (_, number) => (number == 0, number == 1),
        };
        member.timed(|| {
            let mut sum = 0;
            for batch in (0..iterations).flat_map(|_| 0..batches) {
                if fills {
                    belt.fill(member, hand, batch);
                }
                if empties {
                    // SAFETY: all hands of a team are of one subject.
                    sum += unsafe { belt.empty(member, hand, batch) };
                }
            }
            sum
        })
    }
}

/// What [`exchange`] does.
struct Exchange<const SLOTS: usize>;

impl<const SLOTS: usize> Pattern for Exchange<SLOTS> {
    type Ground<B: Send> = [AtomicCell<Option<B>>; SLOTS];

    fn ground<B: Send>(_threads: usize) -> [AtomicCell<Option<B>>; SLOTS] {
        [const { AtomicCell::new(None) }; SLOTS]
    }

    fn work<H: Hand<Block: Send>>(
        slots: &[AtomicCell<Option<H::Block>>; SLOTS],
        member: &Member<'_>,
        hand: &mut H,
        iterations: u64,
    ) -> u64 {
        let (number, threads) = (member.number(), member.threads());
        let mut numbers = Numbers::new(0x5EED + number as u64);
        let replace = |slot: &AtomicCell<Option<H::Block>>, block, hand: &mut H| {
            let old = slot.swap(block);
            // SAFETY: all hands of a team are of one subject.
            old.map_or(0, |old| unsafe { hand.give(old) })
        };
        let own = || slots.iter().skip(number).step_by(threads);
        for slot in own() {
            replace(slot, Some(hand.take(0)), hand);
        }
        let sum = member.timed(|| {
            let values = (0..iterations).flat_map(|_| 0..(PAIRS / threads) as u64);
            let olds = values.map(|value| {
                let block = Some(hand.take(value));
                replace(&slots[numbers.below(SLOTS)], block, hand)
            });
            olds.sum()
        });
        own().fold(sum, |sum, slot| sum + replace(slot, None, hand))
    }
}
