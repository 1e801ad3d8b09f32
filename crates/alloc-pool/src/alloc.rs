//! The pool as an allocator.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, Owns, Reset, checker, dangling};

use crate::Pool;
use crate::check::{self, Misuse, Report};
use crate::free_list::Block;
use crate::math;
use crate::resize::resizing_methods;

impl<A: Allocator> Pool<A> {
    /// Tells whether a block serves a request that is not empty.
    #[inline]
    pub(crate) fn serves(&self, request: Layout) -> bool {
        math::serves(self.block.get(), request)
    }

    /// Hands a block out, in its full size.
    #[inline]
    fn hand_out(&self, block: Block) -> NonNull<[u8]> {
        let start = block.into_raw();
        if check::ENABLED {
            self.note_use(start);
        }
        // SAFETY: a block of this pool that nobody uses (F2).
        unsafe { self.whole(start) }
    }

    /// The block at `start`, in its full size, for its user.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and nobody uses it by another pointer any more.
    #[inline]
    unsafe fn whole(&self, start: NonNull<u8>) -> NonNull<[u8]> {
        let block = self.block.get();
        // SAFETY: P2 gives size and alignment; the rest is the caller's promise.
        let start = unsafe { checker::hand_out(start, block.size(), block.align()) };
        NonNull::slice_from_raw_parts(start, block.size())
    }

    /// Serves a request for which its list has no block, or one that no block serves.
    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, request: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if request.size() == 0 {
            return Ok(dangling(request));
        }
        if !self.serves(request) {
            self.learn(request)?;
        }
        // What was learned from a request serves it.
        debug_assert!(self.serves(request));
        self.supply(request).map(|block| self.hand_out(block))
    }

    /// Checks a pointer that is passed to `deallocate`, `grow` or `shrink`, in debug builds and under Miri.
    ///
    /// There it returns the pointer with the provenance of the whole block, in case that it lost it
    /// on its way through a reference to less; see the crate's documentation.
    #[inline]
    fn checked(&self, ptr: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        if check::ENABLED {
            self.look_up(ptr, layout)
        } else {
            ptr
        }
    }
}

/// The checks of debug builds and under Miri. They take time linear in the chunks.
impl<A: Allocator> Pool<A> {
    /// Marks a block as used.
    fn note_use(&self, start: NonNull<u8>) {
        let address = start.addr().get();
        self.used.with(|list| {
            for linked in list.iter() {
                if let Some(index) = linked.chunk().index_of(address) {
                    debug_assert!(!linked.chunk().is_marked(index));
                    return linked.chunk().mark(index, true);
                }
            }
        });
    }

    /// Marks a block as free.
    fn note_free(&self, start: NonNull<u8>) {
        let address = start.addr().get();
        self.used.with(|list| {
            for linked in list.iter() {
                if let Some(index) = linked.chunk().index_of(address) {
                    return linked.chunk().mark(index, false);
                }
            }
        });
    }

    /// Finds the block in use that begins at `ptr`. Ends the program if there is none, or if
    /// `layout` cannot fit it.
    fn look_up(&self, ptr: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        let address = ptr.addr().get();
        let found = self.used.with(|list| {
            list.iter().find_map(|linked| {
                let index = linked.chunk().index_of(address)?;
                Some((linked.chunk().block(index), linked.chunk().is_marked(index)))
            })
        });
        match found {
            None => self.fail(Misuse::Foreign, address),
            Some((_, false)) => self.fail(Misuse::DoubleFree, address),
            Some(_) if !self.serves(layout) => self.fail(Misuse::WrongLayout(layout), address),
            Some((start, true)) => start,
        }
    }

    /// Ends the program with a message.
    #[cold]
    fn fail(&self, misuse: Misuse, address: usize) -> ! {
        let pool = ptr::from_ref(self).addr();
        check::fail(&Report {
            misuse,
            address,
            pool,
            block: self.block.get(),
        })
    }

    /// The block at `ptr` in its full size, if it serves `new`, which is not empty.
    ///
    /// # Errors
    ///
    /// If it does not; it stays as it is.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and `old` fits it.
    #[inline]
    unsafe fn resized(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // First, as a broken promise is one whether or not the block is large enough.
        let start = self.checked(ptr, old);
        if !self.serves(new) {
            return Err(AllocError);
        }
        // SAFETY: the block is in use, and the caller gives it up for what is returned.
        Ok(unsafe { self.whole(start) })
    }
}

// SAFETY: P1: a block is in one place only, so no two blocks in use overlap. P2 gives size and
// alignment, and F1 the memory. A block stays valid until its chunk is released, which only happens
// to chunks without a block in use, or when the pool is dropped; moving the pool moves no chunk.
// There is no `Clone`. Nothing unwinds: the upstream does not, and the fatal reports abort.
unsafe impl<A: Allocator> Allocator for Pool<A> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // By FL4 a block of this list serves the request.
        if let Some(block) = self.free.take_for(layout) {
            return Ok(self.hand_out(block));
        }
        // For a constant request of some words this is not there.
        if math::needs_look(layout)
            && self.serves(layout)
            && let Some(block) = self.free.take_like(layout)
        {
            return Ok(self.hand_out(block));
        }
        self.allocate_slow(layout)
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let start = self.checked(ptr, layout);
        if check::ENABLED {
            self.note_free(start);
        }
        // SAFETY: the caller gives the block up; P2 gives its size.
        unsafe { checker::retire(start.as_ptr(), self.block.get().size()) };
        // SAFETY: the caller says that the block is currently allocated by this pool and gives it
        // up. By P2 it is as F1 says.
        let block = unsafe { Block::new(start) };
        // SAFETY: P2; the layout fits a block of this pool, by the caller, and is not empty.
        unsafe { self.free.give(block, layout) };
    }

    resizing_methods!();
}

// SAFETY: by P1 and P3 a block in use of this pool begins at a block of a chunk in `used`, in front
// of the cursor, and is no larger than a block. A block of another allocator lies elsewhere, unless
// it was carved out of one of ours, or is a chunk: and that is larger than a block.
unsafe impl<A: Allocator> Owns for Pool<A> {
    /// Tells whether the block is one of this pool's. Takes time linear in the chunks.
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.serves(layout) && self.block_at(ptr.addr().get()).is_some()
    }
}

impl<A: Allocator> Reset for Pool<A> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// A pool is equal to itself only.
impl<A: Allocator> PartialEq for Pool<A> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A: Allocator> Eq for Pool<A> {}

// SAFETY: equal pools are one pool.
unsafe impl<A: Allocator> AllocatorEq for Pool<A> {}
