//! Where a job puts its memory: an allocator, and how its blocks end.

use std::mem;

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_core::{Allocator, ArcHandle, System};
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;
use alloc_tracking::{Profiler, Tracking};

/// An allocator that a job may use, and what the job does when a phase of its work is over.
///
/// A job is written once, for every store. It hands what it built to [`discard`] and then ends the
/// phase: with the system allocator the first frees each block, with an arena the second frees all
/// of them.
pub trait Store: Allocator {
    /// Whether the end of a phase frees every block.
    const FREES_ALL: bool = false;

    /// Ends a phase. Nothing of it is in use any more.
    fn end_phase(&mut self) {}
}

/// Gives up what a phase built in the store `S`: drops it, unless the end of the phase frees all
/// memory anyway.
///
/// Forgetting is sound whatever `value` is; it is also free of leaks as long as `value` owns
/// nothing but memory of the store.
#[inline]
pub fn discard<S: Store, T>(value: T) {
    if S::FREES_ALL {
        mem::forget(value);
    } else {
        drop(value);
    }
}

impl Store for System {}
impl Store for Tracking<System> {}
impl Store for &Profiler<System> {}

impl<U: Allocator> Store for Pool<U> {}
impl<U: Allocator> Store for Tracking<Pool<U>> {}

impl<U: Allocator> Store for SyncPool<U> {}
impl<U: Allocator> Store for Tracking<SyncPool<U>> {}
impl<U: Allocator> Store for ArcHandle<SyncPool<U>> {}

impl<const ALIGN: usize, U: Allocator> Store for Aligned<ALIGN, U> {}
impl<const ALIGN: usize, U: Allocator> Store for Tracking<Aligned<ALIGN, U>> {}

impl<U: Allocator> Store for Arena<U> {
    const FREES_ALL: bool = true;

    fn end_phase(&mut self) {
        self.reset();
    }
}

impl<U: Allocator> Store for Tracking<Arena<U>> {
    const FREES_ALL: bool = true;

    fn end_phase(&mut self) {
        self.reset();
    }
}
