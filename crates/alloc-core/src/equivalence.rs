//! When two allocator values are one allocator.

use allocator_api2::alloc::Allocator;

/// Marks an allocator whose clones are equivalent to it.
///
/// C++ requires as much of every allocator; in Rust it is this trait that tells a container that it
/// may keep a block of one clone and free it through another. The standard library has it as an
/// unstable trait of the same name.
///
/// # Safety
///
/// - A clone is [equivalent](crate#equivalent-allocators) to the original.
/// - Moving or dropping one of them, or changing it through `&mut`, invalidates no block while an
///   equivalent one exists.
/// - `clone` does not unwind.
pub unsafe trait AllocatorClone: Allocator + Clone {}

/// Marks an allocator whose `==` means [equivalent](crate#equivalent-allocators).
///
/// This is `operator==` of the C++ allocator model: memory of the one can be freed by the other.
/// Containers need it before they splice or swap their nodes. The standard library has it as an
/// unstable trait of the same name.
///
/// # Safety
///
/// If `a == b`, then `a` and `b` are equivalent and behave as if one were the [`AllocatorClone`] of
/// the other. `a != b` says nothing.
pub unsafe trait AllocatorEq<T = Self>: Allocator + PartialEq<T>
where
    T: ?Sized + AllocatorEq<Self>,
{
}

/// Marks an allocator whose memory lives until it is freed, whatever happens to the allocator.
///
/// Pinning needs it: a pinned value may only lose its memory by being dropped first. The standard
/// library has it as an unstable trait of the same name.
///
/// # Safety
///
/// - Dropping the allocator invalidates no block.
/// - No safe method invalidates a block.
/// - The end of a lifetime in its type invalidates no block, nor does it in any type that it can be
///   coerced to by subtyping. This is why the trait is not implemented for references
///   (rust-lang/rust#157089).
/// - All of this holds for every equivalent allocator as well.
pub unsafe trait StaticAllocator: Allocator {}

// SAFETY: a copy of a reference refers to the same allocator; copying does not unwind.
unsafe impl<A: Allocator + ?Sized> AllocatorClone for &A {}

// SAFETY: references compare as what they refer to, and are equivalent to it.
unsafe impl<A, B> AllocatorEq<&B> for &A
where
    A: AllocatorEq<B> + ?Sized,
    B: AllocatorEq<A> + ?Sized,
{
}

#[cfg(feature = "alloc")]
mod global {
    use super::{AllocatorClone, StaticAllocator};
    use allocator_api2::alloc::Global;

    // SAFETY: every `Global` is the one global allocator; it is `Copy`.
    unsafe impl AllocatorClone for Global {}
    // SAFETY: the heap outlives everything and frees only what is passed to `deallocate`.
    unsafe impl StaticAllocator for Global {}
}

#[cfg(feature = "std")]
mod system {
    use super::{AllocatorClone, StaticAllocator};
    use std::alloc::System;

    // SAFETY: every `System` is the one system allocator; it is `Copy`.
    unsafe impl AllocatorClone for System {}
    // SAFETY: the heap outlives everything and frees only what is passed to `deallocate`.
    unsafe impl StaticAllocator for System {}
}

#[cfg(all(feature = "nightly", feature = "alloc"))]
mod shared {
    use super::AllocatorClone;
    use alloc::{rc::Rc, sync::Arc};
    use allocator_api2::alloc::Allocator;

    // SAFETY: an `Rc` is equivalent to the allocator inside; a clone shares it and keeps it alive.
    unsafe impl<T: Allocator + ?Sized> AllocatorClone for Rc<T> {}
    // SAFETY: an `Arc` is equivalent to the allocator inside; a clone shares it and keeps it alive.
    unsafe impl<T: Allocator + ?Sized> AllocatorClone for Arc<T> {}
}
