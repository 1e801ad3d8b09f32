//! The one owner of raw memory: zeroed slices from the system.

use core::alloc::{GlobalAlloc, Layout};
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use core::slice;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::alloc::System;

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

/// A zeroed value in memory of the system, which is taken when the value is first needed.
///
/// - I2: null, or a valid value from [`System`] with the layout of `T`, which this owns.
pub(super) struct Late<T: Zeroed + Sync>(AtomicPtr<T>);

impl<T: Zeroed + Sync> Late<T> {
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value, if there is one yet.
    pub(super) fn get(&self) -> Option<&T> {
        // Acquire: partner of the `Release` in `get_or_make`.
        let known = NonNull::new(self.0.load(Ordering::Acquire))?;
        // SAFETY: I2.
        Some(unsafe { known.as_ref() })
    }

    /// The value, or `None` if there is no memory for it. Does not unwind.
    pub(super) fn get_or_make(&self) -> Option<&T> {
        if let Some(known) = self.get() {
            return Some(known);
        }
        const { assert!(size_of::<T>() > 0) };
        // SAFETY: the size is not zero.
        let made: *mut T = unsafe { System.alloc_zeroed(Layout::new::<T>()) }.cast();
        if made.is_null() {
            return None;
        }
        // Release: who finds the value finds it zeroed. Acquire: partner of the `Release` of another
        // thread.
        let (release, acquire) = (Ordering::Release, Ordering::Acquire);
        let set = self
            .0
            .compare_exchange(ptr::null_mut(), made, release, acquire);
        if set.is_err() {
            // SAFETY: allocated above, and not passed on.
            unsafe { System.dealloc(made.cast(), Layout::new::<T>()) };
        }
        self.get()
    }
}

impl<T: Zeroed + Sync> Drop for Late<T> {
    fn drop(&mut self) {
        let value = *self.0.get_mut();
        if !value.is_null() {
            // SAFETY: I2; it has no destructor.
            unsafe { System.dealloc(value.cast(), Layout::new::<T>()) };
        }
    }
}
