//! The group `compose`.

use super::Case;
use crate::subjects::Lend;
use crate::subjects::composed::{Limited, PoolOrSystem, SmallInPool};
use crate::subjects::heaps;
use crate::workloads::containers::{churn, lent, mixed_sizes, vec_growth};

// What workloads stand for that other groups have, too.
pub(super) const VECTOR_GROWTH: &str =
    "A vector that nobody gave a capacity, growing by one word at a time.";
pub(super) const MIXED_SIZES: &str =
    "Vectors of 1 to 512 bytes that replace one another in no order.";
pub(super) const CHURN: &str = "Boxes of 48 bytes that replace one another in no order.";

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "compose", threads: &[1],
        floor: [],
        ours: [PoolOrSystem, SmallInPool, Limited],
        system: [heaps::SystemHeap],
        peers: [heaps::Mimalloc],
        {
            "vector growth", 20_000, 0, VECTOR_GROWTH
                => |_| lent::<S>(|memory| vec_growth(memory.lend()));
            "mixed sizes", 4_000, 0, MIXED_SIZES
                => |_| lent::<S>(|memory| mixed_sizes(memory.lend()));
            "churn", 6_000, 0, CHURN
                => |_| lent::<S>(|memory| churn(memory.lend()));
        }
    );
}
