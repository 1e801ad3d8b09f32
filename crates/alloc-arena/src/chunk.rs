//! Chunks: the one place that takes memory from the upstream and gives it back.
//!
//! ```text
//!  start            data                      end                 lim
//!    ├─ Header ──────┼─ blocks of this phase ──┼─ free ─────────────┤
//!
//!  head ─▶ chunk ─▶ chunk ─▶ chunk ─▶ chunk ─▶ chunk ─▶ nothing
//!          └───── in use ─────┘       └─ kept for later ─┘
//!                        last ┘
//! ```
//!
//! All chunks stand in one list: first those in use, in the order in which they came into use, then
//! those that are kept. That order is what makes a frame loop settle: the same requests after a
//! rewind meet the same chunks in the same order, and none is missing.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator};

use crate::edge::Edge;
use crate::growth::Growth;
use crate::math;

mod checked;

/// What stands at the start of each chunk.
#[repr(C)]
struct Header {
    /// The chunk after this one.
    next: Cell<Option<Chunk>>,
    /// Where the blocks of this chunk end, while it is in use and the arena's cursor is elsewhere.
    end: Cell<*mut u8>,
    /// Where the first block starts, while the chunk is in use: no block starts before it.
    first: Cell<*mut u8>,
    /// Bytes of the whole chunk, with this header.
    size: usize,
}

/// A chunk that is allocated. A copyable handle, not an owner: `Chunks` owns.
///
/// - **C1** The pointer denotes a block that is currently allocated by the upstream of the `Chunks`
///   that made this handle. A layout of `Header::size` bytes aligned to `start_align` fits it, and
///   the pointer's provenance covers all of it. Whoever ends that (`Chunks::release_kept`, `grow`)
///   answers for all handles, but for those that are only copied, compared and shown: a checkpoint
///   may outlive its arena.
/// - **C2** An initialised `Header` stands at its start, and nobody else reads or writes these
///   bytes.
/// - **C3** `data <= lim`, and both lie within the block or at its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk(NonNull<Header>);

/// What heaps align every block to anyway: 16 bytes on 64-bit machines.
const HEAP_ALIGN: usize = 2 * size_of::<usize>();

/// The alignment of every chunk.
pub(crate) const fn start_align(min_align: usize) -> usize {
    if min_align > HEAP_ALIGN {
        min_align
    } else {
        HEAP_ALIGN
    }
}

/// From the start of a chunk to its first block: the header, rounded up to the alignment of the
/// chunk.
pub(crate) const fn data_offset(min_align: usize) -> usize {
    math::round_up(size_of::<Header>(), start_align(min_align))
}

impl Chunk {
    fn header(&self) -> &Header {
        // SAFETY: C1 and C2. The lifetime is that of a borrow of this handle, and handles are gone
        // before their chunk (C1).
        unsafe { self.0.as_ref() }
    }

    /// Bytes of the whole chunk, with its header.
    pub(crate) fn size(self) -> usize {
        self.header().size
    }

    fn next(self) -> Option<Self> {
        self.header().next.get()
    }

    /// Where the blocks start; aligned to `start_align`.
    pub(crate) fn data(self, min_align: usize) -> *mut u8 {
        // Within the chunk or at its end by C3.
        self.0
            .as_ptr()
            .cast::<u8>()
            .wrapping_add(data_offset(min_align))
    }

    /// Where the blocks must end; a multiple of the minimum alignment.
    pub(crate) fn lim(self, min_align: usize) -> *mut u8 {
        let start = self.0.as_ptr().cast::<u8>();
        // The start is a multiple of `min_align`, so rounding the size rounds the address.
        start.wrapping_add(math::round_down(self.size(), min_align))
    }

    /// Where the blocks of this chunk end, as last set.
    pub(crate) fn end(self) -> *mut u8 {
        self.header().end.get()
    }

    /// Notes where the blocks of this chunk end.
    pub(crate) fn set_end(self, end: *mut u8) {
        debug_assert!(
            self.0.as_ptr().addr() < end.addr(),
            "an end before the chunk"
        );
        debug_assert!(
            end.addr() - self.0.as_ptr().addr() <= self.size(),
            "an end after the chunk"
        );
        self.header().end.set(end);
    }

    /// Where the first block starts.
    pub(crate) fn first(self) -> *mut u8 {
        self.header().first.get()
    }

    /// Notes where the first block starts.
    pub(crate) fn set_first(self, start: *mut u8) {
        self.header().first.set(start);
    }

