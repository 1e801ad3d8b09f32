//! Alignments and sizes as pure functions.
#![forbid(unsafe_code)]

use core::alloc::{Layout, LayoutError};

/// The layout of `layout.size()` bytes at `align` or higher.
///
/// `align` is a power of two. Errs if the size, rounded up to the raised alignment, exceeds
/// `isize::MAX` bytes.
#[inline]
pub(crate) const fn raise(layout: Layout, align: usize) -> Result<Layout, LayoutError> {
    layout.align_to(align)
}

/// The largest size in bytes that a [`Layout`] of this alignment can have.
#[inline]
pub(crate) const fn max_size(align: usize) -> usize {
    isize::MAX.unsigned_abs() + 1 - align
}

/// How many bytes `address` lies above the nearest multiple of `align`, a power of two.
#[inline]
pub(crate) const fn above_multiple(address: usize, align: usize) -> usize {
    address & (align - 1)
}

#[cfg(test)]
mod tests {
    use super::{above_multiple, max_size, raise};
    use core::alloc::Layout;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn raise_keeps_the_size_and_takes_the_higher_alignment() {
        assert_eq!(raise(layout(3, 1), 64), Ok(layout(3, 64)));
        assert_eq!(raise(layout(3, 64), 64), Ok(layout(3, 64)));
        assert_eq!(raise(layout(3, 128), 64), Ok(layout(3, 128)));
        assert_eq!(raise(layout(0, 1), 64), Ok(layout(0, 64)));
    }

    #[test]
    fn max_size_is_exact() {
        for shift in 0..usize::BITS {
            let align = 1 << shift;
            let max = max_size(align);
            assert!(Layout::from_size_align(max, align).is_ok(), "{align}");
            assert!(Layout::from_size_align(max + 1, align).is_err(), "{align}");
        }
    }

    #[test]
    fn raise_errs_exactly_above_max_size() {
        assert!(raise(layout(max_size(64), 1), 64).is_ok());
        assert!(raise(layout(max_size(64) + 1, 1), 64).is_err());
        assert!(raise(layout(max_size(1), 1), 64).is_err());
    }

    #[test]
    fn above_multiple_is_the_remainder() {
        for align in [1, 2, 16, 64, 4096] {
            for address in 0..10_000 {
                assert_eq!(above_multiple(address, align), address % align);
            }
        }
        assert_eq!(above_multiple(usize::MAX, 4096), 4095);
    }
}
