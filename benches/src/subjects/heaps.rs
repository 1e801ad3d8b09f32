//! Heaps: general allocators, which serve any request of any thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, dangling};

use super::{Lend, Subject};

/// A heap as a subject, an allocator and a handle to it: it has no state of its own.
///
/// # Safety
///
/// [`heap`](Self::heap) returns one and the same heap each time.
pub unsafe trait Heap: 'static {
    /// What a table calls it.
    const NAME: &'static str;

    /// What serves the requests.
    type Global: GlobalAlloc + Sync;

    /// The heap.
    fn heap() -> &'static Self::Global;

    /// Does what has to be done before the heap is measured.
    fn begin() {}
}

/// A [`Heap`] as a value.
#[derive(Debug)]
pub struct Of<H>(std::marker::PhantomData<fn() -> H>);

impl<H> Of<H> {
    /// The heap `H`.
    pub const fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<H> Clone for Of<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Of<H> {}

impl<H> Default for Of<H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<H: Heap> Of<H> {
    /// Takes a block of a size that is not zero.
    ///
    /// # Panics
    ///
    /// If the heap has none.
    ///
    /// # Safety
    ///
    /// The size of the layout is not zero.
    #[inline]
    pub unsafe fn take(self, layout: Layout) -> NonNull<u8> {
        // SAFETY: the size is not zero, by the caller.
        NonNull::new(unsafe { H::heap().alloc(layout) }).expect("a small block")
    }

    /// Frees a block.
    ///
    /// # Safety
    ///
    /// The block is of this heap, was requested with this layout, and nobody uses it any more.
    #[inline]
    pub unsafe fn give(self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller.
        unsafe { H::heap().dealloc(block.as_ptr(), layout) }
    }
}

impl<H: Heap> Subject for Of<H> {
    const NAME: &'static str = H::NAME;
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        H::begin();
        Self::new()
    }
}

impl<H: Heap> Lend for Of<H> {
    type Handle<'a> = Self;

    #[inline]
    fn lend(&self) -> Self {
        *self
    }
}

// SAFETY: blocks are those of `H::heap()`, whose contract as a global allocator is stronger; every
// copy stands for the same heap. Blocks of size zero are dangling and never reach it.
unsafe impl<H: Heap> Allocator for Of<H> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        // SAFETY: the size is not zero.
        let block = NonNull::new(unsafe { H::heap().alloc(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        // SAFETY: the size is not zero.
        let block = NonNull::new(unsafe { H::heap().alloc_zeroed(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: by the caller; blocks have exactly the size that was asked for.
            unsafe { H::heap().dealloc(block.as_ptr(), layout) }
        }
    }

    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 || old.align() != new.align() {
            // SAFETY: by the caller.
            return unsafe { alloc_core::relocate(self, self, block, old, new) };
        }
        // SAFETY: by the caller; the new size is not zero, as it is not less than the old one.
        let grown = unsafe { H::heap().realloc(block.as_ptr(), old, new.size()) };
        let grown = NonNull::new(grown).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(grown, new.size()))
    }

    #[inline]
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if new.size() == 0 || old.align() != new.align() {
            // SAFETY: by the caller.
            return unsafe { alloc_core::relocate(self, self, block, old, new) };
        }
        // SAFETY: by the caller; the new size is not zero.
        let shrunk = unsafe { H::heap().realloc(block.as_ptr(), old, new.size()) };
        let shrunk = NonNull::new(shrunk).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(shrunk, new.size()))
    }
}

/// Defines heaps, each of one value, and their subjects.
macro_rules! heap {
    ($($name:literal $type:ident $subject:ident:
        $global:ty = $value:expr $(, begin: $begin:path)?;)*
    ) => {$(
        #[doc = concat!("The heap of ", $name, ".")]
        #[derive(Debug)]
        pub struct $type;

        // SAFETY: the type is a unit that stands for one heap per process.
        unsafe impl Heap for $type {
            const NAME: &'static str = $name;
            type Global = $global;

            #[inline]
            fn heap() -> &'static $global {
                &$value
            }

            $(fn begin() {
                $begin();
            })?
        }

        #[doc = concat!($name, " as a subject.")]
        pub type $subject = Of<$type>;
    )*};
}

pub(super) use heap;

heap! {
    "System" TheSystem SystemHeap: System = System;
}

/// Heaps of other crates.
#[cfg(feature = "peers")]
mod peers {
    use super::{Heap, Of};

    heap! {
        "mimalloc" TheMimalloc Mimalloc: mimalloc::MiMalloc = mimalloc::MiMalloc;
        "snmalloc" TheSnmalloc Snmalloc: snmalloc_rs::SnMalloc = snmalloc_rs::SnMalloc;
        "jemalloc" TheJemalloc Jemalloc: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
    }
}

#[cfg(feature = "peers")]
pub use peers::*;
