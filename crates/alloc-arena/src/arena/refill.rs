//! The slow path: what happens when the current chunk is full.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, checker};

use super::Arena;
use crate::chunk::{Chunk, Placed, start_align};
use crate::cursor::Cursor;
use crate::edge::Edge;
use crate::math;

impl<A: Allocator, const MIN_ALIGN: usize> Arena<A, MIN_ALIGN> {
    /// Moves the cursor to the chunk that came into use last, if it is elsewhere.
    pub(crate) fn move_to_last(&self) {
        if let Some(chunk) = self
            .chunks
            .last()
            .filter(|&last| Some(last) != self.current.get())
        {
            self.move_to(chunk, chunk.end());
        }
    }

    /// Moves the cursor to `cur` in `chunk`, which is in use and not the current one.
    fn move_to(&self, chunk: Chunk, cur: *mut u8) {
        if let Some(current) = self.current.get() {
            current.set_end(self.cursor());
        }
        self.cur.set(Edge::before(cur, MIN_ALIGN));
        self.current.set(Some(chunk));
        self.lim.set(Edge::before(chunk.lim(MIN_ALIGN), MIN_ALIGN));
    }

    /// The byte at the cursor.
    fn cursor(&self) -> *mut u8 {
        self.cur.get().ptr(MIN_ALIGN)
    }

    /// Makes the arena as if it had no current chunk, and returns what it was.
    fn leave(&self) -> Option<Chunk> {
        let nowhere = Edge::nowhere(MIN_ALIGN);
        self.cur.set(nowhere);
        self.lim.set(nowhere);
        self.current.take()
    }

    /// Grows a block that is alone in its chunk, up to `extent`, for the larger `new`: within the
    /// chunk if that has room, and else together with it.
    ///
    /// # Safety
    ///
    /// As [`Cursor::grow_with_memory`].
    unsafe fn grow_alone(
        &self,
        block: NonNull<u8>,
        extent: usize,
        new: Layout,
    ) -> Option<NonNull<u8>> {
        let (floor, start) = (self.floor.get(), block.as_ptr());
        let end = start.wrapping_add(extent);
        let chunk = self
            .chunks
            .holding_only(floor, start, end, |chunk| self.end_of(chunk))?;
        if let Some((_, end)) = chunk.place(new, MIN_ALIGN) {
            self.set_end_of(chunk, end);
            // SAFETY: the caller gives up the block, and there is no other one in the chunk.
            return Some(unsafe { Self::settle(chunk, extent, new) });
        }
        let start = start_align(MIN_ALIGN);
        let bytes = math::chunk_bytes(Self::OFFSET, start, new.size(), new.align(), MIN_ALIGN)?;
        // SAFETY: the caller's promise about the block, which is alone in this chunk after the floor.
        let chunk = unsafe { self.grow_chunk(chunk, bytes, new) }?;
        // SAFETY: the caller gives up the block, and there is no other one in the chunk.
        Some(unsafe { Self::settle(chunk, extent, new) })
    }

    /// Grows a chunk to `bytes`, with the one block in it, which has the layout `new` and room for it
    /// then.
    ///
    /// # Safety
    ///
    /// The chunk stands after the floor, and the owner of its only block gives that up.
    unsafe fn grow_chunk(&self, chunk: Chunk, bytes: usize, new: Layout) -> Option<Chunk> {
        let was_current = self.current.get() == Some(chunk);
        let (cur, lim) = (self.cur.get(), self.lim.get());
        if was_current {
            chunk.set_end(cur.ptr(MIN_ALIGN));
            self.leave();
        }
        // SAFETY: by A5 nobody has a handle of it or a pointer into it, but for the arena, which has
        // left it, and the owner of its block, who gives that up by the caller's promise.
        let grown = unsafe { self.chunks.grow(chunk, bytes, &self.growth) };
        // The upstream may have come back to this arena meanwhile, and moved the cursor.
        let is_free = was_current && self.current.get().is_none();
        if let Ok(chunk) = grown {
            let (_, end) = chunk.placed(new, MIN_ALIGN);
            chunk.set_end(end);
            if is_free {
                self.move_to(chunk, end);
            }
            return Some(chunk);
        }
        if is_free {
            self.cur.set(cur);
            self.lim.set(lim);
            self.current.set(Some(chunk));
        }
        None
    }

    /// Puts the only block of a chunk, of which `extent` bytes are kept, where it belongs as one of the
    /// layout `new`, and hands it out.
    ///
    /// After a move of the chunk an alignment above that of chunks may need other bytes before it.
    ///
    /// # Safety
    ///
    /// The chunk has room for it, and the owner of the block gives that up for the one returned.
    unsafe fn settle(chunk: Chunk, extent: usize, new: Layout) -> NonNull<u8> {
        let size = math::round_up(new.size(), MIN_ALIGN);
        let (start, _) = chunk.placed(new, MIN_ALIGN);
        let from = chunk.first();
        if from.addr() != start.addr() {
            // SAFETY: the caller's promise. For checkers, before these bytes are written to.
            let _ = unsafe { hand_out(start, size, new.align()) };
            // SAFETY: both in the chunk, and not longer than the room there is.
            unsafe { ptr::copy(from, start, extent) };
            chunk.set_first(start);
        }
        // SAFETY: it is the only block.
        unsafe { chunk.retire_padding(MIN_ALIGN) };
        // SAFETY: the caller's promise.
        unsafe { hand_out(start, size, new.align()) }
    }

