//! The large form: what reaches the inner allocator, and that bytes and zeroes stay where they
//! belong when the inner block moves to a place with another distance to the next aligned address.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod recorder;

use alloc_aligned::{Aligned, CacheAligned, is_aligned_to};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Global, Layout};
use core::ptr::NonNull;
use core::slice;
use recorder::{Call, Recorder};
use std::sync::Mutex;

/// Two words: what the inner block is aligned to.
const NATURAL: usize = 2 * size_of::<usize>();

/// Large from 1000 bytes on.
type Early<A> = Aligned<64, A, 1000>;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

/// The layout of the inner block of a large one of 64 bytes of alignment.
fn inner(size: usize) -> Layout {
    layout(size + 64, NATURAL)
}

/// More than any block below has bytes.
const MOST: usize = 6_001;
/// What every block below is filled with. Copied and compared as a whole: byte loops would be most of what
/// these tests cost under an interpreter.
static BYTES: [u8; MOST] = bytes();
static ZEROES: [u8; MOST] = [0; MOST];

#[allow(clippy::cast_possible_truncation)] // less than 251
const fn bytes() -> [u8; MOST] {
    let mut bytes = [0; MOST];
    let mut i = 0;
    while i < MOST {
        bytes[i] = (i % 251) as u8;
        i += 1;
    }
    bytes
}

/// Fills the first `len` bytes of a block.
fn fill(block: NonNull<u8>, len: usize) {
    let bytes = NonNull::from(&BYTES[..len]).cast();
    // SAFETY: the caller's blocks are that long, and not this static.
    unsafe { block.copy_from_nonoverlapping(bytes, len) };
}

/// Tells whether the bytes from `from` to `to` are as in `expected`.
fn holds(block: NonNull<u8>, from: usize, to: usize, expected: &[u8; MOST]) -> bool {
    // SAFETY: the caller's blocks are that long.
    let start = unsafe { block.add(from) };
    // SAFETY: as above, and initialised; the caller writes nothing meanwhile.
    let seen = unsafe { slice::from_raw_parts(start.as_ptr(), to - from) };
    seen == &expected[from..to]
}

#[test]
fn each_method_reaches_the_method_of_its_name() -> Result<(), AllocError> {
    let up = Recorder::default();
    let aligned = Early::new(&up);
    let block = aligned.allocate(layout(1000, 1))?;
    assert_eq!(block.len(), 1000);
    // SAFETY: allocated above; the new layout is not smaller.
    let block = unsafe { aligned.grow(block.cast(), layout(1000, 1), layout(3000, 8)) }?;
    assert_eq!(block.len(), 3000);
    // SAFETY: as returned by the call above.
    let block = unsafe { aligned.grow_zeroed(block.cast(), layout(3000, 8), layout(4000, 64)) }?;
    // SAFETY: as returned by the call above; the new layout is not larger.
    let block = unsafe { aligned.shrink(block.cast(), layout(4000, 64), layout(2000, 1)) }?;
    assert!(is_aligned_to(block.cast::<u8>().as_ptr(), 64));
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(block.cast(), layout(2000, 1)) };
    let block = aligned.allocate_zeroed(layout(5000, 1))?;
    // SAFETY: allocated above.
    unsafe { aligned.deallocate(block.cast(), layout(5000, 1)) };
    assert_eq!(
        up.calls(),
        [
            Call::Allocate(inner(1000)),
            Call::Grow(inner(1000), inner(3000)),
            Call::GrowZeroed(inner(3000), inner(4000)),
            Call::Shrink(inner(4000), inner(2000)),
            Call::Deallocate(inner(2000)),
            Call::AllocateZeroed(inner(5000)),
            Call::Deallocate(inner(5000)),
        ]
    );
    Ok(())
}

/// The threshold, the eighth, and what the heap aligns by itself.
#[test]
fn only_large_and_over_aligned_blocks_take_the_form() -> Result<(), AllocError> {
    let up = Recorder::default();
    for (asked, reaches) in [
        (layout(999, 1), layout(999, 64)),
        (layout(1000, 1), inner(1000)),
        // 128 is more than an eighth of 1000, and not of 1024.
        (layout(1000, 128), layout(1000, 128)),
        (layout(1024, 128), layout(1024 + 128, NATURAL)),
    ] {
        let aligned = Early::new(&up);
        let block: NonNull<u8> = aligned.allocate(asked)?.cast();
        assert_eq!(up.calls().last(), Some(&Call::Allocate(reaches)));
        assert!(is_aligned_to(block.as_ptr(), asked.align().max(64)));
        // SAFETY: allocated above.
        unsafe { aligned.deallocate(block, asked) };
        assert_eq!(up.calls().last(), Some(&Call::Deallocate(reaches)));
    }
    let word = Aligned::<{ NATURAL }, _, 0>::new(&up);
    let block: NonNull<u8> = word.allocate(layout(9000, 1))?.cast();
    assert_eq!(
        up.calls().last(),
        Some(&Call::Allocate(layout(9000, NATURAL)))
    );
    // SAFETY: allocated above.
    unsafe { word.deallocate(block, layout(9000, 1)) };
    Ok(())
}

