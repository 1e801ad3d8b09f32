//! A lock-free pool of fixed-size blocks for many threads: any thread frees what any other
//! allocated.
//!
//! Messages, jobs and nodes are of one size, and are allocated by one thread and freed by another.
//! A general heap serves that with locks or with queues between its per-thread caches; a pool of
//! one block size needs one bit a block. Here these bits lie in atomic words beside the blocks, and
//! a thread takes and frees some 64 of them at once; in between, plain loads and stores do.
//!
//! ```text
//!  thread           thread                    thread
//!    │ &SyncPool      │ Local                   │ &SyncPool of a bounded pool, or without `std`
//!  ┌─▼─ magazine ─┐ ┌─▼─ magazine ─┐            │
//!  │ ■ ■ ■ □ □ .. │ │ ■ ■ □ □ □ .. │            │  a magazine: up to 128 free blocks
//!  │ of a seat    │ │ of a caller  │            │
//!  └─┬──────────▲─┘ └─┬──────────▲─┘            │
//!    │ fetch_and│     │  64 bits │ fetch_or     │  fetch_or, fetch_and
//!    │ some bits│     │  at once │              │  one bit
//!  ┌─▼──────────┴─────▼──────────┴──────────────▼─┐
//!  │ words  0110111.. 1111111.. 0000..            │  one bit a block: 1 is taken
//!  │ blocks ■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■■ │  never read or written by the pool
//!  └──────────────────────────────────────────────┘  chunk after chunk, each twice as large, from the upstream `A`
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
//! - No block is lost: what is freed can be allocated again, by any thread. A [`Local`] that is
//!   dropped gives its blocks back. What a thread leaves in its magazine when it ends is at the
//!   disposal of the next thread at its [seat](#what-threads-have-of-their-own), and, while nobody
//!   sits there, of any thread that finds no free block.
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
//! keep a second bit for each block, which says that somebody has it who may free it. They abort
//! at a pointer to no block and at a block that nobody has, wherever it rests, and name the block
//! and the pool. They do not notice when a block that is freed twice has a new owner by then.
//! Release builds do not check. Then a magazine takes whatever comes and hands it out, so that a
//! block freed twice has two owners; where there is no magazine, a foreign pointer and a block
//! whose bit is 0 change nothing.
//!
//! # What threads have of their own
//!
//! With the feature `std`, `&SyncPool` of a pool that grows works through a magazine of the calling
//! thread, as a [`Local`] does, and nobody has to carry a handle around.
//!
//! A thread that first frees or allocates takes a *seat*: the lowest number that no living thread
//! has. A pool has one magazine for each seat, made when it is first needed. Whoever sits there uses
//! it, one thread after another; so a pool knows no threads, and a thread no pools, but for the
//! numbers and addresses that it remembers of up to 64 of them. When a thread ends it gives up
//! its seat, and that is all. When a pool is dropped its magazines go along, and that is all: no
//! thread looks at what it remembers of a pool without that pool at hand, and pools' numbers never
//! return.
//!
//! - Up to 128 blocks rest in the magazine of each seat (128 KiB of them at most, but 4 in any case), and up to 63 from the first on that a thread takes: threads
//!   that began in one word of the bitmap would meet there for ever. They do not count as
//!   [`in_use`](SyncPool::in_use), but other threads cannot have them while somebody sits there,
//!   even a thread that does not use the pool. Up to
//!   4,096 threads have seats at one time; others share the pool's words, as does a thread whose
//!   thread-local values are gone.
//! - A magazine is a block of about 1,150 bytes of the pool's upstream, and there is an index with a
//!   pointer for each seat. If the upstream refuses them, the thread does without.
//! - A pool with a limit has no such magazines: it would refuse a request while blocks rest in
//!   those of others.
//! - A thread remembers the magazines of up to 64 pools, and finds those of others by an index. It is a table by the
//!   number that a pool gets when it is first used, so that any 64 pools that are first used one after the other do
//!   not displace each other, unless threads compete to be the first.
//! - Not for signal handlers: they run in the middle of what the thread was doing.
//! - A child process of `fork` has the memory of its parent, but not the threads that could give up
//!   their seats. What rests in their magazines is lost to the child until the pool is dropped.
//!
//! # What it costs
//!
//! Nothing but plain loads and stores for a block that comes out of a magazine and goes into one.
//! About two atomic read-modify-writes for 64 blocks that lie together, and one for each that does
//! not. Without a magazine two for each block that is allocated and freed; four in a bounded pool.
//!
//! One bit a block and two cache lines a chunk, three where they are of 64 bytes. Up to half of the memory may be unused, as chunks
//! double.
//!
//! # Memory checkers
//!
//! Pools tell Miri and `AddressSanitizer` which blocks are nobody's: those that are free or in a magazine, those that were
//! reset, and those that were never handed out. They report a use of one where it happens: Miri always, `AddressSanitizer` with
//!
//! ```sh
//! RUSTFLAGS="-Zsanitizer=address --cfg alloc_asan" \
//!     cargo +nightly test -Zbuild-std --target x86_64-unknown-linux-gnu
//! ```
//!
//! [`alloc_core::checker`] says what each of them sees, and what not; in builds without one nothing changes. Two things are for Miri
//! alone. `AddressSanitizer` keeps what it knows of 8 bytes in one place, so it is not told of blocks whose size is
//! no multiple of that, which threads free and take at the same time. And it is not told of an [`InlineSyncPool`], which may move, with
//! blocks that are free or forgotten: what is there next would be reported. A pool that is leaked leaves its free blocks to
//! checkers as nobody's memory, also if they lie in a buffer of the caller.
//!
//! # When not to use it
//!
//! One thread: `Pool` of `alloc-pool` has no atomics. Blocks of many sizes: one pool each, joined
//! by `Segregate` of `alloc-compose`, or a heap. Memory that shall go back while the pool lives:
//! chunks are kept until it is dropped, which is what makes it safe to look at them without a lock.
//! A pool that is bounded and contended: give each thread a [`Local`].
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
//! | state of a block | its bit | who may touch it | ends when |
//! | --- | --- | --- | --- |
//! | free | 0 | nobody | somebody claims it: `fetch_or`, Acquire |
//! | allocated | 1 | its owner | the owner frees it: into a magazine, or `fetch_and`, Release |
//! | in a [`Local`]'s magazine | 1 | nobody; who has the `Local` may hand it out | that, or a flush: `fetch_and`, Release |
//! | in a seat's magazine | 1 | nobody; who has the seat may hand it out | the same |
//! | in a chunk that is not published, or given back | | nobody; the pool alone, or the upstream | |
//!
//! A magazine has one user at a time, who hands blocks out and takes them back without touching
//! their bits. A [`Local`] is not `Sync`; when it moves to another thread, whatever moved it orders
//! the two. A seat is a bit like that of a block: claimed by a `fetch_or` with Acquire that changes
//! it from 0 to 1, given up by a `fetch_and` with Release. So a seat has one holder for the reason
//! that a block has one owner, and what its last holder did to the magazine, and to the blocks in
//! it, happens before what the next one does. Whoever empties the magazine of a thread that ended
//! holds that seat meanwhile.
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
//! | reads a magazine's length | | cannot be: a magazine has one user at a time |
//! | remembers its magazine in a pool | drops that pool; another one lies there now | the numbers of the two differ: not used |
//! | loads the index | publishes a larger one | the old one is as good: it stays, and only the holder of a seat writes to its entry |
//! | wants the seat of a thread that ended | takes it first | `fetch_or` returns the bit set: not won, leaves its magazine alone |
//! | loads the head: chunk *c* | drops or removes *c* | cannot be: chunks leave the list by `&mut self` only, so no address returns to it |
//!
//! The decision is made on the bit itself, by the value it has at the instant of the change. No
//! value that was read earlier is taken for granted, so it does not matter what happened in
//! between.
//!
//! ## Why no dereference is invalid
//!
//! The pool follows pointers of its own only. *To chunks, magazines and indexes*: each is complete
//! before it is published, what others read of it never changes, and it is freed only when the pool
//! is dropped, by somebody with the only reference to it. Whoever reads a pointer to it, with
//! Acquire, sees it complete. What a thread remembers is such a pointer, and is followed only with
//! the living pool of the same number at hand. *To blocks*: none. Blocks' memory is neither read nor
//! written; an address is compared with the chunk's range and becomes an index.
//!
//! ## Orderings, and who notices
//!
//! There are no fences and no `SeqCst`. An ordering that is not `Relaxed` names its partner where it
//! stands. `cargo xtask loom --mutants` weakens each of them, makes a load and a store of each
//! read-modify-write, and takes away each guard that `tests/mutants.txt` lists, one at a time; and
//! runs the models of `tests/loom.rs`, `loom_growth.rs` and `loom_std.rs` with it. They run the shipped code,
//! with words of 2 bits, magazines of 4, and 2 seats. `docs/LOOM-MUTANTS.md` of the repository has a
//! row for each: the model that notices, or why none does. Among the latter:
//!
//! - The Acquire and Release of a bounded pool's budget (each other's partner) are not needed for
//!   safety: a block's own bit orders its uses. They let a caller with a share see the block that was
//!   freed for it at its first look instead of a later one.
//! - A thread that finds an index which its publisher has not counted yet counts it, with Release for
//!   the same partner. That is needed, but takes three threads in one index to be noticed.
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
//! - `std`: [magazines of threads](#what-threads-have-of-their-own).
//! - `nightly`: the traits of `core::alloc`; needs a nightly compiler.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "std")]
extern crate std;

mod sync;

mod math;

mod line;

mod bitmap;
mod budget;

mod misuse;

mod chunk;

mod magazine;
#[cfg(feature = "std")]
mod seat;

#[cfg_attr(not(feature = "std"), path = "no_rack.rs")]
mod rack;

mod depot;
mod gathered;

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
