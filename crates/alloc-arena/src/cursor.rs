//! Bumping: what every arena here does with its cursor, written once.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, checker, dangling};

use crate::edge::Edge;
use crate::math;

/// Something that hands out memory between a cursor and a limit.
///
/// # Safety
///
/// - **B1** `cur <= lim`. They lie in one region of memory or at its end, or else they are equal.
/// - **B2** `cur` is not null and a multiple of `MIN_ALIGN`, a power of two.
/// - **B3** The bytes from `cur` to `lim` are in no block, and may be written to with the
///   provenance of `cur`, as may all blocks of the region. This lasts as long as a shared borrow of
///   `self`.
/// - **B4** No region starts where another one ends, so a block that ends at `cur` lies in the
///   region of `cur`.
/// - `refill` upholds all of that, and returns memory as `bump` does.
pub(crate) unsafe trait Cursor {
    /// Every block starts at a multiple of it, and takes a multiple of it.
    const MIN_ALIGN: usize;

    /// Whether this region is all the memory that there is.
    const IS_ONE_REGION: bool;

    /// The cursor: where the next block starts, before alignment.
    fn cur(&self) -> &Cell<Edge>;

    /// The end of the current region, with its provenance.
    fn lim(&self) -> Edge;

    /// Finds room for a block of `layout.size() > 0` that has no room between cursor and limit.
    fn refill(&self, layout: Layout) -> Result<NonNull<u8>, AllocError>;

    /// The same address in a block of this arena, with the provenance of the region that it lies in:
    /// for [`checker`]s that follow pointers. Without one it is the pointer that it is given.
    fn through_region(&self, block: *mut u8) -> *mut u8;

    /// Grows a block together with the memory that holds it and nothing else, if it can. Otherwise
    /// the block is unchanged.
    ///
    /// # Safety
    ///
    /// `ptr` denotes a block of `extent` bytes, not zero, of this arena; a larger size is asked for.
    unsafe fn grow_with_memory(
        &self,
        ptr: NonNull<u8>,
        extent: usize,
        new: Layout,
    ) -> Option<NonNull<u8>> {
        let _ = (ptr, extent, new);
        None
    }

    /// Whether a block that grows goes to other memory if there is some, rather than to grow
    /// [with its own](Self::grow_with_memory).
    fn prefers_other_memory(&self) -> bool {
        true
    }
}

/// From this many bytes on, the memory that holds a block which has to move is sought: 4 KiB. The
/// search for a smaller one costs more than its copy.
const SEARCHED: usize = 4096;

/// The bytes that a block of this size takes: all fitting layouts of one block come to the same
/// number.
#[inline]
const fn extent<C: Cursor>(size: usize) -> usize {
    math::round_up(size, C::MIN_ALIGN)
}

/// The fast path: takes a block if there is room. It is `extent` bytes long.
///
/// A block of size zero takes nothing, and may lie where there is no memory at all. To skip bytes for
/// its alignment would be to take them, and so it is left to the slow path: by the arithmetic, or, where
/// bytes are packed tightly, here. There it is not worth asking for its size if other memory can be had.
#[inline]
pub(crate) fn bump<C: Cursor>(arena: &C, layout: Layout) -> Option<NonNull<u8>> {
    if C::IS_ONE_REGION && math::is_packed(C::MIN_ALIGN) && layout.size() == 0 {
        return None;
    }
    let (start, end) = arena.cur().get().bump(layout, C::MIN_ALIGN);
    // By B1 and the bound on sizes that `Layout` gives, `end` is at most half of the address space
    // away from `cur`: what `exceeds` asks for. In an arena without memory (`cur == lim`) only a
    // block of size zero does not exceed.
    if end.exceeds(arena.lim()) {
        return None;
    }
    debug_assert!(
        start.addr().is_multiple_of(layout.align()),
        "a misplaced block"
    );
    // Rounded up from a multiple of `MIN_ALIGN` by one: B2. The bytes before it are the new block:
    // B3.
    arena.cur().set(end);
    // SAFETY: between `cur`, which is not null (B2), and `lim`, in one region (B1).
    let start = unsafe { NonNull::new_unchecked(start) };
    // SAFETY: B3: nobody's until now.
    Some(unsafe { checker::hand_out(start, extent::<C>(layout.size()), layout.align()) })
}

#[inline]
pub(crate) fn allocate<C: Cursor>(arena: &C, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    match bump(arena, layout) {
        Some(start) => Ok(whole::<C>(start, layout)),
        // Returned as it is: a call in the place of the return, for which nothing is saved.
        None => allocate_slow(arena, layout),
    }
}