    /// Where the blocks of a chunk in use end.
    pub(crate) fn end_of(&self, chunk: Chunk) -> *mut u8 {
        if self.current.get() == Some(chunk) {
            self.cursor()
        } else {
            chunk.end()
        }
    }

    /// Sets where the blocks of a chunk in use end.
    fn set_end_of(&self, chunk: Chunk, end: *mut u8) {
        if self.current.get() == Some(chunk) {
            self.cur.set(Edge::before(end, MIN_ALIGN));
        } else {
            chunk.set_end(end);
        }
    }

    /// Takes a new chunk that holds a block of `layout`, if need be in exchange for the kept ones, in
    /// none of which it has room.
    fn add_chunk(&self, layout: Layout) -> Result<Placed, AllocError> {
        let need = self.need(layout)?;
        self.try_add_chunk(layout, need).or_else(|error| {
            // SAFETY: by A4 no block lies in a kept chunk; marks and leases know chunks in use.
            let has_given = unsafe { self.chunks.release_kept() };
            if has_given {
                self.try_add_chunk(layout, need)
            } else {
                Err(error)
            }
        })
    }

    /// The size of a new chunk that holds a block of `layout`.
    ///
    /// # Errors
    ///
    /// If no chunk can be that large, or may be, even if there were no other one.
    fn need(&self, layout: Layout) -> Result<usize, AllocError> {
        let (start, size, align) = (start_align(MIN_ALIGN), layout.size(), layout.align());
        math::chunk_bytes(Self::OFFSET, start, size, align, MIN_ALIGN)
            .filter(|&need| Layout::from_size_align(need, start).is_ok())
            .filter(|&need| need <= self.growth.room(0))
            .ok_or(AllocError)
    }

    /// Takes a new chunk of at least `need` bytes, which hold a block of `layout`: as large as the
    /// policy says, or else as can be had.
    fn try_add_chunk(&self, layout: Layout, need: usize) -> Result<Placed, AllocError> {
        let room = self.growth.room(self.chunks.reserved());
        if need > room {
            return Err(AllocError);
        }
        let wish = self.growth.wish(need, room);
        let mut bytes = wish;
        let chunk = loop {
            match self.chunks.acquire(bytes, &self.growth) {
                Ok(chunk) => break chunk,
                Err(_) if bytes > need => bytes = (bytes / 2).max(need),
                Err(error) => return Err(error),
            }
        };
        if bytes < wish {
            self.growth.refused(bytes, Self::SMALLEST);
        } else {
            self.growth.grown(bytes);
        }
        // There is room: `chunk_bytes` says so (and its test, for every place that a chunk may
        // have).
        let place = chunk.place(layout, MIN_ALIGN).ok_or(AllocError)?;
        Ok((chunk, place))
    }
}

/// Makes a block of `size` bytes of a chunk, and tells [`checker`]s.
///
/// # Safety
///
/// The bytes lie in a chunk, `start` has its provenance and this alignment, and nobody uses them.
#[inline]
unsafe fn hand_out(start: *mut u8, size: usize, align: usize) -> NonNull<u8> {
    // SAFETY: within a chunk, hence not null.
    let start = unsafe { NonNull::new_unchecked(start) };
    // SAFETY: the caller's promise.
    unsafe { checker::hand_out(start, size, align) }
}

// SAFETY: B1 and B2 are A1 and A3. B3: A4 and C1, and chunks stay while the arena is borrowed. B4:
// a header stands between the end of one chunk and the data of the next.
unsafe impl<A: Allocator, const MIN_ALIGN: usize> Cursor for Arena<A, MIN_ALIGN> {
    const MIN_ALIGN: usize = MIN_ALIGN;
    const IS_ONE_REGION: bool = false;

    #[inline]
    fn cur(&self) -> &Cell<Edge> {
        &self.cur
    }

    #[inline]
    fn lim(&self) -> Edge {
        self.lim.get()
    }

    /// Places the block in a kept chunk or in a new one. The cursor then goes on where more room is
    /// left, there or here: a block that fills a chunk of its own costs nothing of the current one.
    #[cold]
    #[inline(never)]
    fn refill(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let (chunk, (start, end)) = match self.chunks.take(layout) {
            Some(placed) => placed,
            None => self.add_chunk(layout)?,
        };
        chunk.set_first(start);
        let left = chunk.lim(MIN_ALIGN).addr() - end.addr();
        let left_in_current = self.cur.get().bytes_to(self.lim.get());
        if left >= left_in_current {
            self.move_to(chunk, end);
        } else {
            chunk.set_end(end);
        }
        debug_assert!(
            start.addr().is_multiple_of(layout.align()),
            "a misplaced block"
        );
        let size = math::round_up(layout.size(), MIN_ALIGN);
        // SAFETY: in a chunk that came into use just now, so that there is no block in it.
        Ok(unsafe { hand_out(start, size, layout.align()) })
    }

    #[inline]
    fn through_region(&self, block: *mut u8) -> *mut u8 {
        if !checker::FOLLOWS_POINTERS {
            return block;
        }
        let mut reached = self
            .chunks
            .in_use()
            .filter_map(|chunk| chunk.reach(block.addr()));
        reached.next().unwrap_or(block)
    }

    /// A vector that is alone in its chunk so grows with the chunk: where the upstream can extend a
    /// block, nothing is copied, and nothing is left behind.
    unsafe fn grow_with_memory(
        &self,
        ptr: NonNull<u8>,
        extent: usize,
        new: Layout,
    ) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        unsafe { self.grow_alone(ptr, extent, new) }
    }

    fn prefers_other_memory(&self) -> bool {
        self.settled.get()
    }
}
