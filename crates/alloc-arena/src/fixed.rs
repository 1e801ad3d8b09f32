//! An arena over memory that the caller has: no heap, no chunks.

use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, AllocatorEq, Owns, Reset, checker};

use crate::alloc::impl_allocator;
use crate::api::fallible_api;
use crate::cursor::Cursor;
use crate::edge::Edge;
use crate::math;

/// An arena over a buffer of the caller: on the stack, in a static, in shared or device memory.
///
/// It needs no heap, and no feature of this crate. When the buffer is full, requests are an
/// [`AllocError`]. Like [`Arena`](crate::Arena) it runs no destructors.
///
/// The buffer is declared before the arena, as the arena has a destructor. It does nothing but tell
/// [memory checkers](crate#memory-checkers) that the buffer is its owner's again.
///
/// There is no constructor from `&mut [u8]`: values have padding, whose bytes are uninitialised,
/// and after the arena is gone the bytes of that slice would be read as initialised ones.
///
/// # Examples
///
/// ```
/// use alloc_arena::{FixedArena, alloc_core::vec::Vec};
/// use core::mem::MaybeUninit;
///
/// let mut buffer = [MaybeUninit::uninit(); 1024];
/// let arena = FixedArena::new(&mut buffer);
/// let name = arena.try_alloc_str("on the stack")?;
/// let mut numbers = Vec::new_in(&arena);
/// numbers.extend(0..100_u32);
/// assert_eq!((name.len(), numbers.len()), (12, 100));
/// assert!(arena.try_alloc([0_u8; 1024]).is_err());
/// # Ok::<(), alloc_arena::AllocError>(())
/// ```
pub struct FixedArena<'b, const MIN_ALIGN: usize = 1> {
    /// **F1** A multiple of `MIN_ALIGN` between `start` and `lim`; no block ends after it.
    cur: Cell<Edge>,
    /// **F2** `start` to `lim` is the buffer, from its first multiple of `MIN_ALIGN` to its last;
    /// or both are `MIN_ALIGN`, if there is none.
    start: Edge,
    lim: Edge,
    /// **F3** The buffer is borrowed by this arena alone for `'b`.
    buffer: PhantomData<&'b mut [MaybeUninit<u8>]>,
}

impl<'b> FixedArena<'b> {
    /// Makes an empty arena over `buffer`, with a minimum alignment of 1.
    pub fn new(buffer: &'b mut [MaybeUninit<u8>]) -> Self {
        Self::with_min_align(buffer)
    }
}

impl<'b, const MIN_ALIGN: usize> FixedArena<'b, MIN_ALIGN> {
    /// Makes an empty arena over `buffer` with any minimum alignment.
    ///
    /// Up to `MIN_ALIGN - 1` bytes at each end of the buffer are lost to alignment.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::FixedArena;
    /// use core::mem::MaybeUninit;
    ///
    /// let mut buffer = [MaybeUninit::uninit(); 256];
    /// let arena = FixedArena::<64>::with_min_align(&mut buffer);
    /// assert!(arena.capacity() >= 128);
    /// ```
    pub fn with_min_align(buffer: &'b mut [MaybeUninit<u8>]) -> Self {
        const { assert!(MIN_ALIGN.is_power_of_two(), "not a power of two") };
        let len = buffer.len();
        let base = buffer.as_mut_ptr().cast::<u8>();
        let skipped = math::padding(base.addr(), MIN_ALIGN);
        let nowhere = Edge::nowhere(MIN_ALIGN);
        let (start, lim) = match len.checked_sub(skipped) {
            None | Some(0) => (nowhere, nowhere),
            Some(rest) => {
                let start = base.wrapping_add(skipped);
                let lim = start.wrapping_add(math::round_down(rest, MIN_ALIGN));
                (Edge::before(start, MIN_ALIGN), Edge::before(lim, MIN_ALIGN))
            }
        };
        let arena = Self {
            cur: Cell::new(start),
            start,
            lim,
            buffer: PhantomData,
        };
        // SAFETY: F2, F3; there is no block yet.
        unsafe { checker::retire(start.ptr(MIN_ALIGN), arena.capacity()) };
        arena
    }

