//! Workloads of a pool: blocks of 64 bytes, and containers whose nodes are that large.

mod nodes;

use std::array;
use std::hint::black_box;
use std::mem;

use super::{Numbers, repeat};
use crate::registry::Round;
use crate::subjects::free_lists::{FreeList, Hand, Nodes};

use nodes::{Chains, Queue, Tree};

/// How many blocks an iteration takes, and gives back.
pub const PAIRS: u64 = BLOCKS as u64;
const BLOCKS: usize = 10_000;

/// A block that is given back at once, again and again.
pub fn hot_pair<S: FreeList>() -> Round {
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let mut hand = list.hand();
        repeat(iterations, || {
            let mut sum = 0;
            for number in 0..PAIRS {
                let block = hand.take(number);
                black_box(&block);
                // SAFETY: taken above.
                sum += unsafe { hand.give(block) };
            }
            sum
        })
    })
}

/// How many blocks a small working set has.
pub const RING: usize = 16;

/// The blocks of a small working set, of which each new one replaces the oldest.
pub(super) struct Ring<B>([B; RING]);

impl<B> Ring<B> {
    /// Takes its blocks, with the values that [`turn`](Self::turn) leaves.
    pub(super) fn new<H: Hand<Block = B>>(hand: &mut H, pairs: u64) -> Self {
        let values: [u64; RING] = array::from_fn(|place| pairs - RING as u64 + place as u64);
        Self(values.map(|value| hand.take(value)))
    }

    /// Replaces so many blocks, a multiple of [`RING`]; returns the sum of what they held.
    ///
    /// # Safety
    ///
    /// Whenever it is called, it is with a hand of one and the same subject.
    #[inline]
    pub(super) unsafe fn turn<H: Hand<Block = B>>(&mut self, hand: &mut H, pairs: u64) -> u64 {
        let mut sum = 0;
        let mut oldest = 0;
        for number in 0..pairs {
            let block = mem::replace(&mut self.0[oldest], hand.take(number));
            oldest = (oldest + 1) % RING;
            // SAFETY: of the same subject, by the caller.
            sum += unsafe { hand.give(block) };
        }
        sum
    }

    /// Gives its blocks back.
    ///
    /// # Safety
    ///
    /// As [`turn`](Self::turn).
    pub(super) unsafe fn end<H: Hand<Block = B>>(self, hand: &mut H) {
        for block in self.0 {
            // SAFETY: of the same subject, by the caller.
            unsafe { hand.give(block) };
        }
    }
}

/// Pairs over a small working set.
pub fn few_live<S: FreeList>() -> Round {
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let mut hand = list.hand();
        let mut ring = Ring::new(&mut hand, PAIRS);
        // SAFETY: the ring has had no other hand.
        let ran = repeat(iterations, || unsafe { ring.turn(&mut hand, PAIRS) });
        // SAFETY: the ring has had no other hand.
        unsafe { ring.end(&mut hand) };
        ran
    })
}

/// Many blocks that are given back in the order in which they were taken.
pub fn in_order<S: FreeList>() -> Round {
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let mut hand = list.hand();
        let mut blocks = Vec::new();
        repeat(iterations, || {
            blocks.extend((0..PAIRS).map(|number| hand.take(number)));
            let mut sum = 0;
            for block in blocks.drain(..) {
                // SAFETY: taken above.
                sum += unsafe { hand.give(block) };
            }
            sum
        })
    })
}

/// Many blocks that are given back in no order, so that the next ones are scattered.
pub fn in_no_order<S: FreeList>() -> Round {
    let mut list = S::fresh();
    let mut numbers = Numbers::new(0x5EED);
    let lots: Vec<_> = (1..=BLOCKS).rev().map(|left| numbers.below(left)).collect();
    Box::new(move |iterations| {
        let mut hand = list.hand();
        let mut blocks = Vec::new();
        repeat(iterations, || {
            blocks.extend((0..PAIRS).map(|number| hand.take(number)));
            let mut sum = 0;
            for &lot in &lots {
                // SAFETY: taken above.
                sum += unsafe { hand.give(blocks.swap_remove(lot)) };
            }
            sum
        })
    })
}

/// A stack of nodes that grows by four, shrinks by three, and ends.
pub fn stack<S: FreeList>() -> Round
where
    for<'s> S::Hand<'s>: Nodes,
{
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let hand = list.hand();
        let mut stack = Chains::new(1, hand.allocator());
        repeat(iterations, || {
            let mut sum = 0;
            for number in 0..PAIRS {
                stack.push(0, number);
                if number % 4 == 3 {
                    sum += (0..3).filter_map(|_| stack.pop(0)).sum::<u64>();
                }
            }
            while let Some(number) = stack.pop(0) {
                sum += number;
            }
            sum
        })
    })
}

/// How many nodes stand in the queue.
pub const QUEUED: u64 = 1000;

/// A queue of nodes, of which the first leaves when a new one comes.
pub fn queue<S: FreeList>() -> Round
where
    for<'s> S::Hand<'s>: Nodes,
{
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let hand = list.hand();
        let mut queue = Queue::new(hand.allocator());
        repeat(iterations, || {
            (0..QUEUED).for_each(|number| queue.push(number));
            let mut sum = 0;
            for number in QUEUED..PAIRS {
                sum += queue.pop().unwrap_or(0);
                queue.push(number);
            }
            while let Some(number) = queue.pop() {
                sum += number;
            }
            sum
        })
    })
}

/// How many lists there are.
const LISTS: usize = 1024;
/// How many nodes are in all lists together.
pub const LISTED: u64 = 8 * LISTS as u64;

/// Many lists, from which nodes vanish and to which others are added, in no order.
pub fn lists<S: FreeList>() -> Round
where
    for<'s> S::Hand<'s>: Nodes,
{
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let hand = list.hand();
        let mut lists = Chains::new(LISTS, hand.allocator());
        repeat(iterations, || {
            let mut numbers = Numbers::new(0x5EED);
            (0..LISTED).for_each(|number| lists.push(numbers.below(LISTS), number));
            let mut sum = 0;
            for number in LISTED..LISTED + PAIRS {
                let mut from = numbers.below(LISTS);
                sum += loop {
                    match lists.pop(from) {
                        Some(number) => break number,
                        None => from = (from + 1) % LISTS,
                    }
                };
                lists.push(numbers.below(LISTS), number);
            }
            sum + lists.clear()
        })
    })
}

/// How many nodes the tree has.
pub const GROWN: u64 = 4096;

/// A search tree that grows, then loses its oldest key with each new one, and ends.
pub fn tree<S: FreeList>() -> Round
where
    for<'s> S::Hand<'s>: Nodes,
{
    let mut list = S::fresh();
    Box::new(move |iterations| {
        let hand = list.hand();
        let mut tree = Tree::new(hand.allocator());
        repeat(iterations, || {
            (0..GROWN).for_each(|number| tree.insert(scattered(number)));
            let mut found = 0;
            for number in GROWN..PAIRS {
                found += u64::from(tree.remove(scattered(number - GROWN)));
                tree.insert(scattered(number));
            }
            found + tree.clear()
        })
    })
}

/// A number that differs for each, without a pattern (Steele and others, *Fast Splittable Pseudorandom
/// Number Generators*, 2014).
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
