//! The arena: a cursor over the current chunk, and what happens when that chunk is full.

use core::alloc::Layout;
use core::cell::Cell;

use alloc_core::{AllocError, Allocator, DefaultUpstream, checker};

use crate::api::{fallible_api, infallible_api};
use crate::chunk::{Chunk, Chunks, data_offset};
use crate::edge::Edge;
use crate::growth::{FIRST_CHUNK, Growth, MAX_CHUNK};
use crate::math;
use crate::scope::{Scope, ScopeGuard, scoped};
use crate::stats::Stats;

mod capabilities;
mod moments;
mod refill;

pub use moments::Checkpoint;
pub(crate) use moments::Lease;

/// The largest `MIN_ALIGN`: 4 KiB.
const MAX_MIN_ALIGN: usize = 4096;

/// A chunked arena: allocates by moving a cursor, frees everything at once.
///
/// `&Arena` is an [`Allocator`] for any container; values and slices can also be put into it
/// directly, and come back as `&mut` that live as long as the arena is not reset. **The arena runs
/// no destructors**: a value with a `Drop` is leaked unless a container, such as a `Box` in the
/// arena, owns it. [`TypedArena`](crate::TypedArena) runs them.
///
/// `MIN_ALIGN` (a power of two up to 4096) is what every block is aligned to and rounded up to;
/// blocks of that alignment or less cost no instruction for alignment. The default of 8 bytes suits
/// most programs, 1 packs bytes tightly, 64 gives each block its cache lines. A block of size zero takes
/// nothing; only where bytes are packed, with a `MIN_ALIGN` below 8, may one of a higher
/// alignment skip what is before the next multiple of it.
///
/// It is [`Send`] if its upstream is, and never `Sync`.
///
/// # Examples
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
///
/// let mut arena = Arena::new();
/// let point = arena.alloc((1.5_f64, 2.5_f64));
/// let word = arena.alloc_str("word");
/// let mut numbers = Vec::new_in(&arena);
/// numbers.extend(0..1000);
///
/// point.0 += 1.0;
/// assert_eq!((point.0, &*word, numbers.len()), (2.5, "word", 1000));
/// drop(numbers);
/// arena.reset(); // every chunk is kept for the next round
/// ```
// `repr(C)` keeps the cursor and its limit apart: a paired load of them would wait for the paired store.
#[repr(C)]
pub struct Arena<A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8> {
    /// **A1** A multiple of `MIN_ALIGN` between the data and the limit of `current`; no block of
    /// that chunk ends after it. Without a current chunk it is `MIN_ALIGN` itself, an address that
    /// is never used.
    cur: Cell<Edge>,
    /// **A2** The chunk that the cursor is in: one of those in use, or `None`. All others in use
    /// have their `end` set.
    current: Cell<Option<Chunk>>,
    /// **A3** `lim` of `current`. Without a current chunk it equals `cur`, so that nothing has
    /// room.
    lim: Cell<Edge>,
    growth: Growth,
    /// **A5** Marks, and whatever else keeps a [`Chunk`] or a pointer into one without a block there,
    /// know this chunk and those before it alone. Those in use after it may be moved.
    floor: Cell<Option<Chunk>>,
    /// Whether memory was taken back since the arena was empty. From then on chunks are not moved, so
    /// that the same requests after a rewind meet the same chunks.
    settled: Cell<bool>,
    /// **A4** All blocks lie in chunks in use, before the chunk's `end` (or `cur`, in `current`).
    chunks: Chunks<A, MIN_ALIGN>,
}

/// Where the data of a chunk in use starts and where its blocks end.
pub(crate) type Run = (*mut u8, *mut u8);

/// A moment in the life of an arena, to come back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    cur: Edge,
    current: Option<Chunk>,
    lim: Edge,
    last: Option<Chunk>,
    floor: Option<Chunk>,
}

#[cfg(feature = "alloc")]
impl Arena {
    /// Makes an empty arena over the global allocator. Takes no memory.
    pub const fn new() -> Self {
        Self::new_in(alloc_core::Global)
    }

    /// Makes an arena over the global allocator that holds `bytes` bytes before it takes another
    /// chunk.
    ///
    /// # Panics
    ///
    /// If the memory is not to be had, as `Vec::with_capacity` does;
    /// [`try_with_capacity`](Self::try_with_capacity) errs.
    pub fn with_capacity(bytes: usize) -> Self {
        Self::with_capacity_in(bytes, alloc_core::Global)
    }

    /// Makes an arena over the global allocator that holds `bytes` bytes before it takes another
    /// chunk.
    ///
    /// # Errors
    ///
    /// If the memory is not to be had.
    pub fn try_with_capacity(bytes: usize) -> Result<Self, AllocError> {
        Self::builder().capacity(bytes).try_build()
    }
}

impl<A: Allocator> Arena<A> {
    /// Makes an empty arena over `upstream`. Takes no memory.
    pub const fn new_in(upstream: A) -> Self {
        Self::with_min_align_in(upstream)
    }

