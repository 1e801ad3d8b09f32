//! Heaps as arenas: each block is remembered, and freed when the memory ends.

use std::alloc::Layout;
use std::cell::RefCell;
use std::fmt;
use std::ptr::NonNull;

use alloc_core::Allocator;

use super::{CopySlice, Frame, Put, Take};
use crate::subjects::heaps::{Heap, Of, TheSystem};
use crate::subjects::{Lend, Subject};

/// A heap with the blocks that were put into it. What containers take of it they give back.
pub struct Kept<H: Heap> {
    heap: Of<H>,
    /// Blocks of the heap with their layouts, which nobody else frees.
    blocks: RefCell<Vec<(NonNull<u8>, Layout)>>,
}

impl<H: Heap> Subject for Kept<H> {
    const NAME: &'static str = H::NAME;
    // What remembers the blocks would be counted with them.
    const UPSTREAM: bool = false;

    fn fresh() -> Self {
        Self {
            heap: Of::new(),
            blocks: RefCell::default(),
        }
    }
}

impl<H: Heap> Frame for Kept<H> {
    fn end(&mut self) {
        for (block, layout) in self.blocks.get_mut().drain(..) {
            // SAFETY: a block of this heap with its layout, which is forgotten here; it was lent
            // until now.
            unsafe { self.heap.deallocate(block, layout) };
        }
    }
}

impl<H: Heap> Drop for Kept<H> {
    fn drop(&mut self) {
        self.end();
    }
}

// SAFETY: the block is the heap's for this layout, and nobody frees it before the end.
unsafe impl<H: Heap> Take for Kept<H> {
    #[inline]
    fn take(&self, layout: Layout) -> NonNull<u8> {
        let block = self.heap.allocate(layout).expect("a small block").cast();
        self.blocks.borrow_mut().push((block, layout));
        block
    }
}

impl<H: Heap, T: Copy> Put<T> for Kept<H> {
    #[inline]
    fn put(&self, value: T) -> NonNull<T> {
        let place = self.take(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block has the layout of the value, and is nobody else's.
        unsafe { place.write(value) };
        place
    }
}

impl<H: Heap> CopySlice for Kept<H> {
    #[inline]
    fn copy(&self, bytes: &[u8]) -> NonNull<[u8]> {
        let place = self.take(Layout::for_value(bytes));
        // SAFETY: the block has the layout of the slice, and is new: it does not overlap.
        unsafe { place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) };
        NonNull::slice_from_raw_parts(place, bytes.len())
    }
}

impl<H: Heap> Lend for Kept<H> {
    type Handle<'a> = Of<H>;

    #[inline]
    fn lend(&self) -> Of<H> {
        self.heap
    }
}

impl<H: Heap> fmt::Debug for Kept<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(H::NAME)
    }
}

/// The system's allocator as an arena.
pub type KeptSystem = Kept<TheSystem>;
