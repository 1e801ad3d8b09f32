//! The laws of `Allocator`, for each way of being one.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

#[cfg(not(miri))]
use alloc_conformance::Limits;
use alloc_conformance::suite;
#[cfg(not(miri))]
use alloc_core::ArcHandle;
use alloc_tracking::Tracking;
#[cfg(not(miri))]
use common::Bump;

suite!(tracking, Tracking::new, [eq, threads, send]);
// Handles, layers and other inner allocators add no unsafe code of their own: the interpreter sees
// all of it in the plain ones.
#[cfg(not(miri))]
suite!(tracking_exact, Tracking::exact, [eq, threads, send]);
#[cfg(not(miri))]
suite!(
    tracking_shared,
    |up| ArcHandle::new(Tracking::new(up)),
    [clones, eq, threads, send]
);
#[cfg(not(miri))]
suite!(
    tracking_twice,
    |up| Tracking::new(Tracking::new(up)),
    [eq, threads, send]
);
#[cfg(not(miri))]
suite!(
    tracking_arena,
    |_| Tracking::new(Bump::new()),
    [owns, reset],
    limits = Limits::block(256, 64).bytes(1 << 12)
);

// The interpreter has `random_programs`, `counts.rs` and `by_site.rs`, in which all of these follow what an allocator may
// be asked for, and which take a tenth of the time.
#[cfg(all(feature = "std", not(miri)))]
mod std_only {
    use super::*;
    use alloc_tracking::{Profiler, SiteProfiler, Stamps};

    suite!(profiler, Profiler::new, [eq, threads, send]);
    suite!(
        profiler_shared,
        |up| ArcHandle::new(Profiler::new(up)),
        [clones, eq, threads, send]
    );
    suite!(
        profiler_of_tracking,
        |up| Profiler::new(Tracking::new(up)),
        [eq, threads, send]
    );
    suite!(
        profiler_arena,
        |_| Profiler::new(Bump::new()),
        [owns, reset],
        limits = Limits::block(256, 64).bytes(1 << 12)
    );

    suite!(by_site, SiteProfiler::new, [eq, threads, send]);
    suite!(
        by_site_with_everything,
        |up| SiteProfiler::new(up)
            .with_call_stacks(32)
            .with_stamps(Stamps::Precise)
            .with_exact_peak(),
        [eq, threads, send]
    );
    suite!(
        by_site_budgeted,
        SiteProfiler::budgeted,
        [eq, threads, send]
    );
    suite!(
        by_site_sampled,
        |up| SiteProfiler::new(up).with_samples(100),
        [eq, threads, send]
    );
    suite!(
        by_site_off,
        |up| SiteProfiler::new(up).switched_off(),
        [eq, threads, send]
    );
    suite!(
        by_site_arena,
        |_| SiteProfiler::new(Bump::new()),
        [reset],
        limits = Limits::block(256, 64).bytes(1 << 12)
    );
}
