//! A right allocator with one fault.

use std::collections::BTreeMap;
use std::mem;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use alloc_core::{AllocError, Allocator, Layout, Owns, Reset, dangling};

use super::Fault;
use crate::Upstream;

/// More than anybody has.
const MOST: usize = 1 << if usize::BITS == 64 { 40 } else { 30 };

/// A right allocator, except for one [`Fault`].
///
/// It takes each block from its upstream, a little longer than asked for, and remembers it.
///
/// # Examples
///
/// ```
/// use alloc_conformance::{Limits, check};
/// use alloc_conformance::broken::{Broken, Fault};
///
/// check(|up| Broken::new(Fault::Nothing, up), &Limits::any())?;
/// let violation = check(|up| Broken::new(Fault::Alignment, up), &Limits::any()).unwrap_err();
/// assert_eq!(violation.law(), "alignment");
/// # Ok::<(), alloc_conformance::Violation>(())
/// ```
#[derive(Debug)]
pub struct Broken {
    fault: Fault,
    upstream: Upstream,
    home: ThreadId,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    blocks: BTreeMap<usize, Record>,
    resets: usize,
}

/// One block.
#[derive(Clone, Debug)]
struct Record {
    /// What the upstream gave, and for which layout.
    base: NonNull<u8>,
    real: Layout,
    /// What was handed out of it.
    start: NonNull<u8>,
    asked: Layout,
    len: usize,
    /// How many times it was handed out: more than once is a fault.
    times: usize,
    thread: ThreadId,
}

// SAFETY: a record is the allocator's only way to its block, and the upstream frees on any thread.
unsafe impl Send for Record {}

impl Record {
    fn block(&self) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.start, self.len)
    }

    /// Overwrites one byte, as faults do.
    fn spoil(&self, index: usize) {
        debug_assert!(index < self.len);
        // SAFETY: inside the block, which the upstream gave to this allocator.
        let byte = unsafe { self.start.add(index) };
        // SAFETY: as above. No pattern contains this value.
        unsafe { byte.write(0xFF) };
    }
}

