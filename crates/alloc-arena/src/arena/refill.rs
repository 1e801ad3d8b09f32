//! The slow path: what happens when the current chunk is full.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator};

use super::Arena;
use crate::chunk::{Chunk, Placed, start_align};
use crate::cursor::Cursor;
use crate::{math, miri};

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
            current.set_end(self.cur.get());
        }
        self.cur.set(cur);
        self.current.set(Some(chunk));
        self.lim.set(chunk.lim(MIN_ALIGN));
    }

    /// Takes a new chunk that holds a block of `size` (rounded) and `align`: as large as the policy
    /// says, or else as can be had.
    fn add_chunk(&self, size: usize, align: usize) -> Result<Placed, AllocError> {
        let start = start_align(MIN_ALIGN);
        let need = math::chunk_bytes(Self::OFFSET, start, size, align, MIN_ALIGN);
        let need = need.ok_or(AllocError)?;
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
            self.growth.grown();
        }
        // There is room: `chunk_bytes` says so (and its test, for every place that a chunk may
        // have).
        let place = chunk.place(size, align, MIN_ALIGN).ok_or(AllocError)?;
        Ok((chunk, place))
    }
}

// SAFETY: B1 and B2 are A1 and A3. B3: A4 and C1, and chunks stay while the arena is borrowed. B4:
// a header stands between the end of one chunk and the data of the next.
unsafe impl<A: Allocator, const MIN_ALIGN: usize> Cursor for Arena<A, MIN_ALIGN> {
    const MIN_ALIGN: usize = MIN_ALIGN;

    #[inline]
    fn cur(&self) -> &Cell<*mut u8> {
        &self.cur
    }

    #[inline]
    fn lim(&self) -> *mut u8 {
        self.lim.get()
    }

    /// Places the block in a kept chunk or in a new one. The cursor then goes on where more room is
    /// left, there or here: a block that fills a chunk of its own costs nothing of the current one.
    #[cold]
    #[inline(never)]
    fn refill(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let size = math::round_up(layout.size(), MIN_ALIGN);
        let (chunk, start) = match self.chunks.take(size, layout.align()) {
            Some(placed) => placed,
            None => self.add_chunk(size, layout.align())?,
        };
        let end = start.wrapping_add(size);
        let left = chunk.lim(MIN_ALIGN).addr() - end.addr();
        let left_in_current = self.lim.get().addr() - self.cur.get().addr();
        if left >= left_in_current {
            self.move_to(chunk, end);
        } else {
            chunk.set_end(end);
        }
        debug_assert!(
            start.addr().is_multiple_of(layout.align()),
            "a misplaced block"
        );
        miri::promise_alignment(start, layout.align());
        // SAFETY: within a chunk, hence not null.
        Ok(unsafe { NonNull::new_unchecked(start) })
    }
}
