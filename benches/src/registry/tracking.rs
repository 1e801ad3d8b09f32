//! The group `tracking`: what a program pays for counting or recording its blocks.

use std::alloc::System;

use alloc_tracking::SiteProfiler;

use super::{Case, table};
use crate::subjects::Lend;
use crate::subjects::heaps::SystemHeap;
use crate::subjects::trackers::{
    BySite, CallStacks, Coarsely, Counted, CountedExactly, Everything, Off, Profiled, Sampled,
    Stamped, Unwound, WithStacks,
};
#[cfg(feature = "peers")]
use crate::subjects::trackers::{Dhat, Heaptrack, StatsAllocHeap, TrackingAllocator};
use crate::workloads::containers::{boxes, lent};
use crate::workloads::json::{document, parse};
use crate::workloads::pool::{self, hot_pair};
use crate::workloads::tracking::{PAIRS, churn};

/// Adds every workload over these subjects.
macro_rules! tracked {
    ($cases:ident, floor: [$($floor:ty),*], ours: [$($ours:ty),* $(,)?], peers: [$($peer:ty),*]) => {
        table!($cases, "tracking", threads: &[1],
            floor: [$($floor),*], ours: [$($ours),*], system: [], peers: [$($peer),*],
            {
                "pair", pool::PAIRS, 0, "A block of 64 bytes that is freed at once: the least that a program pays for."
                    => |_| hot_pair::<S>();
                "boxes", 2_000, 0, "Boxes of 32 bytes that are all made, then all freed in the order they were made."
                    => |_| lent::<S>(|heap| boxes(heap.lend()));
                "JSON", 1, 0, "A document of 200 KiB becomes a tree of values, and goes."
                    => |_| {
                        let document = document();
                        lent::<S>(move |heap| parse(&document, heap.lend()))
                    };
            }
        );
        table!($cases, "tracking", threads: &[1, 2, 4],
            floor: [$($floor),*], ours: [$($ours),*], system: [], peers: [$($peer),*],
            {
                "churn", PAIRS as u64, 0,
                    "Each thread has 4,096 blocks of 64 bytes and replaces random ones: a server's tables, caches and queues."
                    => churn::<S>;
            }
        );
    };
}

pub(super) fn add(cases: &mut Vec<Case>) {
    let first = cases.len();
    tracked!(cases,
        // What is tracked, untracked: nobody can be faster.
        floor: [SystemHeap],
        ours: [Counted, CountedExactly, Profiled, Coarsely, BySite, Stamped, Sampled, Off],
        peers: [StatsAllocHeap, TrackingAllocator, Dhat, Heaptrack]);
    // Elsewhere there are no stacks to be taken by frame pointers, and nothing to be measured.
    if SiteProfiler::<System>::has_call_stacks() {
        tracked!(cases, floor: [], ours: [CallStacks, Everything, WithStacks], peers: []);
    } else {
        tracked!(cases, floor: [], ours: [Unwound], peers: []);
    }
    #[cfg(feature = "heapscope")]
    tracked!(cases, floor: [], ours: [], peers: [crate::subjects::trackers::Heapscope]);
    table::by_workload(&mut cases[first..]);
}
