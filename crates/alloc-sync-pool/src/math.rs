//! Sizes, indices and masks as pure functions.
#![forbid(unsafe_code)]

use core::alloc::Layout;

use alloc_core::checker;

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

/// Tells whether [`checker`]s hear of blocks of `size` bytes, which threads free at the same time. The blocks start on a
/// cache line.
pub(crate) const fn is_watched(size: usize) -> bool {
    size.is_multiple_of(checker::UNIT)
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
    if set.count_ones() as usize <= n {
        return set;
    }
    // The most low bits of `set` that have no more than `n` ones, found by halving.
    let (mut below, mut step) = (0, usize::BITS / 2);
    while step != 0 {
        let mask = (1 << (below + step)) - 1;
        if (set & mask).count_ones() as usize <= n {
            below += step;
        }
        step /= 2;
    }
    set & ((1 << below) - 1)
}

/// A block's layout, and which requests it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// The size of the largest request with the alignment of a pointer or less, if all such
    /// alignments are served; else 0. One comparison for the layouts of most programs.
    common: usize,
    block: Layout,
}

impl Served {
    /// What blocks of this layout serve.
    pub(crate) const fn by(block: Layout) -> Self {
        let common = if block.align() < align_of::<*mut u8>() {
            0
        } else {
            block.size()
        };
        Self { common, block }
    }

    /// The layout of the block.
    #[inline]
    pub(crate) const fn layout(self) -> Layout {
        self.block
    }

    /// Tells whether a block serves a request of some size.
    #[inline]
    pub(crate) const fn serves(&self, layout: Layout) -> bool {
        if layout.align() <= align_of::<*mut u8>() && layout.size() <= self.common {
            return true;
        }
        cold();
        layout.size() <= self.block.size() && layout.align() <= self.block.align()
    }
}

/// Tells the compiler that this way is seldom taken.
#[cold]
#[inline]
pub(crate) const fn cold() {}

/// A distance between blocks, by which offsets are divided without a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stride {
    /// In bytes.
    bytes: usize,
    /// How often 2 divides it.
    twos: u32,
    /// What its odd part times this wraps around to is 1.
    inverse: usize,
}

impl Stride {
    /// A distance of `bytes`.
    pub(crate) const fn new(bytes: usize) -> Self {
        let twos = if bytes == 0 {
            0
        } else {
            bytes.trailing_zeros()
        };
        let odd = bytes >> twos;
        // Newton's method: an odd number is its own inverse in 3 bits, and each step doubles them.
        let mut inverse = odd;
        let mut bits = 3;
        while bits < usize::BITS {
            inverse = inverse.wrapping_mul(2_usize.wrapping_sub(odd.wrapping_mul(inverse)));
            bits *= 2;
        }
        Self {
            bytes,
            twos,
            inverse,
        }
    }

    /// In bytes.
    pub(crate) const fn bytes(self) -> usize {
        self.bytes
    }

    /// Which of `len` blocks starts `offset` bytes after the first one, if one does.
    ///
    /// `len` blocks must fit the address space. Multiplication by the inverse and rotation map each
    /// offset to another number, and `index * bytes` to `index`; so nothing else is mapped to a
    /// number below `len` (Warren, *Hacker's Delight*, 10-17).
    #[inline]
    pub(crate) const fn index_of(self, offset: usize, len: usize) -> Option<usize> {
        let index = offset.wrapping_mul(self.inverse).rotate_right(self.twos);
        if index < len { Some(index) } else { None }
    }
}

/// Which block of `stride` bytes starts `offset` bytes after the first one.
pub(crate) const fn index_of(offset: usize, stride: usize) -> Option<usize> {
    match (offset.checked_div(stride), offset.checked_rem(stride)) {
        (Some(index), Some(0)) => Some(index),
        _ => None,
    }
}

/// Bytes that rest in a magazine at most, unless [`FEW`] blocks are more.
const MAGAZINE_BYTES: usize = 128 * 1024;

/// Blocks that a magazine has room for, however large they are.
const FEW: usize = 4;

/// Slots of a magazine for blocks of `size` bytes that are used: a small share of a bounded pool, otherwise `all` of
/// them, or fewer where they would be many bytes.
pub(crate) const fn magazine_slots(limit: Option<usize>, size: usize, all: usize) -> usize {
    let most = match size {
        0 => all,
        _ if MAGAZINE_BYTES / size < FEW => FEW,
        _ if MAGAZINE_BYTES / size < all => MAGAZINE_BYTES / size,
        _ => all,
    };
    match limit {
        Some(limit) if limit / 8 == 0 => 1,
        Some(limit) if limit / 8 < most => limit / 8,
        _ => most,
    }
}

// Not under Miri: it would take long, and nothing here touches memory.
#[cfg(all(test, not(miri)))]
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
        assert_eq!(magazine_slots(None, 8, 64), 64);
        assert_eq!(magazine_slots(Some(0), 8, 64), 1);
        assert_eq!(magazine_slots(Some(100), 8, 64), 12);
        assert_eq!(magazine_slots(Some(usize::MAX), 8, 64), 64);
    }

    #[test]
    fn large_blocks_have_small_magazines() {
        let slots = |size| magazine_slots(None, size, 128);
        assert_eq!([0, 1, 1024, 1025].map(slots), [128, 128, 128, 127]);
        assert_eq!([32 << 10, 64 << 10, usize::MAX].map(slots), [4; 3]);
        assert_eq!(magazine_slots(Some(16), 64 << 10, 128), 2);
    }
}
