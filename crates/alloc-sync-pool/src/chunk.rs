//! The one owner of raw memory: an append-only list of chunks.
//!
//! ```text
//! head ──▶ ┌ header ───────────────┐  next ──▶ ┌ header ─ .. ┐  next ──▶ null
//!          │ next, words, blocks.. │           └ words ─ ..  │
//!          │ hint (a line of its own)          └ blocks ─ .. ┘
//!          ├ words: one bit a block┤
//!          ├ blocks: never touched ┤
//!          └───────────────────────┘
//! ```
//!
//! A chunk is one block of the upstream. It is complete before it is published and its header is
//! never written again, apart from the atomics in it. It is given back when the list is dropped, by
//! somebody who is alone with it; until then every pointer to it is valid.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::slice;

use alloc_core::{AllocError, Allocator, checker};

use crate::bitmap::{Bitmap, Claim};
use crate::line::{LINE, OwnLine};
use crate::math::{self, Stride};
use crate::sync::{self, AtomicPtr, AtomicUsize, BITS, Frozen, Ordering, const_fn};

/// Bitmaps of a chunk: which blocks are taken, and in debug builds which are handed out.
const MAPS: usize = if cfg!(debug_assertions) { 2 } else { 1 };

/// The start of a chunk.
///
/// The first line, or two where they are short, is only read once the chunk is published. The next one is
/// written by whoever finds a word full or not full any more. The words follow on a line of their own, and
/// so do the blocks.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Header {
    /// What never changes.
    fixed: Frozen<Fixed>,
    /// The word to look at first.
    hint: OwnLine<AtomicUsize>,
}

/// What is known of a chunk from its creation on.
#[derive(Debug)]
struct Fixed {
    /// C1: null or a chunk published before this one, with the provenance that its upstream gave
    /// it.
    next: *mut Header,
    /// C2: [`MAPS`] times `words_for(len)` initialised words in the memory of this chunk.
    words: NonNull<AtomicUsize>,
    /// C3: `len` times `stride` bytes in the memory of this chunk, aligned for a block, and
    /// accessed by nobody but the blocks' owners.
    blocks: NonNull<u8>,
    /// Blocks.
    len: usize,
    /// From one block to the next: the block's size, a multiple of its alignment.
    stride: Stride,
    /// C4: what this chunk was allocated with.
    layout: Layout,
}

impl Header {
    /// Takes a chunk of `len` blocks from `upstream`; all of them are free. Nobody else knows it
    /// yet.
    fn create<A: Allocator>(
        upstream: &A,
        next: *mut Self,
        block: Layout,
        len: usize,
    ) -> Result<NonNull<Self>, AllocError> {
        let count = MAPS * math::words_for(len);
        let array = Layout::array::<AtomicUsize>(count).map_err(|_| AllocError)?;
        let shape =
            math::shape(Layout::new::<Self>(), array, LINE, block, len).ok_or(AllocError)?;
        let memory: NonNull<u8> = upstream.allocate(shape.layout)?.cast();
        // SAFETY: `shape` puts the words inside the layout just allocated.
        let words = unsafe { memory.add(shape.words) }.cast::<AtomicUsize>();
        for index in 0..count {
            // SAFETY: there is room for `count` words.
            let word = unsafe { words.add(index) };
            // SAFETY: inside the new memory, which is exclusively ours and aligned for words
            // (`shape`).
            unsafe { word.write(AtomicUsize::new(0)) };
        }
        // SAFETY: `shape` puts the blocks inside the layout just allocated.
        let blocks = unsafe { memory.add(shape.blocks) };
        let header = memory.cast::<Self>();
        let stride = Stride::new(block.size());
        let fixed = Frozen::new(Fixed {
            next,
            words,
            blocks,
            len,
            stride,
            layout: shape.layout,
        });
        let fields = Self {
            fixed,
            hint: OwnLine(AtomicUsize::new(0)),
        };
        // SAFETY: the memory is exclusively ours, and starts with room for a header, aligned for it
        // (`shape`).
        unsafe { header.write(fields) };
        if math::is_watched(block.size()) {
            // SAFETY: `shape`, as above; nobody uses a block yet.
            unsafe { checker::retire(blocks.as_ptr(), len * block.size()) };
        }
        Ok(header)
    }

    /// Tells [`checker`]s that all blocks are nobody's.
    ///
    /// # Safety
    ///
    /// Nobody uses one of them any more.
    pub(crate) unsafe fn retire(&self) {
        let &Fixed {
            blocks,
            len,
            stride,
            ..
        } = self.fixed.get();
        if math::is_watched(stride.bytes()) {
            // SAFETY: C3; the caller's promise.
            unsafe { checker::retire(blocks.as_ptr(), len * stride.bytes()) };
        }
    }

