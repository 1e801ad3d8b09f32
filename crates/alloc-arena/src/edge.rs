//! Where a cursor or a limit stands, in the form that the fast path wants.

use core::ptr;

use alloc_core::Layout;

use crate::math;

/// A place between two bytes of a region, or at one of its ends.
///
/// Where blocks are multiples of words it is kept as the address of the byte after it. Where they are
/// packed tighter it is kept as that of the byte before: aligning a cursor upwards is then a single
/// `or`. All in one arena are kept in one way, so comparing them compares places.
///
/// Like any pointer it has a provenance, that of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Edge(*mut u8);

impl Edge {
    /// The place before the byte at `ptr`.
    #[inline]
    pub(crate) const fn before(ptr: *mut u8, min_align: usize) -> Self {
        Self(ptr.wrapping_sub(math::bias(min_align)))
    }

    /// Where no memory is: before the address `min_align`, which is never used.
    pub(crate) const fn nowhere(min_align: usize) -> Self {
        Self::before(ptr::without_provenance_mut(min_align), min_align)
    }

    /// The byte after this place.
    #[inline]
    pub(crate) const fn ptr(self, min_align: usize) -> *mut u8 {
        self.0.wrapping_add(math::bias(min_align))
    }

    /// The place before the byte at `addr`, of the same region.
    #[inline]
    pub(crate) fn with_addr(self, addr: usize, min_align: usize) -> Self {
        Self(self.0.with_addr(addr.wrapping_sub(math::bias(min_align))))
    }

    /// Where a block of `layout` starts if everything after this cursor is free, and the place after
    /// it. One of size zero may be sent after every limit.
    #[inline]
    pub(crate) fn bump(self, layout: Layout, min_align: usize) -> (*mut u8, Self) {
        let (size, align) = (layout.size(), layout.align());
        let aligned = math::aligned(self.0.addr(), size, align, min_align);
        let start = Self(self.0.with_addr(aligned));
        let end = Self(start.0.wrapping_add(math::round_up(size, min_align)));
        (start.ptr(min_align), end)
    }

    /// Whether this place, reached from a cursor before `lim` by [`bump`](Self::bump), is after it.
    #[inline]
    pub(crate) fn exceeds(self, lim: Self) -> bool {
        math::exceeds(self.0.addr(), lim.0.addr())
    }

    /// Whether both are one place.
    #[inline]
    pub(crate) fn is_at(self, other: Self) -> bool {
        self.0.addr() == other.0.addr()
    }

    /// The bytes from here to a later place.
    #[inline]
    pub(crate) fn bytes_to(self, later: Self) -> usize {
        later.0.addr() - self.0.addr()
    }
}
