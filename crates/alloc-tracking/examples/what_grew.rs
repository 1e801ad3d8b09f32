//! What became more between two looks at the heap: a cache that nobody bounds.
//!
//! ```text
//! RUSTFLAGS="-C force-frame-pointers=yes" cargo run --features std --example what_grew -- heap.folded
//! inferno-flamegraph heap.folded > heap.svg
//! ```

#[cfg(feature = "std")]
mod watched {
    use std::alloc::System;
    use std::collections::HashMap;
    use std::fs::File;

    use alloc_tracking::profile::Metric;
    use alloc_tracking::{SiteProfiler, tag};

    #[global_allocator]
    static HEAP: SiteProfiler<System> = SiteProfiler::new(System).with_call_stacks(16).with_tags();

    /// Answers a request, and remembers the answer for ever.
    fn answer(cache: &mut HashMap<u64, String>, request: u64) -> usize {
        let text: Vec<_> = (0..request % 50).map(|n| n.to_string()).collect();
        let _caching = tag("cache");
        let entry = cache.entry(request).or_insert_with(|| text.join(" "));
        entry.len()
    }

    pub(super) fn run() -> std::io::Result<()> {
        let mut cache = HashMap::new();
        // Everything that is made once is there after some requests.
        let warm: usize = (0..100).map(|request| answer(&mut cache, request)).sum();

        let before = HEAP.profile();
        let more: usize = (100..400).map(|request| answer(&mut cache, request)).sum();
        let after = HEAP.profile();

        // Symbols and trimming, if they are wanted, come now: they allocate.
        let difference = &after - &before;
        println!("{difference}");
        assert!(warm > 0 && more > warm);
        let growths = difference.growths();
        assert_eq!(growths[0].tag, Some("cache"));
        assert!(
            growths
                .iter()
                .all(|growth| growth.tag.is_some() || growth.at_end.bytes == 0)
        );

        match std::env::args_os().nth(1) {
            Some(path) => difference.write_folded(File::create(path)?, Metric::EndBytes),
            None => Ok(()),
        }
    }
}

#[cfg(feature = "std")]
fn main() -> std::io::Result<()> {
    watched::run()
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("the profiler needs the feature `std`");
}