#[cold]
#[inline(never)]
fn allocate_slow<C: Cursor>(arena: &C, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
    if layout.size() == 0 {
        return Ok(dangling(layout));
    }
    let start = arena.refill(layout)?;
    Ok(whole::<C>(start, layout))
}

/// The block at `start`, with all bytes that it takes.
#[inline]
fn whole<C: Cursor>(start: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(start, extent::<C>(layout.size()))
}

#[inline]
pub(crate) fn allocate_zeroed<C: Cursor>(
    arena: &C,
    layout: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = allocate(arena, layout)?;
    // SAFETY: a fresh block of this length, or of length 0.
    unsafe { block.cast::<u8>().write_bytes(0, block.len()) };
    Ok(block)
}

/// Whether a block of `size` bytes, not zero, ends at the cursor.
#[inline]
fn is_last<C: Cursor>(arena: &C, ptr: NonNull<u8>, size: usize) -> bool {
    let end = ptr.as_ptr().wrapping_add(extent::<C>(size));
    Edge::before(end, C::MIN_ALIGN).is_at(arena.cur().get())
}

/// The place before the last block, which starts at `ptr`.
///
/// The caller's pointer may have a provenance of a few bytes. That of the limit is the region's.
#[inline]
fn before_last<C: Cursor>(arena: &C, ptr: NonNull<u8>) -> Edge {
    arena.lim().with_addr(ptr.addr().get(), C::MIN_ALIGN)
}

/// Tells [`checker`]s that `len` bytes of a block are nobody's.
///
/// # Safety
///
/// They lie in a region of the arena, and nobody uses them any more.
#[inline]
unsafe fn retire<C: Cursor>(arena: &C, part: *mut u8, len: usize) {
    if checker::WATCHED && len > 0 {
        // SAFETY: the caller's promise; the region may be written to (B3).
        unsafe { checker::retire(arena.through_region(part), len) };
    }
}

/// # Safety
///
/// As for `Allocator::deallocate`.
#[inline]
pub(crate) unsafe fn deallocate<C: Cursor>(arena: &C, ptr: NonNull<u8>, layout: Layout) {
    // The address of a block of size zero says nothing.
    if layout.size() > 0 && is_last(arena, ptr, layout.size()) {
        // The block lies in the current region (B4), starts at a multiple of `MIN_ALIGN` (B2), and
        // is nobody's now (B3).
        arena.cur().set(before_last(arena, ptr));
    }
    // SAFETY: the caller's promise.
    unsafe { retire(arena, ptr.as_ptr(), extent::<C>(layout.size())) };
}

/// # Errors
///
/// If there is no room; the block is unchanged.
///
/// Always a call, so that a container which grows seldom keeps its own fields in registers.
///
/// # Safety
///
/// As for `Allocator::grow`.
#[inline(never)]
pub(crate) unsafe fn grow<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(new.size() >= old.size(), "growing to a smaller size");
    let is_placed = new.align() <= C::MIN_ALIGN || math::is_aligned(ptr.addr().get(), new.align());
    if is_placed && old.size() > 0 && is_last(arena, ptr, old.size()) {
        // SAFETY: the caller's promise, and as asked above.
        if let Some(block) = unsafe { resize_last(arena, ptr, new) } {
            return Ok(block);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { grow_elsewhere(arena, ptr, old, new) }
}

/// Grows a block that has no room where it is: a small one that is not the last is copied, if there is
/// room in the chunk.
///
/// # Errors
///
/// If there is no room; the block is unchanged.
///
/// # Safety
///
/// As for `Allocator::grow`.
#[inline(never)]
unsafe fn grow_elsewhere<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    if old.size() < SEARCHED
        && !is_last(arena, ptr, old.size())
        && let Some(block) = bump(arena, new)
    {
        // SAFETY: the old block is so long, and the new one is not shorter and in no other (B3).
        unsafe { ptr::copy_nonoverlapping(ptr.as_ptr(), block.as_ptr(), old.size()) };
        // SAFETY: the caller gives up the old block for this one.
        unsafe { retire(arena, ptr.as_ptr(), extent::<C>(old.size())) };
        return Ok(whole::<C>(block, new));
    }
    // SAFETY: the caller's promise.
    unsafe { grow_slow(arena, ptr, old, new) }
}