    /// Makes an arena over `upstream` that holds `bytes` bytes before it takes another chunk.
    ///
    /// # Panics
    ///
    /// If the memory is not to be had; the builder's
    /// [`try_build_in`](crate::ArenaBuilder::try_build_in) errs.
    pub fn with_capacity_in(bytes: usize, upstream: A) -> Self {
        crate::ArenaBuilder::new()
            .capacity(bytes)
            .build_in(upstream)
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Arena<A, MIN_ALIGN> {
    /// From the start of a chunk to its data, and the least that a chunk holds there.
    const OFFSET: usize = data_offset(MIN_ALIGN);
    const SMALLEST: usize = Self::OFFSET + if MIN_ALIGN < 64 { 64 } else { MIN_ALIGN };

    /// Makes an empty arena over `upstream` with any minimum alignment. Takes no memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::{Arena, alloc_core::Global};
    ///
    /// let packed = Arena::<_, 1>::with_min_align_in(Global);
    /// packed.alloc(1_u8);
    /// packed.alloc(2_u8);
    /// assert_eq!(packed.used(), 2);
    /// ```
    pub const fn with_min_align_in(upstream: A) -> Self {
        Self::with_growth(FIRST_CHUNK, MAX_CHUNK, None, upstream)
    }

    pub(crate) const fn with_growth(
        first: usize,
        max: usize,
        limit: Option<usize>,
        upstream: A,
    ) -> Self {
        const {
            assert!(
                MIN_ALIGN.is_power_of_two(),
                "MIN_ALIGN is not a power of two"
            );
            assert!(MIN_ALIGN <= MAX_MIN_ALIGN, "MIN_ALIGN is larger than 4096");
        }
        let nowhere = Edge::nowhere(MIN_ALIGN);
        Self {
            cur: Cell::new(nowhere),
            current: Cell::new(None),
            lim: Cell::new(nowhere),
            growth: Growth::new(first, max, limit, Self::SMALLEST),
            floor: Cell::new(None),
            settled: Cell::new(false),
            chunks: Chunks::new(upstream),
        }
    }

    /// The allocator that chunks come from.
    pub const fn upstream(&self) -> &A {
        self.chunks.upstream()
    }

    /// Takes back every block and keeps every chunk for the next round.
    ///
    /// A loop that does the same in each round therefore calls the upstream in the first one, perhaps
    /// in the second, where blocks that grew with their chunk in the first one find other room, and
    /// then no more. Where a [limit](Self::set_limit) or the upstream has no room for that, kept chunks
    /// go back to the upstream before a request is refused, and a block grows with its chunk again.
    ///
    /// Runs no destructors.
    ///
    /// # Complexity
    ///
    /// Constant.
    pub fn reset(&mut self) {
        let nowhere = Edge::nowhere(MIN_ALIGN);
        let empty = Mark {
            cur: nowhere,
            current: None,
            lim: nowhere,
            last: None,
            floor: None,
        };
        // SAFETY: the state of an arena without blocks; `&mut self` says that nobody uses one.
        unsafe { self.rewind(&empty) };
    }

    /// Takes back every block and gives every chunk back to the upstream.
    pub fn release(&mut self) {
        self.reset();
        // SAFETY: the arena is reset: it has no block and no current chunk.
        unsafe { self.chunks.release() };
        self.settled.set(false);
    }

    /// The bytes that may be reserved from the upstream in all, if there is a limit.
    pub fn limit(&self) -> Option<usize> {
        self.growth.limit()
    }

    /// Limits the bytes that are reserved from the upstream in all, headers of chunks included.
    ///
    /// A limit below what is reserved already takes nothing away: it means that no chunk is added.
    pub fn set_limit(&self, limit: Option<usize>) {
        self.growth.set_limit(limit);
    }

    /// The bytes in blocks, with the padding before them and the rounding of their sizes.
    ///
    /// # Complexity
    ///
    /// Linear in the number of chunks.
    pub fn used(&self) -> usize {
        self.runs()
            .map(|(start, end)| end.addr() - start.addr())
            .sum()
    }

    /// The bytes taken from the upstream, with the headers of the chunks.
    pub fn reserved(&self) -> usize {
        self.chunks.reserved()
    }

    /// The number of chunks taken from the upstream.
    pub fn chunks(&self) -> usize {
        self.chunks.count()
    }

    /// `used`, `reserved` and `chunks` at this moment.
    pub fn stats(&self) -> Stats {
        Stats {
            used: self.used(),
            reserved: self.reserved(),
            chunks: self.chunks(),
        }
    }

    /// Runs `f` with a scope, and takes back what it allocated there when it is done.
    ///
    /// This holds as well when `f` unwinds. The chunks stay with the arena. What lives in the scope
    /// cannot leave it: see [`Scope`].
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::Arena;
    ///
    /// let mut arena = Arena::new();
    /// let longest = arena.scope(|scope| {
    ///     let words = scope.alloc_iter("a few short words".split(' '));
    ///     words.iter().map(|word| word.len()).max()
    /// });
    /// assert_eq!(longest, Some(5));
    /// assert_eq!(arena.used(), 0);
    /// ```
    pub fn scope<'env, F, R>(&mut self, f: F) -> R
    where
        F: for<'s> FnOnce(&mut Scope<'s, 'env, A, MIN_ALIGN>) -> R,
    {
        // SAFETY: `&mut self` says that whatever is allocated until then is allocated in the scope.
        unsafe { scoped(self, f) }
    }

    /// Begins a phase that ends with the value returned, which takes back what was allocated in it.
    ///
    /// The same as [`scope`](Self::scope) without a closure, for code that leaves by `?`, `break` or
    /// `return`: see [`ScopeGuard`].
    pub fn scope_guard(&mut self) -> ScopeGuard<'_, A, MIN_ALIGN> {
        // SAFETY: `&mut self` lasts as long as the guard.
        unsafe { ScopeGuard::new(self) }
    }

    infallible_api!('v, this => this);
    fallible_api!('v, this => this);

    /// This moment, to come back to. Chunks that are in use now are not moved until then.
    pub(crate) fn mark(&self) -> Mark {
        let floor = self.floor.replace(self.chunks.last());
        Mark {
            floor,
            cur: self.cur.get(),
            current: self.current.get(),
            lim: self.lim.get(),
            last: self.chunks.last(),
        }
    }

    /// Takes back what was allocated since `mark`.
    ///
    /// # Safety
    ///
    /// `mark` is of this arena, which was neither reset nor released nor rewound to before it
    /// since; no block that was allocated since is used any more, and none of those before it was
    /// deallocated, grown or shrunk since.
    pub(crate) unsafe fn rewind(&self, mark: &Mark) {
        // A1 to A4 held at the time of the mark, for the blocks of that time. Chunks in use then
        // other than `current` were not touched since, and the cursor of `current` comes with the
        // mark.
        if self.chunks.last().is_some() {
            self.settled.set(true);
        }
        if checker::WATCHED {
            // SAFETY: the caller's promise.
            unsafe { self.retire_since(mark) };
        }
        self.chunks.rewind(mark.last);
        self.cur.set(mark.cur);
        self.current.set(mark.current);
        self.lim.set(mark.lim);
        self.floor.set(mark.floor);
    }

    /// Tells [`checker`]s that what was allocated since `mark` is nobody's.
    ///
    /// # Safety
    ///
    /// As for [`rewind`](Self::rewind).
    unsafe fn retire_since(&self, mark: &Mark) {
        let mut before = mark.last;
        while let Some(chunk) = self.chunks.in_use_after(before) {
            // SAFETY: the chunk came into use after the mark, and with it all its blocks.
            unsafe { chunk.retire_from(chunk.data(MIN_ALIGN)) };
            before = Some(chunk);
        }
        if let Some(chunk) = mark.current {
            // SAFETY: blocks of the time of the mark end before its cursor (A1).
            unsafe { chunk.retire_from(mark.cur.ptr(MIN_ALIGN)) };
        }
    }

    /// The runs of the chunks in use.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run> + use<'_, A, MIN_ALIGN> {
        self.chunks.in_use().map(|chunk| self.run(chunk))
    }

    /// The chunk in use after `before`, or the first one, and its run.
    pub(crate) fn run_after(&self, before: Option<Chunk>) -> Option<(Chunk, Run)> {
        let chunk = self.chunks.in_use_after(before)?;
        Some((chunk, self.run(chunk)))
    }

    fn run(&self, chunk: Chunk) -> Run {
        (chunk.data(MIN_ALIGN), self.end_of(chunk))
    }

    /// Adds a chunk of this capacity to the kept ones.
    pub(crate) fn reserve(&self, bytes: usize) -> Result<(), AllocError> {
        if bytes == 0 {
            return Ok(());
        }
        let size = math::round_up(bytes, MIN_ALIGN).max(bytes);
        let bytes = Self::OFFSET.checked_add(size).ok_or(AllocError)?;
        let room = self.growth.room(self.chunks.reserved());
        if bytes > room {
            return Err(AllocError);
        }
        let last = self.chunks.last();
        self.chunks.acquire(bytes, &self.growth)?;
        self.chunks.rewind(last);
        Ok(())
    }
}

// SAFETY: the arena owns its chunks, and no thread keeps a pointer into it: blocks are used under a
// shared borrow of the arena, which is not `Sync`.
unsafe impl<A: Allocator + Send, const MIN_ALIGN: usize> Send for Arena<A, MIN_ALIGN> {}

/// The layout that the fast path counts on.
#[cfg(all(test, feature = "alloc"))]
mod layout {
    use super::Arena;
    use memoffset::offset_of;

    const WORD: usize = size_of::<usize>();
    const _: () = assert!(offset_of!(Arena, cur) == 0);
    const _: () = assert!(offset_of!(Arena, current) == WORD);
    const _: () = assert!(offset_of!(Arena, lim) == 2 * WORD);
}
