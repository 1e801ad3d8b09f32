//! The group `tiered`.

use super::{Case, arena, compose, pool, sync_pool};
use crate::subjects::{Lend, heaps, tiered};
use crate::workloads::containers::{churn, lent, mixed_sizes, strings, vec_growth};
use crate::workloads::pool::{LISTED, PAIRS, few_live, hot_pair, in_no_order, lists};
use crate::workloads::sync_pool::{PAIRS as WORK, exchange, hand_over, own_pairs};

pub(super) fn add(cases: &mut Vec<Case>) {
    let first = cases.len();
    add_alone(cases);
    add_threads(cases);
    super::table::by_workload(&mut cases[first..]);
}

/// Blocks of 64 bytes, and what containers ask for.
fn add_alone(cases: &mut Vec<Case>) {
    table!(cases, "tiered", threads: &[1],
        floor: [],
        ours: [tiered::OneThread, tiered::Global],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc],
        {
            "hot pair", PAIRS, 0, pool::HOT_PAIR => |_| hot_pair::<S>();
            "few live", PAIRS, 0, pool::FEW_LIVE => |_| few_live::<S>();
            "fill, free in no order", PAIRS, 0, pool::IN_NO_ORDER => |_| in_no_order::<S>();
            "lists", LISTED + PAIRS, 0, pool::LISTS => |_| lists::<S>();
            "churn", 6_000, 0, compose::CHURN => |_| lent::<S>(|memory| churn(memory.lend()));
            "mixed sizes", 4_000, 0, compose::MIXED_SIZES
                => |_| lent::<S>(|memory| mixed_sizes(memory.lend()));
            "strings", 2_000, 0, arena::STRINGS
                => |_| lent::<S>(|memory| strings(memory.lend()));
            "vector growth", 20_000, 0, compose::VECTOR_GROWTH
                => |_| lent::<S>(|memory| vec_growth(memory.lend()));
        }
    );
}

/// Blocks of 64 bytes that threads hand to each other.
fn add_threads(cases: &mut Vec<Case>) {
    table!(cases, "tiered", threads: &[1, 2, 4],
        floor: [],
        ours: [tiered::Global],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc],
        {
            "own pairs", WORK as u64, 0, sync_pool::OWN_PAIRS => own_pairs::<S>;
            "producer to consumer", WORK as u64, 0, sync_pool::HAND_OVER => hand_over::<S>;
            "random exchange", WORK as u64, 0, sync_pool::EXCHANGE => exchange::<S, 1024>;
        }
    );
}
