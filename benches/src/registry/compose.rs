//! The group `compose`.

use super::Case;
use crate::subjects::Lend;
use crate::subjects::composed::{Limited, PoolOrSystem, SmallInPool};
use crate::subjects::heaps;
use crate::workloads::containers::{churn, lent, mixed_sizes, vec_growth};

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "compose", threads: &[1],
        floor: [],
        ours: [PoolOrSystem, SmallInPool, Limited],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc],
        {
            "vector growth", 20_000, 0, "A vector that nobody gave a capacity, growing by one word at a time."
                => |_| lent::<S>(|memory| vec_growth(memory.lend()));
            "mixed sizes", 4_000, 0, "Vectors of 1 to 512 bytes that replace one another in no order."
                => |_| lent::<S>(|memory| mixed_sizes(memory.lend()));
            "churn", 6_000, 0, "Boxes of 48 bytes that replace one another in no order."
                => |_| lent::<S>(|memory| churn(memory.lend()));
        }
    );
}
