//! How much memory a program uses over time: a curve in the terminal, and a file for `ms_print`.
//!
//! ```text
//! RUSTFLAGS="-C force-frame-pointers=yes" cargo run --features std --example over_time -- heap.massif
//! ms_print heap.massif
//! ```

#[cfg(feature = "std")]
mod watched {
    use std::alloc::System;
    use std::collections::BTreeMap;
    use std::fs::File;

    use alloc_tracking::SiteProfiler;

    /// Without stamps, so that its time is bytes: the curve is the same in each run.
    #[global_allocator]
    static HEAP: SiteProfiler<System> =
        SiteProfiler::new(System).with_call_stacks(16).with_series();

    /// Two phases: a text is read and indexed, and then the index alone is left.
    fn index() -> BTreeMap<String, Vec<usize>> {
        let text = "the quick brown fox jumps over the lazy dog ".repeat(5000);
        let mut index: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (place, word) in text.split_whitespace().enumerate() {
            index.entry(word.to_owned()).or_default().push(place);
        }
        HEAP.take_point();
        index
    }

    pub(super) fn run() -> std::io::Result<()> {
        let index = index();
        HEAP.take_point();
        assert_eq!(index["the"].len(), 10_000);

        let profile = HEAP.profile();
        let bytes = profile.series.iter().map(|point| point.live.bytes);
        let highest = bytes.max().unwrap_or(0);
        let last = profile.series[profile.series.len() - 1].live.bytes;
        println!("{profile:.3}");
        assert!(highest > last && last > 45_000 * size_of::<usize>() as u64);

        match std::env::args_os().nth(1) {
            Some(path) => profile.write_massif(File::create(path)?),
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
