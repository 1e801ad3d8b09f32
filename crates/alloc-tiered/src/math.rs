//! Size classes: numbers only.
//!
//! ```text
//! class   0  1  2 .. 15 | 16  17 .. 23 | 24  25 .. 31 | 32 ..
//! bytes   8 16 24 .. 128|144 160 .. 256|288 320 .. 512|576 ..
//!         steps of 8    | steps of 16  | of 32        | of 64, and so on
//! ```
#![forbid(unsafe_code)]

use core::alloc::Layout;

/// Up to here classes are [`STEP`] bytes apart.
const FINE: usize = 128;

/// Bytes from one of the first classes to the next.
const STEP: usize = 8;

/// The first classes.
const FINE_CLASSES: usize = FINE / STEP;

/// Classes from one power of two to the next, beyond [`FINE`]: a block is at most an eighth longer than what is asked for.
const PER_DOUBLING: usize = 8;

/// Blocks are aligned no more strictly, so that the header of a chunk costs no more than this.
pub(crate) const MAX_ALIGN: usize = 128;

/// The most classes for which no number in here overflows.
pub(crate) const MAX_CLASSES: usize =
    FINE_CLASSES + PER_DOUBLING * (usize::BITS - 2 - FINE.ilog2()) as usize;

/// The class of the blocks that serve a layout of some size. Numbers beyond those of classes stand for none.
///
/// Whatever fits a block of that class and has this alignment is of this class as well.
#[inline]
pub(crate) const fn class_of(layout: Layout) -> usize {
    if layout.align() > MAX_ALIGN {
        return usize::MAX;
    }
    // Multiples of the alignment are what makes the block aligned: see `block`.
    let last = layout.pad_to_align().size().wrapping_sub(1);
    if last < FINE {
        return last / STEP;
    }
    // Of a size of 0 the last byte is beyond all of them.
    let doubling = (usize::BITS - 1 - last.leading_zeros()) as usize;
    let eighth = (last >> (doubling - PER_DOUBLING.ilog2() as usize)) % PER_DOUBLING;
    FINE_CLASSES + (doubling - FINE.ilog2() as usize) * PER_DOUBLING + eighth
}

/// The size of the blocks of a class, which is less than [`MAX_CLASSES`].
pub(crate) const fn size_of_class(class: usize) -> usize {
    if class < FINE_CLASSES {
        return (class + 1) * STEP;
    }
    let beyond = class - FINE_CLASSES;
    let step = (FINE / PER_DOUBLING) << (beyond / PER_DOUBLING);
    (PER_DOUBLING + beyond % PER_DOUBLING + 1) * step
}

/// The blocks of a class.
///
/// They are aligned to the largest power of two that divides their size, up to [`MAX_ALIGN`]. A class is a multiple of
/// its step, and a size that is one too is a class; so a size that is a multiple of an alignment either is
/// a class itself, or the alignment divides the step. Both ways the block is aligned.
pub(crate) const fn block(class: usize) -> Layout {
    let size = size_of_class(class);
    let align = 1 << size.trailing_zeros();
    let align = if align < MAX_ALIGN { align } else { MAX_ALIGN };
    match Layout::from_size_align(size, align) {
        Ok(block) => block,
        Err(_) => panic!("more classes than there are numbers for"),
    }
}

/// What the pool of a class, which is less than [`MAX_CLASSES`], is asked for: its blocks, aligned as they are.
#[inline]
pub(crate) const fn request(class: usize) -> Layout {
    match Layout::from_size_align(size_of_class(class), 1) {
        Ok(request) => request,
        // Not a panic, which would unwind out of an allocation; the test of all classes does not get here.
        Err(_) => Layout::new::<u8>(),
    }
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn every_layout_is_served_by_the_smallest_class_that_is_aligned() {
        for align in [1, 2, 4, 8, 16, 32, 64, 128] {
            for size in 1..=20_000 {
                let request = layout(size, align);
                let class = class_of(request);
                let serves = |class| {
                    let block = block(class);
                    block.size() >= size && block.align() >= align
                };
                assert!(serves(class), "{request:?}");
                // The classes below are too short for the size with its padding.
                let padded = request.pad_to_align().size();
                assert!(
                    class == 0 || size_of_class(class - 1) < padded,
                    "{request:?}"
                );
            }
        }
    }

    #[test]
    fn what_fits_a_block_is_of_its_class() {
        for align in [1, 8, 16, 32, 128] {
            for size in 1..3_000 {
                let class = class_of(layout(size, align));
                let longest = size_of_class(class);
                for fits in [size, size.midpoint(longest), longest - 1, longest] {
                    assert_eq!(class_of(layout(fits.max(size), align)), class);
                }
            }
        }
    }

    #[test]
    fn an_eighth_is_wasted_at_most() {
        for size in FINE + 1..100_000 {
            let wasted = size_of_class(class_of(layout(size, 1))) - size;
            assert!(wasted * 8 <= size, "{size}: {wasted}");
        }
    }

    #[test]
    fn classes_grow() {
        for class in 1..MAX_CLASSES {
            assert!(size_of_class(class - 1) < size_of_class(class));
            assert_eq!(class_of(block(class)), class);
            assert_eq!(request(class).size(), block(class).size());
        }
        assert!(isize::try_from(size_of_class(MAX_CLASSES - 1)).is_ok());
    }

    #[test]
    fn what_is_nothing_or_too_much_has_no_class() {
        assert!(class_of(layout(0, 1)) >= MAX_CLASSES);
        assert!(class_of(layout(0, 128)) >= MAX_CLASSES);
        assert_eq!(class_of(layout(1, 256)), usize::MAX);
        assert!(class_of(layout(isize::MAX as usize, 1)) >= MAX_CLASSES - 1);
    }
}
