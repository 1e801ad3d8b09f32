//! Budgets of the global allocator, where stacks are taken by tables: what the unwinder asks the
//! allocator for comes back to it, in the budget of the moment.
#![cfg(all(feature = "unwind", target_os = "linux", not(miri)))]
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

use std::alloc::System;
use std::hint::black_box;

use alloc_tracking::{Budget, Budgeted, SiteProfiler, learn_libraries};

#[global_allocator]
static HEAP: SiteProfiler<System, Budgeted> = SiteProfiler::budgeted(System)
    .with_call_stacks(32)
    .with_unwinder();

/// Room for one block, and for nothing that a walk takes.
static SMALL: Budget = Budget::new(510);

#[test]
fn a_thread_may_have_its_first_stack_in_a_small_budget() {
    let thread = std::thread::spawn(|| SMALL.run(|| black_box(vec![1_u8; 500])));
    let block = thread.join().unwrap();
    assert_eq!((SMALL.live_bytes(), SMALL.peak_bytes()), (500, 500));
    drop(block);
    SMALL.run(learn_libraries);
    assert_eq!((SMALL.live_bytes(), SMALL.overruns()), (0, 0));
}
