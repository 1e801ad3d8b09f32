//! The laws of the contract, over every combinator and some towers of them.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use alloc_compose::{Fallback, Limit, Segregate};
use alloc_conformance::suite;
use support::Region;

// The one that Miri runs too, which takes minutes for each. It passes through every combinator.
suite!(
    tower,
    |up| {
        let small = Fallback::new(
            Region::over_returning(500, 9),
            Limit::new(up.clone(), 1 << 30),
        );
        Limit::new(Segregate::<64, _, _>::new(small, up), usize::MAX)
    },
    [eq, send],
);

#[cfg(not(miri))]
mod native {
    use super::*;
    use alloc_compose::Null;
    use alloc_conformance::Limits;
    use alloc_core::{ArcHandle, Global, Layout, RcHandle};
    use alloc_pool::Pool;

    /// Limits of an allocator that need not serve anything.
    const NOTHING: Limits = Limits::block(1, 1).blocks(0);

    suite!(
        null,
        |_| Null,
        [owns, reset, clones, eq, threads, send],
        limits = NOTHING
    );

    suite!(
        fallback_at_once,
        |up| Fallback::new(Null, up),
        [clones, eq, threads, send]
    );
    suite!(
        fallback_when_full,
        |up| Fallback::new(Region::new(500), up),
        [send]
    );
    suite!(
        fallback_with_excess,
        |up| Fallback::new(Region::over_returning(2000, 40), up),
        [send],
    );
    suite!(
        fallback_clones,
        |up| Fallback::new(RcHandle::new(Region::new(500)), up),
        [clones, eq],
    );
    suite!(
        fallback_to_a_region,
        |_| Fallback::new(Region::new(200), Region::new(1 << 17)),
        [owns, reset, send],
        limits = Limits::block(1000, 16).bytes(60_000),
    );
    suite!(
        fallback_from_a_pool,
        |up| {
            let layout = Layout::from_size_align(64, 16).unwrap();
            Fallback::new(Pool::fixed_in(layout, 8, up.clone()), up)
        },
        [send],
    );
    suite!(
        fallback_within_fallback,
        |up| Fallback::new(Fallback::new(Region::new(100), Region::new(300)), up),
        [send],
    );

    suite!(
        segregate_at_64,
        |up| Segregate::<64, _, _>::new(up.clone(), up),
        [clones, eq, threads, send],
    );
    suite!(
        segregate_nothing_small,
        |up| Segregate::<0, _, _>::new(Null, up),
        [clones, eq, threads, send],
    );
    suite!(
        segregate_nothing_large,
        |up| Segregate::<{ usize::MAX }, _, _>::new(up, Null),
        [clones, eq, threads, send],
    );
    suite!(
        segregate_classes,
        |up| {
            let large = Segregate::<256, _, _>::new(up.clone(), up.clone());
            Segregate::<16, _, _>::new(up, large)
        },
        [clones, eq, threads, send],
    );
    suite!(
        segregate_regions,
        |_| Segregate::<64, _, _>::new(Region::over_returning(1 << 17, 100), Region::new(1 << 17)),
        [owns, reset, send],
        limits = Limits::block(1000, 16).bytes(8000),
    );

    suite!(
        limit_never_reached,
        |up| Limit::new(up, usize::MAX),
        [eq, threads, send]
    );
    suite!(
        limit_of_a_kilobyte,
        |up| Limit::new(up, 1024),
        [eq, threads, send],
        limits = Limits::block(100, 1 << 20).bytes(1024),
    );
    suite!(
        limit_owns,
        |_| Limit::new(Region::over_returning(1 << 17, 7), 1 << 16),
        [owns, reset, eq, send],
        limits = Limits::block(1000, 16).bytes(8000),
    );
    suite!(
        limit_of_a_handle,
        |up| ArcHandle::new(Limit::new(up, usize::MAX)),
        [clones, eq, threads, send],
    );

    suite!(
        tower_of_a_pool,
        |up| {
            let layout = Layout::from_size_align(64, 16).unwrap();
            let small = Fallback::new(
                Pool::fixed_in(layout, 8, up.clone()),
                Limit::new(up.clone(), 1 << 30),
            );
            Limit::new(Segregate::<64, _, _>::new(small, up), usize::MAX)
        },
        [eq, send],
    );
    suite!(
        tower_of_the_heap,
        |_| Segregate::<64, _, _>::new(Fallback::new(Region::new(300), Global), Global),
        [send],
    );
}