    /// The bytes that the buffer has for blocks.
    pub fn capacity(&self) -> usize {
        self.start.bytes_to(self.lim)
    }

    /// The bytes in blocks, with the padding before them and the rounding of their sizes.
    pub fn used(&self) -> usize {
        self.start.bytes_to(self.cur.get())
    }

    /// The bytes that are left. A block may need some of them for its alignment.
    pub fn available(&self) -> usize {
        self.cur.get().bytes_to(self.lim)
    }

    /// Takes back every block. Runs no destructors.
    pub fn reset(&mut self) {
        // SAFETY: F1, F3; `&mut self` says that nobody uses a block.
        unsafe { checker::retire(self.start.ptr(MIN_ALIGN), self.used()) };
        // F1 holds for no block.
        self.cur.set(self.start);
    }

    fallible_api!('v, this => this);
}

// SAFETY: B1 and B2 are F1 and F2: the buffer is the one region, and empty where there is none. B3:
// F1 and F3. B4: there is one region.
unsafe impl<const MIN_ALIGN: usize> Cursor for FixedArena<'_, MIN_ALIGN> {
    const MIN_ALIGN: usize = MIN_ALIGN;
    const IS_ONE_REGION: bool = true;

    #[inline]
    fn cur(&self) -> &Cell<Edge> {
        &self.cur
    }

    #[inline]
    fn lim(&self) -> Edge {
        self.lim
    }

    #[inline]
    fn refill(&self, _: Layout) -> Result<NonNull<u8>, AllocError> {
        Err(AllocError)
    }

    #[inline]
    fn through_region(&self, block: *mut u8) -> *mut u8 {
        self.start.ptr(MIN_ALIGN).with_addr(block.addr())
    }
}

/// Does nothing but tell checkers that the buffer is its owner's again. It is there in every build, so
/// that the same programs compile in each.
impl<const MIN_ALIGN: usize> Drop for FixedArena<'_, MIN_ALIGN> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: F2, F3; blocks do not outlive the arena.
        unsafe { checker::give_back(self.start.ptr(MIN_ALIGN), self.capacity()) };
    }
}

impl_allocator!(impl['b, const MIN_ALIGN: usize] for FixedArena<'b, MIN_ALIGN>, this => this);

// SAFETY: the arena borrows plain memory (F3), and blocks are used under a shared borrow of the
// arena, which is not `Sync`.
unsafe impl<const MIN_ALIGN: usize> Send for FixedArena<'_, MIN_ALIGN> {}

// SAFETY: by F1 a block of this arena lies before the cursor. By F3 a block of another allocator that
// starts in the buffer is carved out of a block of this one, or is what the buffer lies in: both may
// be answered either way, and the answer does not depend on the layout. Only addresses are compared.
unsafe impl<const MIN_ALIGN: usize> Owns for FixedArena<'_, MIN_ALIGN> {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let start = self.start.ptr(MIN_ALIGN).addr();
        layout.size() > 0 && (start..start + self.used()).contains(&ptr.addr().get())
    }
}

impl<const MIN_ALIGN: usize> Reset for FixedArena<'_, MIN_ALIGN> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// An arena is equal to itself alone.
impl<const MIN_ALIGN: usize> PartialEq for FixedArena<'_, MIN_ALIGN> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<const MIN_ALIGN: usize> Eq for FixedArena<'_, MIN_ALIGN> {}

// SAFETY: equal arenas are the same one.
unsafe impl<const MIN_ALIGN: usize> AllocatorEq for FixedArena<'_, MIN_ALIGN> {}

impl<const MIN_ALIGN: usize> fmt::Debug for FixedArena<'_, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedArena")
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("min_align", &MIN_ALIGN)
            .finish_non_exhaustive()
    }
}