/// Serves one block at a time from a buffer, aligned to two words; each grown or shrunk block
/// starts `steps` bytes after the last multiple of 64. What is not zeroed is garbage, and blocks are
/// longer than asked for.
struct Wandering {
    buffer: NonNull<u8>,
    steps: Mutex<std::vec::IntoIter<usize>>,
}

/// The length of the buffer, and of its halves, between which blocks move.
const BUFFER: Layout = Layout::new::<[CacheAligned<[u8; 64]>; 256]>();
const HALF: usize = BUFFER.size() / 2;
/// By how much returned blocks are longer.
const EXCESS: usize = 40;

impl Wandering {
    fn new(steps: &[usize]) -> Self {
        let buffer = Global.allocate(BUFFER).unwrap().cast::<u8>();
        // SAFETY: so long is the buffer.
        unsafe { buffer.write_bytes(0xC9, BUFFER.size()) };
        Self {
            buffer,
            steps: Mutex::new(Vec::from(steps).into_iter()),
        }
    }

    /// The next place, in the half where `old` is not.
    fn next(&self, size: usize, old: Option<NonNull<u8>>) -> Result<NonNull<[u8]>, AllocError> {
        let step = self.steps.lock().unwrap().next().ok_or(AllocError)?;
        assert!(step + size + EXCESS <= HALF);
        let low = old.is_none_or(|old| old.addr().get() - self.buffer.addr().get() >= HALF);
        // SAFETY: inside the buffer.
        let start = unsafe { self.buffer.add(if low { step } else { HALF + step }) };
        Ok(NonNull::slice_from_raw_parts(start, size + EXCESS))
    }

    fn resize(
        &self,
        old: NonNull<u8>,
        kept: usize,
        size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.next(size, Some(old))?;
        // SAFETY: the other half of the buffer is nobody's, and both blocks have `kept` bytes.
        unsafe { old.copy_to_nonoverlapping(block.cast(), kept) };
        Ok(block)
    }
}

impl Drop for Wandering {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { Global.deallocate(self.buffer, BUFFER) };
    }
}

// SAFETY: the tests hold one block at a time, which moves between the halves of the buffer.
unsafe impl Allocator for Wandering {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        assert_eq!(layout.align(), NATURAL);
        self.next(layout.size(), None)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, _: Layout) {
        let at = block.addr().get() - self.buffer.addr().get();
        assert!(at < BUFFER.size(), "what is freed is the inner block");
    }

    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(block, old.size(), new.size())
    }

    /// Preserves the excess of the old block, which the contract allows, and zeroes behind it.
    unsafe fn grow_zeroed(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let moved = self.resize(block, (old.size() + EXCESS).min(new.size()), new.size())?;
        let kept = (old.size() + EXCESS).min(moved.len());
        // SAFETY: inside the block.
        let behind = unsafe { moved.cast::<u8>().add(kept) };
        // SAFETY: to the end of the block.
        unsafe { behind.write_bytes(0, moved.len() - kept) };
        Ok(moved)
    }

    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        _: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.resize(block, new.size(), new.size())
    }
}

/// Every pair of distances, for each way to resize and several lengths.
#[test]
fn bytes_and_zeroes_survive_every_change_of_the_distance() -> Result<(), AllocError> {
    let offsets: Vec<usize> = (0..64).step_by(NATURAL).collect();
    let lengths: &[usize] = if cfg!(miri) {
        &[1001, 1105]
    } else {
        &[1000, 1001, 1020, 1063, 1064, 1105, 2000]
    };
    for &from in &offsets {
        for &to in &offsets {
            for &new in lengths {
                check_move(from, to, 1000, new)?;
            }
        }
    }
    Ok(())
}

