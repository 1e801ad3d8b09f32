//! Counts and records every block that any allocator hands out.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(all(test, feature = "alloc"))]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod counters;
#[cfg(feature = "std")]
mod math;
#[cfg(feature = "std")]
mod profiler;
mod stats;
mod tracking;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

#[cfg(feature = "std")]
pub use profiler::{
    FAULTS_KEPT, Fault, FaultCounts, FaultKind, LeakRecord, Lifetimes, Operation, Profiler, Report,
    thread_number,
};
pub use stats::Stats;
pub use tracking::Tracking;
