//! Allocators as stores: what a real job takes, from its first phase to its last.

use alloc_arena::Arena;
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use super::heaps::{Heap, Of};
use crate::jobs::{Shared, Store, pipeline};

/// Makes subjects of allocators: the name in a table, the type, and how one is made.
macro_rules! allocators {
    (upstream: $upstream:literal; $($name:literal: $allocator:ty = $fresh:expr;)*) => {$(
        impl $crate::subjects::Subject for $allocator {
            const NAME: &'static str = $name;
            const UPSTREAM: bool = $upstream;

            fn fresh() -> Self {
                $fresh
            }
        }
    )*};
}

pub(super) use allocators;

allocators! {
    upstream: true;
    "Arena": Arena = Arena::new();
    "Pool": Pool = Pool::learning();
    "SyncPool": SyncPool = SyncPool::new(pipeline::layout());
}

impl<H: Heap> Store for Of<H> {}

// SAFETY: a copy stands for the same heap.
unsafe impl<H: Heap> Shared for Of<H> {
    type Handle<'s> = Self;

    fn handle(&self) -> Self {
        *self
    }
}
