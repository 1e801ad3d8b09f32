//! What the site profiler is to those who allocate: an [`Allocator`], and a [`GlobalAlloc`].
//!
//! - I1: each block of non-zero size is the tail of a block of `inner`, as its [`Outer`] says, and has
//!   its header in front of it from the moment when it is handed out.

use core::alloc::GlobalAlloc;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, Layout, StaticAllocator, dangling};

use super::super::fault::Operation;
use super::super::hooks::{answer, start, trim};
use super::super::sites::{Labels, Mark};
use super::SiteProfiler;
use super::header::{self, Outer};
use super::labelled::{Element, within};
use crate::Budgeting;
use crate::budget::Budget;

impl<A, B: Budgeting> SiteProfiler<A, B> {
    /// Answers a request for a block of non-zero size with one of `inner`.
    ///
    /// # Safety
    ///
    /// `call` returns a new block with the layout that it is given, or none.
    #[inline]
    unsafe fn make(
        &self,
        layout: Layout,
        call: impl FnOnce(Layout) -> Option<NonNull<u8>>,
    ) -> Option<NonNull<u8>> {
        if B::ON
            && let Some(budget) = Budget::current()
        {
            let labels = Labels {
                budget: Some(budget),
                ..Labels::NONE
            };
            // SAFETY: the caller's promise.
            return unsafe { self.make_as(labels, layout, call) };
        }
        let outer = Outer::of(layout)?;
        let base = call(outer.layout)?;
        // SAFETY: the offset is less than the size of the block of `inner`.
        let block = unsafe { base.add(outer.offset) };
        // SAFETY: all of that block is new.
        Some(unsafe { self.dress(block, layout) })
    }

    /// Frees a block of non-zero size with `call`, if it is as the caller says.
    ///
    /// # Safety
    ///
    /// The block is one of this, with this layout, and nobody uses it any more.
    #[inline]
    unsafe fn end(
        &self,
        ptr: NonNull<u8>,
        layout: Layout,
        operation: Operation,
        call: impl FnOnce(NonNull<u8>, Layout),
    ) -> bool {
        // SAFETY: the caller's promise.
        let Some(mark) = (unsafe { self.undress(operation, ptr, layout) }) else {
            return false;
        };
        let budget = self.budget_of(mark);
        if !self.sites.died_at_once(mark, layout.size()) {
            self.sites.died(mark, layout.size());
        }
        // Always `Some`: the block was made with this layout.
        if let Some(outer) = Outer::of(layout) {
            // SAFETY: I1.
            let base = unsafe { base_of(ptr, outer) };
            call(base, outer.layout);
        }
        if let Some(budget) = budget {
            budget.credit(layout.size());
        }
        true
    }

    /// Resizes a block of non-zero size to another non-zero size. If nothing is known of what is in it,
    /// that is `of`.
    ///
    /// # Safety
    ///
    /// The block is one of this, with the layout `old`. `call` puts a block of `inner` for `new` in the
    /// stead of that which it is given, with what the caller sees at `offset`, or returns `None` and
    /// leaves it alone.
    #[inline]
    unsafe fn resize(
        &self,
        (operation, of): (Operation, Element),
        ptr: NonNull<u8>,
        (old, outer): (Layout, Outer),
        (new, offset): (Layout, usize),
        call: impl FnOnce(NonNull<u8>) -> Option<NonNull<u8>>,
    ) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        let mark = unsafe { self.undress(operation, ptr, old) }?;
        let budget = self.budget_of(mark);
        // SAFETY: I1.
        let base = unsafe { base_of(ptr, outer) };
        let base = within(budget, old.size(), new.size(), || call(base));
        let Some(base) = base else {
            // SAFETY: the block is as it was.
            unsafe { header::put(ptr, old, mark) };
            return None;
        };
        // SAFETY: the offset is less than the size of the new block.
        let block = unsafe { base.add(offset) };
        let mark: Mark = self.sites.resized(mark, old.size(), new.size(), of);
        // SAFETY: the bytes in front of the block are part of the new block of `inner`.
        unsafe { header::put(block, new, mark) };
        Some(block)
    }
}

