//! Free lists that threads share: what one thread took, another may give back.

use std::hint::black_box;
use std::num::NonZeroU64;

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

/// Nothing but the loop and what the threads do to each other: a block is its value.
#[derive(Clone, Copy, Debug)]
pub struct Idle;

/// A bit that no value has, so that an option of a block is a word.
const BLOCK_BIT: NonZeroU64 = NonZeroU64::new(1 << 63).expect("it is not zero");

impl Subject for Idle {
    const NAME: &'static str = "loop";
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self
    }
}

impl Shared for Idle {
    type Hand<'s> = Self;

    #[inline]
    fn hand(&self) -> Self {
        *self
    }
}

impl Hand for Idle {
    type Block = NonZeroU64;

    #[inline]
    fn take(&mut self, value: u64) -> NonZeroU64 {
        BLOCK_BIT | black_box(value)
    }

    #[inline]
    unsafe fn give(&mut self, block: NonZeroU64) -> u64 {
        block.get() & !BLOCK_BIT.get()
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
