//! Two allocators, one for small blocks and one for large ones.

use alloc_core::{
    AllocError, Allocator, AllocatorClone, AllocatorEq, Layout, Owns, Reset, StaticAllocator,
    dangling,
};
use core::ptr::NonNull;

use alloc_core::resize::Resize;

/// Serves requests of up to `T` bytes from `Small`, and larger ones from `Large`.
///
/// Pools and arenas are at their best below some size and a waste above it; this is the line
/// between. Where a block belongs is known from its size alone, so neither part has to be able to
/// tell its blocks. Several of them in each other make size classes:
/// `Segregate<64, P64, Segregate<256, P256, Global>>`. The idea is that of Phobos' `Segregator`.
///
/// - A block that grows or shrinks across `T` moves to the other part, with its contents.
/// - The returned length of a small block is at most `T`: a part that returns more than was asked
///   for keeps what lies above, for a size above `T` says that the block is a large one.
/// - A zero-size block is nobody's: it is a dangling pointer, neither part is asked for it, and
///   freeing it does nothing.
///
/// # Errors
///
/// A request errs if the part for its size errs; the other one is not asked. That holds for a block
/// that *shrinks* to `T` or less as well, when `Small` has no room for it; the block is then as it
/// was. Where small requests must not fail, give them a way out:
/// `Segregate<64, Fallback<Pool, Global>, Global>`.
///
/// # Complexity
///
/// A comparison on top of the part's method. Crossing `T` copies at most `T` bytes.
///
/// # Examples
///
/// ```
/// use alloc_compose::{Limit, Segregate};
/// use alloc_core::{Global, vec::Vec};
///
/// let memory = Segregate::<64, _, _>::new(Limit::new(Global, 1000), Limit::new(Global, 1000));
/// let mut numbers = Vec::with_capacity_in(8, &memory);
/// numbers.extend(0..8_u64);
/// assert_eq!((memory.small().used(), memory.large().used()), (64, 0));
///
/// numbers.reserve_exact(8);
/// assert_eq!((memory.small().used(), memory.large().used()), (0, 128));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segregate<const T: usize, Small, Large> {
    // I1: of the blocks of more than 0 bytes that were handed out, those asked for with at most `T`
    //     bytes are blocks of `small` and at most `T` bytes long; the others are blocks of `large`.
    //     So each layout that fits tells by its size which they are.
    small: Small,
    large: Large,
}

/// A block of `small` as it is handed out: no longer than `T` bytes (I1).
#[inline]
fn trim<const T: usize>(block: NonNull<[u8]>) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(block.cast(), block.len().min(T))
}

impl<const T: usize, Small: Allocator, Large: Allocator> Segregate<T, Small, Large> {
    /// Serves up to `T` bytes from `small`, and more from `large`.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_compose::{Null, Segregate};
    /// use alloc_core::{Global, vec::Vec};
    ///
    /// let memory = Segregate::<64, _, _>::new(Global, Null);
    /// let mut bytes: Vec<u8, _> = Vec::with_capacity_in(64, memory);
    /// assert!(bytes.try_reserve(65).is_err());
    /// ```
    #[inline]
    pub const fn new(small: Small, large: Large) -> Self {
        Self { small, large }
    }

    /// Resizes a block in its part, or moves it to the other.
    ///
    /// # Safety
    ///
    /// What the method of [`Allocator`] asks for.
    #[inline]
    unsafe fn resize(
        &self,
        how: Resize,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return how.fresh(self, new);
        }
        if new.size() == 0 {
            // SAFETY: the caller promises a block that `old` fits.
            unsafe { self.deallocate(ptr, old) };
            return Ok(dangling(new));
        }
        let (small, large) = (&self.small, &self.large);
        match (old.size() <= T, new.size() <= T) {
            // SAFETY: by I1 the block is one of `small`; the rest is the caller's promise.
            (true, true) => unsafe { how.within(small, ptr, old, new) }.map(trim::<T>),
            // SAFETY: by I1 the block is one of `small`.
            (true, false) => unsafe { how.across(small, large, ptr, old, new) },
            // SAFETY: by I1 the block is one of `large`.
            (false, true) => unsafe { how.across(large, small, ptr, old, new) }.map(trim::<T>),
            // SAFETY: by I1 the block is one of `large`; the rest is the caller's promise.
            (false, false) => unsafe { how.within(large, ptr, old, new) },
        }
    }
}

