//! Allocators as stores: what a real job takes, from its first phase to its last.

use std::alloc::Layout;
use std::ptr::NonNull;

use alloc_arena::Arena;
use alloc_core::{AllocError, Allocator};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;

use super::arenas::Frame;
use super::heaps::{Heap, Of};
use super::{Lend, Subject};
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

/// An arena that lends handles, as a store: the end of a phase is the end of all.
#[derive(Debug)]
pub struct Framed<S>(S);

/// An arena that can be a store.
///
/// # Safety
///
/// Until it ends or is dropped, all that it [lends](Lend::lend) are equivalent, wherever it is
/// moved.
pub unsafe trait Lasting: Lend + Frame {}

impl<S: Lasting> Subject for Framed<S> {
    const NAME: &'static str = S::NAME;
    const UPSTREAM: bool = S::UPSTREAM;

    fn fresh() -> Self {
        Self(S::fresh())
    }
}

impl<S: Lasting> Store for Framed<S> {
    const FREES_ALL: bool = true;

    fn end_phase(&mut self) {
        self.0.end();
    }
}

// SAFETY: each method is that of a lent allocator; all that are lent are equivalent, and the arena
// ends through `&mut self` alone.
unsafe impl<S: Lasting> Allocator for Framed<S> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.lend().allocate(layout)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.lend().allocate_zeroed(layout)
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.lend().deallocate(block, layout) }
    }

    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.lend().grow(block, old, new) }
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.lend().grow_zeroed(block, old, new) }
    }

    #[inline]
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.0.lend().shrink(block, old, new) }
    }
}

/// Arenas of other crates.
#[cfg(feature = "peers")]
mod peers {
    use super::Lasting;
    use crate::subjects::arenas::{Blink, BumpScope, Bumpalo, Oxc};

    /// Makes arenas stores.
    macro_rules! lasting {
        ($($arena:ty)*) => {$(
            // SAFETY: a handle is a reference to the one arena inside, whose chunks are on the heap.
            unsafe impl Lasting for $arena {}
        )*};
    }

    lasting!(Bumpalo BumpScope Oxc Blink);
}
