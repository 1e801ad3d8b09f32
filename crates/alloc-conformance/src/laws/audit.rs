//! Real containers on an allocator that may be broken, without breaking the containers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, Layout, Owns, dangling, relocate, relocate_zeroed};

use crate::session::{Block, MOST, Resize, Session};
use crate::{Limits, Upstream, Violation};

/// An allocator that passes requests on to the one under test and looks at each answer.
///
/// A container aborts the process when it gets no memory, and nobody knows what it does on a bad
/// block. So what is refused or is no good comes from a stand-in: a refusal inside the limits, and
/// each bad block, is the violation that [`audited`] returns.
#[derive(Debug)]
pub(super) struct Audit<'a, A> {
    session: RefCell<Session<'a, A>>,
    /// The blocks that the allocator under test has given, by address. All others are the stand-in's.
    blocks: RefCell<BTreeMap<usize, Block>>,
    stand_in: Upstream,
    violation: RefCell<Option<Violation>>,
}

/// Lets a container work on `alloc` under an audit. The container's own errors are violations as well.
pub(super) fn audited<A: Allocator>(
    law: &'static str,
    alloc: &A,
    limits: &Limits,
    work: impl FnOnce(&Audit<'_, A>) -> Result<(), &'static str>,
) -> Result<(), Violation> {
    let audit = Audit {
        session: RefCell::new(Session::new(law, alloc, limits)),
        blocks: RefCell::default(),
        stand_in: Upstream::new(),
        violation: RefCell::default(),
    };
    let result = work(&audit).map_err(|what| Violation::new(law, what));
    audit.violation.take().map_or(result, Err)?;
    match audit.blocks.take().pop_first() {
        Some((_, block)) => Err(Violation::new(
            law,
            format!("{} was never freed", block.describe()),
        )),
        None => audit.stand_in.check(),
    }
}

impl<A: Allocator> Audit<'_, A> {
    fn blame(&self, violation: Violation) {
        self.violation.borrow_mut().get_or_insert(violation);
    }

    /// Takes an answer into the books. `None`: there is no good block.
    fn accept(&self, answer: Result<Option<Block>, Violation>) -> Option<NonNull<[u8]>> {
        let block = match answer {
            Ok(block) => block?,
            Err(violation) => {
                self.blame(violation);
                return None;
            }
        };
        if let Some(fault) = self.fault(&block) {
            // A bad block is neither used nor freed.
            let message = format!("{} {fault}", block.describe());
            self.blame(self.session.borrow().broken(message));
            return None;
        }
        let slice = NonNull::slice_from_raw_parts(block.ptr(), block.len);
        self.blocks.borrow_mut().insert(block.addr(), block);
        Some(slice)
    }

    /// Says what is wrong with a new block.
    fn fault(&self, block: &Block) -> Option<&'static str> {
        if block.len > MOST {
            return Some("is longer than memory");
        }
        if !block.addr().is_multiple_of(block.layout.align()) {
            return Some("is not aligned");
        }
        if block.len < block.layout.size() {
            return Some("is too short");
        }
        let end = block.addr() + block.len;
        let blocks = self.blocks.borrow();
        let (_, before) = blocks.range(..end).next_back()?;
        (before.addr() + before.len > block.addr()).then_some("overlaps another block")
    }

    /// Serves a request, by the stand-in if need be.
    fn serve(&self, layout: Layout, zeroed: bool) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let mut session = self.session.borrow_mut();
        let answer = if zeroed {
            session.allocate_zeroed(layout)
        } else {
            session.allocate(layout)
        };
        drop(session);
        let stand_in = || {
            if zeroed {
                self.stand_in.allocate_zeroed(layout)
            } else {
                self.stand_in.allocate(layout)
            }
        };
        self.accept(answer).map_or_else(stand_in, Ok)
    }

    /// Copies a block that is no good to the stand-in: the old one is gone.
    fn rescue(
        &self,
        bad: NonNull<u8>,
        len: usize,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.stand_in.allocate_zeroed(new)?;
        // SAFETY: both blocks are at least `len` long, and the stand-in's is new.
        unsafe { bad.copy_to_nonoverlapping(block.cast(), len) };
        Ok(block)
    }

    /// Resizes a block where it came from; if it cannot stay there, it moves to the stand-in.
    fn resize(
        &self,
        how: Resize,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.serve(new, how == Resize::GrowZeroed);
        }
        if self.stand_in.owns(ptr, old) {
            return match how {
                // SAFETY: the stand-in just said that it is its own block and fits; the container
                // gives the rest.
                Resize::Grow => unsafe { self.stand_in.grow(ptr, old, new) },
                // SAFETY: as above.
                Resize::GrowZeroed => unsafe { self.stand_in.grow_zeroed(ptr, old, new) },
                // SAFETY: as above.
                Resize::Shrink => unsafe { self.stand_in.shrink(ptr, old, new) },
            };
        }
        let Some(mut block) = self.blocks.borrow_mut().remove(&ptr.addr().get()) else {
            return Err(AllocError);
        };
        let answer = self
            .session
            .borrow_mut()
            .resize_as(how, &mut block, old, new);
        if answer == Ok(true) {
            let (bad, len) = (block.ptr(), block.len.min(old.size()).min(new.size()));
            return self
                .accept(Ok(Some(block)))
                .map_or_else(|| self.rescue(bad, len, new), Ok);
        }
        let _ = self.accept(answer.map(|_| None));
        self.blocks.borrow_mut().insert(block.addr(), block);
        if how == Resize::GrowZeroed {
            // SAFETY: still allocated, as a failed call leaves it; `old` fits. `self` takes it out
            // of the books when it is freed.
            unsafe { relocate_zeroed(self, &self.stand_in, ptr, old, new) }
        } else {
            // SAFETY: as above.
            unsafe { relocate(self, &self.stand_in, ptr, old, new) }
        }
    }
}

// SAFETY: a block is one of the allocator under test that looks right, or one of the stand-in; each
// goes back to where it came from.
unsafe impl<A: Allocator> Allocator for Audit<'_, A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.serve(layout, false)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.serve(layout, true)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let block = self.blocks.borrow_mut().remove(&ptr.addr().get());
        match block {
            Some(block) => self.session.borrow_mut().free_as(block, layout),
            // SAFETY: whatever is not in the books is a block of the stand-in.
            None => unsafe { self.stand_in.deallocate(ptr, layout) },
        }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(Resize::Grow, ptr, old, new)
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(Resize::GrowZeroed, ptr, old, new)
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(Resize::Shrink, ptr, old, new)
    }
}
