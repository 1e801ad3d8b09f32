//! A slice in the making.

use core::alloc::Layout;
use core::mem;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorExt};

/// The first values of a slice whose length may not be known yet. Dropped before it is finished, it
/// drops them and frees its block.
///
/// - **S1** `start` denotes a block that is currently allocated by `source`, which an array of
///   `capacity` of `T` fits; if `T` has no size, `capacity` is without meaning and `start` dangles.
/// - **S2** The first `len <= capacity` values are initialised.
pub(crate) struct Buffer<'a, T, S: Allocator> {
    source: &'a S,
    start: NonNull<T>,
    capacity: usize,
    len: usize,
}

impl<'a, T, S: Allocator> Buffer<'a, T, S> {
    #[inline]
    pub(crate) fn with_capacity(source: &'a S, capacity: usize) -> Result<Self, AllocError> {
        let start = source.allocate_array::<T>(capacity)?.cast();
        let capacity = if size_of::<T>() == 0 {
            usize::MAX
        } else {
            capacity
        };
        Ok(Self {
            source,
            start,
            capacity,
            len: 0,
        })
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) -> Result<(), AllocError> {
        if self.len == self.capacity {
            self.grow(1)?;
        }
        // SAFETY: S1 and `len < capacity`: within the block.
        let slot = unsafe { self.start.add(self.len) };
        // SAFETY: as above; the slot holds no value (S2).
        unsafe { slot.write(value) };
        self.len += 1;
        Ok(())
    }

    /// Copies `values` to the end.
    ///
    /// # Errors
    ///
    /// If there is no room; nothing is copied then.
    pub(crate) fn extend_from_slice(&mut self, values: &[T]) -> Result<(), AllocError>
    where
        T: Copy,
    {
        if values.len() > self.capacity - self.len {
            self.grow(values.len())?;
        }
        // SAFETY: S1 and S2: within the block or at its end.
        let end = unsafe { self.start.add(self.len) };
        // SAFETY: there is room from there on (S1), and nobody else has its address.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), end.as_ptr(), values.len()) };
        self.len += values.len();
        Ok(())
    }

    /// The values so far.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Copies the values to `to` and forgets them here.
    ///
    /// # Safety
    ///
    /// `to` has room for `len` values and is no part of the buffer.
    pub(crate) unsafe fn move_to(mut self, to: NonNull<T>) {
        // SAFETY: the caller's promise; S2.
        unsafe { ptr::copy_nonoverlapping(self.start.as_ptr(), to.as_ptr(), self.len) };
        // The copies are the values now.
        self.len = 0;
    }

    /// The slice, in a block of its size.
    #[inline]
    pub(crate) fn finish(mut self) -> &'a mut [T] {
        if self.len < self.capacity && size_of::<T>() > 0 {
            self.shrink();
        }
        let mut slice = NonNull::slice_from_raw_parts(self.start, self.len);
        mem::forget(self);
        // SAFETY: S2; no safe method ends the block while `source` is borrowed, and nobody else has
        // its address.
        unsafe { slice.as_mut() }
    }

    /// Makes room for `more` values, of which not all have room now.
    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), AllocError> {
        let least = self.len.checked_add(more).ok_or(AllocError)?;
        let capacity = self.capacity.saturating_mul(2).max(least).max(4);
        let new = Layout::array::<T>(capacity).map_err(|_| AllocError)?;
        // SAFETY: S1 says that the layout fits; it is not smaller than the old one, as `capacity`
        // is not.
        let block = unsafe { self.source.grow(self.start.cast(), self.layout(), new) }?;
        self.start = block.cast();
        self.capacity = capacity;
        Ok(())
    }

    fn shrink(&mut self) {
        // SAFETY: fewer values than there is a layout for.
        let new = unsafe { Layout::array::<T>(self.len).unwrap_unchecked() };
        // SAFETY: S1 says that the layout fits; it is not larger than the old one.
        if let Ok(block) = unsafe { self.source.shrink(self.start.cast(), self.layout(), new) } {
            self.start = block.cast();
            self.capacity = self.len;
        }
    }

    fn layout(&self) -> Layout {
        let capacity = if size_of::<T>() == 0 {
            0
        } else {
            self.capacity
        };
        // SAFETY: the block was allocated with this layout (S1).
        unsafe { Layout::array::<T>(capacity).unwrap_unchecked() }
    }
}

impl<T, S: Allocator> Drop for Buffer<'_, T, S> {
    fn drop(&mut self) {
        /// Frees the block even if a destructor of a value panics.
        struct Free<'b, 'a, T, S: Allocator>(&'b Buffer<'a, T, S>);

        impl<T, S: Allocator> Drop for Free<'_, '_, T, S> {
            fn drop(&mut self) {
                // SAFETY: S1; nobody uses the block any more.
                unsafe {
                    self.0
                        .source
                        .deallocate(self.0.start.cast(), self.0.layout());
                };
            }
        }

        let free = Free(self);
        let values = NonNull::slice_from_raw_parts(free.0.start, free.0.len);
        // SAFETY: S2; the buffer goes with its values.
        unsafe { values.drop_in_place() };
    }
}