fn check_move(from: usize, to: usize, old: usize, new: usize) -> Result<(), AllocError> {
    let aligned = Early::new(Wandering::new(&[from, to, from]));
    let (short, long) = (layout(old, 1), layout(new, 2));
    let block: NonNull<u8> = aligned.allocate(short)?.cast();
    fill(block, old);
    // SAFETY: allocated above; the new layout is not smaller.
    let block: NonNull<u8> = unsafe { aligned.grow(block, short, long) }?.cast();
    assert!(is_aligned_to(block.as_ptr(), 64));
    assert!(holds(block, 0, old, &BYTES), "grow {from} {to} {new}");
    fill(block, new);
    // SAFETY: as returned above; the new layout is not larger.
    let block: NonNull<u8> = unsafe { aligned.shrink(block, long, short) }?.cast();
    assert!(holds(block, 0, old, &BYTES), "shrink {from} {to} {new}");
    // SAFETY: as returned above.
    unsafe { aligned.deallocate(block, short) };

    let aligned = Early::new(Wandering::new(&[from, to]));
    let block: NonNull<u8> = aligned.allocate(short)?.cast();
    fill(block, old);
    // SAFETY: allocated above; the new layout is not smaller.
    let block: NonNull<u8> = unsafe { aligned.grow_zeroed(block, short, long) }?.cast();
    assert!(is_aligned_to(block.as_ptr(), 64));
    assert!(
        holds(block, 0, old, &BYTES),
        "grow_zeroed {from} {to} {new}"
    );
    assert!(holds(block, old, new, &ZEROES), "zeroes {from} {to} {new}");
    // The inner allocator has no more places: an error, and the block is as it was.
    // SAFETY: as returned above; the new layout is not smaller.
    assert!(unsafe { aligned.grow(block, long, layout(new + 1, 1)) }.is_err());
    // SAFETY: as returned above; the new layout is not larger.
    assert!(unsafe { aligned.shrink(block, long, short) }.is_err());
    assert!(holds(block, 0, old, &BYTES));
    assert!(holds(block, old, new, &ZEROES));
    // SAFETY: still allocated.
    unsafe { aligned.deallocate(block, long) };
    Ok(())
}

/// Between the forms, and between alignments of the large form, a block is moved or stays whole.
#[test]
fn an_error_on_the_way_to_another_form_leaves_the_block() -> Result<(), AllocError> {
    let up = Upstream::new().over_returning().least_aligned();
    for (old, new) in [
        (layout(500, 1), layout(5000, 1)),
        (layout(5000, 1), layout(5000, 128)),
        (layout(5000, 128), layout(5000, 1)),
        (layout(5000, 1), layout(6000, 4096)),
    ] {
        let aligned = Early::new(up.clone());
        let block: NonNull<u8> = aligned.allocate(old)?.cast();
        fill(block, old.size());
        up.fail_at(1);
        // SAFETY: allocated above; the new layout is not smaller.
        assert!(unsafe { aligned.grow(block, old, new) }.is_err());
        up.fail_at(1);
        // SAFETY: still allocated, as the call above erred.
        assert!(unsafe { aligned.grow_zeroed(block, old, new) }.is_err());
        assert!(holds(block, 0, old.size(), &BYTES));
        // SAFETY: still allocated, as the calls above erred.
        let block: NonNull<u8> = unsafe { aligned.grow_zeroed(block, old, new) }?.cast();
        assert!(is_aligned_to(block.as_ptr(), new.align().max(64)));
        assert!(holds(block, 0, old.size(), &BYTES));
        assert!(holds(block, old.size(), new.size(), &ZEROES));
        up.fail_at(1);
        let less = layout(10, 1);
        // SAFETY: as returned above; the new layout is not larger.
        assert!(unsafe { aligned.shrink(block, new, less) }.is_err());
        // SAFETY: still allocated, as the call above erred.
        let block: NonNull<u8> = unsafe { aligned.shrink(block, new, less) }?.cast();
        assert!(holds(block, 0, 10, &BYTES));
        // SAFETY: as returned above.
        unsafe { aligned.deallocate(block, less) };
    }
    up.assert_all_returned();
    Ok(())
}

#[test]
fn the_padding_is_part_of_what_may_be_too_much() -> Result<(), AllocError> {
    let up = Recorder::default();
    let aligned = Early::new(&up);
    let block: NonNull<u8> = aligned.allocate(layout(1000, 1))?.cast();
    // The first two can be raised, but leave no room for the padding at the natural alignment.
    let most = isize::MAX.unsigned_abs() - 63;
    for size in [most, most - NATURAL + 1, most + 1] {
        let huge = layout(size, 1);
        assert!(aligned.allocate(huge).is_err());
        assert!(aligned.allocate_zeroed(huge).is_err());
        // SAFETY: allocated above; the new layout is not smaller.
        assert!(unsafe { aligned.grow(block, layout(1000, 1), huge) }.is_err());
    }
    assert_eq!(up.calls(), [Call::Allocate(inner(1000))]);
    // SAFETY: still allocated.
    unsafe { aligned.deallocate(block, layout(1000, 1)) };
    Ok(())
}
