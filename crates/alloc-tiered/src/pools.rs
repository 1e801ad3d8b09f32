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
pub trait SizedPool<L>: Allocator + sealed::Sealed {
    /// A pool of such blocks, whose size is a multiple of their alignment: each is exactly as long.
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
