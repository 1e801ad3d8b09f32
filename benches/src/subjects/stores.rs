//! Allocators as stores: what a real job takes, from its first phase to its last.

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_core::Global;
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use super::Subject;
use super::heaps::{Heap, Of};
use crate::jobs::{Shared, Store, pipeline};

/// Defines subjects that are allocators themselves.
macro_rules! stores {
    ($($name:literal: $store:ty = $fresh:expr;)*) => {$(
        impl Subject for $store {
            const NAME: &'static str = $name;

            fn fresh() -> Self {
                $fresh
            }
        }
    )*};
}

stores! {
    "Arena": Arena = Arena::new();
    "Pool": Pool = Pool::learning();
    "SyncPool": SyncPool = SyncPool::new(pipeline::layout());
    "Aligned<64>": Aligned<64, Global> = Aligned::new(Global);
}

impl<H: Heap> Store for Of<H> {}

// SAFETY: a copy stands for the same heap.
unsafe impl<H: Heap> Shared for Of<H> {
    type Handle<'s> = Self;

    fn handle(&self) -> Self {
        *self
    }
}
