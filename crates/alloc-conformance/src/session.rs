//! The hands of a law: requests that know whether they must succeed, and blocks that know their contents.

use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, Layout};

use crate::{Limits, Upstream, Violation, pattern};

/// No machine has a block of this length. What claims to be one is not touched.
pub(crate) const MOST: usize = isize::MAX as usize / 4;

/// A block as a law sees it.
///
/// A session frees no block that a law forgets: a law that found a violation stops, and the value
/// under test may be past saving.
#[derive(Debug)]
pub(crate) struct Block {
    ptr: NonNull<u8>,
    /// The layout that was asked for.
    pub(crate) layout: Layout,
    /// The length that was returned.
    pub(crate) len: usize,
    /// What [`fill`](Block::fill) wrote last.
    seed: usize,
    /// How many bytes `fill` wrote.
    filled: usize,
}

// SAFETY: a block is memory that belongs to whoever holds it; which allocator may free it where is
// the law's business.
unsafe impl Send for Block {}

impl Block {
    fn new(block: NonNull<[u8]>, layout: Layout) -> Self {
        Self {
            ptr: block.cast(),
            layout,
            len: block.len(),
            seed: 0,
            filled: 0,
        }
    }

    pub(crate) fn ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    pub(crate) fn addr(&self) -> usize {
        self.ptr.addr().get()
    }

    /// Says what was asked for, and where it lies.
    pub(crate) fn describe(&self) -> String {
        let (size, align) = (self.layout.size(), self.layout.align());
        format!(
            "a block of {size} bytes aligned to {align}, at {:p} with {}",
            self.ptr, self.len
        )
    }

    /// Writes a pattern to all of it, the excess included.
    pub(crate) fn fill(&mut self, seed: usize) {
        self.seed = seed;
        self.filled = self.len;
        // SAFETY: the block is allocated, and this value is its owner.
        unsafe { pattern::fill(self.ptr, self.len, seed) };
    }

    /// Finds the first of the leading `len` bytes that is not as it was filled.
    pub(crate) fn mismatch(&self, len: usize) -> Option<usize> {
        let len = len.min(self.len).min(self.filled);
        // SAFETY: the block is allocated, was filled to there, and this value is its owner.
        unsafe { pattern::mismatch(self.ptr, len, self.seed) }
    }

    /// Finds the first byte from `from` on that is not zero.
    pub(crate) fn non_zero_from(&self, from: usize) -> Option<usize> {
        let from = from.min(self.len);
        // SAFETY: not beyond the end of the block.
        let start = unsafe { self.ptr.add(from) };
        // SAFETY: the block is allocated; the law asked for zeroed memory, which counts as written.
        unsafe { pattern::non_zero(start, self.len - from) }.map(|i| from + i)
    }
}

/// The three ways to resize a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resize {
    Grow,
    GrowZeroed,
    Shrink,
}

/// One law at work on one allocator: it knows what was asked for, and so whether the next request
/// is inside the limits.
#[derive(Debug)]
pub(crate) struct Session<'a, A> {
    alloc: &'a A,
    limits: Limits,
    law: &'static str,
    live: usize,
    spent: usize,
    /// An upstream whose failures excuse errors, and how many of them were seen.
    excuse: Option<(Upstream, usize)>,
}

impl<'a, A: Allocator> Session<'a, A> {
    pub(crate) fn new(law: &'static str, alloc: &'a A, limits: &Limits) -> Self {
        Self {
            alloc,
            limits: *limits,
            law,
            live: 0,
            spent: 0,
            excuse: None,
        }
    }

    /// A session in which a call may err if the upstream failed during it.
    pub(crate) fn excused_by(self, upstream: &Upstream) -> Self {
        Self {
            excuse: Some((upstream.clone(), upstream.failures())),
            ..self
        }
    }

    /// Tells whether the upstream failed since this was asked last.
    fn excused(&mut self) -> bool {
        self.excuse.as_mut().is_some_and(|(upstream, seen)| {
            let before = std::mem::replace(seen, upstream.failures());
            *seen != before
        })
    }

    /// Makes a violation of this session's law.
    pub(crate) fn broken(&self, message: impl Into<String>) -> Violation {
        Violation::new(self.law, message)
    }

    /// Tells whether a request must be served now.
    pub(crate) fn must_serve(&self, layout: Layout) -> bool {
        self.limits.admits(layout)
            && (layout.size() == 0 || self.live < self.limits.blocks)
            && self.spent.saturating_add(Limits::cost(layout)) <= self.limits.bytes
    }

