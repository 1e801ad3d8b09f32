//! What happens when a block is asked for or handed back.
//!
//! The order of the steps is what makes the table exact. A record is entered after the inner
//! allocator returned the block, and taken out before it gets the block back: in between the
//! address may already be another thread's.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;
use std::time::Duration;

use alloc_core::{AllocError, Layout, dangling};

use super::Profiler;
use super::clock::thread_number;
use super::fault::{Fault, FaultKind, Operation};
use super::sites::{Mark, Place};
use super::slots::Record;
use super::table::{Entered, Now, Purpose, Seen, Taken};

/// A block that was taken out of the table for its last use.
enum Held {
    Tracked(Record),
    Untracked,
}

/// Ends the process if it is dropped: armed while foreign code runs that must not unwind through an
/// allocator.
pub(crate) struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}

impl<A> Profiler<A> {
    fn new_record(&self, layout: Layout, place: Place) -> Record {
        // Relaxed: numbers have to differ, and order nothing.
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        Record::new(layout, self.now(), sequence, thread_number(), place)
    }

    /// The present time in nanoseconds, on the clock that was chosen.
    pub(super) fn now(&self) -> u64 {
        self.stamps.nanos(&self.clock)
    }

    /// Counts a new block where it was allocated.
    #[inline]
    fn count(&self, size: usize) -> Place {
        if self.sites.takes_stacks() {
            self.sites.born(size).place
        } else {
            Place::NOWHERE
        }
    }

    /// Where this is.
    #[inline]
    fn place(&self) -> Place {
        if self.sites.takes_stacks() {
            self.sites.place()
        } else {
            Place::NOWHERE
        }
    }

    /// A request for a new block was answered.
    #[inline]
    pub(super) fn born(&self, block: Option<NonNull<u8>>, layout: Layout) {
        self.counters.allocated(layout.size(), block.is_some());
        if let Some(block) = block {
            let place = self.count(layout.size());
            self.enter(block, self.new_record(layout, place), layout);
        }
    }

    /// Enters a block in the table.
    #[inline]
    fn enter(&self, block: NonNull<u8>, record: Record, layout: Layout) {
        let entered = self.table.enter(block.addr().get(), record);
        self.entered(entered, record.place, block, layout);
    }

    #[inline]
    fn entered(&self, entered: Entered, place: Place, block: NonNull<u8>, layout: Layout) {
        match entered {
            Entered::New => {}
            Entered::Over(old) => self.handed_out_twice(block, old, layout),
            // Without a record nobody will know where it was counted.
            Entered::Untracked => self.sites.ended(place, layout.size(), 0),
        }
    }

