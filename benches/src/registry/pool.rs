//! The group `pool`.

use super::Case;
use crate::subjects::{free_lists, heaps, shared};
use crate::workloads::pool::{
    GROWN, LISTED, PAIRS, QUEUED, few_live, hot_pair, in_no_order, in_order, lists, queue, stack,
    tree,
};

/// The bytes of so many blocks.
const fn bytes(blocks: u64) -> u64 {
    free_lists::BLOCK.size() as u64 * blocks
}

// What workloads stand for that other groups have, too.
pub(super) const HOT_PAIR: &str =
    "A block that is freed at once and taken again: the best case of every allocator.";
pub(super) const FEW_LIVE: &str = "16 blocks in use, of which each new one replaces the oldest: requests that are served in turn.";
pub(super) const IN_NO_ORDER: &str =
    "10,000 blocks that are freed in no order, so that the next phase finds its blocks scattered.";
pub(super) const LISTS: &str =
    "1,024 lists with 8,192 nodes, which come and go in no order: hash chains, run queues.";

pub(super) fn add(cases: &mut Vec<Case>) {
    add_blocks(cases);
    add_nodes(cases);
}

/// Blocks: for everything that has some.
fn add_blocks(cases: &mut Vec<Case>) {
    table!(cases, "pool", threads: &[1],
        floor: [free_lists::Alone],
        ours: [
            free_lists::Pooled, free_lists::PooledAtRunTime, free_lists::Inline,
            free_lists::Hardened, free_lists::HardenedStrictly,
            shared::SyncPooled, shared::SyncPooledLocal,
        ],
        system: [heaps::SystemHeap],
        peers: [
            free_lists::MadeByHand, free_lists::Slabbed, free_lists::OpoolLocal,
            shared::Locked, shared::Heapless, shared::ShardedSlab,
            heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc,
        ],
        {
            "hot pair", PAIRS, 0,
                HOT_PAIR
                => |_| hot_pair::<S>();
            "few live", PAIRS, 0,
                FEW_LIVE
                => |_| few_live::<S>();
            "fill, free in order", PAIRS, bytes(PAIRS),
                "10,000 blocks that are freed in the order in which they were taken: a phase and its end."
                => |_| in_order::<S>();
            "fill, free in no order", PAIRS, bytes(PAIRS),
                IN_NO_ORDER
                => |_| in_no_order::<S>();
        }
    );
}

/// Nodes of containers: for what is an allocator.
fn add_nodes(cases: &mut Vec<Case>) {
    table!(cases, "pool", threads: &[1],
        floor: [],
        ours: [
            free_lists::Pooled, free_lists::Inline, free_lists::Hardened, free_lists::HardenedStrictly,
            shared::SyncPooled, shared::SyncPooledLocal,
        ],
        system: [heaps::SystemHeap],
        peers: [free_lists::MadeByHand, heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc],
        {
            "stack", PAIRS, bytes(PAIRS / 4 + 3),
                "A stack of nodes that grows by four and shrinks by three."
                => |_| stack::<S>();
            "queue", PAIRS, bytes(QUEUED),
                "A queue of 1,000 nodes, of which the first leaves when a new one comes."
                => |_| queue::<S>();
            "lists", LISTED + PAIRS, bytes(LISTED),
                LISTS
                => |_| lists::<S>();
            "tree", PAIRS, bytes(GROWN),
                "A search tree of 4,096 nodes that loses its oldest key with each new one."
                => |_| tree::<S>();
        }
    );
}
