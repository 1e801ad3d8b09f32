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
//!      ── cursor ───────────────────────────┐          (one such list per size of request)
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
//! | [`HardenedPool`] | as any of the first three | with a seal in front | as there; misuse ends the program in every build |
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
//! - Of a fresh chunk the foot is touched, and blocks up to a kibibyte (at least one, at most 16)
//!   ahead of their first use.
//! - Everything goes back to the upstream when the pool is dropped; wholly free chunks when
//!   [`release_empty_chunks`](Pool::release_empty_chunks) is called.
//! - Blocks that are in use can be [visited](Pool::live_blocks), and those that are left when the
//!   pool is dropped are [reported](Pool::on_leak) to whoever asks.
//! - In debug builds `deallocate`, `grow` and `shrink` find a block that was freed before, a
//!   pointer that is no block of the pool, and a layout that no block has, and end the program with
//!   a message that names the address, the pool and its blocks. It takes time linear in the chunks.
//!   In release builds nothing of it is left, except under Miri; a [`HardenedPool`] looks there, too.
//!
//! # Costs
//!
//! A block that is freed and taken again at once takes eight instructions a pair and is not touched
//! by the pool. Otherwise an allocation and a free take ten each at most and touch one cache line, that of the
//! block, and nothing is checked. Whether the blocks, of which the layout is known at run time, serve
//! a request is answered by where it looks: blocks that served a request of some words wait in a list for
//! requests of as many words, and if a list has a block then it serves. A list whose turn it is and
//! that is empty takes up to 16 blocks over from another one. Requests of more than 32 words, or
//! aligned to more than a word, are compared with the layout of a block; a pair takes nine instructions
//! more then. Where the layout is not a constant the place of the list is computed, in a loop only
//! once.
//!
//! | a pair, blocks of 64 bytes | loop | by hand | [`Pool`] | layout at run time | [`InlinePool`] | [`HardenedPool`] |
//! | --- | --: | --: | --: | --: | --: | --: |
//! | freed at once | 8 | 15 | 17 | 18 | 17 | 28 |
//! | of 16 in use | 9 | 17 | 19 | 19 | 18 | 29 |
//! | of 10,000, freed in order | 8.75 | 20 | 35 | 35 | 23 | 45 |
//! | of 10,000, freed in no order | 19 | 25 | 39 | 39 | 27 | 49 |
//!
//! (Instructions of x86-64, with those of the loop.) An [`InlinePool`] may move, and so its links
//! are distances, which cost one addition and one subtraction.
//!
//! The price is paid elsewhere: a block is never smaller than a pointer, small requests take a whole
//! block, a chunk holds a foot of six words, and the lists make a pool 928 bytes large. Counters are
//! not kept but counted when asked for.
//!
//! By hand is a list through the blocks, last in, first out: each block says where the next one is,
//! and so the misses wait for each other where the blocks are not in the nearest cache. The links of a
//! [`Pool`] skip a block, so that the processor waits for two at once, and the block that was freed
//! last stands beside the list. That is more instructions and less time. Times relative to the list by
//! hand, on one machine, a block taken, written to and freed:
//!
//! | freed at once | 16 in use | in order | no order: 1,000 | 10,000 | 100,000 | 1,000,000 |
//! | --: | --: | --: | --: | --: | --: | --: |
//! | 0.83 | 0.75 | 1.10 | 0.80 | 0.67 | 0.57 | 0.53 |
//!
//! A prototype of a magazine of 64
//! addresses over pages with bitmaps, the design of some general allocators, took 7 instructions more
//! than the list for a pair that is freed at once and 38 more for 10,000 blocks in no order, between 1
//! and 2.7 times the list's time there, and 0.27 times with 1,000,000 blocks. Where so many scattered
//! blocks come again and again, a [`release_empty_chunks`](Pool::release_empty_chunks) or a
//! [`reset`](Pool::reset) between two phases puts them in order.
//!
//! # Hardening
//!
//! What a [`HardenedPool`] costs over a [`Pool`], for blocks of 64 bytes:
//!
//! | | instructions a pair | time of a pair freed at once, of 16 in use |
//! | --- | --: | --: |
//! | seals: encoded links, double free, foreign pointer, canary | 11 | 0.3 ns, 0.8 ns |
//! | and [`ZERO_ON_FREE`](Hardening::ZERO_ON_FREE) | 26 | 1.9 ns, 3.6 ns |
//! | and [`RANDOM_ORDER`](Hardening::RANDOM_ORDER) | 39 | 1.6 ns, 1.7 ns |
//! | [`Strict`]: all of them | 54 | 2.9 ns, 4.1 ns |
//!
//! (The last three each on top of [`Pool`], with the seals, which are always there.) A seal takes a word
//! in front of each block, or as much as the block is aligned to.
//!
//! # Memory checkers
//!
//! To Miri and `AddressSanitizer` a chunk is one block of the upstream, and its blocks are as good as any other part of it. So
//! pools tell them which are nobody's: what is free, was reset, or was never handed out, links included; the seals of a
//! [`HardenedPool`], so that a write behind a block is reported before `deallocate` finds it, but for the last one of a chunk;
//! and nothing any more before a chunk goes back. They report a use of it where it happens: Miri always, `AddressSanitizer` with
//!
//! ```sh
//! RUSTFLAGS="-Zsanitizer=address --cfg alloc_asan" \
//!     cargo +nightly test -Zbuild-std --target x86_64-unknown-linux-gnu
//! ```
//!
//! [`alloc_core::checker`] says what each of them sees, and what not. In such builds a reset takes time for each byte of the pool;
//! in all others nothing changes. What they cannot see of a pool:
//!
//! - Bytes between the size of a request and the end of its block: a block is returned in its full size, and all of it is its
//!   user's.
//! - `AddressSanitizer` does not see a write that leaves a block for its neighbour, where that is in use, or for what a chunk
//!   keeps behind its last block. Miri does.
//! - Of an [`InlinePool`] `AddressSanitizer` sees nothing: the pool may move, with blocks that are free or forgotten, and what
//!   is there next would be reported. Miri sees the same as of others.
//!
//! A pool that is leaked leaves its free blocks to checkers as nobody's memory, also if they lie in a buffer of the caller.
//!
//! Under Miri, who [visits](Pool::live_blocks) a block and uses what it contains takes it over from the pointer that its user has.
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
//! Tree Borrows. Debug builds and Miri restore it from the chunk; [`InlinePool`] always does.
//! An encoded link of a [`HardenedPool`] is a pointer as well, with another address.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default upstream, and the constructors that need one.
//! - `std`: what needs an operating system: random keys for [`HardenedPool`].
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
mod resize;
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
