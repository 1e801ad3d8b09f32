//! The group `jobs`: each real job over the stores that suit it.

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_core::Global;
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use super::Case;
use crate::jobs::{compute, index, intern, nodes, pipeline};
use crate::subjects::heaps::SystemHeap;
#[cfg(feature = "peers")]
use crate::subjects::heaps::{Jemalloc, Mimalloc, Snmalloc};
use crate::workloads::jobs::job;

// The most bytes that each job has requested at one time.
const INTERN: u64 = 1_057_595;
const INDEX: u64 = 748_416;
const NODES: u64 = 1_066_848;
const COMPUTE: u64 = 135_168;

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "jobs", threads: &[1],
        floor: [],
        ours: [Arena],
        system: [SystemHeap],
        peers: [Mimalloc, Snmalloc, Jemalloc],
        {
            "intern", 1, INTERN, "A front end: 256 KiB of text as lines of tokens, with each name kept once; all of it dies at once."
                => |_| job::<S>(intern::run);
            "index", 1, INDEX, "An index of 256 KiB of text: a map from each word to a growing list; all of it dies at once."
                => |_| job::<S>(index::run);
        }
    );
    table!(cases, "jobs", threads: &[1],
        floor: [],
        ours: [Pool],
        system: [SystemHeap],
        peers: [Mimalloc, Snmalloc, Jemalloc],
        {
            "nodes", 1, NODES, "A compressor's search in 256 KiB of text: boxed nodes come with each word and go in no order."
                => |_| job::<S>(nodes::run);
        }
    );
    table!(cases, "jobs", threads: &[pipeline::THREADS],
        floor: [],
        ours: [SyncPool],
        system: [SystemHeap],
        peers: [Mimalloc, Snmalloc, Jemalloc],
        {
            "pipeline", 1, 0, "256 KiB of text in boxed blocks through a reader, two workers and a sink: no block is freed where it was made."
                => |_| job::<S>(pipeline::run);
        }
    );
    table!(cases, "jobs", threads: &[1],
        floor: [],
        ours: [Aligned<64, Global>],
        system: [SystemHeap],
        peers: [Mimalloc, Snmalloc, Jemalloc],
        {
            "compute", 1, COMPUTE, "The cosines between 64 files, which are vectors of 512 floats in blocks of their own."
                => |_| job::<S>(compute::run);
        }
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;
    use crate::jobs::text;
    use alloc_core::System;
    use alloc_tracking::Tracking;

    /// Up to a hash table's few bytes more or less, which depend on the machine.
    #[test]
    fn so_much_is_requested() {
        let text = text();
        let peak = |run: fn(&Input, &mut Tracking<System>) -> u64| {
            let mut store = Tracking::new(System);
            run(&text, &mut store);
            u64::try_from(store.stats().peak_bytes)
        };
        let jobs = [
            (INTERN, peak(intern::run)),
            (INDEX, peak(index::run)),
            (NODES, peak(nodes::run)),
            (COMPUTE, peak(compute::run)),
        ];
        for (said, found) in jobs {
            assert!(
                found.is_ok_and(|found| found.abs_diff(said) < 64),
                "{said} is {found:?}"
            );
        }
    }
}
