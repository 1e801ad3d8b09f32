//! Size and address arithmetic as pure functions. Nothing here wraps, panics or touches memory.
#![forbid(unsafe_code)]

use core::alloc::Layout;

/// Bytes of blocks that the first chunk of a growing pool aims at: a page, less room for what
/// stands around it.
pub(crate) const FIRST_CHUNK: usize = 4096 - 64;

/// Blocks that the first chunk has at least, unless the limit on a chunk says otherwise.
pub(crate) const FIRST_BLOCKS: usize = 8;

/// The larger of two numbers, in constants as well.
const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Rounds `size` up to a multiple of `align`, a power of two. `None` if that is no `usize`.
pub(crate) const fn round_up(size: usize, align: usize) -> Option<usize> {
    debug_assert!(align.is_power_of_two());
    match size.checked_add(align - 1) {
        Some(sum) => Some(sum & !(align - 1)),
        None => None,
    }
}

/// The layout of a block that serves `request` and `extra` bytes behind it, and can hold and align
/// a link while it is free.
///
/// Its size is a multiple of its alignment, so that blocks can stand in a row. `None` if it exceeds
/// `isize::MAX` bytes.
pub(crate) const fn block_layout(request: Layout, extra: usize, link: Layout) -> Option<Layout> {
    let align = max(request.align(), link.align());
    let Some(size) = request.size().checked_add(extra) else {
        return None;
    };
    let Some(size) = round_up(max(size, link.size()), align) else {
        return None;
    };
    match Layout::from_size_align(size, align) {
        Ok(layout) => Some(layout),
        Err(_) => None,
    }
}

/// Where the parts of a chunk stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// What to ask the upstream for.
    pub(crate) layout: Layout,
    /// Where the foot begins, in bytes from the start: behind the last block.
    pub(crate) foot_at: usize,
}

/// The shape of a chunk of `blocks` blocks, a foot, and `map` bytes behind the foot. `None` if it
/// exceeds `isize::MAX` bytes.
///
/// `block` comes from [`block_layout`] with a link that is aligned no less than the foot, so that
/// the foot needs no padding.
pub(crate) fn chunk_shape(block: Layout, blocks: usize, foot: Layout, map: usize) -> Option<Shape> {
    debug_assert!(block.size().is_multiple_of(foot.align()));
    let foot_at = block.size().checked_mul(blocks)?;
    let size = foot_at.checked_add(foot.size())?.checked_add(map)?;
    let layout = Layout::from_size_align(size, block.align()).ok()?;
    Some(Shape { layout, foot_at })
}

/// The number of blocks in the next chunk of a growing pool that holds `held` blocks of `size` bytes.
///
/// As many as there are, so that the pool doubles; at least a page of them or [`FIRST_BLOCKS`]; and
/// at most `limit` bytes of them, but never none.
pub(crate) fn next_blocks(held: usize, size: usize, limit: usize) -> usize {
    debug_assert!(size > 0);
    let first = (FIRST_CHUNK / size).max(FIRST_BLOCKS);
    let most = (limit / size).max(1);
    held.max(first).min(most)
}

/// The number of the block that begins at `address`, in a row of `blocks` blocks of `size` bytes
/// from `start` on.
///
/// `None` if no block begins there.
pub(crate) fn block_index(
    start: usize,
    blocks: usize,
    size: usize,
    address: usize,
) -> Option<usize> {
    let offset = address.checked_sub(start)?;
    let index = offset.checked_div(size)?;
    (index < blocks && offset.is_multiple_of(size)).then_some(index)
}

/// Tells whether a block serves `request`: not empty, and neither larger nor more aligned than the block.
#[inline]
pub(crate) const fn serves(block: Layout, request: Layout) -> bool {
    // An empty request wraps to the largest number, which no block is larger than.
    request.size().wrapping_sub(1) < block.size() && request.align() <= block.align()
}

/// Bytes of a word. Every block is aligned to it, and its size is a multiple of it.
pub(crate) const WORD: usize = size_of::<usize>();

// Blocks are aligned to a word by the alignment of their links, and so are multiples of one.
const _: () = assert!(align_of::<usize>() == WORD, "words are less aligned here");