impl<A: Allocator, B: Budgeting> SiteProfiler<A, B> {
    /// Resizes a block of non-zero size to another non-zero size and perhaps another alignment: with
    /// `there`, or, if its header then has another place, with a block from `fresh`.
    ///
    /// # Safety
    ///
    /// The block is one of this, with the layout `old`. `fresh` returns a new block of `inner` with the
    /// layout that it is given. `there` has `inner` resize a block from one layout to another, or leaves
    /// it alone.
    #[inline]
    unsafe fn reshape(
        &self,
        how: (Operation, Element),
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        fresh: impl FnOnce(Layout) -> Result<NonNull<[u8]>, AllocError>,
        there: impl FnOnce(NonNull<u8>, Layout, Layout) -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let (from, to) = outers(old, new)?;
        let call = |base| {
            if from.offset != to.offset {
                // SAFETY: I1; a new block.
                return unsafe { self.move_over(base, from, start(fresh(to.layout)), to) };
            }
            start(there(base, from.layout, to.layout))
        };
        // SAFETY: the caller's promise.
        let block = unsafe { self.resize(how, ptr, (old, from), (new, to.offset), call) };
        Ok(trim(block.ok_or(AllocError)?, new))
    }

    /// Copies what the caller sees of a block of `inner` into a new one of another shape, and frees
    /// the old one, if there is a new one. Returns that.
    ///
    /// # Safety
    ///
    /// Both are blocks of `inner` with these layouts, and parts of them are at these offsets.
    #[cold]
    unsafe fn move_over(
        &self,
        base: NonNull<u8>,
        from: Outer,
        fresh: Option<NonNull<u8>>,
        to: Outer,
    ) -> Option<NonNull<u8>> {
        let fresh = fresh?;
        let len = from.size().min(to.size());
        // SAFETY: an offset is less than the size of its block.
        let old = unsafe { base.add(from.offset) };
        // SAFETY: as above.
        let new = unsafe { fresh.add(to.offset) };
        // SAFETY: `len` bytes are there in both, which are different blocks.
        unsafe { old.copy_to_nonoverlapping(new, len) };
        // SAFETY: the caller's promise.
        unsafe { self.inner.deallocate(base, from.layout) };
        Some(fresh)
    }
}

impl<A: Allocator, B: Budgeting> SiteProfiler<A, B> {
    /// Does what [`grow`](Allocator::grow) does for a block that holds `of`, if it is not known to hold
    /// something else.
    ///
    /// # Safety
    ///
    /// As for `grow`.
    #[inline]
    pub(super) unsafe fn grow_as(
        &self,
        of: Element,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        let fresh = |outer| self.inner.allocate(outer);
        let there = |base, from, to| {
            // SAFETY: I1; the new layout is no smaller, as the offset is the same.
            unsafe { self.inner.grow(base, from, to) }
        };
        // SAFETY: the caller's promise; the block grows, or stays as it is.
        unsafe { self.reshape((Operation::Grow, of), ptr, old, new, fresh, there) }
    }

    /// Does what [`grow_zeroed`](Allocator::grow_zeroed) does, as [`grow_as`](Self::grow_as).
    ///
    /// # Safety
    ///
    /// As for `grow_zeroed`.
    #[inline]
    pub(super) unsafe fn grow_zeroed_as(
        &self,
        of: Element,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate_zeroed(new);
        }
        let fresh = |outer| self.inner.allocate_zeroed(outer);
        let there = |base, from, to| {
            // SAFETY: I1; the new layout is no smaller, as the offset is the same.
            unsafe { self.inner.grow_zeroed(base, from, to) }
        };
        // SAFETY: the caller's promise; the block grows, or stays as it is.
        unsafe { self.reshape((Operation::Grow, of), ptr, old, new, fresh, there) }
    }

    /// Does what [`shrink`](Allocator::shrink) does, as [`grow_as`](Self::grow_as).
    ///
    /// # Safety
    ///
    /// As for `shrink`.
    #[inline]
    pub(super) unsafe fn shrink_as(
        &self,
        of: Element,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if new.size() == 0 {
            let call = |base, outer| {
                // SAFETY: I1: a block of `inner` with this layout, which the caller gives up.
                unsafe { self.inner.deallocate(base, outer) };
            };
            // SAFETY: the caller's promise.
            let done = old.size() == 0 || unsafe { self.end(ptr, old, Operation::Shrink, call) };
            return if done {
                Ok(dangling(new))
            } else {
                Err(AllocError)
            };
        }
        let fresh = |outer| self.inner.allocate(outer);
        let there = |base, from, to| {
            // SAFETY: I1; the new layout is no larger, as the offset is the same.
            unsafe { self.inner.shrink(base, from, to) }
        };
        // SAFETY: the caller's promise; the block shrinks, or stays as it is.
        unsafe { self.reshape((Operation::Shrink, of), ptr, old, new, fresh, there) }
    }
}

