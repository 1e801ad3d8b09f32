//! Moments of an arena to come back to, and room that is lent.

use alloc_core::Allocator;

use super::{Arena, Mark};
use crate::chunk::Chunk;
use crate::edge::Edge;
use crate::local::LocalCursor;

/// A moment of an [`Arena`], for [`Arena::rewind_to`].
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint(Mark);

/// The free room of the current chunk, while somebody else than the arena hands it out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// A multiple of the minimum alignment, in `chunk`.
    pub(crate) cur: Edge,
    /// Not before `cur`.
    pub(crate) lim: Edge,
    pub(crate) chunk: Option<Chunk>,
}

impl Lease {
    /// No room, nowhere.
    pub(crate) const fn none(min_align: usize) -> Self {
        let nowhere = Edge::nowhere(min_align);
        Self {
            cur: nowhere,
            lim: nowhere,
            chunk: None,
        }
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Arena<A, MIN_ALIGN> {
    /// Lends the free room of the current chunk to a cursor that a hot loop keeps in registers.
    ///
    /// See [`LocalCursor`]. Until memory is taken back, a block that is alone in a chunk of now does
    /// not grow together with its chunk.
    #[inline]
    pub fn local_cursor(&self) -> LocalCursor<'_, A, MIN_ALIGN> {
        LocalCursor::new(self)
    }

    /// Remembers this moment, to take back later what is allocated after it.
    ///
    /// [Scopes](Self::scope) do the same, and the compiler checks their use.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.mark())
    }

    /// Takes back what was allocated since a checkpoint, and keeps the chunks. The checkpoint can be
    /// used again.
    ///
    /// # Safety
    ///
    /// - The checkpoint is of this arena, which was neither reset nor released nor rewound to before
    ///   the checkpoint since, also not by the end of a scope.
    /// - No block that was allocated since is used any more, no container that was made since and no
    ///   [`LocalCursor`] that was alive at any time since is used or dropped any more, and no block
    ///   from before the checkpoint was deallocated, grown or shrunk since.
    /// - The checkpoint was not made by the upstream while it served this arena.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::Arena;
    ///
    /// let arena = Arena::new();
    /// let kept = arena.alloc(1);
    /// let moment = arena.checkpoint();
    /// for round in 0..10 {
    ///     arena.alloc([round; 100]);
    ///     // SAFETY: the checkpoint is of this arena, which knows no other; the array is not used.
    ///     unsafe { arena.rewind_to(&moment) };
    /// }
    /// assert_eq!((*kept, arena.used()), (1, 8));
    /// ```
    pub unsafe fn rewind_to(&self, checkpoint: &Checkpoint) {
        // SAFETY: the caller's promise. Chunks that the mark knows did not move since: they stand
        // before the floor, which the mark had set (A5).
        unsafe { self.rewind_to_mark(&checkpoint.0) };
    }

    /// Takes back what was allocated since a mark, which stays one.
    ///
    /// # Safety
    ///
    /// As [`rewind`](Self::rewind).
    pub(crate) unsafe fn rewind_to_mark(&self, mark: &Mark) {
        // SAFETY: the caller's promise.
        unsafe { self.rewind(mark) };
        // The mark still knows the chunks of its time: A5.
        self.floor.set(self.chunks.last());
    }

    /// Lends the free room of the current chunk. Until [`end_lease`](Self::end_lease) it is as if it
    /// were full.
    #[inline]
    pub(crate) fn lease(&self) -> Lease {
        // Whoever has the lease knows the chunk: A5.
        self.floor.set(self.chunks.last());
        Lease {
            cur: self.cur.replace(self.lim.get()),
            lim: self.lim.get(),
            chunk: self.current.get(),
        }
    }

    /// Takes back what is left of a lease.
    #[inline]
    pub(crate) fn end_lease(&self, lease: Lease) {
        if self.current.get() == lease.chunk {
            // Full since the lease, which has the only free bytes; or the lease is empty, and the last
            // block before it was freed or became smaller.
            if self.cur.get() == lease.lim {
                self.cur.set(lease.cur);
            }
        } else if let Some(chunk) = lease.chunk
            && chunk.end() == lease.lim.ptr(MIN_ALIGN)
        {
            // Left full, as the lease made it. Otherwise the lease was empty, and another one of this
            // chunk ended before it.
            chunk.set_end(lease.cur.ptr(MIN_ALIGN));
        }
    }
}
