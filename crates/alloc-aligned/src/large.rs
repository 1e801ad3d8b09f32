//! The large form: a block inside a longer one that the inner allocator aligns as it likes.
//!
//! ```text
//! inner block   start                                                start + size + align
//!               │ padding       │ header │ our block, size bytes │ padding │
//!                                        └ the first multiple of align with room for a header
//! ```
//!
//! `raised` is the layout of our block, whose alignment is higher than [`NATURAL`]. It is the same
//! for every layout that fits: large blocks are handed out with exactly the size that was asked for.

use alloc_core::{AllocError, Allocator, Layout};
use core::ptr::NonNull;

use crate::math;

/// What stands directly before each large block.
#[derive(Clone, Copy)]
#[repr(C)]
struct Header {
    /// L1: the inner block as the inner allocator returned it, allocated with [`inner_layout`] of
    ///     the raised layout. The pointer may access all of it, whatever became of ours.
    start: NonNull<u8>,
    /// L2: how long the inner allocator said that it is, so at least the size of that layout.
    len: usize,
}
// L3: our block starts `math::distance` bytes after `start`, which is at least `NATURAL` and at most
//     the alignment. So the header before it and the block lie in the first `size + align` bytes.

/// The alignment that a heap gives without being asked, two words, as `malloc` does.
///
/// Above it, the system allocator of the standard library has no `calloc` and no `realloc`.
pub(crate) const NATURAL: usize = 2 * size_of::<usize>();

// The room before a block is the header and no more, and is aligned for it.
const _: () = assert!(size_of::<Header>() == NATURAL && align_of::<Header>() <= NATURAL);

/// The layout of the inner block: room for the padding, at the alignment that costs nothing.
#[inline]
fn inner_layout(raised: Layout) -> Result<Layout, AllocError> {
    let size = raised.size().checked_add(raised.align());
    let layout = size.map(|size| Layout::from_size_align(size, NATURAL));
    layout.and_then(Result::ok).ok_or(AllocError)
}

/// The same, of a block that is allocated.
///
/// # Safety
///
/// A block of the large form was allocated with `raised`.
#[inline]
unsafe fn inner_layout_of(raised: Layout) -> Layout {
    let layout = inner_layout(raised);
    debug_assert!(layout.is_ok(), "L1: the block was allocated with it");
    // SAFETY: the inner block was allocated with this layout (L1), so there is one.
    unsafe { layout.unwrap_unchecked() }
}

/// How far into the inner block ours starts.
#[inline]
fn distance(start: NonNull<u8>, raised: Layout) -> usize {
    debug_assert!(raised.align() > NATURAL);
    math::distance(start.addr().get(), raised.align(), NATURAL)
}

/// Writes the header, and returns our block.
///
/// # Safety
///
/// `inner` is a block of the inner allocator, allocated with `inner_layout(raised)`, and nobody
/// else's.
unsafe fn place(inner: NonNull<[u8]>, raised: Layout) -> NonNull<[u8]> {
    let header = Header {
        start: inner.cast(),
        len: inner.len(),
    };
    let distance = distance(header.start, raised);
    // SAFETY: inside the inner block (L3).
    let block = unsafe { header.start.add(distance) };
    // SAFETY: at least `NATURAL` bytes of the inner block lie before this (L3).
    let before = unsafe { block.cast::<Header>().sub(1) };
    debug_assert!(before.is_aligned());
    // SAFETY: inside the inner block, which is ours to write to; aligned, since the block is to more
    // than `NATURAL` and the header is that long.
    unsafe { before.write(header) };
    NonNull::slice_from_raw_parts(block, raised.size())
}

/// Reads the header of a block.
///
/// # Safety
///
/// `block` is a currently allocated block of the large form.
#[inline]
unsafe fn header(block: NonNull<u8>) -> Header {
    // SAFETY: the header is before the block, in the same inner block (L3).
    let before = unsafe { block.cast::<Header>().sub(1) };
    // SAFETY: `place` wrote it, and what lies outside the block is nobody else's to write.
    unsafe { before.read() }
}

/// Allocates a block of the large form.
#[cold]
#[inline(never)]
pub(crate) fn allocate<A: Allocator>(
    inner: &A,
    raised: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = inner.allocate(inner_layout(raised)?)?;
    // SAFETY: just allocated with this layout.
    Ok(unsafe { place(block, raised) })
}

/// Allocates a zeroed block of the large form. The header and the padding are all that is touched.
#[cold]
#[inline(never)]
pub(crate) fn allocate_zeroed<A: Allocator>(
    inner: &A,
    raised: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = inner.allocate_zeroed(inner_layout(raised)?)?;
    // SAFETY: just allocated with this layout.
    Ok(unsafe { place(block, raised) })
}

