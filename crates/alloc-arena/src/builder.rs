//! Choices that an arena is made with.

use alloc_core::{AllocError, Allocator};

use crate::Arena;
use crate::growth::{FIRST_CHUNK, MAX_CHUNK};
use crate::values::exhausted;

/// Sets up an [`Arena`]: its first chunk, how chunks grow, a limit, the minimum alignment.
///
/// # Examples
///
/// ```
/// use alloc_arena::{Arena, ArenaBuilder, alloc_core::Global};
///
/// let arena = ArenaBuilder::new()
///     .capacity(16 << 10)
///     .max_chunk_size(64 << 10)
///     .limit(1 << 20)
///     .min_align::<16>()
///     .try_build_in(Global)?;
/// assert!(arena.reserved() >= 16 << 10);
/// assert!(arena.try_alloc_uninit_slice::<u8>(2 << 20).is_err());
/// # Ok::<(), alloc_arena::AllocError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until an arena is built"]
pub struct ArenaBuilder<const MIN_ALIGN: usize = 8> {
    capacity: usize,
    first: usize,
    max: usize,
    limit: Option<usize>,
}

impl ArenaBuilder {
    /// The choices of [`Arena::new_in`]: no capacity, a first chunk of 4 KiB, chunks up to 1 MiB,
    /// no limit, an alignment of 8.
    pub const fn new() -> Self {
        Self {
            capacity: 0,
            first: FIRST_CHUNK,
            max: MAX_CHUNK,
            limit: None,
        }
    }
}

impl Default for ArenaBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl<const MIN_ALIGN: usize> ArenaBuilder<MIN_ALIGN> {
    /// Has the arena take a chunk for this many bytes at once. Default: 0, no chunk.
    ///
    /// `bytes` counts the blocks with their rounding and padding; the chunk's header comes on top.
    pub const fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes;
        self
    }

    /// Sets the size in bytes of the first chunk that the arena takes when it needs one. Default: 4
    /// KiB.
    ///
    /// Each later chunk is twice as large, up to 32 KiB, and from there on a twelfth of what the arena
    /// has in such chunks: what the last one leaves unused is then less than a tenth of all. A block
    /// that needs more than the next chunk gets one for itself, which does not change the size of
    /// later ones. The size includes a header of four words; sizes below about 90 bytes are rounded
    /// up.
    pub const fn chunk_size(mut self, bytes: usize) -> Self {
        self.first = bytes;
        self
    }

    /// Sets the size in bytes that chunks do not go beyond, unless one block needs it. Default: 1 MiB.
    pub const fn max_chunk_size(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Limits the bytes that the arena reserves from its upstream in all, headers of chunks
    /// included. Default: no limit.
    ///
    /// Exact: the last chunk is made smaller to stay within it, and excess that the upstream
    /// returns beyond it is not used. A request that would exceed it is an [`AllocError`].
    /// [`Arena::set_limit`] changes it later.
    pub const fn limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Sets the alignment and the rounding of all blocks. Default: 8.
    pub const fn min_align<const N: usize>(self) -> ArenaBuilder<N> {
        let Self {
            capacity,
            first,
            max,
            limit,
        } = self;
        ArenaBuilder {
            capacity,
            first,
            max,
            limit,
        }
    }

    /// Builds the arena over `upstream`.
    ///
    /// # Panics
    ///
    /// If the capacity is not to be had.
    pub fn build_in<A: Allocator>(self, upstream: A) -> Arena<A, MIN_ALIGN> {
        let layout = core::alloc::Layout::array::<u8>(self.capacity).ok();
        self.try_build_in(upstream)
            .unwrap_or_else(|_| exhausted(layout))
    }

    /// Builds the arena over `upstream`.
    ///
    /// # Errors
    ///
    /// If the capacity is not to be had: the upstream refuses, or the limit is too low.
    pub fn try_build_in<A: Allocator>(
        self,
        upstream: A,
    ) -> Result<Arena<A, MIN_ALIGN>, AllocError> {
        let arena = Arena::with_growth(self.first, self.max, self.limit, upstream);
        arena.reserve(self.capacity)?;
        Ok(arena)
    }
}

#[cfg(feature = "alloc")]
impl<const MIN_ALIGN: usize> ArenaBuilder<MIN_ALIGN> {
    /// Builds the arena over the global allocator.
    ///
    /// # Panics
    ///
    /// If the capacity is not to be had.
    pub fn build(self) -> Arena<alloc_core::Global, MIN_ALIGN> {
        self.build_in(alloc_core::Global)
    }

    /// Builds the arena over the global allocator.
    ///
    /// # Errors
    ///
    /// If the capacity is not to be had.
    pub fn try_build(self) -> Result<Arena<alloc_core::Global, MIN_ALIGN>, AllocError> {
        self.try_build_in(alloc_core::Global)
    }
}

impl Arena {
    /// Starts to set up an arena.
    pub const fn builder() -> ArenaBuilder {
        ArenaBuilder::new()
    }
}
