//! Small blocks from pools, large ones from any allocator.
//!
//! ```text
//! request ─▶ class of its layout ┬ 0 .. 63 ─▶ pool of 8 | 16 | 24 | .. | 8192 bytes ─ chunks ─▶ L
//!                                └ none ─────▶ L
//! ```
//!
//! Most blocks of most programs are small, and a pool serves them in a few instructions. [`Tiered`] has a pool for each
//! class of sizes; the class follows from the [`Layout`](alloc_core::Layout), which Rust hands to both ends of a
//! block's life, so nothing has to be stored or looked up.
//!
//! | | threads | pools |
//! | --- | --- | --- |
//! | [`Tiered<L>`](Tiered) | one at a time | [`Pool`](alloc_pool::Pool) |
//! | [`SyncTiered<L>`](SyncTiered) | any, with free blocks at hand for each (`std`) | [`SyncPool`](alloc_sync_pool::SyncPool) |
//! | [`GlobalTiered`] (`std`) | any: `#[global_allocator]` | the same, over `System` |
//!
//! # Examples
//!
//! ```
//! use alloc_core::{boxed::Box, vec::Vec};
//! use alloc_tiered::Tiered;
//!
//! let memory: Tiered = Tiered::new();
//! let mut numbers = Vec::new_in(&memory);
//! numbers.extend(0..1_000_u64); // out of the pools while it is small, and from the heap when it is not
//! let boxed = Box::new_in([1_u8; 40], &memory);
//! assert_eq!(memory.classes().filter(|class| class.in_use != 0).count(), 2);
//! # drop((numbers, boxed));
//! ```
//!
//! # When not
//!
//! - All blocks are of one size: use a pool. All of them end together: use an arena.
//! - Blocks live in phases of different sizes: the memory of a class stays with it until
//!   [`release_empty_chunks`](Tiered::release_empty_chunks), or the end of the allocator.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default upstream.
//! - `std`: magazines for threads, and [`GlobalTiered`].
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod alloc;
#[cfg(all(doctest, feature = "alloc"))]
mod compile_fail;
#[cfg(feature = "std")]
mod global;
mod math;
mod pools;
mod tiered;

#[cfg(feature = "std")]
pub use global::GlobalTiered;
pub use pools::SizedPool;
pub use tiered::{Class, SyncTiered, Tiered};

#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
