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

/// What is computed of addresses and sizes, at any width.
macro_rules! arithmetic {
    ($word:ty) => {
        /// How many bytes `address` lies above the nearest multiple of `align`, a power of two.
        #[inline]
        pub(crate) const fn above_multiple(address: $word, align: $word) -> $word {
            address & (align - 1)
        }

        /// The next multiple of `unit`, a power of two, from `size` on, if there is one.
        #[inline]
        #[cfg_attr(not(all(feature = "map", target_os = "linux")), allow(dead_code))]
        pub(crate) const fn round_up(size: $word, unit: $word) -> Option<$word> {
            match size.checked_add(unit - 1) {
                Some(beyond) => Some(beyond & !(unit - 1)),
                None => None,
            }
        }

        /// Tells whether a block of `size` bytes, aligned to `align`, takes the large form.
        ///
        /// It does from `large` bytes on, if its alignment is more than `natural`, and if the
        /// padding of up to `align` bytes is at most an eighth of it.
        #[inline]
        pub(crate) const fn is_large(
            size: $word,
            align: $word,
            large: $word,
            natural: $word,
        ) -> bool {
            size >= large && align > natural && size / 8 >= align
        }

        /// The largest size that is not large: all that are at most this are not.
        #[inline]
        pub(crate) const fn max_small(align: $word, large: $word, natural: $word) -> $word {
            let from = align.saturating_mul(8);
            if align <= natural {
                <$word>::MAX
            } else if large > from {
                large - 1
            } else {
                from - 1
            }
        }

        /// The bytes from `start` to the first multiple of `align` that has `room` bytes before it.
        ///
        /// At least `room`, and at most `align` if `start` is a multiple of `room` and `room` is a
        /// power of two less than `align`.
        #[inline]
        pub(crate) const fn distance(start: $word, align: $word, room: $word) -> $word {
            room + (start.wrapping_add(room).wrapping_neg() & (align - 1))
        }

        /// The bytes of a grown block that `grow_zeroed` of the inner allocator left as they were.
        ///
        /// The inner block of `inner` bytes was zeroed from there on; ours starts `distance` bytes
        /// into it and grew from `old` to `new` bytes. The answer counts from `old` on.
        #[inline]
        pub(crate) const fn unzeroed(
            inner: $word,
            distance: $word,
            old: $word,
            new: $word,
        ) -> $word {
            let (left, grown) = (
                inner.saturating_sub(distance).saturating_sub(old),
                new - old,
            );
            if left < grown { left } else { grown }
        }
    };
}

arithmetic!(usize);

// Not under Miri: it would take long, and nothing here touches memory.
#[cfg(all(test, not(miri)))]
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

/// Every input at a width of 8 bits, against arithmetic that is wide enough not to wrap.
#[cfg(all(test, not(miri)))]
mod narrow {
    arithmetic!(u8);

    const ALIGNS: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];

    fn wide(byte: u8) -> u32 {
        u32::from(byte)
    }

    #[test]
    fn the_rest_is_the_remainder() {
        for align in ALIGNS {
            for address in 0..=u8::MAX {
                assert_eq!(above_multiple(address, align), address % align);
            }
        }
    }

    #[test]
    fn rounding_up_is_exact_or_says_that_there_is_no_number() {
        for unit in ALIGNS {
            for size in 0..=u8::MAX {
                let wide = wide(size).next_multiple_of(wide(unit));
                assert_eq!(
                    round_up(size, unit),
                    u8::try_from(wide).ok(),
                    "{size} {unit}"
                );
            }
        }
    }

    /// Sizes up to `max_small` are not large and all beyond are, so that a length that is cut to it
    /// is as small as the size that was asked for.
    #[test]
    fn one_size_parts_the_small_from_the_large() {
        for natural in [1, 4, 16] {
            for align in ALIGNS {
                for large in 0..=u8::MAX {
                    let most = max_small(align, large, natural);
                    for size in 0..=u8::MAX {
                        let expected =
                            size >= large && align > natural && wide(size) >= 8 * wide(align);
                        let form = is_large(size, align, large, natural);
                        assert_eq!(form, expected, "{size} {align} {large} {natural}");
                        // Alignments of an eighth of the address space and more have no large form
                        // at all; the bound is then the largest number but one.
                        let beyond = size > most && 8 * wide(align) < 256;
                        assert_eq!(form, beyond, "{size} {align} {large} {natural}");
                    }
                }
            }
        }
    }

    /// At every place where the inner block may lie, the block with its header lies inside.
    #[test]
    fn the_block_has_room_before_it_and_behind_it() {
        for room in [1, 2, 4, 8] {
            for align in ALIGNS.into_iter().filter(|&align| align > room) {
                for start in (0..=u8::MAX).step_by(usize::from(room)) {
                    let to = distance(start, align, room);
                    assert!(room <= to && to <= align, "{start} {align} {room}");
                    assert!((wide(start) + wide(to)).is_multiple_of(wide(align)));
                    assert!(to.is_multiple_of(room));
                }
            }
        }
    }

    #[test]
    fn what_is_left_to_zero_is_exact() {
        for inner in (0..=u8::MAX).step_by(5) {
            for distance in 0..=64 {
                for old in (0..=u8::MAX).step_by(3) {
                    for new in old..=u8::MAX {
                        // Byte `i` of the block is byte `distance + i` of the inner one.
                        let end = (wide(distance) + wide(new)).min(wide(inner));
                        let left = end.saturating_sub(wide(distance) + wide(old));
                        assert_eq!(wide(unzeroed(inner, distance, old, new)), left);
                    }
                }
            }
        }
    }
}
