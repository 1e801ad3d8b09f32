//! Free lists that threads share: what one thread took, another may give back.

use alloc_sync_pool::{InlineSyncPool, Local, SyncPool};

use super::Subject;
use super::free_lists::{BLOCK, Bytes, CAPACITY, FreeList, Hand, Through, boxed, free_lists};
use super::heaps::{Heap, Of};

/// Has blocks for many threads, each of which has a hand of its own.
pub trait Shared: Subject + Sync {
    /// What takes and gives them.
    type Hand<'s>: Hand<Block: Send>;

    /// A hand for the calling thread.
    fn hand(&self) -> Self::Hand<'_>;
}

impl<S: Shared> FreeList for S {
    type Hand<'s> = <S as Shared>::Hand<'s>;

    #[inline]
    fn hand(&mut self) -> Self::Hand<'_> {
        Shared::hand(self)
    }
}

impl<H: Heap> Shared for Of<H> {
    type Hand<'s> = Through<Self>;

    #[inline]
    fn hand(&self) -> Through<Self> {
        Through::new(*self)
    }
}

free_lists! {
    /// [`SyncPool`] by reference, as most programs use it.
    "SyncPool" SyncPooled: SyncPool = SyncPool::new(BLOCK),
        Shared(&), |pool| Through<&'s SyncPool> = Through::new(pool);

    /// [`SyncPool`] through a handle of each thread.
    "SyncPool, local" SyncPooledLocal: SyncPool = SyncPool::new(BLOCK),
        Shared(&), |pool| Through<Local<'s>> = Through::new(pool.local());

    /// [`InlineSyncPool`], boxed as it is a large one.
    "InlineSyncPool" InlineSync: Box<InlineSyncPool<Bytes, CAPACITY>> = boxed(InlineSyncPool::new),
        Shared(&), |pool| Through<&'s InlineSyncPool<Bytes, CAPACITY>> = Through::new(pool);
}

/// Shared free lists of other crates, and what one would build from their parts.
#[cfg(feature = "peers")]
mod peers;

#[cfg(feature = "peers")]
pub use peers::*;
