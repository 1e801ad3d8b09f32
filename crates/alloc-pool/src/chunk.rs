//! Chunks: the one owner of memory from the upstream.
//!
//! ```text
//! start                                       foot
//! │ block 0 │ block 1 │ ... │ block n-1       │ Foot │ marks, if any │
//! ```
//!
//! The foot stands behind the blocks, so that a chunk of pages is aligned to pages, with no gap in
//! front, and a fresh chunk is touched at its foot only.

use core::alloc::Layout;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, checker};

use crate::check;
use crate::free_list::Block;
use crate::list::{List, Node, Visible};
use crate::math::{self, Shape};

/// What a chunk knows of itself.
#[derive(Debug)]
struct Foot {
    /// The chunks behind this one in its list.
    next: Option<Linked>,
    /// The first block, with the provenance of the whole chunk.
    start: NonNull<u8>,
    /// How many blocks there are; at least one.
    blocks: usize,
    /// Bytes from one block to the next.
    size: usize,
    /// What the upstream was asked for.
    layout: Layout,
}

const FOOT: Layout = Layout::new::<Foot>();

/// Blocks whose marks stand in one word.
const MARKS: usize = usize::BITS as usize;

/// Memory from the upstream, divided into blocks.
///
/// Invariants of the pointer, which is why it is private here:
/// - C1: it points to an initialised `Foot` in memory that is currently allocated by the pool's
///   upstream with `Foot::layout`, and it has the provenance of all that memory.
/// - C2: from `Foot::start` on stand `Foot::blocks` blocks of `Foot::size` bytes, then the foot.
///   Size and alignment of a block are at least those of a link, and the size is a multiple of the
///   alignment.
/// - C3: if [`check::ENABLED`], one initialised word for every [`MARKS`] blocks follows the foot.
/// - C4: no other value points to the same foot.
#[derive(Debug)]
pub(crate) struct Chunk(NonNull<Foot>);

impl Chunk {
    /// Asks `upstream` for a chunk of `blocks` blocks. `blocks` is not zero and `block` is from
    /// [`math::block_layout`].
    pub(crate) fn allocate<A: Allocator>(
        block: Layout,
        blocks: usize,
        upstream: &A,
    ) -> Result<Self, AllocError> {
        debug_assert!(blocks > 0 && block.size() > 0);
        let words = if check::ENABLED {
            blocks.div_ceil(MARKS)
        } else {
            0
        };
        let map = words * size_of::<usize>();
        let Shape { layout, foot_at } =
            math::chunk_shape(block, blocks, FOOT, map).ok_or(AllocError)?;
        // The upstream may return more than this. Nobody needs it here, and `layout` fits either way.
        let start = upstream.allocate(layout)?.cast::<u8>();
        // SAFETY: the foot lies within the layout that was allocated.
        let foot = unsafe { start.add(foot_at) }.cast::<Foot>();
        debug_assert!(foot.is_aligned());
        let size = block.size();
        let contents = Foot {
            next: None,
            start,
            blocks,
            size,
            layout,
        };
        // SAFETY: in bounds, and aligned, for the start is aligned to a block, `foot_at` is a
        // multiple of that, and a block is aligned to a link, which is aligned as a foot is.
        unsafe { foot.write(contents) };
        // C1 and C2 hold by the shape, C4 as the memory is new.
        let chunk = Self(foot);
        chunk.unmark_all();
        // SAFETY: nothing has used a block yet.
        unsafe { chunk.retire() };
        Ok(chunk)
    }

    /// Gives the memory back and returns its size in bytes.
    ///
    /// # Safety
    ///
    /// `upstream` is the one that it came from, and nothing uses one of the blocks any more:
    /// neither a caller nor a list nor a cursor.
    pub(crate) unsafe fn release<A: Allocator>(self, upstream: &A) -> usize {
        let Foot { start, layout, .. } = *self.foot();
        // SAFETY: C2; the caller's promise.
        unsafe { checker::give_back(start.as_ptr(), self.room()) };
        // SAFETY: C1; by C4 and the caller's promise it is not used afterwards.
        unsafe { upstream.deallocate(start, layout) };
        layout.size()
    }

    #[inline]
    fn foot(&self) -> &Foot {
        // SAFETY: C1; by C4 it is written to through a `&mut` of this value only.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn foot_mut(&mut self) -> &mut Foot {
        // SAFETY: C1; by C4 this is the only access.
        unsafe { self.0.as_mut() }
    }

