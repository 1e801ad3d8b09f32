//! Blocks that somebody has, each full of a byte of its own.

use std::ptr::NonNull;
use std::slice;

use alloc_core::Layout;

/// From one byte that is looked at to the next.
const STEP: usize = if cfg!(miri) { 29 } else { 1 };

/// A block that somebody has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Which pool it is of.
    pub(crate) pool: usize,
    pub(crate) start: NonNull<u8>,
    pub(crate) len: usize,
    /// The layout that was asked for.
    pub(crate) asked: Layout,
    /// What is in each byte.
    stamp: u8,
}

impl Held {
    /// A block that was just returned: long enough, and aligned.
    pub(crate) fn new(pool: usize, block: NonNull<[u8]>, asked: Layout, stamp: u8) -> Self {
        let (start, len) = (block.cast::<u8>(), block.len());
        assert!(start.addr().get().is_multiple_of(asked.align()));
        assert!(len >= asked.size());
        Self {
            pool,
            start,
            len,
            asked,
            stamp,
        }
    }

    /// The same block, for another request.
    pub(crate) fn resized(self, block: NonNull<[u8]>, asked: Layout) -> Self {
        Self::new(self.pool, block, asked, self.stamp)
    }

    pub(crate) fn addr(&self) -> usize {
        self.start.addr().get()
    }

    /// Whether they have a byte in common.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (start, place) = (self.addr(), other.addr());
        start < place + other.len && place < start + self.len
    }

    pub(crate) fn fill(&mut self, stamp: u8) {
        self.stamp = stamp;
        // SAFETY: the block is this value's alone.
        unsafe { self.start.write_bytes(stamp, self.len) };
    }

    /// The bytes `from..to` that are looked at, which are initialised.
    fn bytes(&self, from: usize, to: usize) -> impl Iterator<Item = u8> {
        // SAFETY: the block is this value's alone.
        let bytes = unsafe { slice::from_raw_parts(self.start.as_ptr(), to) };
        let last = bytes[from..].last();
        bytes[from..].iter().step_by(STEP).chain(last).copied()
    }

    /// The first `len` bytes are as they were written.
    pub(crate) fn check(&self, len: usize) {
        let right = self.bytes(0, len).all(|byte| byte == self.stamp);
        assert!(right, "another one has written to {self:?}");
    }

    /// The pool has zeroed the bytes from here on.
    pub(crate) fn check_zeros(&self, from: usize) {
        let right = self.bytes(from, self.len).all(|byte| byte == 0);
        assert!(right, "not zeroed: {self:?}");
    }
}
