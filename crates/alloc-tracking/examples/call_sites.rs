//! What each place in a program allocates.
//!
//! ```text
//! RUSTFLAGS="-C force-frame-pointers=yes" cargo run --features std --example call_sites
//! ```

#[cfg(feature = "std")]
mod watched {
    use std::alloc::System;
    use std::collections::BTreeMap;

    use alloc_tracking::SiteProfiler;
    use alloc_tracking::profile::Metric;

    #[global_allocator]
    static HEAP: SiteProfiler<System> = SiteProfiler::new(System).with_call_stacks(16);

    /// How often each word is in the text.
    fn count(text: &str) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for word in text.split_whitespace() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
        counts
    }

    pub(super) fn run() {
        let text = "the quick brown fox jumps over the lazy dog ".repeat(1000);
        let counts = count(&text);
        assert_eq!(counts["the"], 2000);

        let mut profile = HEAP.profile();
        profile.sort_by(Metric::TotalBlocks);
        if !SiteProfiler::<System>::has_call_stacks() {
            println!("this program keeps no frame pointers, so all blocks are from one place");
        }
        println!("  blocks      bytes    at peak  return addresses");
        for site in profile.sites.iter().take(5) {
            let (total, at_peak) = (site.total, site.at_peak.bytes);
            let (blocks, bytes) = (total.blocks, total.bytes);
            println!("{blocks:>8} {bytes:>10} {at_peak:>10}  {:x?}", site.stack);
        }
    }
}

#[cfg(feature = "std")]
fn main() {
    watched::run();
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("the profiler needs the feature `std`");
}
