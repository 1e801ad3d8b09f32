//! Pools by size class, for one thread and as the heap of a process.

use alloc_core::System;
use alloc_tiered::{GlobalTiered, Tiered};

use super::Lend;
use super::free_lists::{FreeList, Through, free_lists};
use super::heaps::{Heap, Of, heap};

/// The one of the process, though not its global allocator.
static TIERED: GlobalTiered = GlobalTiered::new();

heap! {
    "GlobalTiered" TheTiered Global: GlobalTiered = TIERED;
}

free_lists! {
    /// [`Tiered`] over the system, boxed as it is a large one.
    "Tiered" OneThread: Box<Tiered<System>> = Box::new(Tiered::new_in(System)),
        FreeList(&mut), |memory| Through<&'s Tiered<System>> = Through::new(memory);
}

impl Lend for OneThread {
    type Handle<'a> = &'a Tiered<System>;

    #[inline]
    fn lend(&self) -> &Tiered<System> {
        &self.0
    }
}