/// Where the block of `inner` begins that a block is a part of.
///
/// # Safety
///
/// It is a part of one, at this offset: I1.
#[inline]
unsafe fn base_of(block: NonNull<u8>, outer: Outer) -> NonNull<u8> {
    // SAFETY: the caller's promise.
    unsafe { block.sub(outer.offset) }
}

/// The layouts around an old and a new one, and whether a block has its place in both.
#[inline]
fn outers(old: Layout, new: Layout) -> Result<(Outer, Outer), AllocError> {
    let (old, new) = (Outer::of(old), Outer::of(new));
    Ok((old.ok_or(AllocError)?, new.ok_or(AllocError)?))
}

// SAFETY: each block is the tail of one of `inner`, I1, with the alignment that was asked for: the
// offset is a multiple of it. It is exactly as long as was asked, or dangling if it has no size.
// Blocks of `inner` are handed back with the layouts that they were asked for with. `inner` is
// neither changed nor dropped while blocks are live, except by dropping the whole. Recording does not
// unwind.
unsafe impl<A: Allocator, B: Budgeting> Allocator for SiteProfiler<A, B> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let call = |outer| start(self.inner.allocate(outer));
        // SAFETY: a new block.
        answer(layout, || unsafe { self.make(layout, call) })
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let call = |outer| start(self.inner.allocate_zeroed(outer));
        // SAFETY: a new block. Its header is not among the bytes that the caller sees.
        answer(layout, || unsafe { self.make(layout, call) })
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let call = |base, outer| {
            // SAFETY: I1: a block of `inner` with this layout, which the caller gives up.
            unsafe { self.inner.deallocate(base, outer) };
        };
        // SAFETY: the caller's promise.
        unsafe { self.end(ptr, layout, Operation::Deallocate, call) };
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.grow_as(None, ptr, old, new) }
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.grow_zeroed_as(None, ptr, old, new) }
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.shrink_as(None, ptr, old, new) }
    }
}

// SAFETY: as above; a layout that is passed on has a size that is not zero. Recording does not
// unwind, and takes its memory from the system, so it never calls the global allocator.
unsafe impl<A: GlobalAlloc, B: Budgeting> GlobalAlloc for SiteProfiler<A, B> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero, as it includes that of the header.
        let call = |outer| NonNull::new(unsafe { self.inner.alloc(outer) });
        // SAFETY: a new block.
        let block = unsafe { self.make(layout, call) };
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero, as it includes that of the header.
        let call = |outer| NonNull::new(unsafe { self.inner.alloc_zeroed(outer) });
        // SAFETY: a new block.
        let block = unsafe { self.make(layout, call) };
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        let Some(block) = NonNull::new(ptr) else {
            return;
        };
        let call = |base: NonNull<u8>, outer| {
            // SAFETY: I1: a block of `inner` with this layout, which the caller gives up.
            unsafe { self.inner.dealloc(base.as_ptr(), outer) };
        };
        // SAFETY: the caller's promise.
        unsafe { self.end(block, layout, Operation::Deallocate, call) };
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let new = Layout::from_size_align(new_size, layout.align());
        let (Some(block), Ok(new)) = (NonNull::new(ptr), new) else {
            return ptr::null_mut();
        };
        // The alignment is the same, and so is the offset.
        let Ok((from, to)) = outers(layout, new) else {
            return ptr::null_mut();
        };
        let operation = if new_size < layout.size() {
            Operation::Shrink
        } else {
            Operation::Grow
        };
        let call = |base: NonNull<u8>| {
            let size = to.layout.size();
            // SAFETY: I1; the new size is not zero, and fits the alignment.
            NonNull::new(unsafe { self.inner.realloc(base.as_ptr(), from.layout, size) })
        };
        // SAFETY: the caller's promise; the block is resized, or stays as it is.
        let block = unsafe {
            self.resize(
                (operation, None),
                block,
                (layout, from),
                (new, to.offset),
                call,
            )
        };
        block.map_or(ptr::null_mut(), NonNull::as_ptr)
    }
}

// SAFETY: blocks live as long as those of `inner`, which is static: dropping either invalidates
// none. A header is only read by the profiler that wrote it.
unsafe impl<A: StaticAllocator, B: Budgeting> StaticAllocator for SiteProfiler<A, B> {}

// SAFETY: only the same value is equal, and an allocator is equivalent to itself.
unsafe impl<A: Allocator, B: Budgeting> AllocatorEq for SiteProfiler<A, B> {}
