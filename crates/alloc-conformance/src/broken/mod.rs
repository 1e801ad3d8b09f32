//! Deliberately broken allocators, one for each law, which that law must reject.
//!
//! A law that nothing breaks proves nothing. [`Broken`] is a right allocator with one [`Fault`] at
//! a time, each as narrow as can be: it shows at one size, one alignment or after one kind of
//! error, so that one law sees it and the others have no reason to. `tests/broken.rs` shows which
//! law finds which.
//!
//! They are wrong, but not dangerous to the test that looks at them: no fault reads or writes
//! memory that the allocator does not own. An `unsafe impl` that breaks its contract is a lie all
//! the same. **Use these to test laws, and for nothing else.**

mod allocator;
mod handle;

pub use allocator::Broken;
pub use handle::BrokenHandle;

/// What is wrong with a [`Broken`] allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: the allocator that every law accepts.
    Nothing,
    /// Every request errs.
    Everything,
    /// A block that is to be aligned to 16 KiB is aligned to half of that.
    Alignment,
    /// A block of 257 bytes says that it has 256.
    Size,
    /// A zero-size block is at address 1, whatever its alignment.
    ZeroSize,
    /// A block may only be grown or shrunk as exactly what it was asked for as.
    Fit,
    /// With 20 blocks or more, the next one is one of those once more.
    Disjoint,
    /// With 14 blocks or more, a new one spills into the excess of the first.
    Contents,
    /// Zeroed memory of 1000 bytes is not zeroed.
    Zeroed,
    /// Growing a block of 1000 bytes loses one of them.
    Grow,
    /// Growing a block of 1000 bytes with zeroes leaves out one.
    GrowZeroed,
    /// Shrinking a block of 257 bytes loses one of those that stay.
    Shrink,
    /// Growing or shrinking to an alignment of 4096 keeps the old alignment.
    Realign,
    /// Growing beyond what there is errs, and overwrites the block.
    ErrKeepsBlock,
    /// The room for the largest of all requests is computed with a sum that wraps.
    Huge,
    /// A request of `2^31 - 1` bytes panics.
    NoUnwinding,
    /// A block of 5000 bytes never goes back to the upstream.
    ReturnsAll,
    /// A block of 5000 bytes goes back to the upstream with another layout.
    UpstreamContract,
    /// When the upstream fails in `grow`, the block has been given up already.
    FailingUpstream,
    /// A block that grew to an alignment of 128 or more says that it has a byte less than asked for.
    Programs,
    /// Blocks of 128 bytes that are to be aligned to 64 are aligned to 32.
    Boxed,
    /// `owns` is true of every block.
    OwnsTooMuch,
    /// `owns` is false of a block that is passed with its returned length.
    OwnsTooLittle,
    /// After a reset it serves nothing.
    Reset,
    /// Blocks that nobody freed never go back to the upstream.
    ReturnsLeaked,
    /// A clone is another allocator ([`BrokenHandle`]).
    Clones,
    /// Any two are equal ([`BrokenHandle`]).
    Eq,
    /// While one thread has blocks, no other gets one.
    Threads,
    /// Only the thread that made it gets blocks.
    Send,
}
