//! A thread of a round, and what it does.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::{slice, thread};

use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, Owns};
use alloc_sync_pool::{Local, SyncPool};

use crate::held::{Held, Stamp, check};
use crate::random::Random;

/// Values on their way to any thread.
pub(crate) struct Mailbox<T> {
    sender: mpsc::Sender<T>,
    receiver: Mutex<mpsc::Receiver<T>>,
    /// Values in it, roughly.
    count: AtomicUsize,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self {
            sender,
            receiver: Mutex::new(receiver),
            count: AtomicUsize::new(0),
        }
    }

    /// Posts a value, unless there are `most` already.
    fn post(&self, value: T, most: usize) -> Result<(), T> {
        // Relaxed: nothing but a bound; the channel orders what is done to the value.
        if self.count.fetch_add(1, Ordering::Relaxed) >= most {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(value);
        }
        self.sender.send(value).map_err(|error| error.0)
    }

    /// A value, if there is one and nobody else is looking.
    fn fetch(&self) -> Option<T> {
        let value = self.receiver.try_lock().ok()?.try_recv().ok()?;
        self.count.fetch_sub(1, Ordering::Relaxed);
        Some(value)
    }

    /// All values.
    pub(crate) fn drain(self) -> impl Iterator<Item = T> {
        drop(self.sender);
        let receiver = self.receiver.into_inner().expect("nobody panicked in it");
        receiver.into_iter()
    }
}

/// Blocks in a mailbox at most.
pub(crate) const POSTED: usize = 32;
/// Handles on their way at most.
const LOCALS_POSTED: usize = 2;

/// What the threads of a round share.
pub(crate) struct Shared<'p> {
    pub(crate) pool: &'p SyncPool<Upstream>,
    pub(crate) blocks: [Mailbox<Held>; 2],
    pub(crate) locals: Mailbox<Local<'p, Upstream>>,
    /// Blocks that a thread has at most.
    pub(crate) most: usize,
    /// That no request that fits may be refused, whatever the others do.
    pub(crate) granted: bool,
    /// That threads may have handles, which keep blocks from others.
    pub(crate) handles: bool,
    /// That the upstream fails now and then.
    pub(crate) failures: bool,
}

/// Grows a block from one layout to a larger one, or shrinks it to a smaller one.
///
/// # Safety
///
/// It is currently allocated by `door`, and `old` fits.
unsafe fn resize(
    door: &dyn Allocator,
    held: &Held,
    old: Layout,
    new: Layout,
    zeroed: bool,
) -> Result<NonNull<[u8]>, AllocError> {
    if new.size() < old.size() {
        // SAFETY: the caller's promise, and the size is smaller.
        unsafe { door.shrink(held.ptr, old, new) }
    } else if zeroed {
        // SAFETY: the caller's promise, and the size is not smaller.
        unsafe { door.grow_zeroed(held.ptr, old, new) }
    } else {
        // SAFETY: as above.
        unsafe { door.grow(held.ptr, old, new) }
    }
}

/// A thread of a round.
pub(crate) struct Actor<'s, 'p> {
    shared: &'s Shared<'p>,
    random: Random,
    /// What the next block is stamped with.
    stamp: Stamp,
    held: Vec<Held>,
    local: Option<Local<'p, Upstream>>,
}

impl<'s, 'p> Actor<'s, 'p> {
    pub(crate) fn new(shared: &'s Shared<'p>, thread: u32, seed: u64) -> Self {
        Self {
            shared,
            random: Random(seed),
            stamp: Stamp {
                thread,
                sequence: 0,
            },
            held: Vec::new(),
            local: None,
        }
    }

    /// Does so many things and ends; what it has goes to others or back to the pool.
    pub(crate) fn live(mut self, steps: usize) {
        for _ in 0..steps {
            match self.random.below(32) {
                0..12 => self.take(),
                12..20 => self.give(),
                20..23 => self.post(),
                23..26 => self.fetch(),
                26..29 => self.resize(),
                29 => self.change_handles(),
                30 if self.random.one_in(8) => self.upset(),
                _ => thread::yield_now(),
            }
        }
        while !self.held.is_empty() {
            if self.random.one_in(4) {
                self.post();
            } else {
                self.give();
            }
        }
        if self.random.one_in(4) {
            self.post_handle();
        }
    }

    /// Its handle or the pool: what one allocated the other frees.
    fn door(&mut self) -> &dyn Allocator {
        match &self.local {
            Some(local) if self.random.one_in(2) => local,
            _ => self.shared.pool,
        }
    }

    /// The next stamp.
    fn stamp(&mut self) -> Stamp {
        self.stamp.sequence += 1;
        self.stamp
    }

    /// A layout that a block serves; one of size 0 now and then.
    fn layout(&mut self) -> Layout {
        let block = self.shared.pool.block_layout();
        let align = block.align() >> self.random.within(0..=block.align().ilog2() as usize);
        let size = match self.random.below(16) {
            0 => 0,
            1..8 => block.size(),
            _ => self.random.within(1..=block.size()),
        };
        Layout::from_size_align(size, align).expect("no larger than a block")
    }

    /// Says that a request of a layout that fits was refused, and dies if it must not have been.
    fn refused(&self, layout: Layout, failures: usize) {
        let upstream = self.shared.pool.upstream();
        assert!(layout.size() != 0, "a request of size zero was refused");
        assert!(!self.shared.granted, "refused, of {:?}", self.shared.pool);
        assert!(
            self.shared.pool.limit().is_some() || upstream.failures() > failures,
            "refused by a growing pool, although the upstream has refused nothing"
        );
    }

