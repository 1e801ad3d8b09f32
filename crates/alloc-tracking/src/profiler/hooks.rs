//! What happens when a block is asked for or handed back.
//!
//! The order of the steps is what makes the table exact. A record is entered after the inner allocator returned the block, and taken out
//! before it gets the block back: in between the address may already be another thread's.

use core::alloc::GlobalAlloc;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use std::time::Duration;

use alloc_core::{AllocError, Allocator, AllocatorEq, Layout, Owns, StaticAllocator, dangling};

use super::Profiler;
use super::clock::thread_number;
use super::fault::{Fault, FaultKind, Operation};
use super::slots::Record;
use super::table::{Entered, Purpose, Taken};

/// A block that was taken out of the table for its last use.
enum Held {
    Tracked(Record),
    Untracked,
}

/// Ends the process if it is dropped: armed while foreign code runs that must not unwind through an allocator.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}

impl<A> Profiler<A> {
    fn new_record(&self, layout: Layout) -> Record {
        // Relaxed: numbers have to differ, and order nothing.
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        Record::new(layout, self.clock.now(), sequence, thread_number())
    }

    /// A request for a new block was answered.
    #[inline]
    fn born(&self, block: Option<NonNull<u8>>, layout: Layout) {
        self.counters.allocated(layout.size(), block.is_some());
        if let Some(block) = block {
            self.enter(block, self.new_record(layout), layout);
        }
    }

    /// Enters a block in the table, or counts it as untracked.
    #[inline]
    fn enter(&self, block: NonNull<u8>, record: Record, layout: Layout) {
        match self.table.enter(block.addr().get(), record) {
            Entered::New => {}
            Entered::Untracked => {
                self.untracked.fetch_add(1, Ordering::Relaxed);
            }
            Entered::Over(old) => self.handed_out_twice(block, old, layout),
        }
    }

    #[cold]
    fn handed_out_twice(&self, block: NonNull<u8>, old: Record, layout: Layout) {
        let size = old.layout().map_or(0, |old| old.size());
        self.counters.forget(size);
        let (kind, operation) = (FaultKind::HandedOutTwice, Operation::Allocate);
        self.fault(
            kind,
            operation,
            block,
            layout,
            old.layout(),
            Some(old.birth),
        );
    }

    /// Takes a block out that the caller is about to free or resize, or records why it must be left alone.
    #[inline]
    fn take(
        &self,
        operation: Operation,
        ptr: NonNull<u8>,
        layout: Layout,
        purpose: Purpose,
    ) -> Option<Held> {
        let now = self.clock.now();
        let taken = self.table.take(ptr.addr().get(), layout, now, purpose);
        let (kind, expected, since) = match taken {
            Taken::Held(record) => return Some(Held::Tracked(record)),
            Taken::Untracked => return Some(Held::Untracked),
            Taken::Misfit(record) => (FaultKind::WrongLayout, record.layout(), Some(record.birth)),
            Taken::Past(past) => (FaultKind::DoubleFree, past.layout(), Some(past.end)),
            Taken::Unknown => (FaultKind::UnknownPointer, None, None),
        };
        self.fault(kind, operation, ptr, layout, expected, since);
        None
    }

    #[cold]
    fn fault(
        &self,
        kind: FaultKind,
        operation: Operation,
        ptr: NonNull<u8>,
        given: Layout,
        expected: Option<Layout>,
        since: Option<u64>,
    ) {
        let now = self.clock.now();
        let fault = Fault {
            kind,
            operation,
            address: ptr.addr().get(),
            expected,
            given,
            age: since.map(|since| Duration::from_nanos(now.saturating_sub(since))),
            thread: thread_number(),
        };
        self.faults.add(&fault);
        if let Some(on_fault) = self.on_fault {
            let abort = AbortOnUnwind;
            on_fault(&fault);
            core::mem::forget(abort);
        }
    }

    /// Whether the inner allocator shall free this block, which then is out of the table.
    #[inline]
    fn may_free(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let held = self.take(Operation::Deallocate, ptr, layout, Purpose::Free);
        if held.is_some() {
            self.counters.freeing(layout.size());
        }
        held.is_some()
    }

    /// Grows or shrinks a block of non-zero size to one of non-zero size.
    #[inline]
    fn resize(
        &self,
        operation: Operation,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        call: impl FnOnce() -> Option<NonNull<u8>>,
    ) -> Option<NonNull<u8>> {
        let Some(held) = self.take(operation, ptr, old, Purpose::Resize) else {
            self.counters.failed();
            return None;
        };
        let shrinks = operation == Operation::Shrink;
        if shrinks {
            self.counters.shrinking(old.size(), new.size());
        }
        let block = call();
        if shrinks {
            self.counters
                .shrunk(old.size(), new.size(), block.is_some());
        } else {
            self.counters.grown(old.size(), new.size(), block.is_some());
        }
        self.put_back(held, ptr, block, new);
        block
    }