    /// Tells [`checker`]s that all blocks are nobody's. The foot is never hidden from the pool.
    ///
    /// # Safety
    ///
    /// Nothing uses one of them any more: neither a caller nor a list.
    pub(crate) unsafe fn retire(&self) {
        // SAFETY: C2; the caller's promise.
        unsafe { checker::retire(self.foot().start.as_ptr(), self.room()) };
    }

    /// Bytes of all blocks.
    fn room(&self) -> usize {
        let Foot { blocks, size, .. } = *self.foot();
        blocks * size
    }

    /// What the upstream was asked for, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.foot().layout.size()
    }

    /// The number of blocks, not zero.
    pub(crate) fn blocks(&self) -> usize {
        self.foot().blocks
    }

    /// The address of the first block.
    pub(crate) fn start(&self) -> usize {
        self.foot().start.addr().get()
    }

    /// The number of the block that begins at `address`.
    pub(crate) fn index_of(&self, address: usize) -> Option<usize> {
        let Foot {
            start,
            blocks,
            size,
            ..
        } = *self.foot();
        math::block_index(start.addr().get(), blocks, size, address)
    }

    /// The start of a block, with the provenance of the chunk.
    pub(crate) fn block(&self, index: usize) -> NonNull<u8> {
        let Foot {
            start,
            blocks,
            size,
            ..
        } = *self.foot();
        assert!(index < blocks, "only numbers from `index_of` come here");
        // SAFETY: C2; the number is in range.
        unsafe { start.add(index * size) }
    }

    /// Takes all blocks of the chunk at once.
    ///
    /// # Safety
    ///
    /// Nothing uses one of the blocks: neither a caller nor a list nor another cursor; and while
    /// the cursor or a block of it exists, the chunk is not released, nor is this called again.
    pub(crate) unsafe fn carve(&self) -> Cursor {
        let Foot {
            start,
            blocks,
            size,
            ..
        } = *self.foot();
        Cursor {
            next: start,
            left: blocks,
            size,
        }
    }
}

/// Marks of the blocks in use, if [`check::ENABLED`].
impl Chunk {
    /// The word that holds the mark of a block, and the bit in it.
    fn mark_of(&self, index: usize) -> (NonNull<usize>, usize) {
        assert!(
            check::ENABLED && index < self.blocks(),
            "there is no such mark"
        );
        // SAFETY: C3: the words begin at the end of the foot.
        let words = unsafe { self.0.add(1) }.cast::<usize>();
        // SAFETY: C3: there is a word for every block.
        let word = unsafe { words.add(index / MARKS) };
        (word, 1 << (index % MARKS))
    }

    /// Tells whether a block is in use.
    pub(crate) fn is_marked(&self, index: usize) -> bool {
        let (word, bit) = self.mark_of(index);
        // SAFETY: C3 says that it is initialised; no reference to it exists and no other thread has
        // this value.
        let marks = unsafe { word.read() };
        marks & bit != 0
    }

    /// Notes whether a block is in use.
    pub(crate) fn mark(&self, index: usize, used: bool) {
        let (word, bit) = self.mark_of(index);
        // SAFETY: C3 says that it is initialised; no reference to it exists and no other thread has
        // this value.
        let marks = unsafe { word.read() };
        let marks = if used { marks | bit } else { marks & !bit };
        // SAFETY: as before.
        unsafe { word.write(marks) };
    }

    /// Notes that no block is in use.
    pub(crate) fn unmark_all(&self) {
        if !check::ENABLED {
            return;
        }
        for index in (0..self.blocks()).step_by(MARKS) {
            let (word, _) = self.mark_of(index);
            // SAFETY: the word lies within the chunk; no reference to it exists. This establishes C3.
            unsafe { word.write(0) };
        }
    }
}

/// A chunk together with the chunks behind it.
#[derive(Debug)]
pub(crate) struct Linked(Chunk);

impl Linked {
    /// The first chunk.
    pub(crate) fn chunk(&self) -> &Chunk {
        &self.0
    }
}

impl Node for Linked {
    type Lone = Chunk;

    fn join(mut lone: Chunk, rest: Option<Self>) -> Self {
        lone.foot_mut().next = rest;
        Self(lone)
    }

    fn split(mut self) -> (Chunk, Option<Self>) {
        let rest = self.0.foot_mut().next.take();
        (self.0, rest)
    }

