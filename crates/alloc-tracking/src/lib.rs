//! Counts and records every block that any allocator hands out.
//!
//! What does this part of the program allocate, how much of it at one time, and what does it never
//! give back? An allocator sees every request, so a wrapper around it can tell. This crate has three,
//! which differ in what they know and cost:
//!
//! | | [`Tracking`] | `SiteProfiler` | `Profiler` |
//! | --- | --- | --- | --- |
//! | knows | counts, bytes, peaks, sizes | the same for each call stack, and lifetimes; what was live over time | every live block: address, size, alignment, age, thread |
//! | finds | that something leaked | where it was allocated | what leaked; double frees, unknown pointers, wrong layouts |
//! | memory | 1.2 KiB; with `std` 3.2 KiB, and 640 bytes per thread | 16 bytes in front of each block | 64 to 128 bytes per live block |
//! | needs | nothing, not even a heap | the feature `std` | the feature `std` |
//!
//! ```text
//! Vec, HashMap, ... ──▶ Tracking ──▶ any allocator: Arena, Pool, Global, System, ...
//!   the program     ──▶ SiteProfiler ──▶
//!                          │ tallies of call stacks, by thread
//!                          ▼
//!                        Profile: what each place allocates, for viewers
//!                   ──▶ Profiler ──▶
//!                          │ table of live blocks, in memory straight from the system
//!                          ▼
//!                        Report: leaks with ages, faults, lifetimes
//! ```
//!
//! Parts of a program have names by a `Tag`, and limits by a `Budget`; containers show by the type of
//! their elements with `SiteProfiler::of`.
//!
//! All wrap any [`Allocator`] for single containers, and any `GlobalAlloc` as
//! `#[global_allocator]` for the whole program. With two at once, a wrapper around an arena counts
//! what its containers ask for, and one underneath it what the arena asks of the system.
//!
//! # Examples
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use alloc_tracking::{Profiler, alloc_core::{Global, vec::Vec}};
//!
//! let heap = Profiler::new(Global);
//! let mut lines = Vec::new_in(&heap);
//! lines.extend(["a", "b", "c"]); // and never freed
//!
//! let report = heap.report();
//! assert_eq!(report.leaks.len(), 1);
//! assert_eq!(report.stats.live_blocks, 1);
//! print!("{report}");
//! # }
//! ```
//!
//! The report is a table (addresses and times vary):
//!
//! ```text
//! 1 live block, 64 bytes
//!        bytes    align       age  thread      block  address
//!           64        8    1.2 us       1          0  0x55d0c8a6bd30
//! no faults
//! lifetimes: no block was freed
//! allocations     1
//! ...
//! ```
//!
//! # Guarantees
//!
//! - Sizes are those that were asked for. Blocks are trimmed to them, so a free takes off exactly
//!   what its allocation put on.
//! - Each counter is exact with any number of threads. No thread's end loses anything. Only a request
//!   that runs at the same time as `reset_stats` or `fork` may be counted in part.
//! - Peaks are exact as long as one thread does all the work, and with any number of threads if that
//!   was asked for ([`Exact`]). Otherwise ([`Near`], and `Profiler`) they are right within a bound of
//!   64 KiB and 1,024 blocks for each thread and once more, which [`Stats`] tells.
//! - Zero-size blocks are not counted: they have no memory, and cannot be told apart.
//! - A request is forwarded as what it is: zeroed as zeroed, growth as growth, so an inner
//!   allocator loses none of its shortcuts.
//! - A failed request is a failure and changes nothing else.
//! - A record is removed before its block is, so no live address is ever listed twice.
//! - Nothing is lost silently: blocks that could not be recorded are counted, and so are all
//!   faults, also those that are no longer listed.
//! - Tracking never allocates through what it tracks, takes no lock of the standard library, prints
//!   nothing and does not unwind.
//!
//! # Costs
//!
//! With `std`, `Tracking` adds no atomic read-modify-write to an allocation or a free, but for one
//! now and then: each thread counts in a place of its own, by loads and stores, and the places are
//! summed up when somebody asks. The first 254 threads that live at one time have such places;
//! whoever comes then, and everybody without `std` or on
//! [systems without them](Tracking#in-a-hook), does four read-modify-writes per allocation and three
//! per free. With exact peaks it is two on either side.
//!
//! What that is on one machine (an EPYC with two cores), over `malloc` and `free`: instructions and
//! time of a block of 64 bytes that is freed at once, and time of one that replaces a random one of
//! 4,096, by one, two and four threads:
//!
//! | | pair, instructions | pair | replace, 1 thread | 2 | 4 |
//! | --- | --: | --: | --: | --: | --: |
//! | `malloc` and `free` | 142 | 8.3 ns | 9.5 ns | 4.8 ns | 7.2 ns |
//! | with `Tracking` | + 20 | + 0.2 ns | + 1.5 ns | + 0.7 ns | + 1.2 ns |
//! | with exact peaks | + 28 | + 1.8 ns | + 3.6 ns | + 37 ns | + 21 ns |
//!
//! `Profiler` adds to the counters, on either side, a reading of the clock and a look into a hash table
//! under one of 32 spin locks. `SiteProfiler` adds a few dozen
//! instructions and no atomic read-modify-write, and what its options say on top of that.
//!
//! # When not to use it
//!
//! - To find reads and writes of freed memory: that is the work of Miri and `AddressSanitizer`.
//! - To learn *where in the source* each block comes from at full speed, in a program without frame
//!   pointers: the tables that the feature `unwind` reads take ten times as long.
//! - `Tracking` with exact peaks, or without `std`, where many threads allocate all the time: they
//!   wait for each other's cache line.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default of the type parameter.
//! - `std`: `Profiler`, `SiteProfiler`, a place for each thread to count in, and the module `profile`: reports that viewers open.
//! - `unwind`: call stacks in programs without frame pointers, by the crate `framehop`.
//! - `symbols`: the names of functions and lines of source for a profile, by the crate `backtrace`.
//! - `flamegraph`: a profile drawn as a flame graph, by the crate `inferno`, which is under the CDDL.
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(all(test, feature = "alloc"))]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod budget;
mod counters;
mod delta;
mod histogram;
#[cfg(feature = "std")]
mod math;
mod peaks;
#[cfg(feature = "std")]
pub mod profile;
#[cfg(feature = "std")]
mod profiler;
#[cfg(feature = "std")]
mod seat;
mod stats;
#[cfg(feature = "std")]
mod tag;
mod tracking;

#[cfg(all(doctest, feature = "alloc"))]
mod compile_fail;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

#[cfg(feature = "std")]
pub use budget::{Budget, BudgetGuard, Budgeted, Budgeting, InBudget, Overrun, Unbudgeted};
pub use delta::Delta;
pub use histogram::Histogram;
pub use peaks::{Exact, Near, Peaks};
#[cfg(feature = "std")]
pub use profile::Profile;
#[cfg(feature = "unwind")]
pub use profiler::learn_libraries;
#[cfg(feature = "std")]
pub use profiler::{
    CallStack, FAULTS_KEPT, Fault, FaultCounts, FaultKind, LeakRecord, Lifetimes, Operation,
    Profiler, Report, SiteProfiler, Stamps, Typed, Watched, thread_number,
};
pub use stats::Stats;
#[cfg(feature = "std")]
pub use tag::{Tag, TagGuard, Tagged, tag};
pub use tracking::Tracking;

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