    /// Blocks.
    pub(crate) fn len(&self) -> usize {
        self.fixed.get().len
    }

    /// The bits of the blocks.
    pub(crate) fn bitmap(&self) -> Bitmap<'_> {
        let &Fixed { words, len, .. } = self.fixed.get();
        // SAFETY: C2; words are only accessed through shared references, and the chunk outlives the
        // borrow of its header.
        let words = unsafe { slice::from_raw_parts(words.as_ptr(), math::words_for(len)) };
        Bitmap::new(words, len, &self.hint.0)
    }

    /// Which blocks somebody has who may free them: not those that are free, nor those in a
    /// magazine. Kept by debug builds only.
    pub(crate) fn handed_out(&self) -> Bitmap<'_> {
        let &Fixed { words, len, .. } = self.fixed.get();
        let count = math::words_for(len);
        // SAFETY: C2: the last map.
        let words = unsafe { words.add((MAPS - 1) * count) };
        // SAFETY: as in `bitmap`.
        let words = unsafe { slice::from_raw_parts(words.as_ptr(), count) };
        Bitmap::new(words, len, &self.hint.0)
    }

    /// The start of block `index`, which is one of the bitmap's.
    pub(crate) fn block(&self, index: usize) -> NonNull<u8> {
        let &Fixed {
            blocks,
            len,
            stride,
            ..
        } = self.fixed.get();
        debug_assert!(index < len);
        // SAFETY: C3; an index that comes from the bitmap is less than `len`.
        unsafe { blocks.add(index * stride.bytes()) }
    }

    /// The starts of the blocks of a claim of this chunk.
    #[inline]
    pub(crate) fn blocks(&self, claim: Claim) -> impl Iterator<Item = NonNull<u8>> {
        let &Fixed { blocks, stride, .. } = self.fixed.get();
        // SAFETY: C3: a claim has a block, and that of its word's first bit is not behind it.
        let start = unsafe { blocks.add(claim.word * BITS * stride.bytes()) };
        let mut mask = claim.mask;
        core::iter::from_fn(move || {
            if mask == 0 {
                return None;
            }
            let bit = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            // SAFETY: C3: the bit stands for a block.
            Some(unsafe { start.add(bit * stride.bytes()) })
        })
    }

    /// Tells whether `address` lies among the blocks.
    pub(crate) fn contains(&self, address: usize) -> bool {
        let &Fixed {
            blocks,
            len,
            stride,
            ..
        } = self.fixed.get();
        address.wrapping_sub(blocks.addr().get()) < len * stride.bytes()
    }

    /// The index of the block that starts at `ptr`, if it is one of this chunk.
    #[inline]
    pub(crate) fn index_of(&self, ptr: NonNull<u8>) -> Option<usize> {
        let Fixed {
            blocks,
            len,
            stride,
            ..
        } = self.fixed.get();
        let offset = ptr.addr().get().wrapping_sub(blocks.addr().get());
        stride.index_of(offset, *len)
    }
}

/// All chunks of a pool, newest first, and the upstream they come from.
#[derive(Debug)]
pub(crate) struct ChunkList<A: Allocator> {
    /// L1: null or a published chunk. Chunks are never taken out of the list while it is shared, so
    /// no value returns, and a compare-exchange that finds the old value has missed nothing.
    head: AtomicPtr<Header>,
    /// L2: null or a published chunk: the one that had a free block last. On a line of its own: it is written to by
    /// whoever finds blocks elsewhere, and what lies around it is read for each block.
    current: OwnLine<AtomicPtr<Header>>,
    /// L3: every published chunk is currently allocated by this.
    upstream: A,
}

impl<A: Allocator> ChunkList<A> {
    const_fn! {
        /// The empty list.
        pub(crate) const fn new(upstream: A) -> Self {
            let head = AtomicPtr::new(ptr::null_mut());
            let current = OwnLine(AtomicPtr::new(ptr::null_mut()));
            Self { head, current, upstream }
        }
    }

    /// Where the memory comes from.
    pub(crate) const fn upstream(&self) -> &A {
        &self.upstream
    }

    /// The newest chunk, as [`grow`](Self::grow) wants it.
    pub(crate) fn head(&self) -> *mut Header {
        // Acquire: pairs with the Release in `grow`, so that the header and the words are seen as
        // they were written.
        self.head.load(Ordering::Acquire)
    }

