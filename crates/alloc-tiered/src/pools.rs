//! The pools that can serve a class.

use alloc_core::{Allocator, Layout};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

mod sealed {
    /// Nobody else has pools of which [`Tiered`](crate::Tiered) could know what it has to.
    pub trait Sealed {}
    impl<L: super::Allocator> Sealed for super::Pool<L> {}
    impl<L: super::Allocator> Sealed for super::SyncPool<L> {}
}

/// A pool of blocks of one size: [`Pool`] or [`SyncPool`].
///
/// S1: its blocks are exactly as long as was said when it was made, which is a multiple of their alignment. To the methods that take a block
/// back or resize it, each layout of some size that is no longer and no more strictly aligned than a block is as good
/// as one that fits: to a pool all its blocks are alike.
pub trait SizedPool<L>: Allocator + sealed::Sealed {
    /// A pool of such blocks.
    #[doc(hidden)]
    fn of(block: Layout, upstream: L) -> Self;

    /// Blocks that are handed out.
    #[doc(hidden)]
    fn blocks_in_use(&self) -> usize;

    /// Blocks that there is memory for.
    #[doc(hidden)]
    fn blocks(&self) -> usize;
}

/// A pool by its methods.
macro_rules! sized_pool {
    ($($pool:ident)*) => {$(
        impl<L: Allocator> SizedPool<L> for $pool<L> {
            fn of(block: Layout, upstream: L) -> Self {
                Self::new_in(block, upstream)
            }

            fn blocks_in_use(&self) -> usize {
                self.in_use()
            }

            fn blocks(&self) -> usize {
                self.capacity()
            }
        }
    )*};
}

sized_pool! { Pool SyncPool }
