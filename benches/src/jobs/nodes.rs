//! The job `nodes`: finds repeated passages as a compressor does, with a table of chains of boxed nodes.
//!
//! Each pair of words becomes a node at the head of its chain; a chain that is too long loses its
//! tail, and so does one that is too old. After the table has filled up, every word allocates a
//! node and frees one: the churn that a pool is for.

use alloc_core::Layout;
use alloc_core::boxed::Box;

use super::Store;
use crate::input::Input;
use crate::words::{Sum, hash, words};

/// How many chains there are, as a power of two.
const CHAINS_LOG2: u32 = 13;
/// How many nodes a chain may have.
const LONGEST_CHAIN: usize = 6;
/// How far back a passage may lie, in words.
const WINDOW: u32 = 1 << 16;
/// The longest passage that is looked for, in words.
const LONGEST_PASSAGE: usize = 32;

/// A chain of nodes, the newest first.
type Chain<'s, S> = Option<Box<Node<'s, S>, &'s S>>;

/// That a pair of words stands at a place.
struct Node<'s, S: Store> {
    /// The hash of the pair.
    pair: u64,
    /// The number of its first word.
    at: u32,
    next: Chain<'s, S>,
}

/// The layout of a node, which is the same for every store.
pub(super) fn layout() -> Layout {
    let node = Layout::new::<Node<'static, alloc_core::System>>();
    debug_assert_eq!(node, Layout::new::<Node<'static, alloc_arena::Arena>>());
    node
}

/// Runs the job.
pub fn run<S: Store>(input: &Input, store: &mut S) -> u64 {
    let text: Vec<u64> = input
        .files
        .iter()
        .flat_map(|file| words(&file.text))
        .map(|word| hash(word.as_bytes()))
        .collect();
    let mut table = Table::new(store);
    let mut sum = Sum::default();
    for at in 0..u32::try_from(text.len().saturating_sub(1)).unwrap_or(u32::MAX) {
        sum.add(table.step(&text, at));
    }
    drop(table);
    store.end_phase();
    sum.value()
}

/// The chains, by the hash of a pair.
struct Table<'s, S: Store> {
    chains: Vec<Chain<'s, S>>,
    store: &'s S,
}

impl<'s, S: Store> Table<'s, S> {
    fn new(store: &'s S) -> Self {
        let chains = (0..1 << CHAINS_LOG2).map(|_| None).collect();
        Self { chains, store }
    }

    /// Finds the longest passage that began before and begins again at word `at`, and remembers this place.
    fn step(&mut self, text: &[u64], at: u32) -> u64 {
        let here = &text[at as usize..];
        let pair = here[0].rotate_left(17) ^ here[1];
        let slot = (pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - CHAINS_LOG2)) as usize;
        let chain = &mut self.chains[slot];

        let mut best = 0;
        let mut link = &mut *chain;
        for _ in 1..LONGEST_CHAIN {
            if link.as_ref().is_none_or(|node| at - node.at > WINDOW) {
                break;
            }
            if let Some(node) = link {
                if node.pair == pair {
                    best = best.max(common_prefix(here, &text[node.at as usize..]));
                }
                link = &mut node.next;
            }
        }
        *link = None;
        let next = chain.take();
        *chain = Some(Box::new_in(Node { pair, at, next }, self.store));
        best as u64
    }
}

/// How many words two passages share, up to [`LONGEST_PASSAGE`].
fn common_prefix(one: &[u64], other: &[u64]) -> usize {
    one.iter()
        .zip(other)
        .take(LONGEST_PASSAGE)
        .take_while(|(a, b)| a == b)
        .count()
}
