//! The laws of the contract.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

/// Under Miri, which takes its time for each pool that is made: few classes, and the laws that move blocks about.
#[cfg(miri)]
mod interpreted {
    use alloc_conformance::{Limits, Upstream, laws};
    use alloc_tiered::Tiered;

    const LIMITS: Limits = Limits::block(60, 256);

    #[test]
    fn programs() {
        laws::programs(Tiered::<_, 3>::new_in, &LIMITS).unwrap();
    }

    #[test]
    fn blocks_that_move() {
        let memory = Tiered::<_, 3>::new_in(Upstream::new());
        laws::fit(&memory, &LIMITS).unwrap();
        laws::realign(&memory, &LIMITS).unwrap();
        laws::grow_zeroed(&memory, &LIMITS).unwrap();
        laws::shrink(&memory, &LIMITS).unwrap();
    }
}

#[cfg(not(miri))]
mod native {
    use alloc_conformance::suite;
    use alloc_core::{ArcHandle, Global};
    use alloc_tiered::{SyncTiered, Tiered};

    suite!(
        shared,
        |up| SyncTiered::<_>::new_in(up),
        [eq, threads, send]
    );
    suite!(default, |up| Tiered::<_>::new_in(up), [eq, send]);
    suite!(few_classes, |up| Tiered::<_, 17>::new_in(up), [eq, send]);
    suite!(no_class, |up| Tiered::<_, 0>::new_in(up), [eq, send]);
    suite!(many_classes, |up| Tiered::<_, 72>::new_in(up), [eq, send]);
    suite!(
        many_shared,
        |up| SyncTiered::<_, 88>::new_in(up),
        [eq, threads, send]
    );
    suite!(
        by_handle,
        |up| ArcHandle::new(SyncTiered::<_>::new_in(up)),
        [clones, eq, threads, send]
    );
    suite!(constant, |_| Tiered::<Global>::new(), [eq, send]);
    suite!(
        constant_shared,
        |_| SyncTiered::<Global>::new_sync(),
        [eq, threads, send]
    );
}
