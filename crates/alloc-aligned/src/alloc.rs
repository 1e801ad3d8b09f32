//! `Aligned` as an allocator: each method of the inner one, at the raised layout or in the large
//! form.

use alloc_core::{AllocError, Allocator, Layout, relocate, relocate_zeroed};
use core::ptr::NonNull;

use crate::aligned::Aligned;
use crate::large::{self, NATURAL};
use crate::math;

/// What the compiler knows before the program runs.
impl<const ALIGN: usize, A, const LARGE: usize> Aligned<ALIGN, A, LARGE> {
    /// The most bytes that are never large and can always be raised, at `ALIGN`.
    ///
    /// I3: a layout of at most so many bytes and of at most the alignment `ALIGN` can be raised, and
    ///     is not large. So one comparison of each, of which the compiler mostly knows the outcome,
    ///     sets apart what the inner allocator is asked for straight away.
    const MOST: usize = {
        let (most, small) = (
            math::max_size(ALIGN),
            math::max_small(ALIGN, Self::LARGE, NATURAL),
        );
        if most < small { most } else { small }
    };

    /// The raised layout, if by I3 there is one and it is not large: of a plain layout.
    #[inline]
    const fn plain(layout: Layout) -> Option<Layout> {
        if layout.size() > Self::MOST || layout.align() > ALIGN {
            return None;
        }
        // SAFETY: by I3 the size is one that a layout of this alignment can have; `ALIGN` is a power
        // of two, which `new` checks.
        Some(unsafe { Layout::from_size_align_unchecked(layout.size(), ALIGN) })
    }

    /// The layout that a block has in truth.
    #[inline]
    fn raise(layout: Layout) -> Result<Layout, AllocError> {
        math::raise(layout, ALIGN).map_err(|_| AllocError)
    }

    /// The raised layout of one of our blocks.
    ///
    /// # Safety
    ///
    /// `layout` fits a block that is currently allocated by this allocator.
    #[inline]
    unsafe fn raise_fitting(layout: Layout) -> Layout {
        let raised = math::raise(layout, ALIGN);
        debug_assert!(raised.is_ok(), "I1: a fitting layout can be raised");
        // SAFETY: `layout` fits, so its size is at most the block's length, which I1 bounds.
        unsafe { raised.unwrap_unchecked() }
    }

    /// Whether a block is of the large form: by I2 the same for every layout that fits it.
    #[inline]
    const fn is_large(raised: Layout) -> bool {
        math::is_large(raised.size(), raised.align(), Self::LARGE, NATURAL)
    }

    /// The most bytes that we hand out of an inner block of this alignment: what a layout can name
    /// (I1) and what is not large (I2).
    #[inline]
    fn most(align: usize) -> usize {
        math::max_size(align).min(math::max_small(align, Self::LARGE, NATURAL))
    }

    /// The part of an inner block that we hand out.
    #[inline]
    fn hand_out(block: NonNull<[u8]>, raised: Layout) -> NonNull<[u8]> {
        let len = block.len().min(Self::most(raised.align()));
        NonNull::slice_from_raw_parts(block.cast(), len)
    }

    /// The same for a [plain](Self::plain) layout.
    #[inline]
    fn hand_out_plain(block: NonNull<[u8]>) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(block.cast(), block.len().min(Self::MOST))
    }
}

/// What is not plain: it stands apart, so that nothing of it burdens the code around a plain call.
impl<const ALIGN: usize, A: Allocator, const LARGE: usize> Aligned<ALIGN, A, LARGE> {
    #[cold]
    #[inline(never)]
    fn allocate_any(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let raised = Self::raise(layout)?;
        if Self::is_large(raised) {
            return large::allocate(self.inner(), raised);
        }
        let block = self.inner().allocate(raised)?;
        Ok(Self::hand_out(block, raised))
    }

    #[cold]
    #[inline(never)]
    fn allocate_any_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let raised = Self::raise(layout)?;
        if Self::is_large(raised) {
            return large::allocate_zeroed(self.inner(), raised);
        }
        let block = self.inner().allocate_zeroed(raised)?;
        Ok(Self::hand_out(block, raised))
    }

    /// # Safety
    ///
    /// As [`Allocator::deallocate`].
    #[cold]
    #[inline(never)]
    unsafe fn deallocate_any(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller promises that `layout` fits.
        let raised = unsafe { Self::raise_fitting(layout) };
        if Self::is_large(raised) {
            // SAFETY: by I2 the block is of the large form, and as long as `layout` says.
            return unsafe { large::deallocate(self.inner(), ptr, raised) };
        }
        // SAFETY: by I1 the block is one of `inner` that `raised` fits.
        unsafe { self.inner().deallocate(ptr, raised) };
    }
}

