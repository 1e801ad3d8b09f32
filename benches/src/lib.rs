//! Evidence for choosing: every allocator of the workspace at work, beside the system's.
//!
//! There are two ways to look, and one library below them:
//!
//! - `cargo bench -p alloc-benches` measures the [`registry`]: small workloads over many subjects,
//!   pair by pair, with criterion.
//! - The program `demo` runs the [`jobs`]: real work over real text, each written once and run with
//!   one of our allocators and with the system's. Both must compute the same answer. It ends with a
//!   table, a leak report and a page with charts.
//!
//! ```text
//! cli ─▶ input, defaults ─▶ jobs ─▶ measure, leaks ─▶ report      demo: all of it in a row
//! ```
//!
//! # Examples
//!
//! ```
//! use alloc_benches::{input::Input, jobs::JOBS};
//!
//! let input = Input::of_texts(["fn twice(x: u32) -> u32 { x + x }"]);
//! for job in JOBS {
//!     let ((ours, _), (system, _)) = (job.ours.run(&input), job.system.run(&input));
//!     assert_eq!(ours, system, "{}", job.name);
//! }
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

pub mod words;

pub mod defaults;
pub mod input;

pub mod jobs;
pub mod registry;
pub mod subjects;
pub mod workloads;

pub mod instruments;
pub mod record;

pub mod evidence;

pub mod leaks;
pub mod measure;
pub mod report;

pub mod cli;
pub mod progress;

pub mod demo;

pub mod oracle;

/// The pages that speak of several crates, compiled and run where all of them are at hand.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/ALLOCATOR-MODEL.md")]
    struct AllocatorModel;

    #[doc = include_str!("../../README.md")]
    struct Readme;
}
