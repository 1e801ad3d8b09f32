//! What stands in front of each block.
//!
//! ```text
//!  base                             block
//!   │ padding, if the block's        │
//!   ▼ alignment exceeds 16           ▼
//!   ┌───────────────┬────────┬───────┬───────────────────┐
//!   │               │ tally  │ seal, │ the caller's      │
//!   │               │        │ ticks │ bytes             │
//!   └───────────────┴────────┴───────┴───────────────────┘
//! ```

use core::alloc::Layout;
use core::ptr::NonNull;

use super::super::sites::{Mark, Place, TICK_BITS};

/// A mark, and a seal that few other words have.
///
/// The upper bits of `word` are a hash of where the block is and of its layout; the lower ones are the
/// ticks of the mark. When the block was given back it is [`TORN`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Header {
    place: *mut (),
    word: u64,
}

/// What a header says of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// It is live, with this layout.
    Whole(Mark),
    /// It was given back.
    Broken,
    /// No header of such a block.
    Foreign,
}

/// How a block lies in the block of the inner allocator that it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outer {
    /// The layout of that one.
    pub(super) layout: Layout,
    /// Where in it the block begins.
    pub(super) offset: usize,
}

const HEADER: Layout = Layout::new::<Header>();
/// The room for it: a power of two, which its size is not where words have 4 bytes and `u64` is aligned
/// to as many.
const ROOM: usize = HEADER.size().next_power_of_two();
// What the documentation of `SiteProfiler` says of it.
const _: () = assert!(ROOM == 16);
const TORN: u64 = u64::MAX;

impl Outer {
    /// Of a block with this layout, or `None` if the address space has no room for it.
    #[inline]
    pub(super) fn of(layout: Layout) -> Option<Self> {
        let align = layout.align().max(HEADER.align());
        // Both are powers of two, so this is a multiple of the alignment and has room for the header.
        let offset = align.max(ROOM);
        let size = layout.size().checked_add(offset)?;
        let layout = Layout::from_size_align(size, align).ok()?;
        Some(Self { layout, offset })
    }

    /// How many bytes of it the caller sees.
    pub(super) fn size(&self) -> usize {
        self.layout.size() - self.offset
    }
}

/// A number whose upper bits are the seal of a block.
#[inline]
fn seal(block: NonNull<u8>, layout: Layout) -> u64 {
    let place = block.addr().get() as u64;
    // Addresses have no bits where sizes begin here, or none that differ.
    let shape = (layout.size() as u64).rotate_left(40) ^ layout.align() as u64;
    (place ^ shape).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// Where the header of a block is.
///
/// # Safety
///
/// There is room for one in front of the block.
#[inline]
unsafe fn header_of(block: NonNull<u8>) -> NonNull<Header> {
    // SAFETY: the caller's promise.
    unsafe { block.sub(HEADER.size()) }.cast()
}

/// Seals a block.
///
/// # Safety
///
/// The bytes from the block's [`Outer`] up to the block may be written to.
#[inline]
pub(super) unsafe fn put(block: NonNull<u8>, layout: Layout, mark: Mark) {
    let header = Header {
        place: mark.place.into_raw(),
        word: seal(block, layout) >> TICK_BITS << TICK_BITS | mark.ticks(),
    };
    // SAFETY: the caller's promise: the offset has room for a header.
    let there = unsafe { header_of(block) };
    // SAFETY: as above, and it is aligned for it.
    unsafe { there.write(header) };
}

/// Reads the header of a block.
///
/// # Safety
///
/// [`put`] was called for this block, and nobody wrote there since, but for [`tear`].
#[inline]
pub(super) unsafe fn read(block: NonNull<u8>, layout: Layout) -> Seal {
    // SAFETY: the caller's promise.
    let there = unsafe { header_of(block) };
    // SAFETY: the caller's promise. Nothing is asked of the alignment: if the promise is broken, this
    // shall be able to notice it.
    let header = unsafe { there.read_unaligned() };
    if (header.word ^ seal(block, layout)) >> TICK_BITS == 0 {
        let ticks = header.word & !(u64::MAX << TICK_BITS);
        // SAFETY: the seal says that `put` was here, with a place.
        let place = unsafe { Place::from_raw(header.place) };
        return Seal::Whole(Mark::new(place, ticks));
    }
    if header.word == TORN {
        Seal::Broken
    } else {
        Seal::Foreign
    }
}

/// Notes that a block is given back, where its seal is whole.
///
/// # Safety
///
/// As for [`read`], which said so.
#[inline]
pub(super) unsafe fn tear(block: NonNull<u8>) {
    // SAFETY: the caller's promise.
    let there = unsafe { header_of(block) };
    // SAFETY: as above.
    let word = unsafe { &raw mut (*there.as_ptr()).word };
    // SAFETY: as above.
    unsafe { word.write(TORN) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_lies_in_its_outer_one_as_aligned_as_it_asked() {
        for align_log2 in 0..20 {
            for size in [1, 7, 16, 4097] {
                let layout = Layout::from_size_align(size, 1 << align_log2).unwrap();
                let outer = Outer::of(layout).unwrap();
                assert!(outer.offset >= 16 && outer.offset.is_multiple_of(layout.align()));
                assert!(outer.layout.align() >= layout.align().max(HEADER.align()));
                assert_eq!(outer.layout.size(), outer.offset + size);
                assert!(outer.offset <= layout.align().max(16));
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_the_address_space_is_refused() {
        let most = isize::MAX as usize;
        for (size, align) in [
            (most, 1),
            (most - 15, 1),
            (most - 7, 8),
            (1 << (usize::BITS - 2), 1 << (usize::BITS - 2)),
        ] {
            let layout = Layout::from_size_align(size, align).unwrap();
            assert_eq!(Outer::of(layout), None, "{layout:?}");
        }
        assert!(Outer::of(Layout::from_size_align(most - 31, 1).unwrap()).is_some());
    }

    #[test]
    fn a_seal_knows_its_block_and_layout() {
        let mut memory = [0_u64; 16];
        let layout = |size, align| Layout::from_size_align(size, align).unwrap();
        let right = layout(24, 8);
        let base = NonNull::from(&mut memory).cast::<u8>();
        // SAFETY: within the array.
        let block = unsafe { base.add(16) };
        // SAFETY: 16 bytes of the array are in front of the block, here and below.
        unsafe { put(block, right, Mark::NONE) };
        // SAFETY: as above.
        assert_eq!(unsafe { read(block, right) }, Seal::Whole(Mark::NONE));
        for wrong in [
            layout(23, 8),
            layout(25, 8),
            layout(24, 4),
            layout(24, 16),
            layout(32, 8),
        ] {
            // SAFETY: as above.
            assert_eq!(unsafe { read(block, wrong) }, Seal::Foreign);
        }
        // SAFETY: as above.
        unsafe { tear(block) };
        // SAFETY: as above.
        assert_eq!(unsafe { read(block, right) }, Seal::Broken);
        // SAFETY: within the array.
        let other = unsafe { base.add(40) };
        // SAFETY: as above; zeros.
        assert_eq!(unsafe { read(other, right) }, Seal::Foreign);
    }
}