impl<const T: usize, Small, Large> Segregate<T, Small, Large> {
    /// The largest size in bytes that goes to the part for small blocks.
    pub const THRESHOLD: usize = T;

    /// The allocator for up to `T` bytes.
    #[inline]
    pub const fn small(&self) -> &Small {
        &self.small
    }

    /// The allocator for more than `T` bytes.
    #[inline]
    pub const fn large(&self) -> &Large {
        &self.large
    }

    /// Returns both, the one for small blocks first.
    #[inline]
    pub fn into_parts(self) -> (Small, Large) {
        (self.small, self.large)
    }

    /// Takes back every block of both.
    ///
    /// The same as [`Reset::reset`], without the import.
    #[inline]
    pub fn reset(&mut self)
    where
        Small: Reset,
        Large: Reset,
    {
        self.small.reset();
        self.large.reset();
    }
}

// SAFETY: each block is one of `small` or `large`, which a move of `self` does not invalidate, and
// I1 says of which. `trim` keeps at least the asked size, which is at most `T` there. Blocks of
// zero size are aligned and backed by no memory; a size of 0 fits no other.
unsafe impl<const T: usize, Small: Allocator, Large: Allocator> Allocator
    for Segregate<T, Small, Large>
{
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match layout.size() {
            0 => Ok(dangling(layout)),
            size if size <= T => self.small.allocate(layout).map(trim::<T>),
            _ => self.large.allocate(layout),
        }
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match layout.size() {
            0 => Ok(dangling(layout)),
            size if size <= T => self.small.allocate_zeroed(layout).map(trim::<T>),
            _ => self.large.allocate_zeroed(layout),
        }
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        match layout.size() {
            0 => {}
            // SAFETY: by I1 the block is one of `small`, and the caller promises that `layout` fits
            // it.
            size if size <= T => unsafe { self.small.deallocate(ptr, layout) },
            // SAFETY: by I1 the block is one of `large`, and the caller promises that `layout` fits
            // it.
            _ => unsafe { self.large.deallocate(ptr, layout) },
        }
    }

    alloc_core::by_resize!();
}

// SAFETY: by I1 a block of ours is one of one part, which says so. For a block of another allocator
// both parts say no, or may answer either way. Both are asked whatever the size is: for a block that
// may be answered either way, the answer must be the same for all layouts that fit it.
unsafe impl<const T: usize, Small: Owns, Large: Owns> Owns for Segregate<T, Small, Large> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        layout.size() > 0 && (self.small.owns(ptr, layout) || self.large.owns(ptr, layout))
    }
}

// SAFETY: the clones of both parts are equivalent to them, and `T` is the same.
unsafe impl<const T: usize, Small: AllocatorClone, Large: AllocatorClone> AllocatorClone
    for Segregate<T, Small, Large>
{
}

// SAFETY: equal values have equivalent parts, and `T` is the same.
unsafe impl<const T: usize, Small: AllocatorEq, Large: AllocatorEq> AllocatorEq
    for Segregate<T, Small, Large>
{
}

// SAFETY: blocks are those of the parts, and nothing here invalidates one that its part would not.
unsafe impl<const T: usize, Small: StaticAllocator, Large: StaticAllocator> StaticAllocator
    for Segregate<T, Small, Large>
{
}

impl<const T: usize, Small: Reset, Large: Reset> Reset for Segregate<T, Small, Large> {
    #[inline]
    fn reset(&mut self) {
        Segregate::reset(self);
    }
}

#[cfg(test)]
mod layout {
    use super::Segregate;
    use memoffset::offset_of;

    // The threshold is carried in the type and costs no byte of state; the parts do not overlap.
    const _: () = assert!(size_of::<Segregate<64, u64, u64>>() == 16);
    const _: () = assert!(
        offset_of!(Segregate<64, u64, u64>, small)
            .abs_diff(offset_of!(Segregate<64, u64, u64>, large))
            == 8
    );
}