impl Broken {
    /// Makes an allocator with this fault.
    pub fn new(fault: Fault, upstream: Upstream) -> Self {
        Self {
            fault,
            upstream,
            home: thread::current().id(),
            state: Mutex::default(),
        }
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Fault {
        self.fault
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Errs where a right allocator may, and where the fault makes it.
    fn refuse(&self, state: &State, layout: Layout) -> Result<(), AllocError> {
        let me = thread::current().id();
        let refused = match self.fault {
            Fault::Everything => true,
            Fault::Reset => state.resets > 0,
            Fault::Threads => state.blocks.values().any(|record| record.thread != me),
            Fault::Send => me != self.home,
            _ => false,
        };
        let too_much = layout.size() > MOST || layout.align() > MOST;
        if refused || too_much {
            Err(AllocError)
        } else {
            Ok(())
        }
    }

    /// Takes a block of its own from the upstream, skewed if the fault is about alignment.
    fn take(
        &self,
        asked: Layout,
        aligned_to: usize,
        skew: usize,
        zeroed: bool,
    ) -> Result<Record, AllocError> {
        let len = asked.size().next_multiple_of(16) + 16;
        let real = Layout::from_size_align(len + skew, aligned_to).map_err(|_| AllocError)?;
        let upstream = &self.upstream;
        let base = if zeroed {
            upstream.allocate_zeroed(real)?
        } else {
            upstream.allocate(real)?
        }
        .cast();
        // SAFETY: the block is `len + skew` long.
        let start = unsafe { base.add(skew) };
        Ok(Record {
            base,
            real,
            start,
            asked,
            len,
            times: 1,
            thread: thread::current().id(),
        })
    }

    /// Serves a request, with the faults that concern the place and the length of a block.
    fn serve(&self, asked: Layout, zeroed: bool) -> Result<NonNull<[u8]>, AllocError> {
        let mut state = self.state();
        if self.fault == Fault::NoUnwinding && asked.size() == (1 << 31) - 1 {
            drop(state);
            panic!("attempt to add with overflow");
        }
        if self.fault == Fault::Huge && asked.size() == isize::MAX as usize {
            // As if a header had been added to the size with a sum that wraps.
            let record = self.take(Layout::new::<u64>(), 8, 0, zeroed)?;
            let start = record.start;
            state.blocks.insert(start.addr().get(), record);
            return Ok(NonNull::slice_from_raw_parts(start, asked.size()));
        }
        self.refuse(&state, asked)?;
        if asked.size() == 0 {
            let odd = NonNull::slice_from_raw_parts(NonNull::<u8>::dangling(), 0);
            return Ok(if self.fault == Fault::ZeroSize {
                odd
            } else {
                dangling(asked)
            });
        }
        if self.fault == Fault::Disjoint
            && state.blocks.len() >= 20
            && let Some(twin) = state.blocks.values_mut().find(|r| r.asked == asked)
        {
            twin.times += 1;
            return Ok(twin.block());
        }
        if self.fault == Fault::Contents
            && state.blocks.len() >= 14
            && let Some(oldest) = state.blocks.values().next()
        {
            // In its excess: what a container keeps in front may be pointers.
            oldest.spoil(oldest.len - 1);
        }
        let align = asked.align();
        let skewed = match self.fault {
            Fault::Alignment => align == 1 << 14,
            Fault::Boxed => align == 64 && asked.size() == 128,
            _ => false,
        };
        let skew = if skewed { align / 2 } else { 0 };
        let mut record = self.take(asked, align, skew, zeroed)?;
        if self.fault == Fault::Size && asked.size() == 257 {
            record.len = 256;
        }
        let block = record.block();
        state.blocks.insert(record.start.addr().get(), record);
        Ok(block)
    }

    /// Looks a block up that a caller wants to resize.
    fn find(&self, ptr: NonNull<u8>, layout: Layout) -> Result<Record, AllocError> {
        let state = self.state();
        let record = state.blocks.get(&ptr.addr().get()).ok_or(AllocError)?;
        if self.fault == Fault::Fit && layout != record.asked {
            return Err(AllocError);
        }
        Ok(record.clone())
    }

    /// Moves a block, with the faults that concern growing and shrinking.
    fn resize(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
        how: Fault,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let zeroed = how == Fault::GrowZeroed;
        if old.size() == 0 {
            return self.serve(new, zeroed);
        }
        let record = self.find(ptr, old)?;
        if self.fault == Fault::ErrKeepsBlock && new.size() > MOST {
            record.spoil(0);
        }
        let answer = self.move_to(&record, new, zeroed);
        if self.fault == Fault::FailingUpstream && answer.is_err() && new.size() < MOST {
            record.spoil(0);
        }
        let block = answer?;
        let size = old.size();
        // SAFETY: both blocks are at least that long. With a fault, they may be one.
        unsafe { ptr.copy_to(block.cast(), size.min(new.size()).min(block.len())) };
        if self.fault == how {
            let spoiled = match how {
                Fault::Grow => (size == 1000).then_some(3),
                Fault::GrowZeroed => (size == 1000 && new.size() > 1000).then_some(1000),
                Fault::Shrink => (size == 257 && new.size() > 3).then_some(3),
                _ => None,
            };
            if let (Some(index), Ok(record)) = (spoiled, self.find(block.cast(), new)) {
                record.spoil(index);
            }
        }
        self.forget(ptr);
        Ok(block)
    }

    /// Finds the new place of a block.
    fn move_to(
        &self,
        record: &Record,
        new: Layout,
        zeroed: bool,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if self.fault == Fault::Realign && new.align() == 4096 && record.asked.align() < 4096 {
            // One that keeps the old alignment, and no more than that.
            let moved = self.take(new, 4096, record.asked.align(), zeroed)?;
            let block = moved.block();
            self.state().blocks.insert(moved.start.addr().get(), moved);
            return Ok(block);
        }
        let block = self.serve(new, zeroed)?;
        if self.fault == Fault::Programs && new.size() > record.asked.size() && new.align() > 64 {
            return Ok(NonNull::slice_from_raw_parts(block.cast(), new.size() - 1));
        }
        Ok(block)
    }

    /// Takes a block back. One that is not in the books is left alone.
    fn forget(&self, ptr: NonNull<u8>) {
        let mut state = self.state();
        let Some(record) = state.blocks.get_mut(&ptr.addr().get()) else {
            return;
        };
        record.times -= 1;
        if record.times == 0
            && let Some(record) = state.blocks.remove(&ptr.addr().get())
        {
            self.give_back(&record);
        }
    }

    /// Gives a block back to the upstream, with the faults that concern this.
    fn give_back(&self, record: &Record) {
        let odd = record.asked.size() == 5000;
        match self.fault {
            Fault::ReturnsAll if odd => {}
            Fault::UpstreamContract if odd => {
                let wrong =
                    Layout::from_size_align(record.real.size() * 2, 1).unwrap_or(record.real);
                // SAFETY: it is not, and the upstream will say so; it takes the block back as what it was.
                unsafe { self.upstream.deallocate(record.base, wrong) };
            }
            // SAFETY: taken from the upstream with this layout, and out of the books.
            _ => unsafe { self.upstream.deallocate(record.base, record.real) },
        }
    }

    /// Takes every block back.
    fn clear(&mut self) {
        for record in mem::take(&mut self.state().blocks).values() {
            self.give_back(record);
        }
    }
}

// SAFETY: with `Fault::Nothing`, each block is one of the upstream's, kept in the books until it is
// freed. With any other fault this is a lie, which stays inside memory that the allocator owns.
unsafe impl Allocator for Broken {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.serve(layout, false)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.serve(layout, true)?;
        if self.fault == Fault::Zeroed && layout.size() == 1000 {
            self.find(block.cast(), layout)?.spoil(999);
        }
        Ok(block)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() > 0 {
            self.forget(ptr);
        }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(ptr, old, new, Fault::Grow)
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(ptr, old, new, Fault::GrowZeroed)
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(ptr, old, new, Fault::Shrink)
    }
}

// SAFETY: the books hold each block with the layouts that fit it. With a fault about it, this is a lie.
unsafe impl Owns for Broken {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let state = self.state();
        let record = state.blocks.get(&ptr.addr().get());
        let own = record.is_some_and(|r| (r.asked.size()..=r.len).contains(&layout.size()));
        match self.fault {
            _ if layout.size() == 0 => false,
            Fault::OwnsTooMuch => true,
            Fault::OwnsTooLittle => own && record.is_some_and(|r| layout.size() < r.len),
            _ => own,
        }
    }
}

impl Reset for Broken {
    fn reset(&mut self) {
        self.clear();
        self.state().resets += 1;
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        if self.fault != Fault::ReturnsLeaked {
            self.clear();
        }
    }
}
