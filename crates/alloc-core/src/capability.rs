//! What only some allocators can do.

use core::ptr::NonNull;

use allocator_api2::alloc::Allocator;
use core::alloc::Layout;

/// Tells whether a block is one of its own.
///
/// A combinator that asks two allocators for memory, as `Fallback` of `alloc-compose` does, needs
/// it to send each block back to where it came from. The idea and the name are those of Phobos'
/// `std.experimental.allocator` (Alexandrescu 2013).
///
/// # Safety
///
/// For a block of `layout.size() > 0` that is *currently allocated* by **any** allocator in the
/// program with a layout that `layout` *fits*, `owns` returns `true` exactly if it is currently
/// allocated by this allocator or by an equivalent one. Some blocks are left out:
///
/// - A zero-size block is nobody's: `owns` returns `false`. A combinator handles such blocks before
///   it asks.
/// - A block whose memory came out of this allocator by another way may be answered either way: one
///   that another allocator carved out of a block of this one (this one is its upstream), or one
///   that was asked of an allocator which this one wraps. So may a block that the memory of this
///   allocator itself lies in, such as the buffer of a `FixedArena`. The answer is then the same
///   for every layout that fits, and for as long as the block is allocated. A combinator that lets
///   two allocators stand side by side has to reckon with it.
///
/// For any other pointer the answer is unspecified, but asking is sound and touches no memory
/// behind `ptr`.
pub unsafe trait Owns: Allocator {
    /// Tells whether the block of `layout` at `ptr` is currently allocated by this allocator.
    ///
    /// `false` for every zero-size layout.
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool;
}

// SAFETY: a reference is equivalent to the allocator that it refers to.
unsafe impl<A: Owns + ?Sized> Owns for &A {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        (**self).owns(ptr, layout)
    }
}

/// Takes back every block at once and keeps the memory for the next round.
///
/// An allocator with blocks is either this or [`StaticAllocator`](crate::StaticAllocator), whose
/// blocks no safe method takes back.
///
/// That the receiver is `&mut self` is the whole safety of it: a container holds its allocator, or
/// a reference to it, and so nothing that still uses a block lets this be called.
pub trait Reset {
    /// Invalidates every block. Memory from upstream is kept; giving it back is a separate method
    /// where there is one.
    fn reset(&mut self);
}
