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
/// unchanged. A request that asks for more than `ALIGN` keeps what it asks for. This is all the
/// state there is: `Aligned` is as large as `A`, and it moves, clones and compares as `A` does.
///
/// `ALIGN` is a power of two, which is checked when the program is compiled.
///
/// # Which blocks belong to it
///
/// A block of layout `L` is a block of the inner allocator with `L` raised. So the block has to be
/// freed through an `Aligned` of the same `ALIGN` over an equivalent allocator: `Aligned<64, A>`
/// and `Aligned<128, A>` are not equivalent, nor are `Aligned<64, A>` and `A`.
///
/// # Errors
///
/// Requests err if the inner allocator errs, or if the size rounded up to the raised alignment
/// exceeds `isize::MAX` bytes.
///
/// # Complexity
///
/// A maximum of two alignments on top of the inner allocator's method. `grow` is the inner `grow`
/// and `shrink` the inner `shrink`: a block that the inner allocator can extend in place is
/// extended in place.
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
pub struct Aligned<const ALIGN: usize, A = DefaultUpstream> {
    // I1: a block of length `n` that was handed out for alignment `a` is a block of `inner` with
    //     alignment `max(a, ALIGN)`, and `n` is at most the largest size that a layout of that
    //     alignment can have. So each layout that fits the block can be raised, and the raised
    //     layout fits the block of `inner`.
    inner: A,
}

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

impl<const ALIGN: usize, A> Aligned<ALIGN, A> {
    /// The alignment in bytes that every block has at least.
    pub const ALIGN: usize = ALIGN;

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
    /// Blocks that are still allocated belong to it from then on, with their layouts raised.
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

impl<const ALIGN: usize, A: Default> Default for Aligned<ALIGN, A> {
    #[inline]
    fn default() -> Self {
        Self::new(A::default())
    }
}

/// Equal if the inner allocators are.
impl<const ALIGN: usize, A: PartialEq<B>, B> PartialEq<Aligned<ALIGN, B>> for Aligned<ALIGN, A> {
    #[inline]
    fn eq(&self, other: &Aligned<ALIGN, B>) -> bool {
        self.inner == other.inner
    }
}

impl<const ALIGN: usize, A: Eq> Eq for Aligned<ALIGN, A> {}

// SAFETY: blocks are those of `inner` at the raised layout, for the original and for the clone;
// `inner` keeps the promises.
unsafe impl<const ALIGN: usize, A: AllocatorClone> AllocatorClone for Aligned<ALIGN, A> {}

// SAFETY: equal values have equivalent inner allocators and raise layouts to the same alignment.
unsafe impl<const ALIGN: usize, A, B> AllocatorEq<Aligned<ALIGN, B>> for Aligned<ALIGN, A>
where
    A: AllocatorEq<B>,
    B: AllocatorEq<A>,
{
}

// SAFETY: blocks are those of `inner`, and nothing here invalidates one that `inner` would not.
// `reset` needs `A: Reset`, which such an allocator can only implement by invalidating nothing.
unsafe impl<const ALIGN: usize, A: StaticAllocator> StaticAllocator for Aligned<ALIGN, A> {}

// SAFETY: by I1 a block of ours is one of `inner` with the raised layout, and equivalent allocators
// have equivalent inner ones. Blocks of `inner` that were not allocated through an `Aligned` may be
// answered either way.
unsafe impl<const ALIGN: usize, A: Owns> Owns for Aligned<ALIGN, A> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        math::raise(layout, ALIGN).is_ok_and(|raised| self.inner.owns(ptr, raised))
    }
}

impl<const ALIGN: usize, A: Reset> Reset for Aligned<ALIGN, A> {
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
