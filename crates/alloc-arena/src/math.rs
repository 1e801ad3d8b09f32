//! Address and size arithmetic as pure functions.
//!
//! The functions are written once for any width, so that the tests can go through every input of
//! the 8-bit ones. `half` below is half of the address space: `isize::MAX + 1` bytes. Alignments
//! are powers of two.
#![forbid(unsafe_code)]

/// Defines the arithmetic for one width of addresses.
macro_rules! arithmetic {
    ($word:ty) => {
        /// From this minimum alignment on, more is rare.
        const WORD: $word = 8;

        /// Rounds `size` up to a multiple of `align`, modulo the width.
        ///
        /// For `size < half` the result is exact and at most `half`.
        #[inline]
        pub(crate) const fn round_up(size: $word, align: $word) -> $word {
            size.wrapping_add(align - 1) & !(align - 1)
        }

        /// Rounds `addr` down to a multiple of `align`.
        #[inline]
        pub(crate) const fn round_down(addr: $word, align: $word) -> $word {
            addr & !(align - 1)
        }

        /// Whether `addr` is a multiple of `align`.
        #[inline]
        pub(crate) const fn is_aligned(addr: $word, align: $word) -> bool {
            addr & (align - 1) == 0
        }

        /// The bytes from `addr` to the next multiple of `align`.
        #[inline]
        pub(crate) const fn padding(addr: $word, align: $word) -> $word {
            addr.wrapping_neg() & (align - 1)
        }

        /// Whether bytes are packed tighter than words.
        #[inline]
        pub(crate) const fn is_packed(min: $word) -> bool {
            min < WORD
        }

        /// By how much the address that stands for a place is before it; see
        /// [`Edge`](crate::edge::Edge).
        #[inline]
        pub(crate) const fn bias(min: $word) -> $word {
            if is_packed(min) { 1 } else { 0 }
        }

        /// The cursor moved on to the next multiple of `align`, where a block of `size` can start; modulo
        /// the width. Both are of multiples of `min`, less the bias.
        ///
        /// Where blocks are aligned to a word anyway, more is rare: a branch that is not taken costs
        /// less than the arithmetic. There, a block of size zero and a higher alignment is sent to a
        /// place after every limit, as it might skip bytes. Elsewhere the address before a multiple
        /// of `align` is the one whose lower bits are all ones.
        #[inline]
        pub(crate) const fn aligned(cursor: $word, size: $word, align: $word, min: $word) -> $word {
            if is_packed(min) {
                cursor | (align - 1)
            } else if align > min {
                cold();
                if size == 0 {
                    // Half of the address space away: `exceeds`, whatever the limit is.
                    cursor.wrapping_add(<$word>::MAX / 2 + 1)
                } else {
                    round_up(cursor, align)
                }
            } else {
                cursor
            }
        }

        /// Whether `end` lies after `lim`, told by one sign bit.
        ///
        /// Exact if `end` was reached from some `cur <= lim` with `lim - cur < half` by at most
        /// `half` bytes: the difference is then one of `-half ..= half - 1`, and a signed word
        /// holds all of them. Neither wrapping of `end` nor the place of the region in the address
        /// space matters.
        #[inline]
        pub(crate) const fn exceeds(end: $word, lim: $word) -> bool {
            lim.wrapping_sub(end).cast_signed() < 0
        }

        /// The size of the smallest chunk that is certain to hold a block of `size` and `align`.
        ///
        /// `offset` bytes of the chunk are its header; `start` is the alignment that chunks have,
        /// and `offset` is a multiple of it. `None` if no chunk can be that large.
        #[inline]
        pub(crate) const fn chunk_bytes(
            offset: $word,
            start: $word,
            size: $word,
            align: $word,
            min: $word,
        ) -> Option<$word> {
            let skipped = if align > start { align - start } else { 0 };
            let Some(head) = offset.checked_add(skipped) else {
                return None;
            };
            head.checked_add(round_up(size, min))
        }
    };
}

arithmetic!(usize);

/// Tells the compiler that this way is seldom taken.
#[cold]
#[inline]
const fn cold() {}

/// Every input at a width of 8 bits, against arithmetic that is wide enough not to wrap.
// Not under Miri: it would take long, and nothing here touches memory.
#[cfg(all(test, not(miri)))]
mod tests {
    use super::cold;

    arithmetic!(u8);

    const HALF: u32 = 128;
    const ALIGNS: [u8; 7] = [1, 2, 4, 8, 16, 32, 64];

