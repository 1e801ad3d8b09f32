//! `Tracking` as the global allocator of this very test.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::alloc::System;
use std::hint::black_box;

use alloc_tracking::Tracking;

#[global_allocator]
static HEAP: Tracking<System> = Tracking::new(System);

/// The harness allocates in other threads, so the account of a single test is a lower bound.
#[test]
fn everything_the_program_allocates_is_counted() {
    let before = HEAP.stats();
    let block = black_box(vec![1_u8; 1 << 20]);
    let during = HEAP.stats();
    assert!(during.allocations > before.allocations);
    assert!(during.total_bytes >= before.total_bytes + (1 << 20));
    assert!(during.live_bytes >= 1 << 20);
    assert!(during.peak_bytes >= during.live_bytes);
    drop(block);
    assert!(HEAP.stats().deallocations > before.deallocations);
    assert!(HEAP.stats().to_string().contains("live bytes"));
}

#[test]
fn threads_and_their_ends_are_counted() {
    let before = HEAP.stats();
    let threads = if cfg!(miri) { 4 } else { 200 };
    for _ in 0..threads {
        std::thread::spawn(|| drop(black_box(Box::new(1_u64))))
            .join()
            .unwrap();
    }
    let after = HEAP.stats();
    assert!(after.allocations >= before.allocations + threads);
    assert!(after.deallocations >= before.deallocations + threads);
}