    /// The place for a block of this layout, and its end, if the chunk were empty.
    pub(crate) fn place(self, layout: Layout, min_align: usize) -> Option<(*mut u8, *mut u8)> {
        let (start, end) = self.placed(layout, min_align);
        let lim = Edge::before(self.lim(min_align), min_align);
        let has_room = !Edge::before(end, min_align).exceeds(lim);
        has_room.then_some((start, end))
    }

    /// The same where it is known that there is room.
    pub(crate) fn placed(self, layout: Layout, min_align: usize) -> (*mut u8, *mut u8) {
        let data = Edge::before(self.data(min_align), min_align);
        let (start, end) = data.bump(layout, min_align);
        (start, end.ptr(min_align))
    }
}

/// A chunk, and where in it the block lies that it was sought for: from here to there.
pub(crate) type Placed = (Chunk, (*mut u8, *mut u8));

/// All chunks of one arena, and the upstream that they came from.
///
/// - **L1** The list from `head` holds each chunk that was taken from `upstream` and not given
///   back, once, and ends.
/// - **L2** `last` is in the list, or `None`. The chunks up to it are in use, those after it are
///   kept.
/// - **L3** `reserved` is the sum of the sizes of all of them.
pub(crate) struct Chunks<A: Allocator, const MIN_ALIGN: usize> {
    head: Cell<Option<Chunk>>,
    last: Cell<Option<Chunk>>,
    reserved: Cell<usize>,
    upstream: A,
}

impl<A: Allocator, const MIN_ALIGN: usize> Chunks<A, MIN_ALIGN> {
    /// The largest size of a layout with the alignment of chunks: rounded up to it, a size must not
    /// exceed `isize::MAX`.
    const LARGEST: usize = isize::MAX.cast_unsigned() + 1 - start_align(MIN_ALIGN);

    pub(crate) const fn new(upstream: A) -> Self {
        Self {
            head: Cell::new(None),
            last: Cell::new(None),
            reserved: Cell::new(0),
            upstream,
        }
    }

    pub(crate) const fn upstream(&self) -> &A {
        &self.upstream
    }

    /// Bytes taken from the upstream, headers included.
    pub(crate) fn reserved(&self) -> usize {
        self.reserved.get()
    }

    /// The chunk that came into use last. To be given to `rewind`.
    pub(crate) fn last(&self) -> Option<Chunk> {
        self.last.get()
    }

    /// Puts all chunks that came into use after `last` back among the kept ones.
    pub(crate) fn rewind(&self, last: Option<Chunk>) {
        debug_assert!(last.is_none_or(|last| self.in_use().any(|chunk| chunk == last)));
        self.last.set(last);
    }

