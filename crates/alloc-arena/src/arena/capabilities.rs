//! What an arena is besides: an allocator, with the capabilities that follow from its invariants.

use core::alloc::Layout;
use core::fmt;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, Owns, Reset};

use super::Arena;
use crate::alloc::impl_allocator;

impl_allocator!(impl[A: Allocator, const MIN_ALIGN: usize] for Arena<A, MIN_ALIGN>, this => this);

// SAFETY: by A4 a block of the arena lies in a run. One of another allocator does not: a chunk is a
// block of the upstream, hence in no other block that does not lie in one of this arena's own. Only
// addresses are compared.
unsafe impl<A: Allocator, const MIN_ALIGN: usize> Owns for Arena<A, MIN_ALIGN> {
    /// Linear in the number of chunks.
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let addr = ptr.addr().get();
        layout.size() > 0
            && self
                .runs()
                .any(|(start, end)| (start.addr()..end.addr()).contains(&addr))
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Reset for Arena<A, MIN_ALIGN> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

impl<A: Allocator + Default, const MIN_ALIGN: usize> Default for Arena<A, MIN_ALIGN> {
    fn default() -> Self {
        Self::with_min_align_in(A::default())
    }
}

/// An arena is equal to itself alone.
impl<A: Allocator, const MIN_ALIGN: usize> PartialEq for Arena<A, MIN_ALIGN> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Eq for Arena<A, MIN_ALIGN> {}

// SAFETY: equal arenas are the same one.
unsafe impl<A: Allocator, const MIN_ALIGN: usize> AllocatorEq for Arena<A, MIN_ALIGN> {}

impl<A: Allocator, const MIN_ALIGN: usize> fmt::Debug for Arena<A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("used", &self.used())
            .field("reserved", &self.reserved())
            .field("chunks", &self.chunks())
            .field("limit", &self.limit())
            .field("min_align", &MIN_ALIGN)
            .finish_non_exhaustive()
    }
}
