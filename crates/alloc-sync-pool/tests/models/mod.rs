//! What the models have in common: who has which block. How one is run is the explorer's.
#![allow(dead_code, reason = "each file of models uses a part of it")]

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc as StdArc, Mutex};

use alloc_core::{AllocError, Allocator, Global, Layout};

#[cfg_attr(shuttle, path = "shuttle.rs")]
mod loom;

pub(crate) use loom::{Arc, model};
use loom::{Content, thread};

pub(crate) const BLOCK: Layout = Layout::new::<usize>();

/// A block on its way between threads.
pub(crate) struct Block(pub(crate) NonNull<u8>);
// SAFETY: plain memory, with one owner.
unsafe impl Send for Block {}

/// What the threads of one execution do with their blocks: who has which, and a cell for each one's
/// content.
///
/// The ledger's own lock is none of the explorer's and so orders nothing. A block's content is made
/// by its first owner; each later owner writes to it, and loom reports a race unless the last
/// owner's writes happen before.
#[derive(Default)]
pub(crate) struct Ledger {
    held: Mutex<HashSet<usize>>,
    cells: Mutex<HashMap<usize, StdArc<Content>>>,
}

impl Ledger {
    /// Takes a block, which nobody may have.
    pub(crate) fn take(&self, alloc: &impl Allocator) -> Result<Block, AllocError> {
        let block = alloc.allocate(BLOCK)?.cast::<u8>();
        let address = block.addr().get();
        assert!(
            self.held.lock().unwrap().insert(address),
            "handed out twice"
        );
        self.write(address);
        Ok(Block(block))
    }

    /// Gives a block back.
    pub(crate) fn give(&self, alloc: &impl Allocator, block: Block) {
        let address = block.0.addr().get();
        self.write(address);
        assert!(self.held.lock().unwrap().remove(&address));
        // SAFETY: taken from this allocator or an equivalent one, with this layout.
        unsafe { alloc.deallocate(block.0, BLOCK) };
    }

    fn write(&self, address: usize) {
        let content = StdArc::clone(self.cells.lock().unwrap().entry(address).or_default());
        content.write();
    }
}

/// A pool and its ledger.
pub(crate) struct World<P> {
    pub(crate) pool: P,
    pub(crate) ledger: Ledger,
}

impl<P> World<P> {
    /// A pool of which nobody has a block.
    pub(crate) fn new(pool: P) -> Arc<Self> {
        Arc::new(Self {
            pool,
            ledger: Ledger::default(),
        })
    }
}

/// Counts the blocks that are out.
#[derive(Clone, Default)]
pub(crate) struct Counting(pub(crate) StdArc<AtomicUsize>);

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for Counting {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Global.allocate(layout)
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.0.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// Has memory for some of its requests only.
#[derive(Clone)]
pub(crate) struct Scarce(StdArc<Requests>);

struct Requests {
    /// Which ones are served, counted from 0.
    served: Range<usize>,
    /// The explorer's, as it matters who asks first.
    made: loom::atomic::AtomicUsize,
    /// Set by whoever has what there was.
    announced: loom::atomic::AtomicBool,
    /// Whether somebody was refused who knew that.
    refused_after: AtomicBool,
}

impl Scarce {
    /// Serves these requests, counted from 0.
    pub(crate) fn new(served: Range<usize>) -> Self {
        Self(StdArc::new(Requests {
            served,
            made: loom::atomic::AtomicUsize::new(0),
            announced: loom::atomic::AtomicBool::new(false),
            refused_after: AtomicBool::new(false),
        }))
    }

    /// Says that the memory is in use.
    pub(crate) fn announce(&self) {
        self.0.announced.store(true, Ordering::Release);
    }

    /// Whether a request was refused by somebody who knew that.
    pub(crate) fn refused_after_announcement(&self) -> bool {
        self.0.refused_after.load(Ordering::Relaxed)
    }
}

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for Scarce {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Requests { served, made, .. } = &*self.0;
        if served.contains(&made.fetch_add(1, Ordering::AcqRel)) {
            return Global.allocate(layout);
        }
        if self.0.announced.load(Ordering::Acquire) {
            self.0.refused_after.store(true, Ordering::Relaxed);
        }
        Err(AllocError)
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

/// Runs `f` in a thread of the model.
pub(crate) fn spawn<P: Send + Sync + 'static>(
    world: &Arc<World<P>>,
    f: impl FnOnce(&World<P>) + Send + 'static,
) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || f(&world))
}
