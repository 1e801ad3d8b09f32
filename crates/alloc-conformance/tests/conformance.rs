//! The suite on allocators that are known to be right.
//!
//! Under Miri the first is enough: what differs between the others is what must be served.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_conformance::Limits;

alloc_conformance::suite!(upstream, |up| up, [owns, clones, eq, threads, send]);
#[cfg(not(miri))]
alloc_conformance::suite!(
    rc_handle,
    |up| alloc_core::RcHandle::new(up),
    [owns, clones, eq]
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    arc_handle,
    |up| alloc_core::ArcHandle::new(up),
    [owns, clones, eq, threads, send]
);

// Limits only say what must be served, so an allocator without any keeps every law within them.
#[cfg(not(miri))]
alloc_conformance::suite!(
    one_block,
    |up| up,
    [],
    limits = Limits::block(16, 8).blocks(1)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    one_byte,
    |up| up,
    [threads],
    limits = Limits::block(1, 1).blocks(2)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    few_bytes,
    |up| up,
    [threads, send],
    limits = Limits::any().bytes(4096)
);
#[cfg(not(miri))]
alloc_conformance::suite!(
    nothing,
    |up| up,
    [threads, send],
    limits = Limits::any().blocks(0)
);

// Miri has no memory for the huge requests that these are to refuse; `Upstream` stands in for them there.
#[cfg(not(miri))]
alloc_conformance::suite!(global, |_| alloc_core::Global, [clones, threads, send]);
#[cfg(not(miri))]
alloc_conformance::suite!(system, |_| alloc_core::System, [clones, threads, send]);

#[test]
fn the_plain_function_agrees() {
    alloc_conformance::check(|up| up, &Limits::any()).unwrap();
}