/// Words of the largest request that shares its list only with requests of as many words.
const WORDS: usize = 32;

/// The number of free lists.
///
/// The list of slot 0 stays empty. That of slot `n` is for requests of `n` words, and the last one
/// for all that are larger.
pub(crate) const SLOTS: usize = WORDS + 2;

/// Tells whether `request` is large, or more aligned than a word: whether it takes a look at what a
/// block is to say that one serves it.
#[inline]
pub(crate) const fn needs_look(request: Layout) -> bool {
    request.align() > WORD || request.size() > WORDS * WORD
}

/// The slot of the list where blocks for `request` may be taken without a look at what a block is.
///
/// It is 0, where there are none, if the request is empty or [needs that look](needs_look). Where the request is a constant so is the slot. Where it is not,
/// this is computed without a jump, and in a loop only once.
#[inline]
pub(crate) const fn slot_to_take(request: Layout) -> usize {
    if needs_look(request) {
        return 0;
    }
    request.size().div_ceil(WORD)
}

/// The slot of the list to which a block that served `request` goes. It is 0 only for an empty one.
#[inline]
pub(crate) const fn slot_to_give(request: Layout) -> usize {
    if request.size() > WORDS * WORD {
        return WORDS + 1;
    }
    request.size().div_ceil(WORD)
}

/// How many blocks of `size` bytes are made ready at a time: a kibibyte of them, at most 16, and
/// never none.
pub(crate) const fn batch(size: usize) -> usize {
    match 1024_usize.checked_div(size) {
        None | Some(0) => 1,
        Some(blocks) if blocks > 16 => 16,
        Some(blocks) => blocks,
    }
}

