//! The laws of the `Allocator` trait as a test suite.
#![cfg_attr(feature = "nightly", feature(allocator_api, btreemap_alloc))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod limits;
mod pattern;
mod program;
mod session;
mod upstream;
mod violation;

pub mod broken;
mod check;
pub mod laws;
#[doc(hidden)]
pub mod suite;

pub use check::{check, law_names};
pub use limits::Limits;
pub use program::{Op, Program};
pub use upstream::Upstream;
pub use violation::Violation;