    /// Lets another, equivalent allocator do what follows.
    pub(crate) fn through<'b, B>(&self, alloc: &'b B) -> Session<'b, B> {
        let (limits, law, live, spent) = (self.limits, self.law, self.live, self.spent);
        Session {
            alloc,
            limits,
            law,
            live,
            spent,
            excuse: self.excuse.clone(),
        }
    }

    /// Counts a block that another session allocated as one of this session.
    pub(crate) fn take_over(&mut self, block: &Block) {
        self.live += usize::from(block.layout.size() > 0);
    }

    /// How many blocks of this session are allocated.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Allocates. `None` is an error that the limits allow.
    pub(crate) fn allocate(&mut self, layout: Layout) -> Result<Option<Block>, Violation> {
        let result = self.alloc.allocate(layout);
        self.judge("allocate", layout, result)
    }

    /// Allocates zeroed memory. `None` is an error that the limits allow.
    pub(crate) fn allocate_zeroed(&mut self, layout: Layout) -> Result<Option<Block>, Violation> {
        let result = self.alloc.allocate_zeroed(layout);
        self.judge("allocate_zeroed", layout, result)
    }

    /// Takes the allocator's answer to an allocating call into the books.
    fn judge(
        &mut self,
        call: &str,
        layout: Layout,
        result: Result<NonNull<[u8]>, AllocError>,
    ) -> Result<Option<Block>, Violation> {
        let excused = self.excused();
        match result {
            Ok(block) => {
                self.live += usize::from(layout.size() > 0);
                self.spent = self.spent.saturating_add(Limits::cost(layout));
                Ok(Some(Block::new(block, layout)))
            }
            Err(AllocError) if self.must_serve(layout) && !excused => {
                Err(self.refused(call, layout))
            }
            Err(AllocError) => Ok(None),
        }
    }

    fn refused(&self, call: &str, layout: Layout) -> Violation {
        let (size, align, live) = (layout.size(), layout.align(), self.live);
        self.broken(format!(
            "`{call}` of {size} bytes aligned to {align} erred with {live} blocks allocated, which is inside the limits",
        ))
    }

    /// Frees with the layout that was asked for.
    pub(crate) fn free(&mut self, block: Block) {
        let layout = block.layout;
        self.free_as(block, layout);
    }

    /// Frees with another layout that fits.
    #[allow(clippy::needless_pass_by_value)] // a freed block is gone
    pub(crate) fn free_as(&mut self, block: Block, layout: Layout) {
        self.live -= usize::from(block.layout.size() > 0);
        // SAFETY: the block was allocated by this allocator or an equivalent one; the layout is the
        // law's, which fits.
        unsafe { self.alloc.deallocate(block.ptr, layout) };
    }

    /// Grows or shrinks to `new`. `false` is an error that the limits allow; the block is then as before.
    pub(crate) fn resize(
        &mut self,
        how: Resize,
        block: &mut Block,
        new: Layout,
    ) -> Result<bool, Violation> {
        let old = block.layout;
        self.resize_as(how, block, old, new)
    }

    /// Grows or shrinks a block under another layout that fits it.
    pub(crate) fn resize_as(
        &mut self,
        how: Resize,
        block: &mut Block,
        old: Layout,
        new: Layout,
    ) -> Result<bool, Violation> {
        let result = self.ask(how, block, old, new);
        let excused = self.excused();
        let was_live = usize::from(block.layout.size() > 0);
        match result {
            Ok(moved) => {
                self.live = self.live + usize::from(new.size() > 0) - was_live;
                self.spent = self.spent.saturating_add(Limits::cost(new));
                let (seed, filled) = (block.seed, block.filled);
                *block = Block {
                    seed,
                    filled,
                    ..Block::new(moved, new)
                };
                Ok(true)
            }
            Err(AllocError) if self.must_serve(new) && !excused => {
                Err(self.refused(how.name(), new))
            }
            Err(AllocError) => Ok(false),
        }
    }

    /// Makes the call alone.
    fn ask(
        &self,
        how: Resize,
        block: &Block,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        match how {
            // SAFETY: the block is allocated by an equivalent allocator, `old` fits it, and laws
            // grow to no smaller size.
            Resize::Grow => unsafe { self.alloc.grow(block.ptr, old, new) },
            // SAFETY: as above.
            Resize::GrowZeroed => unsafe { self.alloc.grow_zeroed(block.ptr, old, new) },
            // SAFETY: as above, and laws shrink to no larger size.
            Resize::Shrink => unsafe { self.alloc.shrink(block.ptr, old, new) },
        }
    }
}

impl Resize {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Grow => "grow",
            Self::GrowZeroed => "grow_zeroed",
            Self::Shrink => "shrink",
        }
    }
}

/// A layout that a law computed from a size and a power of two.
///
/// # Panics
///
/// If there is no such layout. Laws ask for existing ones.
pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("laws ask for layouts that exist")
}