// SAFETY: blocks are blocks of `inner` or lie in one, which a move of `self` does not invalidate. A
// raised layout asks for at least what `layout` asks for, so what `inner` returns meets both; the
// large form aligns and keeps the size by itself. I1 and I2 hold: `hand_out` bounds every length,
// and the asked size is within the bounds because the raised layout exists and is not large; so does
// `hand_out_plain` for plain layouts, by I3. Blocks of the large form are returned with the asked
// size.
unsafe impl<const ALIGN: usize, A: Allocator, const LARGE: usize> Allocator
    for Aligned<ALIGN, A, LARGE>
{
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Some(raised) = Self::plain(layout) else {
            return self.allocate_any(layout);
        };
        let block = self.inner().allocate(raised)?;
        Ok(Self::hand_out_plain(block))
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let Some(raised) = Self::plain(layout) else {
            return self.allocate_any_zeroed(layout);
        };
        let block = self.inner().allocate_zeroed(raised)?;
        Ok(Self::hand_out_plain(block))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        let Some(raised) = Self::plain(layout) else {
            // SAFETY: the caller's promise, passed on.
            return unsafe { self.deallocate_any(ptr, layout) };
        };
        // SAFETY: by I3 the block is not large, so by I1 it is one of `inner` that `raised` fits.
        unsafe { self.inner().deallocate(ptr, raised) };
    }

    #[inline(never)]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        match (Self::is_large(old), Self::is_large(new)) {
            (false, false) => {
                // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both
                // sizes, so `new` is not smaller.
                let block = unsafe { self.inner().grow(ptr, old, new) }?;
                Ok(Self::hand_out(block, new))
            }
            (true, true) if old.align() == new.align() => {
                // SAFETY: by I2 the block is of the large form; equally aligned and not smaller.
                unsafe { large::grow(self.inner(), ptr, old, new) }
            }
            // SAFETY: the caller's promise.
            _ => unsafe { relocate(self, self, ptr, old_layout, new_layout) },
        }
    }

    #[inline(never)]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        match (Self::is_large(old), Self::is_large(new)) {
            (false, false) => {
                // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both
                // sizes, so `new` is not smaller.
                let block = unsafe { self.inner().grow_zeroed(ptr, old, new) }?;
                let grown = Self::hand_out(block, new);
                // `inner` keeps its old block, of which ours may be the first `cut` bytes.
                let cut = Self::most(old.align()).min(grown.len());
                // SAFETY: at most the end of the block.
                let behind = unsafe { grown.cast::<u8>().add(cut) };
                // SAFETY: from there to the end of the block.
                unsafe { behind.write_bytes(0, grown.len() - cut) };
                Ok(grown)
            }
            (true, true) if old.align() == new.align() => {
                // SAFETY: by I2 the block is of the large form; equally aligned and not smaller.
                unsafe { large::grow_zeroed(self.inner(), ptr, old, new) }
            }
            // SAFETY: the caller's promise.
            _ => unsafe { relocate_zeroed(self, self, ptr, old_layout, new_layout) },
        }
    }

    #[inline(never)]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old_layout: Layout,
        new_layout: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Self::raise(new_layout)?;
        // SAFETY: the caller promises that `old_layout` fits.
        let old = unsafe { Self::raise_fitting(old_layout) };
        match (Self::is_large(old), Self::is_large(new)) {
            (false, false) => {
                // SAFETY: by I1 the block is one of `inner` that `old` fits; raising kept both
                // sizes, so `new` is not larger.
                let block = unsafe { self.inner().shrink(ptr, old, new) }?;
                Ok(Self::hand_out(block, new))
            }
            (true, true) if old.align() == new.align() => {
                // SAFETY: by I2 the block is of the large form; equally aligned and not larger.
                unsafe { large::shrink(self.inner(), ptr, old, new) }
            }
            // SAFETY: the caller's promise.
            _ => unsafe { relocate(self, self, ptr, old_layout, new_layout) },
        }
    }
}