    /// What a `Layout` promises of a size and an alignment.
    fn is_layout(size: u32, align: u8) -> bool {
        size.next_multiple_of(u32::from(align)) < HALF
    }

    #[test]
    fn rounding_is_exact() {
        for align in ALIGNS {
            let wide = u32::from(align);
            for size in 0..=u8::MAX {
                let down = u32::from(size) / wide * wide;
                assert_eq!(u32::from(round_down(size, align)), down);
                let up = u32::from(size).next_multiple_of(wide);
                assert_eq!(u32::from(round_up(size, align)), up % 256);
                assert_eq!(is_aligned(size, align), up == u32::from(size));
                assert_eq!(u32::from(padding(size, align)), up - u32::from(size));
                assert!(u32::from(size) >= HALF || up <= HALF);
            }
        }
    }

    /// The bound check of the fast path for every cursor, limit and layout there is.
    #[test]
    fn bump_accepts_exactly_what_has_room() {
        for min in ALIGNS {
            for cur in (1..=u8::MAX).filter(|cur| cur % min == 0) {
                for room in 0..=(255 - cur).min(127) {
                    for align in ALIGNS {
                        check_bumps(cur, room, align, min);
                    }
                }
            }
        }
    }

    fn check_bumps(cur: u8, room: u8, align: u8, min: u8) {
        for size in (1..128_u8).filter(|&size| is_layout(u32::from(size), align)) {
            let start = u32::from(cur).next_multiple_of(u32::from(align.max(min)));
            let end = start + u32::from(size).next_multiple_of(u32::from(min));
            let expected = end <= u32::from(cur) + u32::from(room);

            let lim = (cur + room).wrapping_sub(bias(min));
            let at = aligned(cur.wrapping_sub(bias(min)), size, align, min);
            let after = at.wrapping_add(round_up(size, min));
            let fits = !exceeds(after, lim);
            assert_eq!(fits, expected, "{cur} {room} {size} {align} {min}");
            if fits {
                let place = |edge: u8| u32::from(edge.wrapping_add(bias(min)));
                assert_eq!(
                    (place(at), place(after) + 256 * u32::from(end == 256)),
                    (start, end)
                );
            }
        }
    }

    /// Where blocks are multiples of words, one of size zero takes nothing: it is at the cursor, or has to
    /// go elsewhere.
    #[test]
    fn nothing_takes_nothing() {
        for min in ALIGNS.into_iter().filter(|&min| !is_packed(min)) {
            for cur in (1..=u8::MAX).filter(|cur| cur % min == 0) {
                for room in 0..=(255 - cur).min(127) {
                    for align in ALIGNS {
                        let at = aligned(cur, 0, align, min);
                        assert_eq!(exceeds(at, cur + room), align > min);
                        assert!(align > min || at == cur);
                    }
                }
            }
        }
    }

    /// An arena without a chunk has `cur == lim`; nothing but a zero-size block fits there.
    #[test]
    fn nothing_fits_where_there_is_nothing() {
        for min in ALIGNS {
            for size in 1..128_u8 {
                let nowhere = min - bias(min);
                assert!(exceeds(nowhere.wrapping_add(round_up(size, min)), nowhere));
            }
        }
    }

    #[test]
    fn a_chunk_of_the_computed_size_holds_its_block() {
        for min in ALIGNS {
            let start = min.max(8);
            let offset = round_up(24, start);
            for align in ALIGNS {
                let sizes = 1..128_u8;
                for size in sizes.filter(|&size| is_layout(u32::from(size), align)) {
                    check_chunk(offset, start, size, align, min);
                }
            }
        }
    }

    fn check_chunk(offset: u8, start: u8, size: u8, align: u8, min: u8) {
        let wide = |byte: u8| u32::from(byte);
        let skipped = wide(align).saturating_sub(wide(start));
        let total = wide(offset) + skipped + wide(size).next_multiple_of(wide(min));
        let bytes = chunk_bytes(offset, start, size, align, min);
        assert_eq!(bytes.map(wide), (total < 256).then_some(total));
        // At every place where a chunk may lie, the least aligned one included.
        for place in (0..256_u32).step_by(usize::from(start)) {
            let data = (place + wide(offset)).next_multiple_of(wide(align));
            let lim = (place + total) / wide(min) * wide(min);
            assert!(data + wide(size).next_multiple_of(wide(min)) <= lim);
        }
    }
}
