//! What the profiler is to those who allocate: an [`Allocator`], and a [`GlobalAlloc`].

use core::alloc::GlobalAlloc;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, AllocatorEq, Layout, Owns, StaticAllocator, dangling};

use super::Profiler;
use super::fault::Operation;
use super::hooks::{start, trim};

// SAFETY: each block is one of `inner`, returned at its start and at most in its length, with the
// alignment that was asked for, or dangling if it has no size. A layout that is passed on fits: it
// is the asked one, or the caller broke its promise. `inner` is neither changed nor dropped while
// blocks are live, except through `&mut self` or by dropping the whole. Recording does not unwind.
unsafe impl<A: Allocator> Allocator for Profiler<A> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let block = start(self.inner.allocate(layout));
        self.born(block, layout);
        Ok(trim(block.ok_or(AllocError)?, layout))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let block = start(self.inner.allocate_zeroed(layout));
        self.born(block, layout);
        Ok(trim(block.ok_or(AllocError)?, layout))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            self.is_nothing(Operation::Deallocate, ptr, layout);
            return;
        }
        if self.may_free(ptr, layout) {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.inner.deallocate(ptr, layout) };
        }
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.grow_nothing(ptr, old, new, || self.inner.allocate(new));
        }
        let block = self.resize(Operation::Grow, ptr, old, new, || {
            // SAFETY: the caller's promise, passed on.
            start(unsafe { self.inner.grow(ptr, old, new) })
        });
        Ok(trim(block.ok_or(AllocError)?, new))
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.grow_nothing(ptr, old, new, || self.inner.allocate_zeroed(new));
        }
        let block = self.resize(Operation::Grow, ptr, old, new, || {
            // SAFETY: the caller's promise, passed on.
            start(unsafe { self.inner.grow_zeroed(ptr, old, new) })
        });
        Ok(trim(block.ok_or(AllocError)?, new))
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if new.size() == 0 {
            return self.shrink_to_nothing(ptr, old, new, || {
                // SAFETY: the caller's promise, passed on; called once, and only if the block is
                // live with this layout.
                unsafe { self.inner.deallocate(ptr, old) }
            });
        }
        let block = self.resize(Operation::Shrink, ptr, old, new, || {
            // SAFETY: the caller's promise, passed on.
            start(unsafe { self.inner.shrink(ptr, old, new) })
        });
        Ok(trim(block.ok_or(AllocError)?, new))
    }
}

// SAFETY: each method returns what the method of the same name of `inner` returns for the same
// arguments, or refuses. Recording does not unwind, and takes its memory from the system, so it
// never calls the global allocator.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Profiler<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.alloc(layout) };
        self.born(NonNull::new(block), layout);
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        self.born(NonNull::new(block), layout);
        block
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if NonNull::new(ptr).is_some_and(|start| self.may_free(start, layout)) {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.inner.dealloc(ptr, layout) };
        }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let new = Layout::from_size_align(new_size, layout.align());
        let (Some(start), Ok(new)) = (NonNull::new(ptr), new) else {
            self.counters.failed();
            return core::ptr::null_mut();
        };
        let operation = if new_size < layout.size() {
            Operation::Shrink
        } else {
            Operation::Grow
        };
        let block = self.resize(operation, start, layout, new, || {
            // SAFETY: the caller's promise, passed on.
            NonNull::new(unsafe { self.inner.realloc(ptr, layout, new_size) })
        });
        block.map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }
}

// SAFETY: a block of `self` is a block of `inner` with the same layout, or has no size and is nobody's.
unsafe impl<A: Owns> Owns for Profiler<A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.inner.owns(ptr, layout)
    }
}

// SAFETY: blocks live as long as those of `inner`, which is static: dropping either invalidates
// none. `reset` needs an `inner` with a safe method that invalidates blocks, and such a one is not
// static.
unsafe impl<A: StaticAllocator> StaticAllocator for Profiler<A> {}

// SAFETY: only the same value is equal, and an allocator is equivalent to itself.
unsafe impl<A: Allocator> AllocatorEq for Profiler<A> {}
