//! Allocators whose blocks start a cache line or a page.

use std::alloc::Layout;
use std::ops::DerefMut;
use std::ptr::NonNull;

use alloc_aligned::Aligned;
#[cfg(target_os = "linux")]
use alloc_aligned::Mapped;
use alloc_arena::Arena;
use alloc_core::vec::Vec;
use alloc_core::{AllocError, Allocator, Global};
use alloc_pool::Pool;

use super::Subject;
use super::heaps::{Heap, Of, TheSystem};
use super::stores::allocators;

/// An allocator whose blocks have an alignment that nobody asked for.
pub trait Raising: Subject + Allocator {
    /// The alignment that each block has at least.
    const ALIGN: usize;
}

impl<const ALIGN: usize, U: Allocator> Raising for Aligned<ALIGN, U>
where
    Self: Subject,
{
    const ALIGN: usize = ALIGN;
}

/// Every mapping starts a page.
#[cfg(target_os = "linux")]
impl Raising for Mapped {
    const ALIGN: usize = 4096;
}

/// A heap that is asked for the alignment in each request, as a program would by hand.
#[derive(Debug)]
pub struct At<const ALIGN: usize, H>(Of<H>);

impl<const ALIGN: usize, H> At<ALIGN, H> {
    /// The layout of the heap's block.
    #[inline]
    fn raised(layout: Layout) -> Result<Layout, AllocError> {
        layout.align_to(ALIGN).map_err(|_| AllocError)
    }

    /// The layout of a heap's block that exists.
    #[inline]
    fn known(layout: Layout) -> Layout {
        Self::raised(layout).unwrap_or(layout)
    }
}

impl<const ALIGN: usize, H: Heap> Raising for At<ALIGN, H>
where
    Self: Subject,
{
    const ALIGN: usize = ALIGN;
}

// SAFETY: blocks are those of the heap, for a layout of the same size and of at least the asked
// alignment; a layout that could be raised once can be raised again.
unsafe impl<const ALIGN: usize, H: Heap> Allocator for At<ALIGN, H> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(Self::raised(layout)?)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate_zeroed(Self::raised(layout)?)
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, for the layout that the heap was asked for.
        unsafe { self.0.deallocate(block, Self::known(layout)) }
    }

    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raised(new)?;
        // SAFETY: the caller's promise, for the layouts that the heap is asked for.
        unsafe { self.0.grow(block, Self::known(old), new) }
    }
}

allocators! {
    upstream: true;
    "Aligned<64>": Aligned<64, Global> = Aligned::new(Global);
    "Aligned<4096>": Aligned<4096, Global> = Aligned::new(Global);
    "Aligned<64, Arena>": Aligned<64, Arena> = Aligned::new(Arena::new());
    "Aligned<64, Pool>": Aligned<64, Pool> = Aligned::new(Pool::learning());
}

#[cfg(target_os = "linux")]
allocators! {
    upstream: false;
    "Mapped": Mapped = Mapped::new();
}

allocators! {
    upstream: false;
    "System, align 16": At<16, TheSystem> = At(Of::new());
    "System, align 64": At<64, TheSystem> = At(Of::new());
}

/// A list of floats that grows.
pub trait Floats: DerefMut<Target = [f32]> {
    /// Adds one.
    fn push(&mut self, number: f32);

    /// Makes it so long, with copies of a number.
    fn resize(&mut self, len: usize, number: f32);
}

/// Makes [`Floats`] in aligned blocks.
pub trait Lists: Subject {
    /// A list.
    type List<'s>: Floats
    where
        Self: 's;

    /// Makes an empty list with room for so many floats.
    fn list(&self, room: usize) -> Self::List<'_>;
}

/// Implements [`Floats`] for a vector by its own methods.
macro_rules! floats {
    ([$($generics:tt)*] $vector:ty) => {
        impl<$($generics)*> Floats for $vector {
            #[inline]
            fn push(&mut self, number: f32) {
                self.push(number);
            }

            #[inline]
            fn resize(&mut self, len: usize, number: f32) {
                self.resize(len, number);
            }
        }
    };
}

floats!([A: Allocator] Vec<f32, A>);

impl<S: Raising> Lists for S {
    type List<'s> = Vec<f32, &'s S>;

    #[inline]
    fn list(&self, room: usize) -> Vec<f32, &S> {
        Vec::with_capacity_in(room, self)
    }
}

/// What other crates have.
#[cfg(feature = "peers")]
mod peers {
    use aligned_vec::{AVec, ConstAlign};

    use super::super::heaps::{Of, TheJemalloc, TheMimalloc, TheSnmalloc};
    use super::{At, Floats, Lists, Subject, allocators};

    allocators! {
        upstream: false;
        "mimalloc, align 64": At<64, TheMimalloc> = At(Of::new());
        "snmalloc, align 64": At<64, TheSnmalloc> = At(Of::new());
        "jemalloc, align 64": At<64, TheJemalloc> = At(Of::new());
    }

    /// aligned-vec, whose vector aligns its own block.
    #[derive(Debug)]
    pub struct AlignedVec;

    impl Subject for AlignedVec {
        const NAME: &'static str = "aligned-vec";

        fn fresh() -> Self {
            Self
        }
    }

    floats!([] AVec<f32, ConstAlign<64>>);

    impl Lists for AlignedVec {
        type List<'s> = AVec<f32, ConstAlign<64>>;

        #[inline]
        fn list(&self, room: usize) -> AVec<f32, ConstAlign<64>> {
            AVec::with_capacity(64, room)
        }
    }
}

#[cfg(feature = "peers")]
pub use peers::*;
