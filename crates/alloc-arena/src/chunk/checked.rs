//! What memory checkers are told of a chunk. Its header is never hidden from the arena.

use alloc_core::checker;

use super::{Chunk, Header};

impl Chunk {
    /// Says that what lies from `from` on, which is in the chunk and behind its header, is nobody's.
    ///
    /// # Safety
    ///
    /// Nobody uses a block there any more.
    pub(crate) unsafe fn retire_from(self, from: *mut u8) {
        // SAFETY: within the chunk and behind its header (C1, C2); the caller, that it is unused.
        unsafe { checker::retire(from, self.rest(from)) };
    }

    /// Says that what lies from `from` on, which is in the chunk and behind its header, is the upstream's.
    ///
    /// # Safety
    ///
    /// Nobody uses a block there any more.
    pub(super) unsafe fn give_back_from(self, from: *mut u8) {
        // SAFETY: within the chunk and behind its header (C1, C2); the caller, that it is unused.
        unsafe { checker::give_back(from, self.rest(from)) };
    }

    /// Says that the bytes between the header and the first block are nobody's.
    ///
    /// # Safety
    ///
    /// No block starts before the first one.
    pub(crate) unsafe fn retire_padding(self, min_align: usize) {
        let data = self.data(min_align);
        // SAFETY: within the chunk and behind its header (C1, C2); the caller, that it is unused.
        unsafe { checker::retire(data, self.first().addr() - data.addr()) };
    }

    /// Says that the bytes between the header and the first block are the upstream's.
    ///
    /// # Safety
    ///
    /// As [`retire_padding`](Self::retire_padding).
    pub(super) unsafe fn give_back_padding(self, min_align: usize) {
        let data = self.data(min_align);
        // SAFETY: within the chunk and behind its header (C1, C2); the caller, that it is unused.
        unsafe { checker::give_back(data, self.first().addr() - data.addr()) };
    }

    /// The bytes from `from` to the end of the chunk.
    fn rest(self, from: *mut u8) -> usize {
        let offset = from.addr() - self.0.as_ptr().addr();
        debug_assert!(offset >= size_of::<Header>(), "a block in the header");
        debug_assert!(offset <= self.size(), "a block after the chunk");
        self.size() - offset
    }

    /// The address, if it lies in this chunk, with the provenance of the chunk.
    pub(crate) fn reach(self, addr: usize) -> Option<*mut u8> {
        let start = self.0.as_ptr().cast::<u8>();
        let offset = addr.checked_sub(start.addr())?;
        (offset < self.size()).then(|| start.wrapping_add(offset))
    }
}
