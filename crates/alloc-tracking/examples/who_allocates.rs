//! What one container asks for: counters around a vector that grows, is emptied and shrinks.
//!
//! `cargo run -p alloc-tracking --example who_allocates`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_tracking::Tracking;
use alloc_tracking::alloc_core::{Global, vec::Vec};

fn main() {
    let heap = Tracking::new(Global);

    let mut numbers = Vec::new_in(&heap);
    for n in 0..1000_u64 {
        numbers.push(n);
    }
    let grown = heap.stats();
    println!("1000 numbers of 8 bytes, pushed one by one:\n{grown}\n");
    assert_eq!((grown.allocations, grown.grows), (1, 8));
    assert_eq!(grown.live_bytes, 1024 * 8);

    heap.reset_stats();
    numbers.truncate(10);
    numbers.shrink_to_fit();
    let shrunk = heap.stats();
    println!("after shrinking to 10, in a new account:\n{shrunk}\n");
    assert_eq!((shrunk.shrinks, shrunk.live_bytes), (1, 80));
    assert_eq!(shrunk.peak_bytes, 8192);

    drop(numbers);
    assert_eq!(heap.stats().live_blocks, 0);

    heap.reset_stats();
    let mut reserved = Vec::with_capacity_in(1000, &heap);
    reserved.extend(0..1000_u64);
    let stats = heap.stats();
    println!("reserved beforehand:\n{stats}");
    assert_eq!(
        (stats.allocations, stats.grows, stats.total_bytes),
        (1, 0, 8000)
    );
}