    fn addr(&self) -> usize {
        self.0.start()
    }
}

impl Visible for Linked {
    fn next(&self) -> Option<&Self> {
        self.0.foot().next.as_ref()
    }
}

/// Chunks in a row.
pub(crate) type Chunks = List<Linked>;

/// The blocks at the end of a chunk that were never handed out.
///
/// - K1: from `next` on stand `left` blocks of `size` bytes, and nothing else uses them. They are as C2 says.
#[derive(Debug)]
pub(crate) struct Cursor {
    next: NonNull<u8>,
    left: usize,
    size: usize,
}

impl Cursor {
    /// No blocks.
    pub(crate) const EMPTY: Self = Self {
        next: NonNull::dangling(),
        left: 0,
        size: 0,
    };

    /// The number of blocks.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Takes a block off. The memory is not touched.
    #[inline]
    pub(crate) fn carve(&mut self) -> Option<Block> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: K1 is F1 and F2 of this block, which the cursor gives up below.
        let block = unsafe { Block::new(self.next) };
        // SAFETY: K1: there was a block, so this is at most the end of the last one.
        self.next = unsafe { self.next.add(self.size) };
        Some(block)
    }
}

impl Default for Cursor {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

#[cfg(test)]
mod layout {
    use super::{FOOT, Foot};
    use crate::free_list::LINK;
    use memoffset::{offset_of, span_of};

    // A block's alignment is at least a link's, so the foot behind a row of blocks is aligned, and
    // so are the marks behind the foot.
    const _: () = assert!(FOOT.align() <= LINK.align());
    const _: () = assert!(FOOT.size().is_multiple_of(align_of::<usize>()));
    // A walk over the chunks reads one cache line of each.
    const _: () = assert!(FOOT.size() <= 64);
    const _: () = assert!(offset_of!(Foot, next) < FOOT.size());
    const _: () = assert!(offset_of!(Foot, start) % align_of::<*const u8>() == 0);

    #[test]
    fn nothing_in_the_foot_is_padding() {
        let spans = [
            span_of!(Foot, next),
            span_of!(Foot, start),
            span_of!(Foot, blocks),
            span_of!(Foot, size),
            span_of!(Foot, layout),
        ];
        assert_eq!(
            spans.map(|span| span.len()).iter().sum::<usize>(),
            FOOT.size()
        );
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use alloc_core::Global;

    fn block(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn a_chunk_carves_aligned_blocks_in_a_row() {
        for (size, align) in [(8, 8), (48, 16), (4096, 4096)] {
            let chunk = Chunk::allocate(block(size, align), 70, &Global).unwrap();
            // SAFETY: the chunk is new, and released after the last use of the cursor.
            let mut cursor = unsafe { chunk.carve() };
            for index in 0..70 {
                let start = cursor.carve().unwrap().into_raw();
                assert_eq!(start.addr().get() % align, 0);
                assert_eq!(start, chunk.block(index));
                assert_eq!(chunk.index_of(start.addr().get()), Some(index));
                assert_eq!(chunk.index_of(start.addr().get() + 1), None);
            }
            assert!(cursor.carve().is_none());
            // SAFETY: from this upstream, and its blocks are not used any more.
            let bytes = unsafe { chunk.release(&Global) };
            assert!(bytes >= 70 * size + FOOT.size());
        }
    }

    #[test]
    fn marks_are_one_for_each_block() {
        if !check::ENABLED {
            return;
        }
        let chunk = Chunk::allocate(block(8, 8), 130, &Global).unwrap();
        for index in [0, 1, 63, 64, 129] {
            assert!(!chunk.is_marked(index));
            chunk.mark(index, true);
            assert!(chunk.is_marked(index));
        }
        chunk.mark(64, false);
        assert_eq!((0..130).filter(|&index| chunk.is_marked(index)).count(), 4);
        chunk.unmark_all();
        assert!((0..130).all(|index| !chunk.is_marked(index)));
        // SAFETY: from this upstream; nothing uses its blocks.
        unsafe { chunk.release(&Global) };
    }

    #[test]
    fn a_chunk_too_large_is_an_error() {
        let half = block(1 << (usize::BITS - 2), 8);
        assert!(Chunk::allocate(half, 2, &Global).is_err());
        assert!(Chunk::allocate(half, usize::MAX, &Global).is_err());
    }
}
