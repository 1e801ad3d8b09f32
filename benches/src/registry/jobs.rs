//! The group `jobs`: each real job over the stores that suit it.

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_core::Global;
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use super::Case;
use crate::jobs::{compute, index, intern, nodes, pipeline};
#[cfg(feature = "peers")]
use crate::subjects::arenas::{Blink, BumpScope, Bumpalo, Oxc};
use crate::subjects::heaps::SystemHeap;
#[cfg(feature = "peers")]
use crate::subjects::heaps::{Jemalloc, Mimalloc, Snmalloc};
#[cfg(feature = "peers")]
use crate::subjects::stores::Framed;
use crate::workloads::jobs::job;

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "jobs", threads: &[1],
        floor: [],
        ours: [Arena],
        system: [SystemHeap],
        peers: [
            Framed<Bumpalo>, Framed<BumpScope>, Framed<Oxc>, Framed<Blink>,
            Mimalloc, Snmalloc, Jemalloc,
        ],
        {
            "intern", 1, 0, "A front end: 256 KiB of text as lines of tokens, with each name kept once; all of it dies at once."
                => |_| job::<S>(intern::run);
            "index", 1, 0, "An index of 256 KiB of text: a map from each word to a growing list; all of it dies at once."
                => |_| job::<S>(index::run);
        }
    );
    table!(cases, "jobs", threads: &[1],
        floor: [],
        ours: [Pool],
        system: [SystemHeap],
        peers: [Mimalloc, Snmalloc, Jemalloc],
        {
            "nodes", 1, 0, "A compressor's search in 256 KiB of text: boxed nodes come with each word and go in no order."
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
            "compute", 1, 0, "The cosines between 64 files, which are vectors of 512 floats in blocks of their own."
                => |_| job::<S>(compute::run);
        }
    );
}
