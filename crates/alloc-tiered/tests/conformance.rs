//! The laws of the contract.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_conformance::{Limits, suite};
use alloc_tiered::Tiered;

// Few classes, as each of these has pools to move about and to drop, and Miri takes its time for each.
suite!(
    tiered,
    |up| Tiered::<_, 3>::new_in(up),
    [eq],
    limits = Limits::block(60, 256)
);

// The concurrent pools are the same to the code in between, and the number of classes to that of each.
#[cfg(not(miri))]
mod native {
    use super::*;
    use alloc_core::{ArcHandle, Global};
    use alloc_tiered::SyncTiered;

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
