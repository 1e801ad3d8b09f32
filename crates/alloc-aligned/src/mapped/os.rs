//! The system calls.

use alloc_core::AllocError;
use core::ffi::c_void;
use core::ptr::{self, NonNull};
use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};

use super::HUGE_PAGE;
use crate::math;

/// What a mapping is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    /// Base pages.
    Base,
    /// Huge pages that were set aside.
    Reserved,
    /// Nothing: addresses that nobody may touch, for pages to be moved to.
    None,
}

/// The length of a base page.
#[inline]
pub(super) fn page() -> usize {
    rustix::param::page_size()
}

impl Pages {
    /// What a mapping of them is a multiple of.
    fn unit(self) -> usize {
        match self {
            Self::Base | Self::None => page(),
            Self::Reserved => HUGE_PAGE,
        }
    }

    /// Maps so many bytes somewhere.
    fn map(self, len: usize) -> Result<NonNull<u8>, AllocError> {
        let (protection, flags) = match self {
            Self::Base => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::empty()),
            Self::Reserved => (
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::HUGETLB | MapFlags::HUGE_2MB,
            ),
            Self::None => (ProtFlags::empty(), MapFlags::NORESERVE),
        };
        let flags = flags | MapFlags::PRIVATE;
        // SAFETY: without `MAP_FIXED` the system takes addresses that nobody has.
        let start = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, protection, flags) };
        NonNull::new(start.map_err(|_| AllocError)?.cast()).ok_or(AllocError)
    }

    /// Maps `len` bytes at a multiple of `align`, a power of two. `len` is a multiple of the unit,
    /// and not zero.
    pub(super) fn map_aligned(self, len: usize, align: usize) -> Result<NonNull<u8>, AllocError> {
        let unit = self.unit();
        debug_assert!(len > 0 && len.is_multiple_of(unit), "whole pages");
        if align <= unit {
            return self.map(len);
        }
        // In so many bytes from the start of a unit there are `len` that begin a multiple.
        let all = len.checked_add(align - unit).ok_or(AllocError)?;
        let mapped = self.map(all)?;
        let before = math::above_multiple(mapped.addr().get().wrapping_neg(), align);
        // SAFETY: at most `align - unit` bytes, as the mapping starts a unit: within it.
        let start = unsafe { mapped.add(before) };
        // SAFETY: to the end of `len` bytes, within the mapping.
        let end = unsafe { start.add(len) };
        // SAFETY: the first bytes of the mapping, which is ours and of which nobody knows yet.
        unsafe { give_back(mapped, before) };
        // SAFETY: what is left behind.
        unsafe { give_back(end, all - before - len) };
        Ok(start)
    }
}

/// Unmaps so many bytes, which may be none. Where the system cannot (to unmap the middle of what it
/// keeps as one mapping makes two of it, and their number is limited) the memory is given back, and
/// the addresses are never used again.
///
/// # Safety
///
/// These are whole pages that were mapped here, and nobody uses them any more.
pub(super) unsafe fn give_back(start: NonNull<u8>, len: usize) {
    let at = start.as_ptr().cast::<c_void>();
    if len == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    if unsafe { rustix::mm::munmap(at, len) }.is_err() {
        // SAFETY: as above; nobody reads the bytes that are lost.
        let _ = unsafe { rustix::mm::madvise(at, len, Advice::LinuxDontNeed) };
    }
}

/// Unmaps the end of a block.
///
/// # Errors
///
/// If the system cannot; nothing has changed.
///
/// # Safety
///
/// As [`give_back`].
pub(super) unsafe fn cut(start: NonNull<u8>, len: usize) -> Result<(), AllocError> {
    // SAFETY: the caller's promise.
    unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) }.map_err(|_| AllocError)
}

/// Advises the system to back a block with huge pages. It may decline, and nobody is told: the
/// block is as good as before.
///
/// # Safety
///
/// These are whole pages that were mapped here.
pub(super) unsafe fn advise(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller's promise; the advice changes no byte.
    let _ = unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxHugepage) };
}

/// Makes a block longer where it is.
///
/// # Errors
///
/// If the addresses behind it are taken, or the system cannot; nothing has changed.
///
/// # Safety
///
/// `old` bytes from `start` on are whole pages that were mapped here; `new` is a larger number of
/// them.
pub(super) unsafe fn extend(start: NonNull<u8>, old: usize, new: usize) -> Result<(), AllocError> {
    let (at, flags) = (start.as_ptr().cast(), MremapFlags::empty());
    // SAFETY: the caller's promise. Without `MREMAP_MAYMOVE` the pages stay where they are, and no
    // others are replaced.
    unsafe { rustix::mm::mremap(at, old, new, flags) }.map_err(|_| AllocError)?;
    Ok(())
}

/// Makes a block longer by moving its pages to a multiple of `align`, and returns where that is.
///
/// # Errors
///
/// If the system cannot; the block is as it was.
///
/// # Safety
///
/// As [`extend`], and nobody uses the block at its old place if it was moved.
pub(super) unsafe fn move_to_aligned(
    start: NonNull<u8>,
    old: usize,
    new: usize,
    align: usize,
) -> Result<NonNull<u8>, AllocError> {
    let (at, flags) = (start.as_ptr().cast(), MremapFlags::MAYMOVE);
    if align <= page() {
        // SAFETY: the caller's promise. The system takes addresses that nobody has.
        let moved = unsafe { rustix::mm::mremap(at, old, new, flags) };
        return NonNull::new(moved.map_err(|_| AllocError)?.cast()).ok_or(AllocError);
    }
    let place = Pages::None.map_aligned(new, align)?;
    let to = place.as_ptr().cast();
    // SAFETY: the caller's promise. What is replaced are the addresses that were just taken for it.
    let moved = unsafe { rustix::mm::mremap_fixed(at, old, new, flags, to) };
    // If this failed, the system may have let go of the place already, and another thread may have
    // it: it must not be unmapped. At worst some addresses without memory are lost.
    NonNull::new(moved.map_err(|_| AllocError)?.cast()).ok_or(AllocError)
}
