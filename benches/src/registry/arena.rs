//! The group `arena`.

use super::Case;
use crate::subjects::arenas::*;
use crate::workloads::arena::{VALUES, singles};

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "arena", threads: &[1],
        floor: [],
        ours: [Ours],
        system: [],
        peers: [Bumpalo],
        {
            "u8", VALUES, VALUES, "Single bytes." => |_| singles::<S, u8>();
            "u64", VALUES, 8 * VALUES, "Single words: the smallest thing that most programs put into an arena."
                => |_| singles::<S, u64>();
            "24 B", VALUES, 24 * VALUES, "Values of three words, such as a small node." => |_| singles::<S, [u64; 3]>();
            "64 B", VALUES, 64 * VALUES, "Values of a cache line, such as a big node." => |_| singles::<S, [u64; 8]>();
        }
    );
}
