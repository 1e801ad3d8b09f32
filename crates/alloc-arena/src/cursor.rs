//! Bumping: what every arena here does with its cursor, written once.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, checker, dangling};

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

    /// The cursor: where the next block starts, before alignment.
    fn cur(&self) -> &Cell<*mut u8>;

    /// The end of the current region.
    fn lim(&self) -> *mut u8;

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
}

/// The bytes that a block of this size takes: all fitting layouts of one block come to the same
/// number.
#[inline]
const fn extent<C: Cursor>(size: usize) -> usize {
    math::round_up(size, C::MIN_ALIGN)
}

/// The fast path: takes a block if there is room. It is `extent` bytes long.
///
/// A block of size zero takes nothing, and may lie where there is no memory at all.
#[inline]
pub(crate) fn bump<C: Cursor>(arena: &C, layout: Layout) -> Option<NonNull<u8>> {
    let cur = arena.cur().get();
    let start = cur.wrapping_add(math::skip(cur.addr(), layout.align(), C::MIN_ALIGN));
    let end = start.wrapping_add(extent::<C>(layout.size()));
    // By B1 and the bound on sizes that `Layout` gives, `end` is at most half of the address space
    // away from `cur`: what `exceeds` asks for. In an arena without memory (`cur == lim`) only a
    // block of size zero does not exceed.
    if math::exceeds(end.addr(), arena.lim().addr()) {
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

/// Whether the block at `ptr` ends at the cursor. A zero-size one may as well, which does no harm.
#[inline]
fn is_last<C: Cursor>(arena: &C, ptr: NonNull<u8>, extent: usize) -> bool {
    ptr.addr().get().wrapping_add(extent) == arena.cur().get().addr()
}

/// Sets the cursor to the start of the last block, which takes `extent` bytes, and returns it.
///
/// The start is computed from the cursor and not from the caller's pointer: that one may have a
/// provenance of a few bytes, or none if the block is a zero-size one.
#[inline]
fn start_of_last<C: Cursor>(arena: &C, extent: usize) -> *mut u8 {
    arena.cur().get().wrapping_sub(extent)
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
    let extent = extent::<C>(layout.size());
    if is_last(arena, ptr, extent) {
        // The block lies in the current region (B4), starts at a multiple of `MIN_ALIGN` (B2), and
        // is nobody's now (B3).
        arena.cur().set(start_of_last(arena, extent));
    }
    // SAFETY: the caller's promise.
    unsafe { retire(arena, ptr.as_ptr(), extent) };
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
    let extent_old = extent::<C>(old.size());
    if is_last(arena, ptr, extent_old) && ptr.addr().get().is_multiple_of(new.align()) {
        let start = start_of_last(arena, extent_old);
        let end = start.wrapping_add(extent::<C>(new.size()));
        // `start <= cur <= lim`, and the block is in the region (B4), so this is the bound check of
        // `bump`.
        if !math::exceeds(end.addr(), arena.lim().addr()) {
            arena.cur().set(end);
            // SAFETY: the start of a block, hence not null; for a zero-size one it is the cursor
            // (B2).
            let start = unsafe { NonNull::new_unchecked(start) };
            let extent_new = extent::<C>(new.size());
            // SAFETY: the caller gives up the old block, and what follows it is nobody's (B3).
            let start = unsafe { checker::hand_out(start, extent_new, new.align()) };
            return Ok(NonNull::slice_from_raw_parts(start, extent_new));
        }
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
    let extent_old = extent::<C>(old.size());
    if extent_old > 0 && extent::<C>(new.size()) > extent_old {
        // SAFETY: the caller's promise: a block of this extent, which is not zero, and a larger size.
        if let Some(start) = unsafe { arena.grow_with_memory(ptr, extent_old, new) } {
            return Ok(whole::<C>(start, new));
        }
    }
    // SAFETY: the caller's promise.
    unsafe { relocate(arena, ptr, old, new) }
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
    if !ptr.addr().get().is_multiple_of(new.align()) {
        // SAFETY: the caller's promise.
        return unsafe { relocate(arena, ptr, old, new) };
    }
    let (extent_old, extent_new) = (extent::<C>(old.size()), extent::<C>(new.size()));
    let tail = ptr.as_ptr().wrapping_add(extent_new);
    // SAFETY: the caller gives up the tail of the block.
    unsafe { retire(arena, tail, extent_old - extent_new) };
    if !is_last(arena, ptr, extent_old) {
        // The tail of a block in the middle is lost until the next reset. Not longer than `old`,
        // which is what `ptr` reaches.
        return Ok(NonNull::slice_from_raw_parts(
            ptr,
            old.size().min(extent_new),
        ));
    }
    let start = start_of_last(arena, extent_old);
    // `extent_new <= extent_old`: still before `lim` (B1); what is cut off is nobody's now (B3).
    arena.cur().set(start.wrapping_add(extent_new));
    // SAFETY: the start of a block, hence not null.
    let start = unsafe { NonNull::new_unchecked(start) };
    // SAFETY: the caller gives up the old block for this one.
    let start = unsafe { checker::hand_out(start, extent_new, new.align()) };
    Ok(NonNull::slice_from_raw_parts(start, extent_new))
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
