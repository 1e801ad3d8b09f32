//! Fixed-size blocks from a free list.
//!
//! Lists, trees, graphs and queues allocate nodes: many, small, all of one size, freed in any
//! order. A general allocator searches a size class, guards against threads and keeps its books for
//! each of them. A pool knows the size. It cuts chunks into blocks and keeps the free ones in a
//! list that runs through the blocks themselves, so that allocating is taking the first and freeing
//! is putting it back.
//!
//! ```text
//! Pool ── free ──▶ block 4 ──▶ block 0 ──▶ end         freed last, taken first
//!      ── cursor ───────────────────────────┐
//!                                           ▼
//!      ── used ──▶ │ 0 │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │ foot │ ──▶ older chunks
//!                    ╰───────────▶ free    │ never touched │
//!      ── fresh ─▶ chunks of which no block was handed out (`reserve`, `reset`)
//! ```
//!
//! # Examples
//!
//! A list whose nodes come from a pool. Popping and pushing again asks nobody for memory:
//!
//! ```
//! use alloc_pool::{AllocError, Pool, alloc_core::boxed::Box};
//!
//! struct Node<'p> {
//!     value: u32,
//!     next: Option<Box<Node<'p>, &'p Pool>>,
//! }
//!
//! let pool = Pool::for_value::<Node<'_>>();
//! let mut list = None;
//! for value in 0..100 {
//!     list = Some(Box::try_new_in(Node { value, next: list }, &pool)?);
//! }
//! let capacity = pool.capacity();
//! for _ in 0..1000 {
//!     let Some(mut first) = list.take() else { break };
//!     list = first.next.take();
//!     let value = first.value;
//!     drop(first);
//!     list = Some(Box::try_new_in(Node { value, next: list }, &pool)?);
//! }
//! assert_eq!((pool.in_use(), pool.capacity()), (100, capacity));
//! # Ok::<(), AllocError>(())
//! ```
//!
//! # Which pool
//!
//! | | memory | blocks | exhausted |
//! | --- | --- | --- | --- |
//! | [`Pool::new`], [`Pool::for_value`] | chunks from the upstream, doubling up to 1 MiB | of the given layout | when the upstream errs |
//! | [`Pool::learning`] | the same | of the layout of the first request | when the upstream errs |
//! | [`Pool::fixed`] | one chunk from the upstream | at most `n` | after `n` blocks: [`AllocError`] |
//! | [`InlinePool`] | inside the pool, no heap | at most `N` | after `N` blocks: [`AllocError`] |
//!
//! `Fallback` of `alloc-compose` turns the error of an exhausted pool into memory from the heap,
//! and `SyncPool` of `alloc-sync-pool` is the pool that threads share.
//!
//! # Guarantees
//!
//! - A block holds and aligns what it was made for, and a link while it is free; no link ever
//!   reaches into a neighbour.
//! - Any request that fits a block is served, from any container and of any type: there is no pool
//!   per type and nothing to rebind. A request that does not fit is an [`AllocError`]; so is one
//!   that the upstream refuses, and nothing has changed then.
//! - Growing and shrinking within the block's size never moves it and never fails.
//! - A fresh chunk is touched at its foot only; a block is touched when it is first used.
//! - Everything goes back to the upstream when the pool is dropped; wholly free chunks when
//!   [`release_empty_chunks`](Pool::release_empty_chunks) is called.
//! - In debug builds `deallocate`, `grow` and `shrink` find a block that was freed before, a
//!   pointer that is no block of the pool, and a layout that no block has, and end the program with
//!   a message that names the address, the pool and its blocks. It takes time linear in the chunks.
//!   In release builds nothing of it is left.
//!
//! # Costs
//!
//! An allocation and a free are a few instructions each and touch one cache line, that of the
//! block. The price is paid elsewhere: a block is never smaller than a pointer (4 bytes in an
//! [`InlinePool`]), small requests take a whole block, and a chunk holds a foot of six words.
//! Counters are not kept but counted when asked for. Against the system's allocator expect a few
//! times the speed while the blocks are in the cache, and little difference once memory itself is
//! what the program waits for.
//!
//! # When not to use it
//!
//! - Sizes vary: use an arena, or `Segregate` of `alloc-compose` with a pool for the small ones.
//! - Everything is freed at once: an arena is simpler and leaves no holes.
//! - Threads share it: a `Pool` is `Send` but not `Sync`. Use `SyncPool`.
//! - An array that grows: the pool serves it until it is larger than a block.
//!
//! # Provenance
//!
//! A link is a real pointer, written into the free block through the pointer that `deallocate` got.
//! Containers pass the pointer that they were given, and the pool hands it out again. A pointer
//! that went through a reference to less than the block (`Box::leak` and back, a boxed slice of a
//! vector) may have lost the right to the rest of the block under Stacked Borrows, though not under
//! Tree Borrows. Debug builds (and so Miri, unless it is run with `--release`) restore it from the chunk; [`InlinePool`] always does.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default upstream, and the constructors that need one.
//! - `std`: what needs an operating system.
//! - `nightly`: the `Allocator` of `core::alloc`, for the collections of `std`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "std")]
extern crate std;

mod alloc;
mod check;
mod chunk;
mod free_list;
mod hardened;
mod inline;
mod list;
mod live;
mod math;
mod pool;
mod supply;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};
pub use hardened::{HardenedPool, Hardening, Sealed, Strict};
pub use inline::InlinePool;
pub use live::LiveBlocks;
pub use pool::Pool;

#[cfg(all(doctest, feature = "alloc"))]
mod compile_fail;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