    /// Enters a block again after the inner allocator was asked to resize it.
    #[inline]
    fn put_back(&self, held: Held, ptr: NonNull<u8>, block: Option<NonNull<u8>>, new: Layout) {
        let address = ptr.addr().get();
        match (held, block) {
            (Held::Tracked(record), None) => self.table.put_back(address, record),
            (Held::Tracked(record), Some(block)) if block == ptr => {
                self.table.put_back(address, record.resized(new));
            }
            (Held::Tracked(record), Some(block)) => {
                self.table.release(address);
                self.enter(block, record.resized(new), new);
            }
            (Held::Untracked, None) => self.table.put_back_untracked(address),
            (Held::Untracked, Some(block)) => self.enter(block, self.new_record(new), new),
        }
    }

    /// Hands out a block of zero size, without the inner allocator.
    fn nothing(&self, layout: Layout) -> NonNull<[u8]> {
        self.counters.allocated(0, true);
        self.zero_size.fetch_add(1, Ordering::Relaxed);
        dangling(layout)
    }

    /// Takes back a block of zero size, if there is one that looks like this.
    fn take_nothing(&self, operation: Operation, ptr: NonNull<u8>, layout: Layout) -> bool {
        let address = ptr.addr().get();
        if address == layout.align() {
            // Relaxed: such blocks have no memory that an ordering could protect.
            let left = self
                .zero_size
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            if left.is_ok() {
                return true;
            }
        }
        match self.table.find(address) {
            Some(record) => {
                let (kind, birth) = (FaultKind::WrongLayout, Some(record.birth));
                self.fault(kind, operation, ptr, layout, record.layout(), birth);
            }
            None => {
                self.fault(
                    FaultKind::UnknownPointer,
                    operation,
                    ptr,
                    layout,
                    None,
                    None,
                );
            }
        }
        false
    }

    /// Grows a block of zero size: an allocation underneath.
    fn grow_nothing(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        call: impl FnOnce() -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if !self.take_nothing(Operation::Grow, ptr, old) {
            self.counters.failed();
            return Err(AllocError);
        }
        let block = if new.size() == 0 {
            Ok(dangling(new))
        } else {
            call()
        };
        self.counters.grown(0, new.size(), block.is_ok());
        match block {
            Ok(block) if new.size() > 0 => self.enter(block.cast(), self.new_record(new), new),
            _ => {
                self.zero_size.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(trim(block?.cast(), new))
    }
}

impl<A: Allocator> Profiler<A> {
    /// Shrinks a block to zero size: a free underneath, if it has any bytes.
    ///
    /// # Safety
    ///
    /// That of [`Allocator::shrink`].
    unsafe fn shrink_to_nothing(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let held = if old.size() == 0 {
            self.take_nothing(Operation::Shrink, ptr, old)
        } else {
            self.take(Operation::Shrink, ptr, old, Purpose::Free)
                .is_some()
        };
        if !held {
            self.counters.failed();
            return Err(AllocError);
        }
        self.counters.shrinking(old.size(), 0);
        if old.size() > 0 {
            // SAFETY: the caller's promise; the block is out of the table.
            unsafe { self.inner.deallocate(ptr, old) };
        }
        self.counters.shrunk(old.size(), 0, true);
        self.zero_size.fetch_add(1, Ordering::Relaxed);
        Ok(dangling(new))
    }
}

/// The block as the caller gets it: of the asked length, so that one size alone fits.
#[inline]
fn trim(start: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(start, layout.size())
}

/// The start of a block, if there is one.
#[inline]
fn start(block: Result<NonNull<[u8]>, AllocError>) -> Option<NonNull<u8>> {
    block.ok().map(NonNull::cast)
}

// SAFETY: each block is one of `inner`, returned at its start and at most in its length, with the alignment that was asked for, or
// dangling if it has no size. A layout that is passed on fits: it is the asked one, or the caller broke its promise. `inner` is
// neither changed nor dropped while blocks are live, except through `&mut self` or by dropping the whole. Recording does not unwind.
unsafe impl<A: Allocator> Allocator for Profiler<A> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(self.nothing(layout));
        }
        let block = start(self.inner.allocate(layout));
        self.born(block, layout);
        Ok(trim(block.ok_or(AllocError)?, layout))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(self.nothing(layout));
        }
        let block = start(self.inner.allocate_zeroed(layout));
        self.born(block, layout);
        Ok(trim(block.ok_or(AllocError)?, layout))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            if self.take_nothing(Operation::Deallocate, ptr, layout) {
                self.counters.freeing(0);
            }
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
            // SAFETY: the caller's promise, passed on.
            return unsafe { self.shrink_to_nothing(ptr, old, new) };
        }
        let block = self.resize(Operation::Shrink, ptr, old, new, || {
            // SAFETY: the caller's promise, passed on.
            start(unsafe { self.inner.shrink(ptr, old, new) })
        });
        Ok(trim(block.ok_or(AllocError)?, new))
    }
}

// SAFETY: each method returns what the method of the same name of `inner` returns for the same arguments, or refuses. Recording does
// not unwind, and takes its memory from the system, so it never calls the global allocator.
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

// SAFETY: blocks live as long as those of `inner`, which is static: dropping either invalidates none. `reset` needs an `inner` with a
// safe method that invalidates blocks, and such a one is not static.
unsafe impl<A: StaticAllocator> StaticAllocator for Profiler<A> {}

// SAFETY: only the same value is equal, and an allocator is equivalent to itself.
unsafe impl<A: Allocator> AllocatorEq for Profiler<A> {}
