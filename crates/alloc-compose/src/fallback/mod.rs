//! Two allocators, the second for what the first cannot serve.

mod secondary;

use alloc_core::{
    AllocError, Allocator, AllocatorClone, AllocatorEq, Layout, Owns, Reset, StaticAllocator,
    dangling,
};
use core::ptr::NonNull;

use alloc_core::resize::Resize;
use secondary::Secondary;

/// Asks `primary` first, and `secondary` for what `primary` refuses.
///
/// With a pool or a fixed arena as the primary and the heap as the secondary, exhaustion is slower
/// instead of an error. Each block is freed where it came from: `primary` [`Owns`] it or not. The
/// idea, the name and the rules for growth are those of Phobos' `FallbackAllocator`.
///
/// - A block that grows or shrinks stays with its allocator if that one can do it, and moves across
///   to the other if it cannot. Either way the contents move along.
/// - A zero-size block is nobody's: it is a dangling pointer, neither allocator is asked for it,
///   and freeing it does nothing.
/// - `Fallback` counts nothing. Put `Tracking` of `alloc-tracking` around it, or around either
///   part.
///
/// # The two have to be distinct
///
/// Memory of the secondary must not come out of the primary, neither as its upstream nor because
/// both are handles to one allocator. The primary may then say that it owns the secondary's block,
/// and nobody could tell where to free it. It is not unsafe to build such a pair: a block of the
/// secondary that the primary says it owns goes back at once, and the request is an `Err`. Should a
/// secondary grow or shrink a block so that it lies in such memory, the program is aborted with a
/// message.
///
/// # Errors
///
/// A request errs if both allocators err. The block of a failed `grow` or `shrink` is as it was.
///
/// # Complexity
///
/// One `owns` of the primary for each deallocation and resize, and for each block that the
/// secondary hands out. On top of that the methods of the parts; moving across copies the block.
///
/// # Examples
///
/// ```
/// use alloc_compose::Fallback;
/// use alloc_core::{Global, vec::Vec};
/// use alloc_pool::Pool;
/// use core::alloc::Layout;
///
/// let pool = Pool::fixed(Layout::new::<[u64; 8]>(), 2);
/// let memory = Fallback::new(&pool, Global);
///
/// let mut numbers = Vec::with_capacity_in(8, &memory);
/// numbers.extend(0..8_u64);
/// assert_eq!(pool.in_use(), 1);
///
/// numbers.push(8); // no block of the pool holds nine
/// assert_eq!(pool.in_use(), 0);
/// assert!(numbers.iter().copied().eq(0..9));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fallback<P, S> {
    // I1: a block of more than 0 bytes that was handed out is one of `primary` if `primary.owns`
    //     it, and one of `secondary` if not. The answer is the same for every layout that fits and
    //     for as long as the block is allocated. For blocks of `primary` that is the contract of
    //     `Owns`; those of `secondary` are let through by `Secondary` alone.
    primary: P,
    secondary: S,
}

impl<P: Owns, S: Allocator> Fallback<P, S> {
    /// Serves from `primary`, and from `secondary` what `primary` refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_compose::{Fallback, Null};
    /// use alloc_core::{Global, boxed::Box};
    ///
    /// let memory = Fallback::new(Null, Global);
    /// assert_eq!(*Box::new_in(5, &memory), 5);
    /// ```
    #[inline]
    pub const fn new(primary: P, secondary: S) -> Self {
        Self { primary, secondary }
    }

    /// The secondary as every request reaches it.
    #[inline]
    fn apart(&self) -> Secondary<'_, P, S> {
        Secondary {
            primary: &self.primary,
            secondary: &self.secondary,
        }
    }

    /// Resizes a block where it is, or else moves it across.
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
        if self.primary.owns(ptr, old) {
            // SAFETY: by I1 the block is one of `primary`.
            unsafe { resize_or_move(how, &self.primary, &self.apart(), ptr, old, new) }
        } else {
            // SAFETY: by I1 the block is one of `secondary`.
            unsafe { resize_or_move(how, &self.apart(), &self.primary, ptr, old, new) }
        }
    }
}

