//! Looks at where the data of a thousand vectors starts, without and with `Aligned`.
//!
//! ```text
//! cargo run -p alloc-aligned --example alignment_check
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_aligned::{Aligned, CACHE_LINE, CacheAligned, is_aligned_to};
use alloc_core::{Allocator, Global, vec::Vec};

/// Fills vectors of 1 to 1000 bytes and counts those whose data starts at a multiple of `align`.
fn aligned_of_1000<A: Allocator + Copy>(allocator: A, align: usize) -> usize {
    let mut vectors = std::vec::Vec::new();
    for len in 1..=1000 {
        let mut bytes = Vec::new_in(allocator);
        bytes.resize(len, 0_u8);
        vectors.push(bytes);
    }
    vectors
        .iter()
        .filter(|bytes| is_aligned_to(bytes.as_ptr(), align))
        .count()
}

fn report(name: &str, align: usize, aligned: usize) {
    let verdict = if aligned == 1000 { "all" } else { "some" };
    println!("{name:<26} {verdict:>4} start at a multiple of {align}");
}

fn main() {
    println!("1000 vectors of 1 to 1000 bytes:");
    for align in [64, 4096] {
        // A heap gives what the element type asks for; more than that is luck.
        report("Global", align, aligned_of_1000(Global, align));
    }
    let line = aligned_of_1000(Aligned::<64, _>::new(Global), 64);
    report("Aligned<64, Global>", 64, line);
    let page = aligned_of_1000(Aligned::<4096, _>::new(Global), 4096);
    report("Aligned<4096, Global>", 4096, page);
    assert_eq!((line, page), (1000, 1000));

    let counters = [const { CacheAligned::new(0_u64) }; 4];
    assert!(
        counters
            .iter()
            .all(|counter| is_aligned_to(counter, CACHE_LINE))
    );
    println!(
        "4 counters, {} bytes: one cache line each",
        size_of_val(&counters)
    );
}
