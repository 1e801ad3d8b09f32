//! The one owner of raw memory: zeroed slices from the system.

use core::alloc::{GlobalAlloc, Layout};
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;

/// Types for which all bytes zero is a valid value.
///
/// # Safety
///
/// It is, and the type has no destructor and may be sent between threads.
pub(super) unsafe trait Zeroed {}

/// A slice of zeroed values, in memory of `M` and not of the allocator that is being watched.
///
/// - I1: `start` denotes `len` initialised values, allocated from `memory` with the layout of `[T;
///   len]`, which this owns; or `len` is 0, and nothing is allocated.
pub(super) struct ZeroedSlice<T: Zeroed, M: GlobalAlloc> {
    start: NonNull<T>,
    len: usize,
    memory: M,
}

// SAFETY: I1: it owns its values, which `Zeroed` lets travel.
unsafe impl<T: Zeroed, M: GlobalAlloc + Send> Send for ZeroedSlice<T, M> {}

impl<T: Zeroed, M: GlobalAlloc> ZeroedSlice<T, M> {
    pub(super) const fn empty(memory: M) -> Self {
        Self {
            start: NonNull::dangling(),
            len: 0,
            memory,
        }
    }

    /// Allocates `len` values, or returns `None` if there is no such memory. Does not unwind.
    pub(super) fn allocate(len: usize, memory: M) -> Option<Self> {
        let layout = Layout::array::<T>(len).ok()?;
        if layout.size() == 0 {
            return None;
        }
        // SAFETY: the size is not zero.
        let start = unsafe { memory.alloc_zeroed(layout) };
        NonNull::new(start.cast()).map(|start| Self { start, len, memory })
    }
}

impl<T: Zeroed, M: GlobalAlloc> Deref for ZeroedSlice<T, M> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: I1; no slice at all is valid with length 0.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl<T: Zeroed, M: GlobalAlloc> DerefMut for ZeroedSlice<T, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: I1; the slice is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl<T: Zeroed, M: GlobalAlloc> Drop for ZeroedSlice<T, M> {
    fn drop(&mut self) {
        if self.len == 0 {
            return;
        }
        let layout = Layout::for_value::<[T]>(self);
        // SAFETY: I1: allocated from `memory` with this layout, and owned.
        unsafe { self.memory.dealloc(self.start.as_ptr().cast(), layout) };
    }
}