    #[cold]
    fn handed_out_twice(&self, block: NonNull<u8>, old: Record, layout: Layout) {
        let size = old.layout().map_or(0, |old| old.size());
        self.counters.forget(size);
        self.sites.ended(old.place, size, 0);
        let (kind, operation) = (FaultKind::HandedOutTwice, Operation::Allocate);
        self.fault(
            kind,
            operation,
            block,
            layout,
            old.layout(),
            Some((old.birth, old.place)),
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
        let (time, place) = (self.now(), self.place());
        let now = Now { time, place };
        let taken = self.table.take(ptr.addr().get(), layout, now, purpose);
        let (kind, expected, since) = match taken {
            Taken::Held(record) => {
                if purpose == Purpose::Free {
                    let lived = time.saturating_sub(record.birth);
                    self.sites.ended(record.place, layout.size(), lived);
                }
                return Some(Held::Tracked(record));
            }
            Taken::Untracked => return Some(Held::Untracked),
            Taken::Misfit(record) => {
                let since = (record.birth, record.place);
                (FaultKind::WrongLayout, record.layout(), Some(since))
            }
            Taken::Past(past) => {
                let since = (past.end, past.place);
                (FaultKind::DoubleFree, past.layout(), Some(since))
            }
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
        since: Option<(u64, Place)>,
    ) {
        let now = self.now();
        let origin = since.map_or(Place::NOWHERE, |(_, place)| place);
        let fault = Fault {
            kind,
            operation,
            address: ptr.addr().get(),
            expected,
            given,
            age: since.map(|(since, _)| Duration::from_nanos(now.saturating_sub(since))),
            thread: thread_number(),
            stack: self.sites.stack_of(self.place()),
            origin: self.sites.stack_of(origin),
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
    pub(super) fn may_free(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let held = self.take(Operation::Deallocate, ptr, layout, Purpose::Free);
        if held.is_some() {
            self.counters.freeing(layout.size());
        }
        held.is_some()
    }

    /// Grows or shrinks a block of non-zero size to one of non-zero size.
    #[inline]
    pub(super) fn resize(
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
                self.table.put_back(address, self.resized(record, new));
            }
            (Held::Tracked(record), Some(block)) => {
                self.table.release(address);
                self.enter(block, self.resized(record, new), new);
            }
            (Held::Untracked, None) => self.table.put_back_untracked(address),
            (Held::Untracked, Some(block)) => {
                let place = self.count(new.size());
                let (address, record) = (block.addr().get(), self.new_record(new, place));
                let entered = self.table.enter_untracked(address, record);
                self.entered(entered, place, block, new);
            }
        }
    }

    /// Counts a block that has another size now. Returns its record.
    #[inline]
    fn resized(&self, record: Record, new: Layout) -> Record {
        let old = record.layout().map_or(0, |old| old.size());
        let mark = Mark::new(record.place, 0);
        let place = self.sites.resized(mark, old, new.size(), None).place;
        record.resized(new, place)
    }

    /// Whether a pointer to no bytes may be what its caller says; if not, records why.
    ///
    /// Containers make such pointers up, so that any address is good but that of a block.
    pub(super) fn is_nothing(
        &self,
        operation: Operation,
        ptr: NonNull<u8>,
        layout: Layout,
    ) -> bool {
        let address = ptr.addr().get();
        if address == layout.align() {
            return true;
        }
        let (kind, expected, since) = match self.table.look(address) {
            Seen::Live(record) => {
                let since = (record.birth, record.place);
                (FaultKind::WrongLayout, record.layout(), since)
            }
            Seen::Past(past) => {
                let since = (past.end, past.place);
                (FaultKind::DoubleFree, past.layout(), since)
            }
            Seen::Nothing => return true,
        };
        self.fault(kind, operation, ptr, layout, expected, Some(since));
        false
    }

    /// Grows a block of zero size: an allocation underneath, if to any bytes.
    pub(super) fn grow_nothing(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        call: impl FnOnce() -> Result<NonNull<[u8]>, AllocError>,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if !self.is_nothing(Operation::Grow, ptr, old) {
            self.counters.failed();
            return Err(AllocError);
        }
        if new.size() == 0 {
            return Ok(dangling(new));
        }
        let block = call().ok().map(NonNull::cast);
        self.born(block, new);
        Ok(trim(block.ok_or(AllocError)?, new))
    }

    /// Shrinks a block to zero size: a free underneath, if it has any bytes.
    pub(super) fn shrink_to_nothing(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        free: impl FnOnce(),
    ) -> Result<NonNull<[u8]>, AllocError> {
        let held = if old.size() == 0 {
            self.is_nothing(Operation::Shrink, ptr, old)
        } else {
            self.take(Operation::Shrink, ptr, old, Purpose::Free)
                .is_some()
        };
        if !held {
            self.counters.failed();
            return Err(AllocError);
        }
        if old.size() > 0 {
            self.counters.freeing(old.size());
            free();
        }
        Ok(dangling(new))
    }
}

/// The start of a block, if there is one.
#[inline]
pub(super) fn start(block: Result<NonNull<[u8]>, AllocError>) -> Option<NonNull<u8>> {
    block.ok().map(NonNull::cast)
}

/// Answers a request with a block from `make`, or with no memory at all if none is asked for.
#[inline]
pub(super) fn answer(
    layout: Layout,
    make: impl FnOnce() -> Option<NonNull<u8>>,
) -> Result<NonNull<[u8]>, AllocError> {
    if layout.size() == 0 {
        return Ok(dangling(layout));
    }
    Ok(trim(make().ok_or(AllocError)?, layout))
}

/// The block as the caller gets it: of the asked length, so that one size alone fits.
#[inline]
pub(super) fn trim(start: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(start, layout.size())
}
