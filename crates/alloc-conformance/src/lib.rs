//! The laws of the `Allocator` trait as a test suite that any allocator runs with one line.
//!
//! The contract of `Allocator` is a page of prose, and most of it is easy to break without
//! noticing: a block that is aligned by luck, a `grow` that forgets the new alignment, a length
//! that wraps, memory that was zero only the first time. This crate turns each sentence of that
//! page into a *law*: a function that looks at an allocator and returns the [`Violation`] it saw.
//! [`suite!`] makes a test of each law, so that a failure has a name.
//!
//! ```text
//!  law ── requests ──▶ your allocator ── requests ──▶ Upstream, instrumented and hostile
//!   │                                                     │
//!   └── answers, contents, addresses                      └── calls, blocks, layouts, what came back
//! ```
//!
//! # Testing an allocator of your own
//!
//! Make this crate a dev-dependency and write `tests/conformance.rs`, one line for each configuration:
//!
//! ```
//! # mod mine { pub type Mine<A> = alloc_core::ArcHandle<A>; }
//! # use mine::Mine;
//! use alloc_conformance::{Limits, suite};
//!
//! suite!(plain, |up| Mine::new(up), [clones, eq, threads, send]);
//! suite!(small_blocks, |up| Mine::new(up), [], limits = Limits::block(64, 16).blocks(32));
//! ```
//!
//! - The closure makes a new allocator over an [`Upstream`]. One without an upstream ignores it:
//!   `|_| Mine::new()`.
//! - In brackets stands what the allocator can do besides allocating. [`suite!`] lists these capabilities.
//! - [`Limits`] say which requests must be served. A pool has limits, and inside them an error is a
//!   violation: no law passes because an allocator refused to be looked at.
//! - The laws share `&V`, so an allocator that is one by reference only, as those with inline
//!   storage are, needs nothing more.
//! - With the feature `nightly` the trait is that of `core::alloc`, and the suite runs the standard
//!   library's containers as well.
//!
//! Without the macro: [`check`] stops at the first violation, [`violations!`] collects what all
//! laws find, and each law is a public function in [`laws`].
//!
//! # The laws
//!
//! | law | what it says |
//! | --- | --- |
//! | [`alignment`](laws::alignment) | blocks are aligned as asked for, from 1 byte to 1 MiB |
//! | [`size`](laws::size) | no block is shorter than asked for |
//! | [`zero_size`](laws::zero_size) | zero-size blocks are valid and aligned, and take no place |
//! | [`fit`](laws::fit) | any layout that fits frees, grows and shrinks a block |
//! | [`disjoint`](laws::disjoint) | blocks do not overlap |
//! | [`contents`](laws::contents) | a block keeps what was written to it |
//! | [`zeroed`](laws::zeroed) | zeroed memory is zero, reused memory and excess included |
//! | [`grow`](laws::grow), [`shrink`](laws::shrink) | the bytes that stay are kept |
//! | [`grow_zeroed`](laws::grow_zeroed) | they are kept, and what follows is zero |
//! | [`realign`](laws::realign) | all three may change the alignment, up and down |
//! | [`err_keeps_block`](laws::err_keeps_block) | after an error the block is as before |
//! | [`huge`](laws::huge) | nearly `isize::MAX` bytes are an error; nothing wraps |
//! | [`no_unwinding`](laws::no_unwinding) | no method unwinds |
//! | [`failing_upstream`](laws::failing_upstream) | when the upstream fails, whichever call it is, nothing is lost |
//! | [`returns_all`](laws::returns_all) | on drop everything goes back to the upstream |
//! | [`upstream_contract`](laws::upstream_contract) | each block goes back once, with a layout that fits |
//! | [`programs`](laws::programs) | random programs of all operations agree with a model |
//! | [`vec`](laws::vec()), [`boxed`](laws::boxed), [`hash_map`](laws::hash_map), [`hash_set`](laws::hash_set) | containers work |
//! | `vec_deque`, `linked_list`, `b_tree_map`, `rc`, `arc` | with `nightly`: so do the standard library's |
//! | [`owns`](laws::owns) | `owns` is exact |
//! | [`reset`](laws::reset), [`returns_leaked`](laws::returns_leaked) | after a reset all is free again; leaked blocks are given back, too |
//! | [`clones`](laws::clones), [`eq`](laws::eq) | clones and equal values are equivalent |
//! | [`threads`](laws::threads), [`send`](laws::send) | any thread frees what another one allocated; moving to another thread works |
//!
//! Each law runs twice, over a plain upstream and over one that over-returns and aligns as little
//! as it may. After each law the allocator is dropped, and its upstream must have everything back.
//! That each law bites is shown in [`broken`]: one deliberately broken allocator for each, which
//! that law rejects and the others do not.
//!
//! # Costs
//!
//! A whole suite takes well under a second in a debug build, and under a minute under Miri, where
//! the laws ask for less.
//!
//! # When not to use it
//!
//! It looks from outside. What an allocator promises beyond the trait, such as that a frame loop
//! makes no calls to its upstream, is for its own tests, with [`Upstream`] as a witness. And tests
//! of a concurrent allocator show what happened, not what can happen: that takes a model checker.
#![cfg_attr(feature = "nightly", feature(allocator_api, btreemap_alloc))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod limits;
mod pattern;
mod program;
mod session;
mod upstream;
mod violation;

pub mod broken;
mod check;
pub mod laws;
pub mod poison;
#[doc(hidden)]
pub mod suite;

pub use check::{check, law_names};
pub use laws::programs::run_bytes;
pub use limits::Limits;
pub use program::{Op, Program};
pub use upstream::Upstream;
pub use violation::Violation;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
