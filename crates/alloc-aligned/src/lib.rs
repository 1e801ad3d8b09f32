//! Raises the alignment of every request of any container to a compile-time power of two.
//!
//! A `Vec<f32>` asks for memory that is aligned for an `f32`: four bytes. Vector code wants the
//! start of a register, 64 bytes; two threads want not to share a cache line; a device wants the
//! start of a page. The container cannot say so, for its request is computed from its element type.
//! C++ answers with `aligned_alloc` or with a vector type of its own. Here it is a combinator that
//! stands between any container and any allocator:
//!
//! ```text
//! Vec<f32, _>                Aligned<64, A>                A
//! size 4000, align 4  ──▶  size 4000, align 64  ──▶  block at a multiple of 64
//! ```
//!
//! # Examples
//!
//! ```
//! use alloc_aligned::{Simd, is_aligned_to};
//! use alloc_core::{Global, vec::Vec};
//!
//! let mut samples = Vec::new_in(Simd::new(Global));
//! for i in 0..1000_u16 {
//!     samples.push(f32::from(i)); // grows several times, and is aligned each time
//!     assert!(is_aligned_to(samples.as_ptr(), 64));
//! }
//!
//! // Whole registers, and no scalar prologue before the first of them.
//! let (registers, rest) = samples.as_chunks::<16>();
//! assert_eq!((registers.len(), rest.len()), (62, 8));
//! assert!(registers.iter().all(|r| is_aligned_to(r, 64)));
//! ```
//!
//! # What there is
//!
//! - [`Aligned<ALIGN, A>`](Aligned), and its names [`CacheLine`], [`Simd`] and [`Page`];
//! - [`CacheAligned<T>`](CacheAligned), a value on cache lines of its own, where it is the type
//!   that carries the alignment;
//! - [`is_aligned_to`] and [`misalignment`], to verify what was promised.
//!
//! # Guarantees
//!
//! - Every block starts at a multiple of `ALIGN`, those of zero size too, and stays so when it
//!   grows or shrinks. A request for more than `ALIGN` keeps what it asks for. (A container that
//!   holds nothing, or only values without size, has asked for no block: its pointer is aligned for
//!   its element type and no more.)
//! - Sizes are the caller's. `aligned_alloc` of C11 wants a multiple of the alignment; here any
//!   size is served, and what reaches the inner allocator is always a valid [`Layout`].
//! - Sizes that cannot be raised are an [`AllocError`], before the inner allocator is asked.
//!   Nothing panics, nothing wraps.
//! - All six methods of [`Allocator`] reach the method of the same name: zeroed memory that the
//!   inner allocator has for nothing stays for nothing, and growth that it can do in place stays in
//!   place.
//! - `Aligned` keeps no state of its own. It is as large as `A`, `const`-constructible, and it is
//!   `Send`, `Sync`, `Clone`, [`AllocatorClone`](alloc_core::AllocatorClone),
//!   [`AllocatorEq`](alloc_core::AllocatorEq), [`StaticAllocator`](alloc_core::StaticAllocator),
//!   [`Owns`](alloc_core::Owns) and [`Reset`](alloc_core::Reset) where `A` is.
//!
//! # Costs
//!
//! The raise itself is a maximum of two numbers. What a higher alignment costs is up to the inner
//! allocator:
//!
//! - Space: up to `ALIGN` minus one bytes a block, which an arena loses between blocks and a heap
//!   inside them. Many small blocks at 4096 are nearly all padding; align one large block and cut
//!   it up instead.
//! - A known cost with the system allocator behind `Global` and `System`: above the alignment that
//!   `malloc` gives by itself (16 bytes on x86-64) the C library has neither an aligned `calloc`
//!   nor an aligned `realloc`. A large zeroed block is then written where an unaligned one is fresh
//!   pages that nobody touched, and a large block that grows is allocated anew and copied where an
//!   unaligned one is remapped. Small aligned blocks cost more than small plain ones as well. An
//!   arena or a pool as the inner allocator has none of this.
//!
//! # When not to use it
//!
//! - When one *type* needs the alignment: write `#[repr(align(N))]` on it, or use [`CacheAligned`].
//!   Every allocator then gives it.
//! - When the inner allocator aligns to `ALIGN` already. It costs nothing then, and says nothing.
//! - To give *some* containers of an allocator more alignment than others, wrap a reference:
//!   `Aligned::<64, _>::new(&arena)`. But do not free a block of the arena through the wrapper or
//!   the other way round; their layouts differ.
//! - Inside a `Fallback` of `alloc-compose`, put it around and not inside:
//!   `Aligned<64, Fallback<P, S>>` aligns the blocks of both, `Fallback<Aligned<64, P>, S>` only
//!   those of `P`.
//!
//! # Sources
//!
//! The idea of an allocator adaptor that aligns is that of
//! `boost::alignment::aligned_allocator_adaptor`. It takes more memory from the inner allocator and
//! keeps a pointer in front of each block; with a [`Layout`] in each request neither is needed.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod math;

mod aligned;
mod alloc;
mod cache_aligned;
mod verify;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

pub use aligned::{Aligned, CacheLine, Page, Simd};
pub use cache_aligned::{CACHE_LINE, CacheAligned};
pub use verify::{is_aligned_to, misalignment};

#[cfg(doctest)]
mod compile_fail;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
