//! The group `sync_pool`.

use std::thread;

use super::{Case, table};
use crate::subjects::{heaps, shared};
use crate::workloads::sync_pool::{PAIRS, exchange, hand_over, own_pairs};

/// The numbers of threads: 16 only where as many can run at once.
fn threads() -> &'static [usize] {
    let threads = &[1, 2, 4, 8, 16];
    match thread::available_parallelism() {
        Ok(most) if most.get() >= 16 => threads,
        _ => &threads[..4],
    }
}

/// What [`own_pairs`] stands for.
pub(super) const OWN_PAIRS: &str = "Each thread frees what it took itself, with 16 blocks in use: the workers of a parallel program.";

/// What [`hand_over`] stands for.
pub(super) const HAND_OVER: &str = "Half of the threads take blocks and the others free them, in batches of 64: messages, pipelines.";

/// What [`exchange`] stands for, with many slots and with few.
pub(super) const EXCHANGE: &str = "Each thread puts blocks into random ones of 1,024 slots and frees what was there: a server with a shared table.";
const QUARREL: &str =
    "The same with 4 slots, over which all threads quarrel: the worst case of every allocator.";

pub(super) fn add(cases: &mut Vec<Case>) {
    let first = cases.len();
    table!(cases, "sync_pool", threads: threads(),
        floor: [shared::Idle],
        ours: [shared::SyncPooled, shared::SyncPooledLocal, shared::InlineSync],
        system: [heaps::SystemHeap],
        peers: [
            shared::Locked, shared::Heapless, shared::ShardedSlab, shared::Opool,
            shared::Bounded, shared::Unbounded,
            heaps::Mimalloc, heaps::Snmalloc, heaps::Jemalloc,
        ],
        {
            "own pairs", PAIRS as u64, 0,
                OWN_PAIRS
                => own_pairs::<S>;
            "producer to consumer", PAIRS as u64, 0,
                HAND_OVER => hand_over::<S>;
            "random exchange", PAIRS as u64, 0,
                EXCHANGE
                => exchange::<S, 1024>;
            "all on a few", PAIRS as u64, 0,
                QUARREL
                => exchange::<S, 4>;
        }
    );
    table!(cases, "sync_pool", threads: threads(),
        floor: [shared::Ring], ours: [], system: [], peers: [],
        { "producer to consumer", PAIRS as u64, 0, HAND_OVER => hand_over::<S>; }
    );
    table!(cases, "sync_pool", threads: threads(),
        floor: [shared::Newest], ours: [], system: [], peers: [],
        {
            "random exchange", PAIRS as u64, 0, EXCHANGE => exchange::<S, 1024>;
            "all on a few", PAIRS as u64, 0, QUARREL => exchange::<S, 4>;
        }
    );
    table::by_workload(&mut cases[first..]);
}
