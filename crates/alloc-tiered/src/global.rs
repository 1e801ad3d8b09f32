//! The allocator of a program.

use alloc_core::{AllocError, Allocator, Layout, System};
use core::alloc::GlobalAlloc;
use core::ptr::{self, NonNull};

use crate::tiered::{Class, SyncTiered};

/// [`SyncTiered`] as the allocator of a program, over [`System`].
///
/// # Examples
///
/// ```
/// use alloc_tiered::GlobalTiered;
///
/// #[global_allocator]
/// static HEAP: GlobalTiered = GlobalTiered::new();
///
/// fn main() {
///     let numbers: Vec<_> = (0..100).map(Box::new).collect();
///     assert!(HEAP.classes().map(|class| class.in_use).sum::<usize>() > 100);
///     drop(numbers);
/// }
/// ```
///
/// # What to know
///
/// - A thread keeps blocks at hand for each class that it uses, and passes them on when it ends: 128 of them, or as many
///   as are 128 KiB, but four at least. See [`SyncPool`](alloc_sync_pool::SyncPool).
/// - The pools' memory goes back to the system when the process ends: what was once a block of 48 bytes stays one. Large
///   blocks go back at once, as `System` does it.
/// - A child of `fork` has what its parent had, but what other threads kept at hand is lost to it.
/// - Before Rust 1.93 and without glibc, the standard library may have to allocate while it notes that a thread has a
///   destructor to run, and ends the process if that comes back to it. A pool learns that a thread ends by such a
///   destructor. Where a target has no thread-local storage of its own, it may allocate for each value, and this must not be
///   the program's allocator.
#[derive(Debug)]
pub struct GlobalTiered {
    tiers: SyncTiered<System, 64>,
}

impl GlobalTiered {
    /// Takes no memory before the first request.
    pub const fn new() -> Self {
        Self {
            tiers: SyncTiered::new_system(),
        }
    }

    /// The classes, smallest first, and what there is of them: of no single moment, if threads allocate meanwhile.
    pub fn classes(&self) -> impl ExactSizeIterator<Item = Class> {
        self.tiers.classes()
    }
}

impl Default for GlobalTiered {
    fn default() -> Self {
        Self::new()
    }
}

/// The start of a block, or null.
#[inline]
fn start(block: Result<NonNull<[u8]>, AllocError>) -> *mut u8 {
    block.map_or(ptr::null_mut(), |block| block.cast().as_ptr())
}

// SAFETY: the contract of `Allocator`, which is stronger; nothing in there unwinds, and a static does not move.
unsafe impl GlobalAlloc for GlobalTiered {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        start(self.tiers.allocate(layout))
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        start(self.tiers.allocate_zeroed(layout))
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if let Some(block) = NonNull::new(ptr) {
            // SAFETY: the caller's promise.
            unsafe { self.tiers.deallocate(block, layout) };
        }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (Some(block), Ok(new)) = (
            NonNull::new(ptr),
            Layout::from_size_align(new_size, layout.align()),
        ) else {
            return ptr::null_mut();
        };
        if new_size >= layout.size() {
            // SAFETY: the caller's promise.
            start(unsafe { self.tiers.grow(block, layout, new) })
        } else {
            // SAFETY: the caller's promise.
            start(unsafe { self.tiers.shrink(block, layout, new) })
        }
    }
}
