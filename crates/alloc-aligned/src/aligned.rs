//! The combinator and its names for the usual alignments.

use alloc_core::{
    AllocatorClone, AllocatorEq, DefaultUpstream, Layout, Owns, Reset, StaticAllocator,
};
use core::ptr::NonNull;

use crate::cache_aligned::CACHE_LINE;
use crate::math;

/// An allocator whose blocks are all aligned to `ALIGN` bytes or more.
///
/// Each request goes to the inner allocator with its alignment raised to `ALIGN` and its size
/// unchanged. A request that asks for more than `ALIGN` keeps what it asks for. There is no state:
/// `Aligned` is as large as `A`, and it moves, clones and compares as `A` does.
///
/// `ALIGN` is a power of two, which is checked when the program is compiled.
///
/// # Large blocks
///
/// The system allocator has an aligned `malloc`, but no aligned `calloc` and no aligned `realloc`: a
/// zeroed block is written where fresh pages are zero already, and a block that grows is copied
/// where it could be extended or its pages remapped. Its aligned `malloc` is slow, too. So a block of
/// at least `LARGE` bytes is asked for at the alignment that a heap gives by itself, with the raised
/// alignment added to its size; the block is the first aligned address inside, behind a header that
/// says where the inner block starts. Zeroing then touches the first page alone, and growing is the
/// inner `grow`.
///
/// Blocks whose alignment is at most two words, or more than an eighth of their size, never take
/// this form. The size and the raised alignment decide, and `LARGE`:
///
/// - [`AUTO`], which stands where nothing else is said, goes by the inner allocator. One without
///   state (a type without size: `Global`, `System` and what stands in for them) is taken for the
///   system's: over it every block takes the form that may, those of 512 bytes and more at an
///   alignment of 64. One with state, such as an arena, a pool, a tracker or a reference to any, has
///   less or nothing to gain, and only blocks of [`LARGE`] bytes take the form.
/// - A number is the size from which on blocks take it, whatever is inside.
/// - With [`NEVER`] there is no large form. A pool of large blocks inside needs that, for the padding
///   would not fit its blocks. [`Owns`] is implemented for `Aligned<ALIGN, A, NEVER>` only: from the
///   address of a large block alone nobody can tell which block of `A` it lies in. And a large block
///   needs its pointer to reach the header; see *Provenance* in the
///   [crate documentation](crate#provenance).
///
/// # Which blocks belong to it
///
/// A block of layout `L` is a block of the inner allocator with `L` raised, or lies in a larger one.
/// So the block has to be freed through an `Aligned` of the same `ALIGN`, and of the same
/// [`Aligned::LARGE`] in force, over an equivalent allocator. `Aligned<64, A>` and `Aligned<128, A>`
/// are not equivalent, nor are `Aligned<64, A>` and `A`, nor `Aligned<64, Global>` and
/// `Aligned<64, &Global>`.
///
/// # Errors
///
/// Requests err if the inner allocator errs, or if the size rounded up to the raised alignment
/// exceeds `isize::MAX` bytes, for large blocks with the padding.
///
/// # Complexity
///
/// A maximum of two alignments on top of the inner allocator's method. `grow` is the inner `grow`
/// and `shrink` the inner `shrink`: a block that the inner allocator can extend in place is
/// extended in place. A block that becomes large, or ceases to be, or changes its alignment while it
/// is, is copied. So is a large block whose new place has another distance to the next aligned
/// address; `mremap` moves whole pages, so up to a page of alignment that does not happen there.
///
/// # Examples
///
/// ```
/// use alloc_aligned::Aligned;
/// use alloc_core::{Allocator, Global, Layout};
///
/// let lines = Aligned::<64, _>::new(Global);
/// let block = lines.allocate(Layout::new::<[u8; 5]>())?;
/// assert_eq!(block.cast::<u8>().addr().get() % 64, 0);
/// // SAFETY: allocated above with this layout.
/// unsafe { lines.deallocate(block.cast(), Layout::new::<[u8; 5]>()) };
/// # Ok::<(), alloc_core::AllocError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Aligned<const ALIGN: usize, A = DefaultUpstream, const LARGE: usize = AUTO> {
    // I1: a block of length `n` that was handed out for alignment `a` and is not large is a block of
    //     `inner` with alignment `max(a, ALIGN)`, and `n` is at most the largest size that a layout
    //     of that alignment can have. So each layout that fits the block can be raised, and the
    //     raised layout fits the block of `inner`.
    // I2: `math::is_large` of a size and the raised alignment says the same for each layout that
    //     fits a block: a block that is not large was cut to a length that is not, and a large one
    //     is exactly as long as was asked for.
    inner: A,
}

