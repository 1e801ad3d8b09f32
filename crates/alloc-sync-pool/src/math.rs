//! Sizes, indices and masks as pure functions.
#![forbid(unsafe_code)]

use core::alloc::Layout;

use crate::sync::BITS;

/// Bytes that the first chunk of a growing pool has for its blocks.
const FIRST_CHUNK: usize = 8 << 10;

/// Bytes for blocks above which chunks no longer double.
const LARGEST_CHUNK: usize = 64 << 20;

/// Where the parts of a chunk lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// What is asked of the upstream.
    pub(crate) layout: Layout,
    /// Bytes from the chunk's start to its bitmap.
    pub(crate) words: usize,
    /// Bytes from the chunk's start to its first block.
    pub(crate) blocks: usize,
}

/// Lays out a chunk: header, bitmap, blocks. `None` if it takes more than `isize::MAX` bytes.
///
/// `block.size()` is a multiple of its alignment. The blocks start on a cache line of their own,
/// `line` bytes long.
pub(crate) fn shape(
    header: Layout,
    words: Layout,
    line: usize,
    block: Layout,
    len: usize,
) -> Option<Shape> {
    let bytes = block.size().checked_mul(len)?;
    let area = Layout::from_size_align(bytes, block.align().max(line)).ok()?;
    let (layout, words) = header.extend(words).ok()?;
    let (layout, blocks) = layout.extend(area).ok()?;
    Some(Shape {
        layout,
        words,
        blocks,
    })
}

/// Blocks of the first chunk when nobody says how many.
pub(crate) const fn first_len(block_size: usize) -> usize {
    at_least_one(FIRST_CHUNK, block_size)
}

/// Blocks of the chunk that follows one of `len`.
pub(crate) fn next_len(len: usize, block_size: usize) -> usize {
    let largest = at_least_one(LARGEST_CHUNK, block_size);
    len.saturating_mul(2).min(largest).max(1)
}

/// Blocks that `bytes` have room for, or 1.
const fn at_least_one(bytes: usize, block_size: usize) -> usize {
    match bytes.checked_div(block_size) {
        Some(0) | None => 1,
        Some(blocks) => blocks,
    }
}

/// Words of a bitmap of `len` blocks.
pub(crate) const fn words_for(len: usize) -> usize {
    len.div_ceil(BITS)
}

/// The bits of word `word` that stand for blocks, in a bitmap of `len` blocks.
pub(crate) const fn valid_bits(word: usize, len: usize) -> usize {
    let below = len.saturating_sub(word.saturating_mul(BITS));
    if below >= BITS {
        usize::MAX >> (usize::BITS as usize - BITS)
    } else {
        (1 << below) - 1
    }
}

/// The bit of block `index` within its word.
pub(crate) const fn bit(index: usize) -> usize {
    1 << (index % BITS)
}

/// The `n` lowest ones of `set`, or all if there are fewer.
pub(crate) const fn lowest_bits(set: usize, n: usize) -> usize {
    let mut rest = set;
    let mut left = n;
    while rest != 0 && left != 0 {
        rest &= rest - 1;
        left -= 1;
    }
    set & !rest
}

/// Which block of `stride` bytes starts `offset` bytes after the first one.
pub(crate) const fn index_of(offset: usize, stride: usize) -> Option<usize> {
    match (offset.checked_div(stride), offset.checked_rem(stride)) {
        (Some(index), Some(0)) => Some(index),
        _ => None,
    }
}

/// Slots of its magazine that a `Local` uses: a small share of a bounded pool, `all` of them
/// otherwise.
pub(crate) const fn magazine_slots(limit: Option<usize>, all: usize) -> usize {
    match limit {
        Some(limit) if limit / 8 == 0 => 1,
        Some(limit) if limit / 8 < all => limit / 8,
        _ => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_ordered_and_aligned() {
        let header = Layout::from_size_align(256, 128).unwrap();
        let words = Layout::array::<usize>(3).unwrap();
        let block = Layout::from_size_align(48, 16).unwrap();
        let shape = shape(header, words, 128, block, 130).unwrap();
        assert_eq!((shape.words, shape.blocks), (256, 384));
        assert_eq!(shape.layout.size(), 384 + 48 * 130);
        assert_eq!(shape.layout.align(), 128);
    }

    #[test]
    fn huge_shapes_do_not_wrap() {
        let header = Layout::from_size_align(256, 128).unwrap();
        let words = Layout::new::<usize>();
        let block = Layout::from_size_align(64, 64).unwrap();
        for len in [usize::MAX, usize::MAX / 64, isize::MAX as usize / 64] {
            assert_eq!(shape(header, words, 128, block, len), None);
        }
    }

    #[test]
    fn chunks_double_up_to_a_cap() {
        assert_eq!(first_len(64), 128);
        assert_eq!(first_len(0), 1);
        assert_eq!(first_len(usize::MAX), 1);
        assert_eq!(next_len(128, 64), 256);
        assert_eq!(next_len(LARGEST_CHUNK, 64), LARGEST_CHUNK / 64);
        assert_eq!(next_len(1, LARGEST_CHUNK * 2), 1);
        assert_eq!(next_len(usize::MAX, 0), 1);
    }

    #[test]
    fn the_last_word_ends_with_the_blocks() {
        assert_eq!(words_for(0), 0);
        assert_eq!(words_for(BITS + 1), 2);
        assert_eq!(valid_bits(0, 0), 0);
        assert_eq!(valid_bits(0, 3), 0b111);
        assert_eq!(valid_bits(0, BITS), usize::MAX);
        assert_eq!(valid_bits(1, BITS), 0);
        assert_eq!(valid_bits(1, BITS + 2), 0b11);
        assert_eq!(valid_bits(usize::MAX, 2), 0);
    }

    #[test]
    fn lowest_bits_are_the_lowest() {
        assert_eq!(lowest_bits(0b1011_0100, 2), 0b0001_0100);
        assert_eq!(lowest_bits(0b1011_0100, 64), 0b1011_0100);
        assert_eq!(lowest_bits(usize::MAX, 0), 0);
        assert_eq!(lowest_bits(0, 5), 0);
        assert_eq!(lowest_bits(usize::MAX, 64), usize::MAX);
    }

    #[test]
    fn only_block_starts_have_an_index() {
        assert_eq!(index_of(96, 48), Some(2));
        assert_eq!(index_of(97, 48), None);
        assert_eq!(index_of(0, 0), None);
    }

    #[test]
    fn a_bounded_pool_has_small_magazines() {
        assert_eq!(magazine_slots(None, 64), 64);
        assert_eq!(magazine_slots(Some(0), 64), 1);
        assert_eq!(magazine_slots(Some(100), 64), 12);
        assert_eq!(magazine_slots(Some(usize::MAX), 64), 64);
    }
}
