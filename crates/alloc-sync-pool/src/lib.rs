//! A lock-free pool of fixed-size blocks for many threads: any thread frees what any other
//! allocated.
//!
//! Messages, jobs and nodes are of one size, and are allocated by one thread and freed by another.
//! A general heap serves that with locks or with queues between its per-thread caches; a pool of
//! one block size needs one bit a block. Here these bits lie in atomic words beside the blocks, and
//! a thread that allocates a lot takes 32 of them at once.
//!
//! ```text
//!  thread          thread           thread
//!    │            ┌ Local ───────┐    │        a magazine of up to 64 blocks: plain loads and stores
//!    │            │ ■ ■ ■ □ □ .. │    │
//!    │            └─┬──────────▲─┘    │
//!    │  fetch_or    │ 32 bits  │      │  fetch_and
//!    │  one bit     │ at once  │      │  one bit
//!  ┌─▼──────────────▼──────────┴──────▼─┐
//!  │ words  0110111.. 1111111.. 0000..  │      one bit a block: 1 is taken
//!  │ blocks ■■■■■■■■■■■■■■■■■■■■■■■■■■■ │      never read or written by the pool
//!  └────────────────────────────────────┘      chunk after chunk, each twice as large, from the upstream `A`
//! ```
//!
//! # Examples
//!
//! ```
//! use alloc_core::{AllocError, ArcHandle, boxed::Box};
//! use alloc_sync_pool::SyncPool;
//!
//! let pool = ArcHandle::new(SyncPool::for_value::<[u8; 100]>());
//!
//! // Made here, dropped there.
//! let message = Box::try_new_in([1_u8; 100], pool.clone())?;
//! std::thread::spawn(move || drop(message)).join().map_err(|_| AllocError)?;
//! assert_eq!(pool.in_use(), 0);
//!
//! // One thread, many messages: its own handle.
//! let local = pool.local();
//! for n in 0..200_u8 {
//!     drop(Box::try_new_in([n; 64], &local)?); // whatever fits
//! }
//! assert_eq!(pool.capacity(), 81);
//! # Ok::<(), AllocError>(())
//! ```
//!
//! # What there is
//!
//! | | memory | bound | handles |
//! | --- | --- | --- | --- |
//! | [`SyncPool`] | chunks of an upstream | none, or exactly `n` blocks with [`fixed`](SyncPool::fixed_in) | `&SyncPool`, `ArcHandle<SyncPool>`, [`Local`] |
//! | [`InlineSyncPool`] | the value itself, such as a `static` | `N` blocks | `&InlineSyncPool` |
//!
//! # What is guaranteed
//!
//! - A block has one owner at a time, and what its last owner did to it happens before what its
//!   next owner does.
//! - No block is lost: what is freed can be allocated again, by any thread, and a [`Local`] that is
//!   dropped gives its blocks back.
//! - No operation waits for another thread; one that has to repeat itself does so because another
//!   one got on. (The upstream has to be lock-free for growth to be.)
//! - A bounded pool that has its memory refuses a request only if all blocks are allocated, on
//!   their way to or from an owner, or in a magazine. One that has not, and one that grows, also
//!   refuses if the upstream does; or, while another thread asks the upstream for the bounded
//!   pool's memory, if the requests that came before are for all of it.
//! - When threads race for the last memory of an upstream, the one that the upstream refuses uses
//!   the chunk that the other one added. A window remains: it is refused if that chunk is taken
//!   from the upstream but not added to the pool yet, or is about to go back because the pool grew
//!   meanwhile.
//! - An `Err` leaves everything as it was. Everything goes back to the upstream on drop.
//!
//! A double free and a foreign pointer are broken promises of `deallocate`'s caller. Debug builds
//! abort where they notice, and name the block and the pool: at a pointer to no block, at a block
//! whose bit is 0, and at one that is freed through the [`Local`] in whose magazine it rests. They
//! do not notice when a block that rests in a magazine is freed again through the pool or another
//! `Local`, nor when one is freed that has a new owner by then. Release builds do not check. In a
//! pool, a foreign pointer and a block whose bit is 0 then change nothing; a [`Local`] takes either
//! and hands it out, so that a block freed twice has two owners.
//!
//! # What it costs
//!
//! Two atomic read-modify-writes for a block that is allocated and freed, four in a bounded pool,
//! none through a [`Local`] whose magazine is neither empty nor full. One bit a block and two cache
//! lines a chunk. Up to half of the memory may be unused, as chunks double. Without `Local`s,
//! threads that allocate at one time meet at the same words.
//!
//! # When not to use it
//!
//! One thread: `Pool` of `alloc-pool` has no atomics. Blocks of many sizes: one pool each, joined
//! by `Segregate` of `alloc-compose`, or a heap. Memory that shall go back while the pool lives:
//! chunks are kept until it is dropped, which is what makes it safe to look at them without a lock.
//!
//! # Why it is correct
//!
//! ## Whose a block is
//!
//! A block is *free* if its bit is 0. A caller becomes its owner by the read-modify-write that
//! changes the bit from 0 to 1. In the one order in which all changes of a word happen, between two
//! changes of a bit from 0 to 1 lies one from 1 to 0, by `deallocate` of the owner in between; so
//! there are never two owners. `fetch_or` may find that some of the bits it sets were set already:
//! these stay with their owner, and the caller gets the others.
//!
//! A [`Local`] owns what is in its magazine. It hands blocks out and takes them back without
//! touching their bits, in one thread; when it moves to another one, whatever moved it orders the
//! two.
//!
//! ## Why no ABA
//!
//! The ABA error of a linked free list: read the head *a* and its link to *b*, be interrupted, and
//! compare-exchange *a* for *b* after others popped *a* and *b* and pushed *a* again. Two things go
//! wrong: *b* is handed out while somebody owns it, and *a*'s link was read from memory that
//! somebody else owned. Here is what the same interleavings do:
//!
//! | thread 1 | thread 2 | what thread 1 finds |
//! | --- | --- | --- |
//! | loads the word: block 0 is free | | |
//! | | claims block 0 | `fetch_or` returns bit 0 set: not won, look again |
//! | | claims block 0, frees it | bit 0 clear: won, rightly, as it is free *now* |
//! | | claims 0 and 1, frees 0 | bit 0 clear: won; bit 1 was not asked for, and nothing was derived from it |
//! | wants 0 and 1 (a batch) | claims 1 | bit 1 set: gets 0 alone |
//! | loads the head: chunk *c* | publishes chunk *d* | compare-exchange fails; looks at *d*; gives its own chunk back |
//! | loads the head: chunk *c* | drops or removes *c* | cannot be: chunks leave the list by `&mut self` only, so no address returns to it |
//!
//! The decision is made on the bit itself, by the value it has at the instant of the change. No
//! value that was read earlier is taken for granted, so it does not matter what happened in
//! between.
//!
//! ## Why no dereference is invalid
//!
//! The pool follows two kinds of pointers. *To chunks*: a chunk is complete before it is published,
//! its header and the place of its words never change, and it is freed only when the pool is
//! dropped, by somebody with the only reference to it. Whoever reads a pointer to it, with Acquire,
//! sees it complete. *To blocks*: none. Blocks' memory is neither read nor written; an address is
//! compared with the chunk's range and becomes an index.
//!
//! ## Orderings, and who notices
//!
//! There are no fences and no `SeqCst`. Each row was tried: with the change, the models of
//! `tests/loom.rs` named here fail (the tests run the shipped code, with words of 2 bits and
//! magazines of 4).
//!
//! | change | noticed by |
//! | --- | --- |
//! | claim's `fetch_or`, Acquire (partner: free's Release) to Relaxed | most models, such as "two threads share two words": a race on the block |
//! | free's `fetch_and`, Release (partner: claim's Acquire) to Relaxed | the same |
//! | claim by load and store | most models, such as "two blocks at once": handed out twice |
//! | free by load and store | most models, such as "remote free against allocate": block lost |
//! | a batch keeps what it asked for, not what it won | most models, such as "two blocks at once": handed out twice |
//! | head's load, Acquire (partner: the publishing Release) to Relaxed | "growth race", "a new chunk is seen whole", "local refill against the pool" |
//! | head's publishing compare-exchange, Release to Relaxed | the same three |
//! | the chunk is published by a store | "growth race": a chunk is lost |
//! | the loser of the race keeps its chunk | "growth race": the upstream misses it |
//! | hint to the current chunk, Acquire or Release (each other's partner) to Relaxed | "growth race", "a new chunk is seen whole" |
//! | budget taken by load and store | most models with a bound, such as "hand-over of one block" |
//! | one look at the words decides that a bounded pool is exhausted | "no false exhaustion" |
//! | a refill claims blocks of one word and gives the rest of its shares back | "a refill keeps its shares": a block is free and refused |
//! | a `Local` is dropped without a flush | 4 models |
//! | a flush clears one bit of a batch | "local overflow against the pool", "local refill against the pool", "two locals exchange blocks" |
//!
//! The Acquire and Release of a bounded pool's budget (each other's partner) are noticed by no
//! model, and need not be for safety: a block's own bit orders its uses. They let a caller with a
//! share see the block that was freed for it at its first look instead of a later one. Nor does a
//! model notice a share that is given back before the block is free: that would not be unsafe, but
//! a caller with a share would wait for another thread, and the pool would not be lock-free.
//!
//! # Sources
//!
//! The magazine is of Bonwick and Adams, *Magazines and Vmem* (USENIX 2001). That a free bitmap
//! beside the blocks has no ABA is folklore; mimalloc's arenas are one that works this way.
//!
//! # Features
//!
//! - `alloc` (default): the global allocator as the default upstream. Without it the crate needs no
//!   heap.
//! - `std`: passed on to `alloc-core`.
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod sync;

mod math;

mod line;

mod bitmap;
mod budget;

mod misuse;

mod chunk;

mod inline;
mod local;
mod pool;

mod alloc;

#[cfg(all(doctest, feature = "alloc"))]
mod compile_fail;

pub use inline::InlineSyncPool;
pub use local::Local;
pub use pool::SyncPool;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
