//! The laws, one function each.
//!
//! A law takes an allocator (`&V`, since that is what containers share) and the [`Limits`](crate::Limits) inside which it must serve, and
//! returns the first [`Violation`](crate::Violation) that it sees. A law looks at one obligation and leaves the others to their own laws, so
//! that a failure has one name.

mod contents;
mod huge;
mod placement;
mod resize;

pub use contents::{contents, disjoint, zeroed};
pub use huge::huge;
pub use placement::{alignment, fit, size, zero_size};
pub use resize::{err_keeps_block, grow, grow_zeroed, realign, shrink};
