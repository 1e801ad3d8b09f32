//! The group `arena`.

use super::Case;
use crate::subjects::Lend;
use crate::subjects::arenas;
use crate::workloads::arena::{
    GROWTHS, PUSHES, SLICES, VALUES, doubling, frame, layouts, mix, pairs, pushes, singles, slices,
};
use crate::workloads::containers::{boxes, framed, map_of_lists, mixed_sizes, strings, vec_growth};

/// What a workload stands for that another group has, too.
pub(super) const STRINGS: &str = "Short texts that are built byte by byte, and kept.";

pub(super) fn add(cases: &mut Vec<Case>) {
    values(cases);
    requests(cases);
    blocks(cases);
    containers(cases);
}

fn values(cases: &mut Vec<Case>) {
    table!(cases, "arena", threads: &[1],
        floor: [arenas::Floor],
        ours: [arenas::Ours, arenas::Packed, arenas::Fixed, arenas::Cursored],
        system: [arenas::KeptSystem],
        peers: [
            arenas::KeptMimalloc, arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope,
            arenas::BumpScopeDown, arenas::Oxc, arenas::Blink, arenas::TypedArena,
        ],
        {
            "u8", VALUES, VALUES, "Single bytes." => |_| singles::<S, u8>();
            "u64", VALUES, 8 * VALUES, "Single words: the smallest thing that most programs put into an arena."
                => |_| singles::<S, u64>();
            "24 B", VALUES, 24 * VALUES, "Values of three words, such as a small node."
                => |_| singles::<S, [u64; 3]>();
            "64 B", VALUES, 64 * VALUES, "Values of a cache line, such as a big node."
                => |_| singles::<S, [u64; 8]>();
        }
    );
    table!(cases, "arena", threads: &[1],
        floor: [arenas::Floor],
        ours: [arenas::Ours, arenas::Packed, arenas::Fixed],
        system: [arenas::KeptSystem],
        peers: [
            arenas::KeptMimalloc, arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope,
            arenas::BumpScopeDown, arenas::Oxc, arenas::Blink, arenas::TypedArena,
        ],
        {
            "mix", VALUES, 0, "Bytes, words, and values of three words and of a cache line in turns."
                => |_| mix::<S>();
        }
    );
}

fn requests(cases: &mut Vec<Case>) {
    table!(cases, "arena", threads: &[1],
        floor: [],
        ours: [arenas::Ours, arenas::Packed, arenas::Fixed],
        system: [arenas::KeptSystem],
        peers: [
            arenas::KeptMimalloc, arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope,
            arenas::BumpScopeDown, arenas::Oxc, arenas::Blink,
        ],
        {
            "dynamic layout", VALUES, 0, "Blocks of 8 to 64 bytes and any alignment up to 8, known only when the program runs."
                => |_| layouts::<S>();
            "slice 16 B", VALUES, 16 * VALUES, "Copies of a slice of 16 bytes, such as a short text."
                => |_| slices::<S>(16, VALUES);
            "slice 1 KiB", SLICES, 1024 * SLICES, "Copies of a slice of 1 KiB." => |_| slices::<S>(1 << 10, SLICES);
            "frame", VALUES, 0, "Words, values of three words and of a cache line, and texts of 18 to 23 bytes in no order, and their end: what a program does in a phase."
                => |_| frame::<S>();
        }
    );
}

fn blocks(cases: &mut Vec<Case>) {
    table!(cases, "arena", threads: &[1],
        floor: [],
        ours: [arenas::Ours, arenas::Packed],
        system: [arenas::KeptSystem],
        peers: [
            arenas::KeptMimalloc, arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope,
            arenas::BumpScopeDown, arenas::Oxc, arenas::Blink,
        ],
        {
            "allocate and free", VALUES, 0, "Blocks of 32 bytes, each freed before the next: scratch space of a function."
                => |_| pairs::<S>();
            "doubling", GROWTHS, 0, "A block that grows from 64 bytes to 64 KiB, by twice its size each time, with free room after it."
                => |_| doubling::<S>();
            "Vec<u32>", PUSHES.into(), 4 * u64::from(PUSHES), "A vector that grows to 100,000 numbers, one at a time, and the arena's end."
                => |_| pushes::<S>();
        }
    );
}

fn containers(cases: &mut Vec<Case>) {
    table!(cases, "arena", threads: &[1],
        floor: [],
        ours: [arenas::Ours, arenas::Packed],
        system: [arenas::KeptSystem],
        peers: [
            arenas::KeptMimalloc, arenas::Bumpalo, arenas::BumpScope, arenas::Oxc, arenas::Blink,
        ],
        {
            "vector growth", 20_000, 0, "A vector that nobody gave a capacity, growing by one word at a time."
                => |_| framed::<S>(|memory| vec_growth(memory.lend()));
            "strings", 2_000, 0, STRINGS
                => |_| framed::<S>(|memory| strings(memory.lend()));
            "map of lists", 4_000, 0, "A hash map of growing lists, as an index has them."
                => |_| framed::<S>(|memory| map_of_lists(memory.lend()));
            "mixed sizes", 4_000, 0, "Vectors of 1 to 512 bytes that replace one another in no order: what an arena is not for."
                => |_| framed::<S>(|memory| mixed_sizes(memory.lend()));
            "boxes", 2_000, 0, "Boxes of 32 bytes that are all made, then all dropped."
                => |_| framed::<S>(|memory| boxes(memory.lend()));
        }
    );
}
