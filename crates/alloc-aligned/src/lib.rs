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
//! - with the feature `map` on Linux, [`Mapped`](#pages), an allocator of whole pages, huge ones on
//!   request, and `huge_bytes`, which tells which were granted;
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
//!   place. Of [large blocks](Aligned#large-blocks) this holds with the system allocator too.
//! - The alignment is in the type. A container that is taken apart has the allocator among its parts,
//!   and they make a container of the same type again or do not compile. (Whoever passes another
//!   allocator to `from_raw_parts_in` instead breaks the promise that this function asks for.)
//! - `Aligned` keeps no state of its own. It is as large as `A`, `const`-constructible, and it is
//!   `Send`, `Sync`, `Clone`, [`AllocatorClone`](alloc_core::AllocatorClone),
//!   [`AllocatorEq`](alloc_core::AllocatorEq), [`StaticAllocator`](alloc_core::StaticAllocator)
//!   and [`Reset`](alloc_core::Reset) where `A` is, and [`Owns`](alloc_core::Owns) where `A` is and
//!   there is no large form.
//!
//! # Costs
//!
//! For a layout that is known when the program is compiled the raise is nothing, and for any other a
//! comparison. What a higher alignment costs is up to the inner allocator:
//!
//! - Space: up to `ALIGN` minus one bytes a block, which an arena loses between blocks and a heap
//!   inside them. Many small blocks at 4096 are nearly all padding; align one large block and cut
//!   it up instead.
//! - Time with the system allocator behind `Global` and `System`: above the alignment that `malloc`
//!   gives by itself (16 bytes on x86-64) the C library has neither an aligned `calloc` nor an
//!   aligned `realloc`, and its aligned `malloc` is slow: some 800 instructions for a block of 64
//!   bytes that is freed at once, against 140 (glibc 2.36). An arena or a pool as the inner allocator
//!   has none of this: 22 and 17.
//! - [Large blocks](Aligned#large-blocks), those that are at least eight times as long as aligned,
//!   go around that. A list of 1 KiB at 64 bytes, made and dropped, takes 594 instructions in place
//!   of 1117, and a vector of `f32` that grows by one at a time 14.9 an element: 13.7 unaligned. On x86-64 Linux with glibc, in one run of the
//!   example `large_blocks` with the feature `map`, against the same at 16 bytes:
//!
//!   | | zeroed 64 MiB | 64 to 128 MiB |
//!   | --- | --: | --: |
//!   | `Global` at 16 | 11.3 µs | 324 µs |
//!   | `Aligned<64>` | 1.0× | 1.0× |
//!   | `Aligned<4096>` | 1.1× | 0.8× |
//!   | `Aligned<2 MiB>` | 0.9× | 36× |
//!   | `Mapped` | 0.6× | 0.1× |
//!   | `Aligned<2 MiB, Mapped, NEVER>` | 1.1× | 0.2× |
//!   | `Aligned<64, _, NEVER>` | 6300× | 240× |
//!
//!   The growth at 2 MiB is a move within the block, since the `mremap` of the heap keeps addresses
//!   within a page; with `Mapped` inside, pages move to an aligned place.
//! - A large block takes the raised alignment more from the inner allocator, at most an eighth of
//!   its size.
//!
//! # Pages
//!
//! The feature `map` adds `Mapped`: blocks that are mappings of their own. It is the upstream for
//! large chunks, and the allocator for a few long tables. Any alignment, zeroes for nothing, growth
//! that moves pages and not bytes; and, on request, huge pages:
//!
//! ```
//! # #[cfg(all(feature = "map", feature = "std", target_os = "linux"))]
//! # fn main() -> Result<(), alloc_aligned::NotTold> {
//! use alloc_aligned::{Huge, Mapped, huge_bytes};
//! use alloc_core::vec::Vec;
//!
//! let mut table = Vec::new_in(Mapped::with_huge_pages(Huge::Advised));
//! table.resize(1 << 20, 1_u64);
//! let granted = huge_bytes(&raw const table[..])?;
//! println!("{} of {} bytes in huge pages", granted, size_of_val(&table[..]));
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "map", feature = "std", target_os = "linux")))]
//! # fn main() {}
//! ```
//!
//! The first touch of 64 MiB, a byte in each page, with getting and freeing the block, in three runs
//! of the example `huge_pages` (x86-64 in a virtual machine, Linux 6.18, huge pages set to
//! `madvise`):
//!
//! | | against `Global` | in huge pages |
//! | --- | --: | --: |
//! | `Mapped`, nothing said | 0.86 to 1.02 times as fast | 0 of 64 MiB |
//! | `Mapped`, advised | 2.9 to 3.1 times as fast | 64 of 64 MiB |
//!
//! A huge page is touched whole, so a table of which little is used takes more memory with them.
//!
//! # Provenance
//!
//! A [large block](Aligned#large-blocks) has a header in front of it, which is read through the
//! pointer that `deallocate`, `grow` and `shrink` get. Containers pass the pointer that they were
//! given, those of the standard library too: vectors, boxes and boxed slices, taken apart and put
//! together again, are fine. A pointer that was made of a reference (`Box::leak` and back, which
//! takes `unsafe`) may have lost the right to what lies outside the referenced value under Stacked
//! Borrows, though not under Tree Borrows. Neither is decided to be the rule of the language; Miri
//! goes by the former unless it is told otherwise. `Aligned<ALIGN, A, NEVER>`, with [`NEVER`], has no
//! large blocks, and over allocators with state only those of [`LARGE`] bytes and more are.
//!
//! # When not to use it
//!
//! - When one *type* needs the alignment: write `#[repr(align(N))]` on it, or use [`CacheAligned`].
//!   Every allocator then gives it.
//! - When the inner allocator aligns to `ALIGN` already. It costs nothing then, and says nothing.
//! - To give *some* containers of an allocator more alignment than others, wrap a reference:
//!   `Aligned::<64, _>::new(&arena)`. But do not free a block of the arena through the wrapper or
//!   the other way round; their layouts differ.
//! - Around a pool of large blocks, say that there is no large form, for its padding would not fit
//!   them: `Aligned::<64, _, NEVER>::new(&pool)`.
//! - For many small blocks over the system allocator: put an arena or a pool between the two.
//! - Inside a `Fallback` of `alloc-compose`, put it around and not inside:
//!   `Aligned<64, Fallback<P, S>>` aligns the blocks of both, `Fallback<Aligned<64, P>, S>` only
//!   those of `P`.
//!
//! # Sources
//!
//! The idea of an allocator adaptor that aligns is that of
//! `boost::alignment::aligned_allocator_adaptor`. It takes more memory from the inner allocator and
//! keeps a pointer in front of each block; with a [`Layout`] in each request neither is needed, and
//! only large blocks do it, for the sake of `calloc` and `realloc`.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

#[cfg(feature = "std")]
extern crate std;

mod math;

mod large;

mod aligned;
mod alloc;
mod cache_aligned;
mod verify;

#[cfg(all(feature = "map", target_os = "linux"))]
mod mapped;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};

pub use aligned::{AUTO, Aligned, CacheLine, LARGE, NEVER, Page, Simd};
pub use cache_aligned::{CACHE_LINE, CacheAligned};
#[cfg(all(feature = "map", target_os = "linux"))]
pub use mapped::{HUGE_PAGE, Huge, Mapped};
#[cfg(all(feature = "map", feature = "std", target_os = "linux"))]
pub use mapped::{NotTold, huge_bytes};
pub use verify::{is_aligned_to, misalignment};

#[cfg(doctest)]
mod compile_fail;

#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
