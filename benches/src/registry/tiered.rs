//! The group `tiered`.

use super::Case;
use crate::subjects::{Lend, heaps, tiered};
use crate::workloads::containers::{churn, lent, mixed_sizes, strings, vec_growth};
use crate::workloads::pool::{LISTED, PAIRS, few_live, hot_pair, in_no_order, lists};
use crate::workloads::sync_pool::{self, exchange, hand_over, own_pairs};

pub(super) fn add(cases: &mut Vec<Case>) {
    let first = cases.len();
    add_blocks(cases);
    add_containers(cases);
    add_threads(cases);
    super::table::by_workload(&mut cases[first..]);
}

/// Blocks of 64 bytes.
fn add_blocks(cases: &mut Vec<Case>) {
    table!(cases, "tiered", threads: &[1],
        floor: [],
        ours: [tiered::OneThread, tiered::Global],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc],
        {
            "hot pair", PAIRS, 0,
                "A block that is freed at once and taken again: the best case of every allocator."
                => |_| hot_pair::<S>();
            "few live", PAIRS, 0,
                "16 blocks in use, of which each new one replaces the oldest: requests that are served in turn."
                => |_| few_live::<S>();
            "fill, free in no order", PAIRS, 0,
                "10,000 blocks that are freed in no order, so that the next phase finds its blocks scattered."
                => |_| in_no_order::<S>();
            "lists", LISTED + PAIRS, 0,
                "1,024 lists with 8,192 nodes, which come and go in no order: hash chains, run queues."
                => |_| lists::<S>();
        }
    );
}

/// What containers ask for.
fn add_containers(cases: &mut Vec<Case>) {
    table!(cases, "tiered", threads: &[1],
        floor: [],
        ours: [tiered::OneThread, tiered::Global],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc],
        {
            "churn", 6_000, 0, "Boxes of 48 bytes that replace one another in no order."
                => |_| lent::<S>(|memory| churn(memory.lend()));
            "mixed sizes", 4_000, 0, "Vectors of 1 to 512 bytes that replace one another in no order."
                => |_| lent::<S>(|memory| mixed_sizes(memory.lend()));
            "strings", 2_000, 0, "Short texts that are built byte by byte, and kept."
                => |_| lent::<S>(|memory| strings(memory.lend()));
            "vector growth", 20_000, 0, "A vector that nobody gave a capacity, growing by one word at a time."
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
            "own pairs", sync_pool::PAIRS as u64, 0,
                "Each thread frees what it took itself, with 16 blocks in use: the workers of a parallel program."
                => own_pairs::<S>;
            "producer to consumer", sync_pool::PAIRS as u64, 0,
                "Half of the threads take blocks and the others free them, in batches of 64: messages, pipelines."
                => hand_over::<S>;
            "random exchange", sync_pool::PAIRS as u64, 0,
                "Each thread puts blocks into random ones of 1,024 slots and frees what was there: a server with a shared table."
                => exchange::<S, 1024>;
        }
    );
}