    /// The chunks in use, in the order in which they came into use.
    pub(crate) fn in_use(&self) -> impl Iterator<Item = Chunk> + use<'_, A, MIN_ALIGN> {
        core::iter::successors(self.in_use_after(None), |&chunk| {
            self.in_use_after(Some(chunk))
        })
    }

    /// The chunk in use after `before`, which is one of them, or the first one.
    pub(crate) fn in_use_after(&self, before: Option<Chunk>) -> Option<Chunk> {
        if before == self.last.get() {
            None
        } else {
            self.after(before)
        }
    }

    /// The number of chunks, in use or kept.
    pub(crate) fn count(&self) -> usize {
        core::iter::successors(self.head.get(), |chunk| chunk.next()).count()
    }

    /// Takes into use the first kept chunk that has room for such a block.
    ///
    /// The ones that are passed over stay kept.
    pub(crate) fn take(&self, layout: Layout) -> Option<Placed> {
        let mut before = self.last.get();
        while let Some(chunk) = self.after(before) {
            if let Some(place) = chunk.place(layout, MIN_ALIGN) {
                self.set_after(before, chunk.next());
                self.push(chunk);
                return Some((chunk, place));
            }
            before = Some(chunk);
        }
        None
    }

    /// Takes a chunk of at least `bytes` from the upstream, and into use.
    ///
    /// What the upstream returns beyond `bytes` is used, as far as the limit has room for it.
    ///
    /// # Errors
    ///
    /// If there is no such layout, the upstream refuses, or the limit has no room: the upstream may
    /// have come back to this arena meanwhile and used it up.
    pub(crate) fn acquire(&self, bytes: usize, growth: &Growth) -> Result<Chunk, AllocError> {
        debug_assert!(data_offset(MIN_ALIGN) <= bytes, "a chunk without room");
        let layout =
            Layout::from_size_align(bytes, start_align(MIN_ALIGN)).map_err(|_| AllocError)?;
        let block = self.upstream.allocate(layout)?;
        debug_assert!(
            block.len() >= bytes,
            "the upstream returned less than was asked for"
        );
        let room = growth.room(self.reserved.get());
        if bytes > room {
            // SAFETY: allocated just now with this layout, and nobody else knows it.
            unsafe { self.upstream.deallocate(block.cast(), layout) };
            return Err(AllocError);
        }
        // A size between the asked and the returned one, so that a layout of it fits the block. There
        // is such a layout, since `bytes` is not above `LARGEST` either.
        let size = block.len().min(room).min(Self::LARGEST);
        let header = block.cast::<Header>();
        let nowhere = Cell::new(header.as_ptr().cast::<u8>());
        // SAFETY: the block is fresh, at least `data_offset` long, and aligned for a header.
        unsafe {
            header.write(Header {
                next: Cell::new(None),
                end: nowhere.clone(),
                first: nowhere,
                size,
            });
        };
        // C1 and C2 hold from here on. C3: `data_offset <= bytes <= size`, and both are multiples
        // of `MIN_ALIGN` when rounded.
        let chunk = Chunk(header);
        // SAFETY: there is no block in it yet.
        unsafe { chunk.retire_from(chunk.data(MIN_ALIGN)) };
        self.push(chunk);
        // Chunks are disjoint and so fit in the address space together: no overflow.
        self.reserved.set(self.reserved.get() + size);
        Ok(chunk)
    }

    /// The chunk in use after `floor` that holds one block and nothing else, up to `end`. `end_of` tells
    /// where the blocks of a chunk end.
    ///
    /// # Complexity
    ///
    /// Linear in the number of chunks.
    pub(crate) fn holding_only(
        &self,
        floor: Option<Chunk>,
        block: *mut u8,
        end: *mut u8,
        end_of: impl Fn(Chunk) -> *mut u8,
    ) -> Option<Chunk> {
        let mut before = floor;
        while before != self.last.get()
            && let Some(chunk) = self.after(before)
        {
            // Addresses are enough: by L1 each chunk is taken once, so no two of them overlap.
            if chunk.first().addr() == block.addr() && end_of(chunk).addr() == end.addr() {
                return Some(chunk);
            }
            before = Some(chunk);
        }
        None
    }

    /// Takes a chunk that is in use out of the list.
    fn unlink(&self, chunk: Chunk) {
        let mut before = None;
        while let Some(next) = self.after(before) {
            if next == chunk {
                self.set_after(before, chunk.next());
                if self.last.get() == Some(chunk) {
                    self.last.set(before);
                }
                return;
            }
            before = Some(next);
        }
    }

    /// Has the upstream grow a chunk in use to `bytes`, wherever it may lie then; it comes to stand
    /// last of those in use. Its `end` is set before, and by the caller after it. While the upstream
    /// works, which may come back to this arena, the chunk is in no list.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire); the chunk is where and what it was, but last.
    ///
    /// # Safety
    ///
    /// No `Chunk` of this list that equals `chunk` is used afterwards, nor any pointer into it, unless
    /// this errs.
    pub(crate) unsafe fn grow(
        &self,
        chunk: Chunk,
        bytes: usize,
        growth: &Growth,
    ) -> Result<Chunk, AllocError> {
        let old = chunk.size();
        let first = chunk.first().addr() - chunk.0.addr().get();
        debug_assert!(old < bytes, "a chunk that shrinks");
        let align = start_align(MIN_ALIGN);
        let layout = Layout::from_size_align(bytes, align).map_err(|_| AllocError)?;
        if bytes - old > growth.room(self.reserved.get()) {
            return Err(AllocError);
        }
        // SAFETY: `acquire` takes no size above `LARGEST`, the largest of a layout of this alignment.
        let old_layout = unsafe { Layout::from_size_align_unchecked(old, align) };
        self.unlink(chunk);
        // Counted before, so that nobody takes the room meanwhile.
        self.reserved.set(self.reserved.get() + (bytes - old));
        // SAFETY: no block ends after `end`.
        unsafe { chunk.give_back_from(chunk.end()) };
        // SAFETY: no block starts before the first one.
        unsafe { chunk.give_back_padding(MIN_ALIGN) };
        // SAFETY: C1 says that the old layout fits; the new one has the same alignment and is larger.
        let grown = unsafe { self.upstream.grow(chunk.0.cast(), old_layout, layout) };
        let Ok(block) = grown else {
            self.reserved.set(self.reserved.get() - (bytes - old));
            // SAFETY: no block ends after `end`.
            unsafe { chunk.retire_from(chunk.end()) };
            // SAFETY: no block starts before the first one.
            unsafe { chunk.retire_padding(MIN_ALIGN) };
            self.push(chunk);
            return Err(AllocError);
        };
        let (header, start) = (block.cast::<Header>(), block.cast::<u8>().as_ptr());
        let end = Cell::new(start);
        // What was in the chunk is where it was from its start.
        let first = Cell::new(start.wrapping_add(first));
        // SAFETY: the block is at least as long as before and aligned as before; the header in it is
        // nobody else's. The chunk is exactly as large as was asked for, so that its layout fits.
        unsafe {
            header.write(Header {
                next: Cell::new(None),
                end,
                first,
                size: bytes,
            });
        };
        let chunk = Chunk(header);
        self.push(chunk);
        Ok(chunk)
    }

    /// Gives every chunk back to the upstream.
    ///
    /// # Safety
    ///
    /// No block and no `Chunk` of this list is used afterwards.
    pub(crate) unsafe fn release(&mut self) {
        self.last.set(None);
        // SAFETY: all chunks are kept ones now; the caller's promise.
        unsafe { self.release_kept() };
    }

    /// Gives the kept chunks back to the upstream, and tells whether there were any.
    ///
    /// # Safety
    ///
    /// No block in a kept chunk and no `Chunk` of one is used afterwards.
    pub(crate) unsafe fn release_kept(&self) -> bool {
        let before = self.reserved.get();
        while let Some(chunk) = self.after(self.last.get()) {
            // Out of the list first: should the upstream come back or panic, nothing is freed twice.
            let size = chunk.size();
            self.set_after(self.last.get(), chunk.next());
            self.reserved.set(self.reserved.get() - size);
            // SAFETY: the caller says so.
            unsafe { chunk.give_back_from(chunk.data(MIN_ALIGN)) };
            // SAFETY: `acquire` takes no size above `LARGEST`, the largest of a layout of this
            // alignment.
            let layout = unsafe { Layout::from_size_align_unchecked(size, start_align(MIN_ALIGN)) };
            // SAFETY: C1 says that the layout fits; L1 that the chunk is in the list once; the
            // caller, that it is unused.
            unsafe { self.upstream.deallocate(chunk.0.cast(), layout) };
        }
        self.reserved.get() < before
    }

    /// Puts a chunk that is not in the list after the last one in use, and makes it that.
    fn push(&self, chunk: Chunk) {
        chunk.header().next.set(self.after(self.last.get()));
        self.set_after(self.last.get(), Some(chunk));
        self.last.set(Some(chunk));
    }

    /// The chunk after `before`, or the first one.
    fn after(&self, before: Option<Chunk>) -> Option<Chunk> {
        before.map_or(self.head.get(), Chunk::next)
    }

    fn set_after(&self, before: Option<Chunk>, chunk: Option<Chunk>) {
        match &before {
            Some(before) => before.header().next.set(chunk),
            None => self.head.set(chunk),
        }
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Drop for Chunks<A, MIN_ALIGN> {
    fn drop(&mut self) {
        // SAFETY: the arena goes with its chunks, and blocks do not outlive the arena.
        unsafe { self.release() };
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address alone: the chunk may be gone.
        fmt::Pointer::fmt(&self.0, f)
    }
}

/// The layout that the constants above rely on.
#[cfg(test)]
mod layout {
    use super::{Header, data_offset, start_align};
    use memoffset::{offset_of, span_of};

    const _: () = assert!(offset_of!(Header, next) == 0);
    const _: () = assert!(size_of::<Header>() == 4 * size_of::<usize>());
    const _: () = assert!(align_of::<Header>() <= start_align(1));
    const _: () = assert!(data_offset(64) == 64 && start_align(64) == 64);

    #[test]
    fn the_header_ends_before_the_data() {
        for min_align in [1, 8, 16, 64, 4096] {
            assert!(span_of!(Header, next..=size).end <= data_offset(min_align));
            assert!(data_offset(min_align).is_multiple_of(start_align(min_align)));
        }
    }
}
