//! `Mapped` as an allocator.

use alloc_core::{AllocError, Allocator, Layout, dangling, relocate};
use core::ptr::NonNull;

use super::os::{self, Pages};
use super::{HUGE_PAGE, Huge, Mapped};
use crate::math;

impl Mapped {
    /// How long a block of this layout is.
    fn len(self, layout: Layout) -> Result<usize, AllocError> {
        let len = math::round_up(layout.size(), self.unit()).ok_or(AllocError)?;
        // A block must not be longer than a layout can say.
        if len > math::max_size(layout.align()) {
            return Err(AllocError);
        }
        Ok(len)
    }

    /// What a block of so many bytes is aligned to.
    fn align(self, len: usize, layout: Layout) -> usize {
        let least = if self.advises(len) { HUGE_PAGE } else { 1 };
        layout.align().max(least)
    }

    /// Maps a block.
    fn map(self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let len = self.len(layout)?;
        let start = match self.huge {
            Huge::Unsaid | Huge::Advised => self.map_base(len, layout)?,
            Huge::Reserved => Pages::Reserved.map_aligned(len, layout.align())?,
            Huge::ReservedOrAdvised => Pages::Reserved
                .map_aligned(len, layout.align())
                .or_else(|_| self.map_base(len, layout))?,
        };
        Ok(NonNull::slice_from_raw_parts(start, len))
    }

    /// Maps base pages, and advises the system about them.
    fn map_base(self, len: usize, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let start = Pages::Base.map_aligned(len, self.align(len, layout))?;
        if self.advises(len) {
            // SAFETY: just mapped.
            unsafe { os::advise(start, len) };
        }
        Ok(start)
    }

    /// Grows a block from `old` to `new` bytes, in place or by moving its pages.
    ///
    /// # Errors
    ///
    /// If the system cannot; the block is as it was.
    ///
    /// # Safety
    ///
    /// `ptr` denotes a block of `old` bytes; `new` is more.
    unsafe fn extend(
        self,
        ptr: NonNull<u8>,
        old: usize,
        new: usize,
        align: usize,
    ) -> Result<NonNull<u8>, AllocError> {
        let is_aligned = math::above_multiple(ptr.addr().get(), align) == 0;
        // SAFETY: M1, for the caller's block.
        let start = if is_aligned && unsafe { os::extend(ptr, old, new) }.is_ok() {
            ptr
        } else {
            // SAFETY: M1, for the caller's block, which the caller gives up if it is moved.
            unsafe { os::move_to_aligned(ptr, old, new, align) }?
        };
        if self.advises(new) {
            // SAFETY: the pages of the block, now.
            unsafe { os::advise(start, new) };
        }
        Ok(start)
    }

    /// Grows a block, and returns it with the number of its bytes that are not fresh.
    ///
    /// # Errors
    ///
    /// If the system cannot; the block is as it was.
    ///
    /// # Safety
    ///
    /// As [`Allocator::grow`].
    unsafe fn grow_pages(
        self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<(NonNull<[u8]>, usize), AllocError> {
        if old.size() == 0 {
            return Ok((self.map(new)?, 0));
        }
        let (old_len, new_len) = (self.len(old)?, self.len(new)?);
        let align = self.align(new_len, new);
        if old_len == new_len && math::above_multiple(ptr.addr().get(), new.align()) == 0 {
            return Ok((NonNull::slice_from_raw_parts(ptr, old_len), old_len));
        }
        if self.moves() && old_len < new_len {
            // SAFETY: the caller's block, which by M1 has this length; the new one is larger.
            let extended = unsafe { self.extend(ptr, old_len, new_len, align) };
            if let Ok(start) = extended {
                return Ok((NonNull::slice_from_raw_parts(start, new_len), old_len));
            }
        }
        // SAFETY: the caller's promise. What is not copied is as it was mapped.
        let block = unsafe { relocate(&self, &self, ptr, old, new) }?;
        Ok((block, old.size()))
    }
}

// SAFETY: blocks are mappings of their own (M1): as long as asked at least, aligned, and mapped until
// they are freed, wherever `self` is. Nothing unwinds. Errors leave the block as it was.
unsafe impl Allocator for Mapped {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.map(layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // Fresh pages are zero.
        self.map(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let Ok(len) = self.len(layout) else {
            debug_assert!(false, "M1: the block was mapped with this length");
            return;
        };
        // SAFETY: by M1 these are the pages of the block, which the caller gives up.
        unsafe { os::give_back(ptr, len) };
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let (block, _) = unsafe { self.grow_pages(ptr, old, new) }?;
        Ok(block)
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let (block, kept) = unsafe { self.grow_pages(ptr, old, new) }?;
        // The rest of what was the last page may have been written to. Pages behind it are fresh.
        if let Some(rest) = kept.checked_sub(old.size()) {
            // SAFETY: within the block, which is not shorter than before.
            let behind = unsafe { block.cast::<u8>().add(old.size()) };
            // SAFETY: `kept` bytes at most, of which the block has that many.
            unsafe { behind.write_bytes(0, rest) };
        }
        Ok(block)
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if new.size() == 0 {
            // SAFETY: the caller's promise: `old` fits.
            unsafe { self.deallocate(ptr, old) };
            return Ok(dangling(new));
        }
        if math::above_multiple(ptr.addr().get(), new.align()) != 0 {
            // SAFETY: the caller's promise.
            return unsafe { relocate(self, self, ptr, old, new) };
        }
        let (old_len, len) = (self.len(old)?, self.len(new)?);
        if len < old_len {
            // SAFETY: within the block.
            let end = unsafe { ptr.add(len) };
            // SAFETY: by M1 the last pages of the block, which the caller gives up.
            unsafe { os::cut(end, old_len - len) }?;
        }
        Ok(NonNull::slice_from_raw_parts(ptr, len))
    }
}