/// The bound that goes by the inner allocator: none at all over one without state, [`LARGE`] bytes
/// over one that has some.
///
/// See [*Large blocks*](Aligned#large-blocks).
///
/// # Examples
///
/// ```
/// use alloc_aligned::{AUTO, Aligned, LARGE};
/// use alloc_core::Global;
///
/// assert_eq!(Aligned::<64, Global, AUTO>::LARGE, 0);
/// assert_eq!(Aligned::<64, &Global, AUTO>::LARGE, LARGE);
/// assert_eq!(Aligned::<64, &Global, 4096>::LARGE, 4096);
/// ```
pub const AUTO: usize = usize::MAX - 1;

/// From how many bytes on over-aligned blocks take the large form over an allocator with state,
/// unless the type says otherwise: 128 KiB.
///
/// That is where glibc's `malloc` begins to serve each block with pages of its own.
pub const LARGE: usize = 128 << 10;

/// The bound that no block reaches, for an [`Aligned`] without the large form.
///
/// # Examples
///
/// ```
/// use alloc_aligned::{Aligned, NEVER};
/// use alloc_core::{Allocator, Global, Layout};
///
/// let plain = Aligned::<64, _, NEVER>::new(Global);
/// let layout = Layout::new::<[u8; 200_000]>();
/// let block = plain.allocate(layout)?.cast();
/// // As it is a block of `Global` with its alignment raised, it may also be freed as that.
/// // SAFETY: allocated above with this layout, raised.
/// unsafe { Global.deallocate(block, layout.align_to(64).unwrap_or(layout)) };
/// # Ok::<(), alloc_core::AllocError>(())
/// ```
pub const NEVER: usize = usize::MAX;

/// Blocks that start a cache line: [`CACHE_LINE`] bytes, 64 on x86-64.
pub type CacheLine<A = DefaultUpstream> = Aligned<CACHE_LINE, A>;

/// Blocks for vector code: 64 bytes, one register of AVX-512.
///
/// That is also a multiple of what AVX (32), SSE, NEON and WebAssembly (16) load at once, so that
/// data keeps its alignment when the code that computes over it is compiled for another width. On
/// vector machines of variable length (SVE, RISC-V V) loads only need the alignment of the element;
/// 64 bytes do no harm there.
pub type Simd<A = DefaultUpstream> = Aligned<64, A>;

/// Blocks that start a page of 4096 bytes, the base page of x86-64 and of most others.
///
/// It aligns and nothing more: whether the page is on the heap or mapped is up to `A`. Where base
/// pages are longer (16 KiB on Apple's 64-bit Arm, up to 64 KiB on other 64-bit Arm and PowerPC),
/// use [`Aligned`] with that number.
pub type Page<A = DefaultUpstream> = Aligned<4096, A>;

impl<const ALIGN: usize, A, const LARGE: usize> Aligned<ALIGN, A, LARGE> {
    /// The alignment in bytes that every block has at least.
    pub const ALIGN: usize = ALIGN;

    /// The size in bytes from which on blocks take the large form, if their alignment lets them.
    ///
    /// What [`AUTO`] comes to, or the number in the type.
    pub const LARGE: usize = match LARGE {
        AUTO if size_of::<A>() == 0 => 0,
        AUTO => self::LARGE,
        bytes => bytes,
    };

