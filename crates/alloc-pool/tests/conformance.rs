//! The laws of the trait, one line per configuration. Miri runs one of each kind.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_conformance::{Limits, Upstream};
use alloc_pool::{HardenedPool, InlinePool, Layout, Pool, Sealed, Strict};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// A pool that has learned its layout from one request.
#[cfg_attr(miri, allow(dead_code))]
fn learned(up: Upstream) -> Pool<Upstream> {
    let pool = Pool::learning_in(up);
    drop(alloc_pool::alloc_core::boxed::Box::new_in(
        [0_u64; 6], &pool,
    ));
    pool
}

alloc_conformance::suite!(
    pool_64_16,
    |up| Pool::new_in(layout(64, 16), up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_8_8,
    |up| Pool::new_in(layout(8, 8), up),
    [owns, reset, eq, send],
    limits = Limits::block(8, 8)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_1_1,
    |up| Pool::new_in(layout(1, 1), up),
    [owns, reset, eq, send],
    limits = Limits::block(1, 1)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_nothing,
    |up| Pool::new_in(layout(0, 1), up),
    [owns, reset, eq, send],
    limits = Limits::block(4, 4)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_over_aligned,
    |up| Pool::new_in(layout(64, 4096), up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 4096)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_page,
    |up| Pool::new_in(layout(4096, 64), up),
    [owns, reset, eq, send],
    limits = Limits::block(4096, 64)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_odd,
    |up| Pool::new_in(layout(100, 4), up),
    [owns, reset, eq, send],
    limits = Limits::block(100, 4)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    pool_chunk_of_one,
    |up| Pool::new_in(layout(64, 16), up).with_chunk_limit(0),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16)
);
// A bound is a comparison; what is bounded is the pool above, and `behaviour` has a full one under Miri.
#[cfg(not(miri))]
alloc_conformance::suite!(
    fixed,
    |up| Pool::fixed_in(layout(64, 16), 40, up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16).blocks(40)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    fixed_none,
    |up| Pool::fixed_in(layout(64, 16), 0, up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16).blocks(0)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    learning,
    learned,
    [owns, reset, eq, send],
    limits = Limits::block(48, 8)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    learning_now,
    Pool::learning_in,
    [owns, reset, eq, send],
    limits = Limits::block(1, 1)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    handle,
    |up| alloc_pool::alloc_core::RcHandle::new(Pool::new_in(layout(64, 16), up)),
    [owns, clones, eq],
    limits = Limits::block(64, 16)
);
alloc_conformance::suite!(
    inline_64,
    |_| InlinePool::<[u64; 8], 32>::new(),
    [owns, reset, eq, send],
    limits = Limits::block(64, 8).blocks(32)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    inline_bytes,
    |_| InlinePool::<u8, 200>::new(),
    [owns, reset, eq, send],
    limits = Limits::block(1, 1).blocks(200)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    inline_zero_size,
    |_| InlinePool::<(), 8>::new(),
    [owns, reset, eq, send],
    limits = Limits::block(4, 4).blocks(8)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    inline_empty,
    |_| InlinePool::<u64, 0>::new(),
    [owns, reset, eq, send],
    limits = Limits::block(8, 8).blocks(0)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_64_16,
    |up| HardenedPool::<_, Sealed>::new_in(layout(64, 16), up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16)
);
alloc_conformance::suite!(
    strict_64_16,
    |up| HardenedPool::<_, Strict>::new_in(layout(64, 16), up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_1_1,
    |up| HardenedPool::<_, Sealed>::new_in(layout(1, 1), up),
    [owns, reset, eq, send],
    limits = Limits::block(1, 1)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_over_aligned,
    |up| HardenedPool::<_, Sealed>::new_in(layout(64, 4096), up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 4096)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    strict_page,
    |up| HardenedPool::<_, Strict>::new_in(layout(4096, 64), up),
    [owns, reset, eq, send],
    limits = Limits::block(4096, 64)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    strict_fixed,
    |up| HardenedPool::<_, Strict>::fixed_in(layout(64, 16), 40, up),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16).blocks(40)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_learning,
    HardenedPool::<_, Sealed>::learning_in,
    [owns, reset, eq, send],
    limits = Limits::block(1, 1)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_chunk_of_one,
    |up| HardenedPool::<_, Sealed>::new_in(layout(64, 16), up).with_chunk_limit(0),
    [owns, reset, eq, send],
    limits = Limits::block(64, 16)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    hardened_handle,
    |up| alloc_pool::alloc_core::RcHandle::new(HardenedPool::<_, Sealed>::new_in(
        layout(64, 16),
        up
    )),
    [owns, clones, eq],
    limits = Limits::block(64, 16)
);
