//! A small allocator that is soon exhausted and knows its blocks.
#![allow(dead_code)] // each test file uses what it needs

use alloc_core::{AllocError, Allocator, Layout, Owns, Reset, dangling, relocate, relocate_zeroed};
use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;

/// What the buffer is made of, so that it starts at a multiple of every alignment that is served.
#[repr(align(4096))]
#[derive(Debug)]
struct Page(UnsafeCell<[u8; 4096]>);

/// Bumps through a buffer of fixed size; the last block can grow in place and is taken back.
#[derive(Debug)]
pub(crate) struct Region {
    // I1: bytes from `used` on are in no block; `used` is at most `capacity`.
    // I2: `pages` are at least `capacity` bytes.
    pages: Box<[Page]>,
    capacity: usize,
    used: Cell<usize>,
    over: usize,
}

impl Region {
    pub(crate) fn new(capacity: usize) -> Self {
        let pages = (0..capacity.div_ceil(4096)).map(|_| Page(UnsafeCell::new([0xA5; 4096])));
        Self {
            pages: pages.collect(),
            capacity,
            used: Cell::new(0),
            over: 0,
        }
    }

    /// Returns `over` bytes more than it is asked for.
    pub(crate) fn over_returning(capacity: usize, over: usize) -> Self {
        Self {
            over,
            ..Self::new(capacity)
        }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.get()
    }

    pub(crate) fn contains(&self, ptr: *const u8) -> bool {
        let start = self.start().addr().get();
        (start..start + self.capacity).contains(&ptr.addr())
    }

    fn start(&self) -> NonNull<u8> {
        NonNull::from(&*self.pages).cast()
    }

    /// The offset in the buffer of one of its blocks.
    fn offset(&self, ptr: NonNull<u8>) -> usize {
        ptr.addr().get() - self.start().addr().get()
    }

    fn is_last(&self, ptr: NonNull<u8>, len: usize) -> bool {
        let end = self.offset(ptr) + len;
        end <= self.used.get() && self.used.get() <= end + self.over
    }

    fn block(&self, offset: usize, len: usize) -> NonNull<[u8]> {
        // SAFETY: callers pass offsets inside the buffer, or its end (I2).
        let start = unsafe { self.start().add(offset) };
        NonNull::slice_from_raw_parts(start, len)
    }
}

// SAFETY: blocks are disjoint parts of the boxed buffer (I1), which does not move with `self`.
unsafe impl Allocator for Region {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        if layout.align() > align_of::<Page>() {
            return Err(AllocError);
        }
        let base = self.start().addr().get();
        let first = (base + self.used.get()).checked_next_multiple_of(layout.align());
        let offset = first.ok_or(AllocError)? - base;
        let len = layout.size().checked_add(self.over).ok_or(AllocError)?;
        let end = offset.checked_add(len).filter(|&end| end <= self.capacity);
        self.used.set(end.ok_or(AllocError)?);
        Ok(self.block(offset, len))
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        assert!(self.owns(ptr, layout), "a foreign block");
        if self.is_last(ptr, layout.size()) {
            self.used.set(self.offset(ptr));
        }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let in_place = old.size() > 0
            && self.is_last(ptr, old.size())
            && ptr.addr().get().is_multiple_of(new.align());
        if in_place {
            let end = self.offset(ptr).checked_add(new.size()).ok_or(AllocError)?;
            if end <= self.capacity {
                self.used.set(end.max(self.used.get()));
                return Ok(self.block(self.offset(ptr), new.size()));
            }
        }
        // SAFETY: the caller's promise.
        unsafe { relocate(self, self, ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        unsafe { relocate_zeroed(self, self, ptr, old, new) }
    }
}

// SAFETY: its blocks are those inside the buffer.
unsafe impl Owns for Region {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        layout.size() > 0 && self.contains(ptr.as_ptr())
    }
}

impl Reset for Region {
    fn reset(&mut self) {
        self.used.set(0);
    }
}
