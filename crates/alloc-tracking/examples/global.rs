//! The profiler as the global allocator: what a program leaks, also from inside of libraries.
//!
//! `cargo run -p alloc-tracking --features std --example global`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "std")]
mod watched {
    use std::alloc::System;
    use std::collections::HashMap;

    use alloc_tracking::Profiler;

    #[global_allocator]
    static HEAP: Profiler<System> = Profiler::new(System);

    /// Counts words, and forgets to give back the longest one.
    fn count_words(text: &str) -> usize {
        let mut words = HashMap::new();
        for word in text.split_whitespace() {
            *words.entry(word.to_owned()).or_insert(0) += 1;
        }
        let longest = words.keys().max_by_key(|word| (word.len(), *word));
        longest.cloned().map(String::leak);
        words.len()
    }

    pub(super) fn run() {
        let first = HEAP.next_sequence();
        let words = count_words("the quick brown fox jumps over the extraordinarily lazy dog");
        println!("{words} different words");

        // What the runtime allocated before does not matter here.
        let leaks = HEAP.leaks();
        let ours: Vec<_> = leaks.iter().filter(|leak| leak.sequence >= first).collect();
        for leak in &ours {
            println!(
                "leaked: {} bytes aligned to {}",
                leak.layout.size(),
                leak.layout.align()
            );
        }
        assert!(
            ours.iter()
                .any(|leak| leak.layout.size() == "extraordinarily".len())
        );

        let report = HEAP.report();
        println!("\n{report:.3}");
        assert_eq!(report.fault_counts.total(), 0);
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