    fn take(&mut self) {
        if self.held.len() >= self.shared.most {
            return self.give();
        }
        let (layout, stamp, zeroed) = (self.layout(), self.stamp(), self.random.one_in(4));
        let failures = self.shared.pool.upstream().failures();
        let door = self.door();
        let block = if zeroed {
            door.allocate_zeroed(layout)
        } else {
            door.allocate(layout)
        };
        let Ok(block) = block else {
            return self.refused(layout, failures);
        };
        if layout.size() != 0 {
            assert_eq!(block.len(), self.shared.pool.block_layout().size());
            assert!(self.shared.pool.owns(block.cast(), layout));
        }
        if zeroed {
            // SAFETY: just allocated, with a value in each byte, and nobody else has it.
            let bytes = unsafe { block.as_ref() };
            assert!(bytes.iter().all(|byte| *byte == 0), "not zeroed");
        }
        // SAFETY: just allocated.
        let held = unsafe { Held::new(block, layout, stamp) };
        self.held.push(held);
    }

    /// One of the blocks it has.
    fn some_block(&mut self) -> Option<Held> {
        if self.held.is_empty() {
            return None;
        }
        let index = self.random.below(self.held.len());
        Some(self.held.swap_remove(index))
    }

    fn give(&mut self) {
        let Some(held) = self.some_block() else {
            return;
        };
        held.check();
        let layout = held.fitting(|least, most| self.random.within(least..=most));
        // SAFETY: taken from this pool or a handle of it, and nobody else has it; the layout fits.
        unsafe { self.door().deallocate(held.ptr, layout) };
    }

    fn post(&mut self) {
        let Some(held) = self.some_block() else {
            return;
        };
        let mailbox = self.random.below(self.shared.blocks.len());
        if let Err(held) = self.shared.blocks[mailbox].post(held, POSTED) {
            self.held.push(held);
            self.give();
        }
    }

    fn fetch(&mut self) {
        if self.held.len() >= self.shared.most {
            return self.give();
        }
        let mailbox = self.random.below(self.shared.blocks.len());
        if let Some(held) = self.shared.blocks[mailbox].fetch() {
            held.check();
            self.held.push(held);
        }
    }

    /// Grows or shrinks a block; beyond the size of a block that is refused and changes nothing.
    fn resize(&mut self) {
        let Some(held) = self.some_block() else {
            return;
        };
        let old = held.fitting(|least, most| self.random.within(least..=most));
        let block = self.shared.pool.block_layout().size();
        let size = self.random.within(0..=block + block / 4 + 1);
        let new = Layout::from_size_align(size, old.align()).expect("not much larger than a block");
        let (zeroed, stamp) = (self.random.one_in(2), self.stamp());
        let failures = self.shared.pool.upstream().failures();
        let door = self.door();
        // SAFETY: as in `give`.
        let resized = unsafe { resize(door, &held, old, new, zeroed) };
        let Ok(resized) = resized else {
            if size <= block {
                self.refused(new, failures);
            }
            held.check();
            return self.held.push(held);
        };
        let ptr = resized.cast::<u8>().as_ptr();
        // SAFETY: these bytes have the value that they had, and the block is ours.
        let kept = unsafe { slice::from_raw_parts(ptr, old.size().min(new.size())) };
        check(kept, held.stamp);
        if zeroed && new.size() >= old.size() {
            // SAFETY: all bytes have a value now.
            let bytes = unsafe { slice::from_raw_parts(ptr, resized.len()) };
            assert_eq!(bytes[old.size()..].iter().max().unwrap_or(&0), &0);
        }
        // SAFETY: just resized.
        let held = unsafe { Held::new(resized, new, stamp) };
        self.held.push(held);
    }

    fn change_handles(&mut self) {
        if !self.shared.handles {
            return;
        }
        match (self.random.below(4), &self.local) {
            (0, _) => self.local = None,
            (1, Some(local)) => local.flush(),
            (2, _) => self.post_handle(),
            (3, None) => self.local = self.shared.locals.fetch(),
            _ => self.local = Some(self.shared.pool.local()),
        }
    }

    fn post_handle(&mut self) {
        if let Some(local) = self.local.take() {
            // One that nobody wants is dropped.
            drop(self.shared.locals.post(local, LOCALS_POSTED));
        }
    }

    /// Has the upstream fail for a while, or asks the pool for more at once.
    fn upset(&mut self) {
        let upstream = self.shared.pool.upstream();
        match self.random.below(6) {
            0 if self.shared.failures => upstream.fail_at(self.random.within(1..=3)),
            1 if self.shared.failures => upstream.fail_from(self.random.within(1..=6)),
            2 | 3 => upstream.heal(),
            4 => self.ask_too_much(),
            _ => self.reserve(),
        }
    }

    fn ask_too_much(&mut self) {
        let block = self.shared.pool.block_layout();
        let layout = Layout::from_size_align(block.size() + 1, 1).expect("a small one");
        assert!(self.door().allocate(layout).is_err(), "larger than a block");
    }

    fn reserve(&mut self) {
        let pool = self.shared.pool;
        let wanted = pool.capacity() + self.random.below(8);
        if pool.try_reserve(wanted).is_ok() {
            assert!(pool.capacity() >= wanted);
        }
    }
}
