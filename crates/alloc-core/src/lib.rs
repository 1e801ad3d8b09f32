//! The contract between containers and allocators.
//!
//! Containers own the logic of objects; allocators own raw memory. What lies between them is one
//! trait, [`Allocator`], and this crate is everything the workspace says about it: the trait
//! itself, the words its obligations are written in, and a few small traits for what only some
//! allocators can do.
//!
//! ```text
//! container ── Layout ──▶ combinator ── Layout ──▶ strategy ── chunk ──▶ upstream
//! Vec, HashMap            Fallback, Limit,         Arena, Pool,          Global, System,
//! BTreeMap, Box           Tracking, Aligned        SyncPool              anything at all
//! ```
//!
//! # Examples
//!
//! ```
//! use alloc_core::{Allocator, AllocatorExt, Global};
//!
//! /// Sums a range through scratch memory of any allocator.
//! fn sum(n: u32, scratch: &impl Allocator) -> Result<u64, alloc_core::AllocError> {
//!     let cells = scratch.allocate_array::<u32>(n as usize)?;
//!     // SAFETY: the block was just allocated and nothing else knows it.
//!     let cells_mut = unsafe { &mut *cells.as_ptr() };
//!     let total = (0..n).zip(cells_mut).map(|(i, cell)| u64::from(*cell.write(i))).sum();
//!     // SAFETY: currently allocated by `scratch`, with this element type and count.
//!     unsafe { scratch.deallocate_array(cells.cast::<u32>(), n as usize) };
//!     Ok(total)
//! }
//!
//! assert_eq!(sum(5, &Global)?, 10);
//! # Ok::<(), alloc_core::AllocError>(())
//! ```
//!
//! # Which `Allocator`
//!
//! On stable Rust the trait comes from [`allocator_api2`] 0.2, the mirror of the standard library's
//! unstable trait that hashbrown and bumpalo speak as well. With the feature `nightly` the same
//! names are those of `core::alloc`, and the collections of `std` take every allocator of this
//! workspace. This is the only place where that switch stands.
//!
//! # The contract
//!
//! Every crate of the workspace cites these two terms.
//!
//! ## Currently allocated
//!
//! A block is *currently allocated* by an allocator from the moment one of `allocate`,
//! `allocate_zeroed`, `grow`, `grow_zeroed` or `shrink` of that allocator, or of an
//! [equivalent](#equivalent-allocators) one, returned it until
//!
//! - it is passed to `deallocate`, or to a `grow`, `grow_zeroed` or `shrink` that returns `Ok`; or
//! - to every equivalent allocator one of these happened: it was dropped, it was changed through a
//!   method that takes `&mut self` (such as [`Reset::reset`]), or a lifetime in its type ended.
//!
//! No safe method that takes `&self` ends it. A container may therefore lend its allocator as `&A`,
//! but never as `&mut A`.
//!
//! ## Fits
//!
//! A layout *fits* a block that is currently allocated when its alignment is the one the block was
//! allocated with and its size lies between the size that was asked for and the length that was
//! returned. The excess belongs to the caller.
//!
//! ## Equivalent allocators
//!
//! Two allocator values are *equivalent* when either may free, grow and shrink what the other
//! allocated. An allocator is equivalent to itself, to a reference to itself, to what it becomes by
//! being moved, to its clones if it is [`AllocatorClone`], and to the values that compare equal to
//! it if it is [`AllocatorEq`].
//!
//! ## Obligations that are easy to forget
//!
//! 1. No method unwinds, neither the allocating ones nor `deallocate`, nor the `clone` of an
//!    [`AllocatorClone`].
//! 2. `Err` leaves everything as it was: the block of a failed `grow` or `shrink` is still
//!    allocated, with its contents.
//! 3. `grow` and `shrink` may ask for another alignment than the block has, a larger or a smaller
//!    one.
//! 4. The returned length may exceed the asked one. `allocate_zeroed` and `grow_zeroed` zero the
//!    excess as well.
//! 5. A zero-size block is valid and aligned, is freed like any other, and touches no memory.
//! 6. A huge request is an `Err`. The arithmetic on the way to it never wraps.
//! 7. Whatever an allocator took from its upstream it gives back when it is dropped.
//!
//! `alloc-conformance` has a test for each of them, and runs on any allocator with one line.
//!
//! # Memory checkers
//!
//! An allocator tells Miri and `AddressSanitizer` by the functions of [`checker`] which memory is nobody's.
//!
//! # What is the standard library's
//!
//! [`AllocatorClone`], [`AllocatorEq`] and [`StaticAllocator`] have the names and the obligations
//! of the unstable traits in `core::alloc` (rust-lang/rust#157428, #157801;
//! rust-lang/wg-allocators#150), so that they can become re-exports. The definitions above follow
//! that text in other words. [`Owns`] is Alexandrescu's, from Phobos' `std.experimental.allocator`.
//!
//! # Features
//!
//! - `alloc` (default): [`Global`], [`RcHandle`], [`ArcHandle`], and the containers in [`boxed`]
//!   and [`vec`](mod@vec).
//! - `std`: `System`, the system allocator.
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod capability;
pub mod checker;
mod equivalence;
mod ext;
#[cfg(feature = "alloc")]
mod handle;
#[doc(hidden)]
pub mod resize;
mod upstream;

#[cfg(feature = "alloc")]
#[doc(no_inline)]
pub use allocator_api2::{boxed, vec};

#[cfg(feature = "alloc")]
#[doc(no_inline)]
pub use allocator_api2::alloc::Global;
#[doc(no_inline)]
pub use allocator_api2::alloc::{AllocError, Allocator};
#[doc(no_inline)]
pub use core::alloc::{Layout, LayoutError};
#[cfg(feature = "std")]
#[doc(no_inline)]
pub use std::alloc::System;

pub use capability::{Owns, Reset};
pub use equivalence::{AllocatorClone, AllocatorEq, StaticAllocator};
pub use ext::{AllocatorExt, dangling, relocate, relocate_zeroed};
#[cfg(feature = "alloc")]
pub use handle::{ArcHandle, RcHandle};
pub use upstream::{DefaultUpstream, NoUpstream};

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