impl<P, S> Fallback<P, S> {
    /// The allocator that is asked first.
    #[inline]
    pub const fn primary(&self) -> &P {
        &self.primary
    }

    /// The allocator for what the primary refuses.
    #[inline]
    pub const fn secondary(&self) -> &S {
        &self.secondary
    }

    /// Returns both, the primary first.
    #[inline]
    pub fn into_parts(self) -> (P, S) {
        (self.primary, self.secondary)
    }

    /// Takes back every block of both.
    ///
    /// The same as [`Reset::reset`], without the import.
    #[inline]
    pub fn reset(&mut self)
    where
        P: Reset,
        S: Reset,
    {
        self.primary.reset();
        self.secondary.reset();
    }
}

/// Resizes a block in `home`, or moves it to `away` if `home` cannot.
///
/// # Safety
///
/// What the method of [`Allocator`] asks for; the block is one of `home`.
#[inline]
unsafe fn resize_or_move<H: Allocator, A: Allocator>(
    how: Resize,
    home: &H,
    away: &A,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    // SAFETY: the caller's promise.
    if let Ok(block) = unsafe { how.within(home, ptr, old, new) } {
        return Ok(block);
    }
    // SAFETY: the caller's promise still holds, for an `Err` leaves the block as it was.
    unsafe { how.across(home, away, ptr, old, new) }
}

// SAFETY: each block is one of `primary` or `secondary`, which a move of `self` does not
// invalidate, and I1 finds out of which. Those of zero size are aligned and backed by no memory; a
// size of 0 fits no other block, since none was asked for with it.
unsafe impl<P: Owns, S: Allocator> Allocator for Fallback<P, S> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        self.primary
            .allocate(layout)
            .or_else(|_| self.apart().allocate(layout))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        self.primary
            .allocate_zeroed(layout)
            .or_else(|_| self.apart().allocate_zeroed(layout))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        if self.primary.owns(ptr, layout) {
            // SAFETY: by I1 the block is one of `primary`, and the caller promises that `layout`
            // fits it.
            unsafe { self.primary.deallocate(ptr, layout) };
        } else {
            // SAFETY: by I1 the block is one of `secondary`, and the caller promises that `layout`
            // fits it.
            unsafe { self.secondary.deallocate(ptr, layout) };
        }
    }

    alloc_core::by_resize!();
}

// SAFETY: a block of more than 0 bytes is one of `primary` or of `secondary`, and each says so of
// its own. What they leave open, this leaves open.
unsafe impl<P: Owns, S: Owns> Owns for Fallback<P, S> {
    #[inline]
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        self.primary.owns(ptr, layout) || self.secondary.owns(ptr, layout)
    }
}

// SAFETY: the clones of both parts are equivalent to them, so that `owns` of the cloned primary
// gives the same answers (I1).
unsafe impl<P: AllocatorClone + Owns, S: AllocatorClone> AllocatorClone for Fallback<P, S> {}

// SAFETY: equal values have equivalent parts, so that `owns` of either primary gives the same
// answers (I1).
unsafe impl<P: AllocatorEq + Owns, S: AllocatorEq> AllocatorEq for Fallback<P, S> {}

// SAFETY: blocks are those of the parts, and nothing here invalidates one that its part would not.
unsafe impl<P: StaticAllocator + Owns, S: StaticAllocator> StaticAllocator for Fallback<P, S> {}

impl<P: Reset, S: Reset> Reset for Fallback<P, S> {
    #[inline]
    fn reset(&mut self) {
        Fallback::reset(self);
    }
}

#[cfg(test)]
mod layout {
    use super::Fallback;
    use memoffset::offset_of;

    // Two parts side by side and no state beside them, so that a pair of handles is as small as the
    // handles.
    const _: () = assert!(size_of::<Fallback<u64, ()>>() == size_of::<u64>());
    const _: () = assert!(
        offset_of!(Fallback<u64, u64>, primary).abs_diff(offset_of!(Fallback<u64, u64>, secondary))
            == size_of::<u64>()
    );
}