    /// Raises the alignment of every request that goes to `inner`.
    ///
    /// A program with an `ALIGN` that is not a power of two does not compile.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_aligned::Aligned;
    /// use alloc_core::{Global, vec::Vec};
    ///
    /// let mut bytes = Vec::new_in(Aligned::<4096, _>::new(Global));
    /// bytes.push(7_u8);
    /// assert_eq!(bytes.as_ptr().addr() % 4096, 0);
    /// ```
    #[inline]
    pub const fn new(inner: A) -> Self {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN has to be a power of two") };
        Self { inner }
    }

    /// The allocator inside, whose own requests keep their alignment.
    #[inline]
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Returns the allocator inside.
    ///
    /// Blocks that are still allocated belong to it from then on, with their layouts raised; large
    /// ones can only be freed through an `Aligned` again.
    #[inline]
    pub fn into_inner(self) -> A {
        self.inner
    }

    /// Takes back every block of the inner allocator at once.
    ///
    /// The same as [`Reset::reset`], without the import.
    #[inline]
    pub fn reset(&mut self)
    where
        A: Reset,
    {
        self.inner.reset();
    }
}

impl<const ALIGN: usize, A: Default, const LARGE: usize> Default for Aligned<ALIGN, A, LARGE> {
    #[inline]
    fn default() -> Self {
        Self::new(A::default())
    }
}

/// Equal if the inner allocators are, and take the same blocks for large.
impl<const ALIGN: usize, A: PartialEq<B>, B, const LARGE: usize> PartialEq<Aligned<ALIGN, B, LARGE>>
    for Aligned<ALIGN, A, LARGE>
{
    #[inline]
    fn eq(&self, other: &Aligned<ALIGN, B, LARGE>) -> bool {
        Self::LARGE == Aligned::<ALIGN, B, LARGE>::LARGE && self.inner == other.inner
    }
}

impl<const ALIGN: usize, A: Eq, const LARGE: usize> Eq for Aligned<ALIGN, A, LARGE> {}

// SAFETY: blocks are made of those of `inner` in the same way for the original and for the clone;
// `inner` keeps the promises.
unsafe impl<const ALIGN: usize, A: AllocatorClone, const LARGE: usize> AllocatorClone
    for Aligned<ALIGN, A, LARGE>
{
}

// SAFETY: equal values have equivalent inner allocators, raise layouts to the same alignment, and
// take the same blocks for large, which `eq` asks for two types of inner allocators.
unsafe impl<const ALIGN: usize, A, B, const LARGE: usize> AllocatorEq<Aligned<ALIGN, B, LARGE>>
    for Aligned<ALIGN, A, LARGE>
where
    A: AllocatorEq<B>,
    B: AllocatorEq<A>,
{
}

// SAFETY: blocks are in those of `inner`, and nothing here invalidates one that `inner` would not.
// `reset` needs `A: Reset`, which such an allocator can only implement by invalidating nothing.
unsafe impl<const ALIGN: usize, A: StaticAllocator, const LARGE: usize> StaticAllocator
    for Aligned<ALIGN, A, LARGE>
{
}

// SAFETY: no size reaches `NEVER`, so no block is large, and by I1 a block of ours is one of `inner`
// with the raised layout. Equivalent allocators have equivalent inner ones. Blocks of `inner` that
// were not allocated through an `Aligned` may be answered either way.
unsafe impl<const ALIGN: usize, A: Owns> Owns for Aligned<ALIGN, A, NEVER> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        math::raise(layout, ALIGN).is_ok_and(|raised| self.inner.owns(ptr, raised))
    }
}

impl<const ALIGN: usize, A: Reset, const LARGE: usize> Reset for Aligned<ALIGN, A, LARGE> {
    #[inline]
    fn reset(&mut self) {
        self.inner.reset();
    }
}

#[cfg(test)]
mod layout {
    use super::Aligned;
    use crate::CacheAligned;
    use memoffset::offset_of;

    // The alignment is carried in the type and costs no byte of state.
    const _: () = assert!(size_of::<Aligned<64, ()>>() == 0);
    const _: () = assert!(size_of::<Aligned<64, u16>>() == size_of::<u16>());
    const _: () = assert!(align_of::<Aligned<4096, CacheAligned<u8>>>() == crate::CACHE_LINE);
    const _: () = assert!(offset_of!(Aligned<64, u64>, inner) == 0);
}
