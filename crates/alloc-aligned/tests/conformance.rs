//! The laws of the contract, over every alignment that has a name and some that have none.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_aligned::Aligned;
use alloc_conformance::suite;

// The one that Miri runs too, which takes a minute.
//
// Over-aligned blocks of eight times their alignment and more are of the large form, so the laws
// move blocks between the two forms all the time.
suite!(
    large_from_eight_lines_on,
    Aligned::<64, _, 0>::new,
    [clones, eq, threads, send]
);

#[cfg(not(miri))]
mod native {
    use super::*;
    use alloc_aligned::{CacheLine, NEVER, Page};
    use alloc_conformance::Limits;
    use alloc_core::{ArcHandle, Global, Layout};
    use alloc_pool::Pool;

    suite!(
        nothing_raised,
        Aligned::<1, _>::new,
        [clones, eq, threads, send]
    );
    suite!(cache_line, CacheLine::new, [clones, eq, threads, send]);
    suite!(word, Aligned::<16, _>::new, [clones, eq, threads, send]);
    suite!(page, Page::new, [clones, eq, threads, send]);
    suite!(
        large_from_eight_vectors_on,
        Aligned::<32, _, 0>::new,
        [clones, eq, threads, send]
    );
    suite!(
        large_from_1000_bytes_on,
        Aligned::<64, _, 1000>::new,
        [clones, eq, threads, send]
    );
    suite!(
        large_from_eight_pages_on,
        Aligned::<4096, _, 0>::new,
        [clones, eq, threads, send]
    );
    suite!(
        never_large,
        Aligned::<64, _, NEVER>::new,
        [owns, clones, eq, threads, send]
    );
    suite!(
        large_over_the_heap,
        |_| Aligned::<64, _, 0>::new(Global),
        [clones, threads, send]
    );
    suite!(
        large_in_large,
        |up| Aligned::<32, _, 0>::new(Aligned::<128, _, 0>::new(up)),
        [clones, eq, threads, send]
    );
    suite!(
        over_the_heap,
        |_| Aligned::<64, _>::new(Global),
        [clones, threads, send]
    );
    suite!(
        over_a_handle,
        |up| Aligned::<64, _>::new(ArcHandle::new(up)),
        [clones, eq, threads, send],
    );
    suite!(
        nested,
        |up| Aligned::<16, _>::new(Aligned::<128, _>::new(up)),
        [clones, eq, threads, send],
    );
    suite!(
        over_a_pool,
        |up| {
            let blocks = Layout::from_size_align(64, 32).unwrap();
            Aligned::<32, _, NEVER>::new(Pool::new_in(blocks, up))
        },
        [owns, reset, send],
        limits = Limits::block(64, 32),
    );

    #[cfg(all(feature = "map", target_os = "linux"))]
    mod mapped {
        use super::*;
        use alloc_aligned::{Huge, Mapped};

        suite!(pages, |_| Mapped::new(), [clones, eq, threads, send]);
        suite!(
            huge_pages,
            |_| Mapped::with_huge_pages(Huge::Advised),
            [clones, eq, threads, send]
        );
        suite!(
            reserved_pages_or_others,
            |_| Mapped::with_huge_pages(Huge::ReservedOrAdvised),
            [clones, eq, threads, send]
        );
        suite!(
            aligned_pages,
            |_| Aligned::<{ 64 << 10 }, _, NEVER>::new(Mapped::new()),
            [clones, eq, threads, send]
        );
    }
}