// Not under Miri: it would take long, and nothing here touches memory.
#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    const LINK: Layout = Layout::new::<usize>();

    /// An interpreter takes samples; there is nothing unsafe here for it to see.
    const STEP: usize = if cfg!(miri) { 37 } else { 1 };

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn every_small_block_holds_and_aligns_a_link_and_its_request() {
        for align in (0..8).map(|shift| 1 << shift) {
            for size in (0..=300).step_by(STEP) {
                for extra in [0, 1, 96] {
                    let block = block_layout(layout(size, align), extra, LINK).unwrap();
                    assert!(block.size() >= (size + extra).max(LINK.size()));
                    assert!(block.align() >= align.max(LINK.align()));
                    assert_eq!(block.size() % block.align(), 0);
                    // And no larger than that: one alignment less would not do.
                    assert!(block.size() - block.align() < (size + extra).max(LINK.size()));
                    assert_eq!(block.align(), align.max(LINK.align()));
                }
            }
        }
    }

    #[test]
    fn a_block_that_cannot_be_padded_is_none() {
        let most = isize::MAX as usize;
        assert_eq!(block_layout(layout(most, 1), 0, LINK), None);
        assert_eq!(block_layout(layout(8, 8), usize::MAX, LINK), None);
        assert_eq!(block_layout(layout(8, 8), most, LINK), None);
        let large = most - (LINK.align() - 1);
        assert_eq!(
            block_layout(layout(large, 1), 0, LINK).map(|b| b.size()),
            Some(large)
        );
    }

    #[test]
    fn round_up_is_the_next_multiple() {
        for align in [1, 2, 8, 64] {
            for size in 0..200 {
                let rounded = round_up(size, align).unwrap();
                assert!(rounded >= size && rounded - size < align && rounded.is_multiple_of(align));
            }
        }
        assert_eq!(round_up(usize::MAX, 2), None);
        assert_eq!(round_up(usize::MAX, 1), Some(usize::MAX));
    }

    #[test]
    fn a_chunk_is_its_blocks_then_its_foot_then_its_map() {
        let foot = Layout::new::<[usize; 5]>();
        for align in [8, 64, 4096] {
            for blocks in [1, 2, 63, 1000] {
                let block = layout(align * 2, align);
                let shape = chunk_shape(block, blocks, foot, 24).unwrap();
                assert_eq!(shape.foot_at, block.size() * blocks);
                assert_eq!(shape.layout.size(), shape.foot_at + foot.size() + 24);
                assert_eq!(shape.layout.align(), align);
                assert_eq!(shape.foot_at % foot.align(), 0);
            }
        }
        assert_eq!(
            chunk_shape(layout(16, 8), usize::MAX / 16 + 1, foot, 0),
            None
        );
        assert_eq!(
            chunk_shape(layout(16, 8), isize::MAX as usize / 16, foot, 0),
            None
        );
        assert_eq!(chunk_shape(layout(16, 8), 1, foot, usize::MAX), None);
    }

    #[test]
    fn chunks_double_up_to_the_limit() {
        assert_eq!(next_blocks(0, 64, 1 << 20), 63);
        assert_eq!(next_blocks(63, 64, 1 << 20), 63);
        assert_eq!(next_blocks(126, 64, 1 << 20), 126);
        assert_eq!(next_blocks(1 << 20, 64, 1 << 20), (1 << 20) / 64);
        assert_eq!(next_blocks(0, 4096, 1 << 20), FIRST_BLOCKS);
        assert_eq!(
            next_blocks(0, 4096, 0),
            1,
            "a limit below one block still gives one"
        );
        assert_eq!(next_blocks(0, isize::MAX as usize, usize::MAX), 2);
    }

    #[test]
    fn only_the_start_of_a_block_has_an_index() {
        for size in [8, 24, 64] {
            for address in (0..1000).step_by(STEP) {
                let expected = (100..100 + 5 * size)
                    .step_by(size)
                    .position(|start| start == address);
                assert_eq!(block_index(100, 5, size, address), expected);
            }
        }
        assert_eq!(block_index(100, 5, 0, 100), None);
        assert_eq!(block_index(usize::MAX, 1, 8, 0), None);
    }

    #[test]
    fn a_block_serves_what_is_neither_empty_nor_larger_nor_more_aligned() {
        for block in [layout(8, 8), layout(64, 16), layout(128, 128)] {
            for align in (0..9).map(|shift| 1 << shift) {
                for size in (0..200).step_by(STEP) {
                    let fits = size != 0 && size <= block.size() && align <= block.align();
                    assert_eq!(serves(block, layout(size, align)), fits);
                }
            }
        }
        assert!(
            !serves(layout(0, 1), layout(1, 1)),
            "a pool without a block size serves nothing"
        );
    }

    #[test]
    fn what_is_taken_without_a_look_fits_whatever_was_given_to_that_slot() {
        let most = WORD * (WORDS + 3);
        for given in (1..most).step_by(STEP) {
            let slot = slot_to_give(layout(given, 1));
            assert!(slot != 0 && slot < SLOTS);
            // The smallest block that can have served it.
            let block = block_layout(layout(given, 1), 0, LINK).unwrap();
            for taken in (1..most).step_by(STEP) {
                for align in [1, WORD, 2 * WORD, 4096] {
                    let request = layout(taken, align);
                    if slot_to_take(request) == slot {
                        assert!(serves(block, request), "{given} then {request:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_request_finds_the_blocks_of_its_like_unless_it_needs_a_look() {
        for align in (0..9).map(|shift| 1 << shift) {
            for size in (0..WORD * (WORDS + 3)).step_by(STEP) {
                let request = layout(size, align);
                let look = align > WORD || size > WORD * WORDS;
                let expected = if look { 0 } else { slot_to_give(request) };
                assert_eq!(slot_to_take(request), expected);
                assert_eq!(slot_to_give(request) == 0, size == 0);
            }
        }
        let huge = layout(isize::MAX as usize, 1);
        assert_eq!((slot_to_take(huge), slot_to_give(huge)), (0, SLOTS - 1));
    }

    #[test]
    fn a_batch_is_a_kibibyte_or_sixteen_blocks_or_one() {
        assert_eq!([0, 1, 8, 64, 65].map(batch), [1, 16, 16, 16, 15]);
        assert_eq!(
            [512, 513, 1024, 1025, usize::MAX].map(batch),
            [2, 1, 1, 1, 1]
        );
    }
}
