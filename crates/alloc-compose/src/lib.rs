//! Allocators made of allocators.
//!
//! A strategy does one thing: a pool has blocks of one size, a fixed arena has one buffer. A
//! program wants the pool for its nodes, the heap for what does not fit, and no more than so many
//! bytes of either. Here are the four pieces to say that with. Each is an [`Allocator`] over
//! others, keeps little or no state, and fits into the next:
//!
//! ```text
//! Limit<Segregate<256, Fallback<&Pool, Global>, Global>>
//!
//!                  ┌ used + size <= limit? ─ no ─▶ Err
//! request ─▶ Limit ┤                               ┌ ok ─▶ block of the pool
//!                  └▶ Segregate ┬ <= 256 ─▶ Fallback ─▶ Pool ┤
//!                               │                  └ Err ─▶ Global
//!                               └ >  256 ─▶ Global
//! ```
//!
//! | | asks | state |
//! | --- | --- | --- |
//! | [`Null`] | nobody: every request errs | none |
//! | [`Fallback<P, S>`](Fallback) | `P`, and `S` for what `P` refuses | none |
//! | [`Segregate<T, Small, Large>`](Segregate) | `Small` up to `T` bytes, `Large` above | none |
//! | [`Limit<A>`](Limit) | `A`, while its bytes stay within a budget | two words |
//!
//! # Examples
//!
//! ```
//! use alloc_compose::{Fallback, Limit};
//! use alloc_core::{Global, Layout, boxed::Box};
//! use alloc_pool::Pool;
//!
//! // Two blocks in the pool, and at most 100 bytes of the heap when they are gone.
//! let pool = Pool::fixed(Layout::new::<[u8; 40]>(), 2);
//! let memory = Fallback::new(&pool, Limit::new(Global, 100));
//!
//! let boxes: Vec<_> = (0..4_u8).map(|i| Box::new_in([i; 40], &memory)).collect();
//! assert_eq!((pool.in_use(), memory.secondary().used()), (2, 80));
//!
//! // Both are exhausted: an error, and everything as it was.
//! assert!(Box::try_new_in([0_u8; 40], &memory).is_err());
//! assert_eq!((pool.in_use(), memory.secondary().used()), (2, 80));
//!
//! drop(boxes); // each block goes back to where it came from
//! assert_eq!((pool.in_use(), memory.secondary().used()), (0, 0));
//! ```
//!
//! # Guarantees
//!
//! - Each block is freed by the allocator that it came from, with a layout that fits there, even if
//!   the caller uses the excess that an allocator returned.
//! - When all parts that may serve a request refuse it, it is an [`AllocError`]. A refused `grow`
//!   or `shrink` leaves the block and every count as they were.
//! - A block that grows or shrinks out of its part moves to the other one with its contents; it is
//!   never freed before the copy is made.
//! - Zero-size blocks are nobody's: `Null`, `Fallback` and `Segregate` serve them without asking,
//!   `Limit` charges nothing for them.
//! - A [`Limit`] is never exceeded, not for a moment, by any number of threads.
//! - Each combinator is `Send`, `Sync`, [`AllocatorEq`](alloc_core::AllocatorEq),
//!   [`StaticAllocator`](alloc_core::StaticAllocator), [`Owns`](alloc_core::Owns) and
//!   [`Reset`](alloc_core::Reset) where all its parts are, and all but `Limit` are
//!   [`AllocatorClone`](alloc_core::AllocatorClone) where all their parts are. To reset one part
//!   alone, hold it outside and lend `&part`.
//! - All of them can be made in a `const` and need neither `std` nor a heap.
//!
//! # Costs
//!
//! A comparison for `Segregate`, an atomic read-modify-write for `Limit`, and an `owns` of the
//! primary for each block that `Fallback` frees or resizes: for a pool, a search among its chunks.
//! The types are known when the program is compiled, so there are no indirect calls.
//!
//! # When not to use it
//!
//! - `Fallback` to make a pool grow: `Pool::new` grows by itself, and its chunks are cheaper than
//!   the heap's blocks.
//! - `Limit` to bound a single arena or pool: their own limits count what they take from upstream,
//!   padding included.
//! - To count: that is `Tracking` of `alloc-tracking`, which goes around any of these, or inside.
//!
//! # Sources
//!
//! The building blocks of Phobos' `std.experimental.allocator` by Andrei Alexandrescu (2013; his
//! talk at `CppCon` 2015 explains them for C++): `NullAllocator`, `FallbackAllocator`,
//! `Segregator`.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod fallback;
#[cfg(target_has_atomic = "ptr")]
mod limit;
mod null;
mod segregate;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

pub use fallback::Fallback;
#[cfg(target_has_atomic = "ptr")]
pub use limit::Limit;
pub use null::Null;
pub use segregate::Segregate;

#[cfg(doctest)]
mod compile_fail;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