/// Frees a block of the large form.
///
/// # Safety
///
/// `block` is currently allocated in the large form, by an equivalent inner allocator and with
/// `raised`.
#[cold]
#[inline(never)]
pub(crate) unsafe fn deallocate<A: Allocator>(inner: &A, block: NonNull<u8>, raised: Layout) {
    // SAFETY: the caller's promise.
    let header = unsafe { header(block) };
    // SAFETY: the caller's promise.
    let layout = unsafe { inner_layout_of(raised) };
    // SAFETY: L1.
    unsafe { inner.deallocate(header.start, layout) };
}

/// Puts the kept bytes of a block where they belong in the inner block's new place.
///
/// # Safety
///
/// `inner` was grown or shrunk to `inner_layout(new)`; the first `from + kept` bytes of it are those
/// of the old inner block, in which ours started at `from`; and `kept` is at most `new.size()`.
unsafe fn settle(inner: NonNull<[u8]>, from: usize, kept: usize, new: Layout) -> NonNull<[u8]> {
    let start = inner.cast::<u8>();
    let to = distance(start, new);
    if from != to {
        // SAFETY: `from` is at most the alignment (L3), which is less than the inner size.
        let source = unsafe { start.add(from) };
        // SAFETY: as above.
        let target = unsafe { start.add(to) };
        // SAFETY: both ranges lie in the first `new.align() + new.size()` bytes, and this copy
        // allows that they overlap. The header of the new place is not written yet.
        unsafe { source.copy_to(target, kept) };
    }
    // SAFETY: the caller's promise.
    unsafe { place(inner, new) }
}

/// Grows a block of the large form, with the inner allocator's `grow`.
///
/// # Safety
///
/// As for [`deallocate`] with `old`; `new` is as aligned as `old` and not smaller.
#[cold]
#[inline(never)]
pub(crate) unsafe fn grow<A: Allocator>(
    inner: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let to = inner_layout(new)?;
    // SAFETY: the caller's promise.
    let header = unsafe { header(block) };
    // SAFETY: the caller's promise.
    let layout = unsafe { inner_layout_of(old) };
    let from = distance(header.start, old);
    // SAFETY: L1; as the alignments are equal and `new` is not smaller, nor is `to`.
    let moved = unsafe { inner.grow(header.start, layout, to) }?;
    // SAFETY: the inner allocator kept `old.size() + old.align()` bytes, and `from` is at most the
    // alignment (L3).
    Ok(unsafe { settle(moved, from, old.size(), new) })
}

/// Grows a block of the large form, with the inner allocator's `grow_zeroed`.
///
/// # Safety
///
/// As for [`grow`].
#[cold]
#[inline(never)]
pub(crate) unsafe fn grow_zeroed<A: Allocator>(
    inner: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let to = inner_layout(new)?;
    // SAFETY: the caller's promise.
    let header = unsafe { header(block) };
    // SAFETY: the caller's promise.
    let layout = unsafe { inner_layout_of(old) };
    let from = distance(header.start, old);
    // SAFETY: L1; as the alignments are equal and `new` is not smaller, nor is `to`.
    let moved = unsafe { inner.grow_zeroed(header.start, layout, to) }?;
    // SAFETY: as in `grow`.
    let grown = unsafe { settle(moved, from, old.size(), new) };

    // The inner allocator zeroed what lies behind its old block (L2). What was padding of it is
    // ours to zero.
    let into = distance(moved.cast(), new);
    let left = math::unzeroed(header.len, into, old.size(), new.size());
    // SAFETY: at most the end of the block.
    let behind = unsafe { grown.cast::<u8>().add(old.size()) };
    // SAFETY: at most `new.size() - old.size()` bytes, so inside the block.
    unsafe { behind.write_bytes(0, left) };
    Ok(grown)
}

/// Shrinks a block of the large form, with the inner allocator's `shrink`.
///
/// # Safety
///
/// As for [`deallocate`] with `old`; `new` is of the large form too, as aligned as `old` and not
/// larger.
#[cold]
#[inline(never)]
pub(crate) unsafe fn shrink<A: Allocator>(
    inner: &A,
    block: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let to = inner_layout(new)?;
    // SAFETY: the caller's promise.
    let header = unsafe { header(block) };
    // SAFETY: the caller's promise.
    let layout = unsafe { inner_layout_of(old) };
    let from = distance(header.start, old);
    // SAFETY: L1; as the alignments are equal and `new` is not larger, nor is `to`.
    let moved = unsafe { inner.shrink(header.start, layout, to) }?;
    // SAFETY: the inner allocator kept `new.size() + new.align()` bytes, and `from` is at most the
    // alignment (L3).
    Ok(unsafe { settle(moved, from, new.size(), new) })
}
