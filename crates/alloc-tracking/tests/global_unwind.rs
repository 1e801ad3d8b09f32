//! The unwinder under the global allocator of this very test: what it allocates for itself comes back
//! to the profiler that asked it.
#![cfg(all(feature = "unwind", target_os = "linux", not(miri)))]
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

use std::alloc::System;
use std::hint::black_box;

use alloc_tracking::{SiteProfiler, Stamps, learn_libraries};

#[global_allocator]
static HEAP: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .with_unwinder()
    .with_stamps(Stamps::Coarse);

#[test]
fn every_block_has_a_stack_but_those_of_the_unwinder() {
    let words: Vec<String> = (0..black_box(100)).map(|i| "a".repeat(i + 1)).collect();
    let threads: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| black_box(vec![1_u8; 1000]).len()))
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 1000);
    }
    learn_libraries();
    let profile = HEAP.profile();
    let totals = profile.totals();
    assert!(totals.total.blocks > 100, "{totals:?}");
    // Threads that are about to end stand, and have no stacks.
    let without = profile.sites.iter().filter(|site| site.stack.is_empty());
    let without: u64 = without.map(|site| site.total.blocks).sum();
    assert!(without * 4 < totals.total.blocks, "{without} of {totals:?}");
    // A copy of a table, or the memory for a walk, would be larger than any of these.
    let large = profile
        .sites
        .iter()
        .filter(|site| site.total.bytes > 20_000);
    let large: Vec<_> = large.map(|site| (site.total, site.stack.len())).collect();
    assert!(large.iter().all(|(_, depth)| *depth > 0), "{large:?}");
    assert_eq!(HEAP.fault_counts().total(), 0);
    drop(words);
}
