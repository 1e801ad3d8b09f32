//! Each format that a profile is written in, read by a program that we did not write.
//!
//! A reader that is not on the machine is skipped by name; with `VIEWERS=required` in the environment its
//! absence is a failure.
//! Miri is not asked: nothing here is unsafe, and it cannot start the readers.
#![cfg(all(feature = "std", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod made;

mod dhat;
mod difference;
mod folded;
mod json;
mod massif;
mod outputs;
mod pprof;
mod prometheus;
#[cfg(feature = "symbols")]
mod symbols;
mod text;
mod types;
mod viewer;
