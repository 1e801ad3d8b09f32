//! The group `aligned`.

use alloc_aligned::Aligned;
#[cfg(target_os = "linux")]
use alloc_aligned::Mapped;
use alloc_arena::Arena;
use alloc_core::Global;
use alloc_pool::Pool;

use super::Case;
#[cfg(feature = "peers")]
use crate::subjects::aligned::AlignedVec;
use crate::subjects::aligned::At;
use crate::subjects::heaps::TheSystem;
#[cfg(feature = "peers")]
use crate::subjects::heaps::{TheJemalloc, TheMimalloc, TheSnmalloc};
use crate::workloads::aligned::{
    BIG, BLOCKS, PRODUCTS, PUSHED, growth, lists, pairs, products, push, zeroed,
};

/// The length of a big block.
const LEN: u64 = BIG as u64;

/// Adds the table of big blocks. Pages of the operating system are among ours where there are any.
macro_rules! big {
    ($cases:ident, $($mapped:ty)?) => {
        table!($cases, "aligned", threads: &[1],
            floor: [],
            ours: [Aligned<64, Global>, Aligned<4096, Global>, $($mapped)?],
            system: [At<16, TheSystem>, At<64, TheSystem>],
            peers: [At<64, TheMimalloc>, At<64, TheSnmalloc>, At<64, TheJemalloc>],
            {
                "zeroed 64 MiB", 1, LEN, "A big zeroed block of which one byte is touched, as a sparse table is."
                    => |_| zeroed::<S>();
                "growth 64 to 128 MiB", 1, 2 * LEN, "A big block that is in use becomes twice as long: the growth alone."
                    => |_| growth::<S>();
            }
        );
    };
}

pub(super) fn add(cases: &mut Vec<Case>) {
    table!(cases, "aligned", threads: &[1],
        floor: [],
        ours: [Aligned<64, Global>, Aligned<4096, Global>, Aligned<64, Arena>, Aligned<64, Pool>],
        system: [At<16, TheSystem>, At<64, TheSystem>],
        peers: [At<64, TheMimalloc>, At<64, TheSnmalloc>, At<64, TheJemalloc>],
        {
            "64 B", BLOCKS, 0, "A block of a cache line, freed before the next one is made."
                => |_| pairs::<S, 64>();
        }
    );
    table!(cases, "aligned", threads: &[1],
        floor: [],
        ours: [Aligned<64, Global>, Aligned<4096, Global>, Aligned<64, Arena>],
        system: [At<16, TheSystem>, At<64, TheSystem>],
        peers: [AlignedVec, At<64, TheMimalloc>, At<64, TheSnmalloc>, At<64, TheJemalloc>],
        {
            "1 KiB", BLOCKS, 0, "A list with room for 256 floats, dropped before the next one is made."
                => |_| lists::<S>();
            "push", u64::from(PUSHED), 0, "A list of floats that nobody gave a capacity, growing by one at a time."
                => |_| push::<S>();
            "products", u64::from(PRODUCTS), 0, "Scalar products of lists of 1000 floats, which are made, filled and dropped."
                => |_| products::<S>();
        }
    );
    #[cfg(target_os = "linux")]
    big!(cases, Mapped);
    #[cfg(not(target_os = "linux"))]
    big!(cases,);
}