    /// All chunks, newest first.
    pub(crate) fn iter(&self) -> Iter<'_> {
        // SAFETY: L1, C1; with the Acquire in `head` the header is initialised, and it lives as
        // long as the list, which is borrowed.
        let next = unsafe { self.head().as_ref() };
        Iter { next }
    }

    /// The chunk and index of the block that starts at `ptr`.
    pub(crate) fn locate(&self, ptr: NonNull<u8>) -> Option<(&Header, usize)> {
        self.iter()
            .find_map(|chunk| Some((chunk, chunk.index_of(ptr)?)))
    }

    /// The chunk in which `address` lies. Newest first: as chunks double, half of all blocks are
    /// found at once.
    pub(crate) fn find(&self, address: usize) -> Option<&Header> {
        self.iter().find(|chunk| chunk.contains(address))
    }

    /// Claims up to `want` free blocks of one word, in the chunk that had one last or else in any.
    pub(crate) fn claim(&self, want: usize) -> Option<(&Header, Claim)> {
        // Acquire: pairs with the Release below; whoever stored it had acquired that chunk through
        // `head` before.
        let current = self.current.0.load(Ordering::Acquire);
        // SAFETY: L2, and as in `iter`.
        let current_chunk = unsafe { current.as_ref() };
        if let Some(chunk) = current_chunk
            && let Some(claim) = chunk.bitmap().claim(want)
        {
            return Some((chunk, claim));
        }
        for chunk in self.iter().filter(|chunk| !ptr::eq(*chunk, current)) {
            if let Some(claim) = chunk.bitmap().claim(want) {
                let found = ptr::from_ref(chunk).cast_mut();
                // Release: pairs with the Acquire above.
                self.current.0.store(found, Ordering::Release);
                return Some((chunk, claim));
            }
        }
        None
    }

    /// Adds a chunk of `len` blocks, unless there is a newer one than `seen` by now, which is as
    /// good.
    ///
    /// The loser of that race gives its chunk back, so no more chunks are taken in vain than
    /// threads are in here.
    pub(crate) fn grow(
        &self,
        seen: *mut Header,
        block: Layout,
        len: usize,
    ) -> Result<(), AllocError> {
        let chunk = Header::create(&self.upstream, seen, block, len)?;
        // Release: pairs with the Acquire in `head`. Relaxed on failure: the other chunk is not
        // looked at here.
        let published =
            self.head
                .compare_exchange(seen, chunk.as_ptr(), Ordering::Release, Ordering::Relaxed);
        if published.is_err() {
            // SAFETY: it was just created and nobody else knows it.
            unsafe { self.destroy(chunk) };
        }
        Ok(())
    }

    /// Gives a chunk back.
    ///
    /// # Safety
    ///
    /// The chunk was created by this list, and nobody uses it or will.
    unsafe fn destroy(&self, chunk: NonNull<Header>) {
        // SAFETY: the chunk still exists.
        let &Fixed {
            layout,
            blocks,
            len,
            stride,
            ..
        } = unsafe { chunk.as_ref() }.fixed.get();
        // SAFETY: C3; nobody uses a block.
        unsafe { checker::give_back(blocks.as_ptr(), len * stride.bytes()) };
        // SAFETY: L3 and C4; neither the header nor the words have a destructor.
        unsafe { self.upstream.deallocate(chunk.cast(), layout) };
    }
}

impl<A: Allocator> Drop for ChunkList<A> {
    fn drop(&mut self) {
        let mut next = NonNull::new(sync::load_exclusive(&mut self.head));
        while let Some(chunk) = next {
            // SAFETY: L1, C1; whoever made this list exclusive to us made its chunks visible as
            // well.
            next = NonNull::new(unsafe { chunk.as_ref() }.fixed.get().next);
            // SAFETY: the list is not shared any more, and no block outlives it.
            unsafe { self.destroy(chunk) };
        }
    }
}

/// The chunks of a list, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Iter<'a> {
    /// The one to return next.
    next: Option<&'a Header>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Header;

    fn next(&mut self) -> Option<&'a Header> {
        let chunk = self.next?;
        // SAFETY: C1: published before this chunk, and so visible to whoever sees this chunk; it
        // lives as long.
        self.next = unsafe { chunk.fixed.get().next.as_ref() };
        Some(chunk)
    }
}

#[cfg(test)]
mod layout {
    use super::{Header, LINE};
    use memoffset::{offset_of, span_of};

    // What every thread reads lies on lines that nobody writes, one where it is long; the hint on one of its own.
    const HINT: usize = offset_of!(Header, hint);
    const _: () = assert!(offset_of!(Header, fixed) == 0);
    const _: () = assert!(HINT.is_multiple_of(LINE) && (LINE < 128 || HINT == LINE));
    const _: () = assert!(size_of::<Header>() == HINT + LINE);
    const _: () = assert!(align_of::<Header>() == LINE);

    #[test]
    fn nothing_shares_the_line_of_the_hint() {
        assert!(span_of!(Header, fixed).end <= HINT);
        assert_eq!(span_of!(Header, hint), HINT..HINT + LINE);
    }
}
