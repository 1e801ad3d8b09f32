//! Arenas: allocate for a phase, free all of it at once.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "alloc")]
extern crate alloc as rust_alloc;
#[cfg(test)]
extern crate std;

mod math;

mod chunk;
mod growth;

mod cursor;

mod alloc;
mod buffer;
mod values;

mod api;
mod stats;

mod arena;
mod builder;
mod scope;

mod fixed;
mod typed;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

pub use arena::Arena;
pub use builder::ArenaBuilder;
pub use fixed::FixedArena;
pub use scope::Scope;
pub use stats::Stats;
pub use typed::TypedArena;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
