//! The laws, one function each.
//!
//! A law takes an allocator (`&V`, since that is what containers share) and the
//! [`Limits`](crate::Limits) inside which it must serve, and returns the first
//! [`Violation`](crate::Violation) that it sees. A law looks at one obligation and leaves the
//! others to their own laws, so that a failure has one name. Some need more than one allocator: two
//! of them, one that they may move or drop, or a function that makes new ones over an
//! [`Upstream`](crate::Upstream) of their choice.

mod audit;
mod containers;
mod contents;
mod equivalence;
mod failure;
mod huge;
mod ownership;
mod placement;
pub(crate) mod programs;
mod resize;
#[cfg(feature = "nightly")]
mod std_containers;
mod threads;

pub use containers::{boxed, hash_map, hash_set, vec};
pub use contents::{contents, disjoint, zeroed};
pub use equivalence::{clones, eq};
pub use failure::{failing_upstream, no_unwinding, returns_all, upstream_contract};
pub use huge::huge;
pub use ownership::{owns, reset, returns_leaked};
pub use placement::{alignment, fit, size, zero_size};
pub use programs::programs;

pub use resize::{err_keeps_block, grow, grow_zeroed, realign, shrink};
#[cfg(feature = "nightly")]
pub use std_containers::{arc, b_tree_map, linked_list, rc, vec_deque};
pub use threads::{send, threads};