/// Grows a block that has no room where it is.
///
/// # Errors
///
/// If there is no room; the block is unchanged.
///
/// # Safety
///
/// As for `Allocator::grow`.
#[cold]
#[inline(never)]
unsafe fn grow_slow<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let elsewhere = || {
        // SAFETY: the caller's promise.
        unsafe { relocate(arena, ptr, old, new) }
    };
    let extent_old = extent::<C>(old.size());
    let is_sought = old.size() >= SEARCHED || is_last(arena, ptr, old.size());
    if old.size() == 0 || !is_sought || extent::<C>(new.size()) <= extent_old {
        return elsewhere();
    }
    let along = || {
        // SAFETY: the caller's promise: a block of this extent, which is not zero, and a larger size.
        let start = unsafe { arena.grow_with_memory(ptr, extent_old, new) };
        start.map(|start| whole::<C>(start, new)).ok_or(AllocError)
    };
    if !arena.prefers_other_memory()
        && let Ok(block) = along()
    {
        return Ok(block);
    }
    // Kept chunks may have made way in vain for a new one, and what they leave is enough to grow.
    elsewhere().or_else(|AllocError| along())
}

/// # Errors
///
/// If there is no room; the block is unchanged.
///
/// # Safety
///
/// As for `Allocator::grow_zeroed`.
pub(crate) unsafe fn grow_zeroed<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    // SAFETY: the caller's promise.
    let block = unsafe { grow(arena, ptr, old, new) }?;
    // SAFETY: `old.size() <= new.size() <= block.len()`: within the block.
    let rest = unsafe { block.cast::<u8>().add(old.size()) };
    // SAFETY: from there to the end of the block.
    unsafe { rest.write_bytes(0, block.len() - old.size()) };
    Ok(block)
}

/// # Errors
///
/// If the alignment rises, the block does not have it, and there is no room for another one; the
/// block is unchanged.
///
/// # Safety
///
/// As for `Allocator::shrink`.
#[inline]
pub(crate) unsafe fn shrink<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    debug_assert!(new.size() <= old.size(), "shrinking to a larger size");
    if new.size() == 0 {
        // SAFETY: the caller's promise.
        unsafe { deallocate(arena, ptr, old) };
        return Ok(dangling(new));
    }
    if !math::is_aligned(ptr.addr().get(), new.align()) {
        // SAFETY: the caller's promise.
        return unsafe { relocate(arena, ptr, old, new) };
    }
    let (extent_old, extent_new) = (extent::<C>(old.size()), extent::<C>(new.size()));
    let tail = ptr.as_ptr().wrapping_add(extent_new);
    // SAFETY: the caller gives up the tail of the block.
    unsafe { retire(arena, tail, extent_old - extent_new) };
    if !is_last(arena, ptr, old.size()) {
        // The tail of a block in the middle is lost until the next reset. Not longer than `old`,
        // which is what `ptr` reaches.
        let len = old.size().min(extent_new);
        return Ok(NonNull::slice_from_raw_parts(ptr, len));
    }
    // SAFETY: the caller's promise, and as asked above.
    unsafe { resize_last(arena, ptr, new) }.ok_or(AllocError)
}

/// Moves the end of the last block, if there is room for that.
///
/// # Safety
///
/// The block at `ptr` is the last one and not of size zero, and `ptr` has the new alignment.
#[inline]
unsafe fn resize_last<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    new: Layout,
) -> Option<NonNull<[u8]>> {
    // The block is in the region of the cursor (B4) and starts before it, so this is the bound check
    // of `bump`. What is cut off is nobody's now (B3).
    let end = ptr.addr().get().wrapping_add(extent::<C>(new.size()));
    let end = arena.lim().with_addr(end, C::MIN_ALIGN);
    if end.exceeds(arena.lim()) {
        return None;
    }
    arena.cur().set(end);
    let start = before_last(arena, ptr).ptr(C::MIN_ALIGN);
    // SAFETY: the start of a block, hence not null.
    let start = unsafe { NonNull::new_unchecked(start) };
    // SAFETY: the caller gives up the old block for this one, and what follows it is nobody's (B3).
    let start = unsafe { checker::hand_out(start, extent::<C>(new.size()), new.align()) };
    Some(whole::<C>(start, new))
}

/// Moves a block that cannot stay where it is.
///
/// # Errors
///
/// If there is no room; the block is unchanged.
///
/// # Safety
///
/// `ptr` denotes a block of this arena that `old` fits.
#[cold]
#[inline(never)]
unsafe fn relocate<C: Cursor>(
    arena: &C,
    ptr: NonNull<u8>,
    old: Layout,
    new: Layout,
) -> Result<NonNull<[u8]>, AllocError> {
    let block = allocate(arena, new)?;
    let len = old.size().min(new.size());
    // SAFETY: both blocks are at least `len` bytes long, and the new one is in no other (B3).
    unsafe { ptr::copy_nonoverlapping(ptr.as_ptr(), block.cast().as_ptr(), len) };
    // SAFETY: the caller's promise; nobody uses the old block any more.
    unsafe { deallocate(arena, ptr, old) };
    Ok(block)
}
