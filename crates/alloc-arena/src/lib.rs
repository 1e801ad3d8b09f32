//! Arenas: allocate for a phase, free all of it at once.
//!
//! Many programs work in phases: a frame, a request, a file. What they allocate in a phase dies
//! with it, and to free it piece by piece is bookkeeping for nothing. An arena hands out memory by
//! moving a cursor, keeps no record of single blocks, and takes everything back in one step.
//!
//! ```text
//!              chunk, from the upstream                 next chunk, twice as large
//!    ┌────────┬────┬─────────┬───┬───────────┐         ┌────────┬──────────────────────────┐
//!    │ header │ u8 │ [u64;2] │ … │   free    │ ──────▶ │ header │                          │
//!    └────────┴────┴─────────┴───┴───────────┘         └────────┴──────────────────────────┘
//!                                cur ──▶    lim
//! ```
//!
//! # Examples
//!
//! A frame loop. It takes memory in its first round, and none after that.
//!
//! ```
//! use alloc_arena::{Arena, alloc_core::vec::Vec};
//!
//! let mut arena = Arena::new();
//! for frame in 0..100 {
//!     let mut visible = Vec::new_in(&arena); // any container takes `&Arena`
//!     visible.extend((0..1000).filter(|id| id % 7 == frame % 7));
//!     let label = arena.alloc_str("frame"); // and values go into it directly
//!     assert!(visible.len() > 100 && label.len() == 5);
//!     drop(visible); // or the next line does not compile
//!     arena.reset();
//! }
//! ```
//!
//! # Which arena
//!
//! | | memory | destructors | for |
//! | --- | --- | --- | --- |
//! | [`Arena`] | chunks from any upstream | none | phases; containers of many types |
//! | [`Scope`], [`ScopeGuard`] | that of their arena | none | phases within phases |
//! | [`FixedArena`] | one buffer of the caller | none | no heap; a bound that must hold |
//! | `ArenaPool` (feature `std`) | an arena for each thread | none | parallel phases |
//! | [`TypedArena`] | chunks from any upstream | run | many values of one type; iteration |
//!
//! One arena serves every type: `Layout` travels with each request, and there is nothing like C++'s
//! `rebind`.
//!
//! # Guarantees
//!
//! - *No dangling use.* [`reset`](Arena::reset), [`release`](Arena::release) and
//!   [`scope`](Arena::scope) take `&mut self`, so the borrow checker lets nobody keep a reference
//!   or a container across them. This crate's compile-fail tests show each case.
//! - *No silent failure.* Whatever can fail has a `try_` twin that returns [`AllocError`];
//!   [`Allocator`] itself never panics. An error changes no block. A refused large chunk is tried
//!   again smaller, down to what the request needs, and then in exchange for the kept chunks: these
//!   are gone if that was in vain, but not for a request that no chunk within the limit could serve.
//! - *Bounds hold.* [`ArenaBuilder::limit`] is exact, over-returning upstreams included.
//! - *Everything goes back.* Dropping the arena returns each chunk to the upstream, once.
//! - *It settles.* After a reset chunks do not move, and the same requests meet the same chunks in the
//!   same order: from the third round on the same work calls the upstream no more. Scopes that end within a
//!   round change the order of the kept chunks, and it may take some rounds longer.
//!
//! # Costs
//!
//! - A request that has room: seven instructions for a `u64` on x86-64, with the store of the value and
//!   the return. The cursor moves up by the size, rounded to `MIN_ALIGN`, and one sign bit tells whether it
//!   passed the limit. A layout that is known only at run time takes eleven, and eight where `MIN_ALIGN`
//!   is 1: such an arena keeps the address before its cursor, and aligning that is a single *or*.
//! - Memory: blocks are rounded up to `MIN_ALIGN` (8 bytes); a chunk has a header of four words; chunks
//!   double up to 32 KiB, and then are a twelfth of what the arena has, up to 1 MiB: less than a tenth of an
//!   arena of 1 MiB is ahead of use, and a hundredth of one of 100 MiB.
//! - A block that is freed comes back at once if it is the last one, otherwise at the next reset.
//!   The last block grows and shrinks in place, and until the first reset a block that is alone in its
//!   chunk grows together with it, by the upstream's `grow`. That makes one growing `Vec` at a time
//!   cheap, and two growing in turns wasteful.
//! - A loop that puts one value after the other can take a [`LocalCursor`], which stays in registers.
//! - [`Owns`](alloc_core::Owns) and [`stats`](Arena::stats) walk over the chunks.
//!
//! # Memory checkers
//!
//! The borrow checker sees references. Raw pointers, which an [`Allocator`] hands out and containers keep, it
//! does not see, and to Miri and `AddressSanitizer` a chunk is one block. So the arena tells them which memory is
//! nobody's: what was reset, rewound, released or freed, also in the middle; what a block lost by shrinking; and what was never
//! handed out, padding included. They report a use of it where it happens: Miri always, `AddressSanitizer` with
//!
//! ```sh
//! RUSTFLAGS="-Zsanitizer=address --cfg alloc_asan" \
//!     cargo +nightly test -Zbuild-std --target x86_64-unknown-linux-gnu
//! ```
//!
//! [`alloc_core::checker`] says what each of them sees, and what not. In such builds a reset takes time for each byte of
//! the arena, and under Miri freeing a block takes time for each chunk; in all others nothing changes. A [`FixedArena`] that is
//! leaked leaves its buffer to checkers as nobody's memory.
//!
//! # When not to use it
//!
//! - Blocks die one by one, long before the phase ends: a pool reuses each of them (`alloc-pool`).
//! - Several threads allocate at once: an arena is `Send` and not `Sync`. Give each thread its own,
//!   as `ArenaPool` does.
//! - Values own resources other than memory: `Arena` leaks them; `TypedArena`, or a `Box` in the
//!   arena, does not.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default upstream. Without it `Arena` works over
//!   any other upstream, and `FixedArena` over none.
//! - `std`: `ArenaPool`, and what needs an operating system in `alloc-core`.
//! - `serde`: seeds that deserialize into an arena, and `String` serializes.
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
//!
//! # Sources
//!
//! Arenas are Hanson's ("Fast allocation and deallocation of memory based on object lifetimes",
//! 1990). The cursor, the limit and the minimum alignment in the arena itself are as in
//! `oxc_allocator`; brands that make scopes safe are as in `ghost-cell`, and the frame of `scope`
//! is that of `std::thread::scope`.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "alloc")]
extern crate alloc as rust_alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod math;

mod edge;

mod chunk;
mod growth;

mod cursor;

mod alloc;
mod buffer;
mod values;

mod format;

mod api;
mod stats;

mod arena;
mod builder;
mod local;
mod scope;

mod fixed;
mod typed;

#[cfg(feature = "alloc")]
mod string;

#[cfg(feature = "std")]
mod pool;

#[cfg(feature = "serde")]
pub mod serde;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

pub use arena::{Arena, Checkpoint};
pub use builder::ArenaBuilder;
pub use fixed::FixedArena;
pub use local::LocalCursor;
#[cfg(feature = "std")]
pub use pool::{ArenaPool, PooledArena};
pub use scope::{Scope, ScopeGuard};
pub use stats::Stats;
#[cfg(feature = "alloc")]
pub use string::String;
pub use typed::{IntoIter, TypedArena};

#[cfg(all(doctest, feature = "alloc"))]
mod compile_fail;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
