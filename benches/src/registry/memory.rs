//! The group `memory`.

use super::Case;
use crate::subjects::arenas;
use crate::subjects::composed::PoolOfLines;
use crate::subjects::heaps::SystemHeap;
use crate::workloads::memory::{PIECE, in_pieces, one_and_pieces, one_vector};

/// Mebibytes and kibibytes in pieces.
const MIB: u64 = 1024 * KIB;
const KIB: u64 = 1024 / PIECE;

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "memory", threads: &[1],
        floor: [],
        ours: [arenas::Ours, PoolOfLines],
        system: [SystemHeap],
        peers: [
            arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope, arenas::BumpScopeDown,
            arenas::Oxc, arenas::Blink,
        ],
        {
            "1 MiB in pieces", MIB, MIB * PIECE, "Blocks of 64 bytes, all alive at once: a small job."
                => |_| in_pieces::<S>(MIB);
            "100k blocks", 100_000, 100_000 * PIECE, "Blocks of 64 bytes, all alive at once: 6 MiB of them."
                => |_| in_pieces::<S>(100_000);
            "100 MiB in pieces", 100 * MIB, 100 * MIB * PIECE, "Blocks of 64 bytes, all alive at once: a large job."
                => |_| in_pieces::<S>(100 * MIB);
        }
    );
    table!(cases, "memory", threads: &[1],
        floor: [],
        ours: [arenas::Ours],
        system: [SystemHeap],
        peers: [
            arenas::Bumpalo, arenas::BumpaloAligned, arenas::BumpScope, arenas::BumpScopeDown,
            arenas::Oxc, arenas::Blink,
        ],
        {
            "Vec<u32>", 100_000, 400_000, "A vector that grows to 100,000 numbers, one at a time, and is all there is."
                => |_| one_vector::<S>(100_000);
            "1 MiB, then pieces", 64 * KIB, (MIB + 64 * KIB) * PIECE, "One block of 1 MiB, and after it 64 KiB in blocks of 64 bytes."
                => |_| one_and_pieces::<S>(1 << 20, 64 * KIB);
        }
    );
}
