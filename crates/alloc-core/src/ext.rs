//! What every allocator can do on top of the trait's methods.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use allocator_api2::alloc::{AllocError, Allocator};

/// Typed requests to any allocator, with the overflow check that `n * size_of::<T>()` needs.
///
/// This is `allocate(n)` and `deallocate(p, n)` of the C++ allocator model. Objects are none of its
/// business: it hands out memory that nothing was written to, and frees memory without running
/// destructors.
pub trait AllocatorExt: Allocator {
    /// Allocates room for `n` values of `T`, aligned for `T`.
    ///
    /// # Errors
    ///
    /// If `n` values take more than `isize::MAX` bytes, or the allocator has no such block.
    #[inline]
    fn allocate_array<T>(&self, n: usize) -> Result<NonNull<[MaybeUninit<T>]>, AllocError> {
        let layout = Layout::array::<T>(n).map_err(|_| AllocError)?;
        let block = self.allocate(layout)?;
        Ok(NonNull::slice_from_raw_parts(block.cast(), n))
    }

    /// Allocates room for `n` values of `T` whose bytes are all zero.
    ///
    /// # Errors
    ///
    /// If `n` values take more than `isize::MAX` bytes, or the allocator has no such block.
    #[inline]
    fn allocate_array_zeroed<T>(&self, n: usize) -> Result<NonNull<[MaybeUninit<T>]>, AllocError> {
        let layout = Layout::array::<T>(n).map_err(|_| AllocError)?;
        let block = self.allocate_zeroed(layout)?;
        Ok(NonNull::slice_from_raw_parts(block.cast(), n))
    }

    /// Frees room for `n` values of `T`. Runs no destructor.
    ///
    /// # Safety
    ///
    /// `ptr` denotes a block that is [currently allocated](crate#currently-allocated) by this
    /// allocator, and the layout of `[T; n]` [fits](crate#fits) it.
    #[inline]
    unsafe fn deallocate_array<T>(&self, ptr: NonNull<T>, n: usize) {
        // SAFETY: the caller says that this layout fits a block, so it was computed without
        // overflow before.
        let layout = unsafe { Layout::array::<T>(n).unwrap_unchecked() };
        // SAFETY: the caller's promise is the one that `deallocate` asks for.
        unsafe { self.deallocate(ptr.cast(), layout) };
    }
}

impl<A: Allocator + ?Sized> AllocatorExt for A {}

/// The block of a zero-size request: aligned, of length 0, backed by no memory.
///
/// # Examples
///
/// ```
/// use alloc_core::{Layout, dangling};
///
/// let block = dangling(Layout::new::<[u64; 0]>());
/// assert_eq!(block.len(), 0);
/// assert!(block.cast::<u64>().is_aligned());
/// ```
#[inline]
pub const fn dangling(layout: Layout) -> NonNull<[u8]> {
    let address = ptr::without_provenance_mut(layout.align());
    // SAFETY: an alignment is a power of two, so the address is not zero.
    let start = unsafe { NonNull::new_unchecked(address) };
    NonNull::slice_from_raw_parts(start, 0)
}

/// Moves a block from one allocator to another one: allocates, copies, frees.
///
/// The copy is of the smaller of the two sizes. `from` and `to` may be the same allocator; this is
/// then what `grow` and `shrink` of the trait do when a block cannot stay where it is.
///
/// # Errors
///
/// If `to` has no block for `new`. The old block is then still allocated and unchanged.
///
/// # Safety
///
/// `ptr` denotes a block that is [currently allocated](crate#currently-allocated) by `from`, and
/// `old` [fits](crate#fits) it.
#[inline]
pub unsafe fn relocate<F, T>(
    from: &F,
    to: &T,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError>
where
    F: Allocator + ?Sized,
    T: Allocator + ?Sized,
{
    let block = to.allocate(new)?;
    // SAFETY: the caller's promise; the new block was just allocated with `new`.
    unsafe { copy_and_free(from, ptr, old, block.cast(), new) };
    Ok(block)
}

/// Moves a block as [`relocate`] does, and zeroes what follows the copied bytes.
///
/// # Errors
///
/// If `to` has no block for `new`. The old block is then still allocated and unchanged.
///
/// # Safety
///
/// `ptr` denotes a block that is [currently allocated](crate#currently-allocated) by `from`, and
/// `old` [fits](crate#fits) it.
#[inline]
pub unsafe fn relocate_zeroed<F, T>(
    from: &F,
    to: &T,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError>
where
    F: Allocator + ?Sized,
    T: Allocator + ?Sized,
{
    let block = to.allocate_zeroed(new)?;
    // SAFETY: the caller's promise; the new block was just allocated with `new`.
    unsafe { copy_and_free(from, ptr, old, block.cast(), new) };
    Ok(block)
}

/// Copies a block to its new place and frees it.
///
/// # Safety
///
/// `ptr` is currently allocated by `from` and `old` fits it; `to` is another block, and `new` fits
/// that one.
unsafe fn copy_and_free<F: Allocator + ?Sized>(
    from: &F,
    ptr: NonNull<u8>,
    old: Layout,
    to: NonNull<u8>,
    new: Layout,
) {
    let len = old.size().min(new.size());
    // SAFETY: both blocks are at least `len` long, and two blocks that are allocated at one time do
    // not overlap.
    unsafe { ptr.copy_to_nonoverlapping(to, len) };
    // SAFETY: the caller's promise.
    unsafe { from.deallocate(ptr, old) };
}
