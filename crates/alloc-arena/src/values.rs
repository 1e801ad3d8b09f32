//! Values and slices in anything that bumps: what the methods of [`api`](crate::api) do.

#![allow(clippy::mut_from_ref, reason = "each call returns other memory")]

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator};

use crate::buffer::Buffer;
use crate::cursor::{self, Cursor};

/// Values up to this size travel in registers, also through the slow path.
const IN_REGISTERS: usize = 2 * size_of::<usize>();

/// Ends an allocation that must not fail; `None` stands for more bytes than a layout can have.
#[cold]
#[inline(never)]
pub(crate) fn exhausted(layout: Option<Layout>) -> ! {
    #[cfg(feature = "alloc")]
    if let Some(layout) = layout {
        rust_alloc::alloc::handle_alloc_error(layout);
    }
    match layout {
        Some(layout) => panic!("the arena has no room for {layout:?}"),
        None => panic!("capacity overflow: no layout is that large"),
    }
}

/// Makes a block for `T` the place for one.
///
/// # Safety
///
/// `block` is a fresh block with the size and alignment of `T`, and lives as long as `arena` is
/// borrowed.
#[inline]
unsafe fn slot<C: Cursor, T>(_arena: &C, block: NonNull<u8>) -> &mut MaybeUninit<T> {
    // SAFETY: the caller's promise; uninitialised memory is a `MaybeUninit`.
    unsafe { block.cast().as_mut() }
}

#[inline]
pub(crate) fn uninit<C: Cursor, T>(arena: &C) -> Result<&mut MaybeUninit<T>, AllocError> {
    let block = cursor::allocate(arena, Layout::new::<T>())?;
    // SAFETY: allocated so.
    Ok(unsafe { slot(arena, block.cast()) })
}

#[inline]
pub(crate) fn try_alloc<C: Cursor, T>(arena: &C, value: T) -> Result<&mut T, AllocError> {
    uninit(arena).map(|slot| slot.write(value))
}

/// The slow path takes the value along and returns in place of the caller, so that the fast path
/// saves no register.
#[inline]
pub(crate) fn alloc<C: Cursor, T>(arena: &C, value: T) -> &mut T {
    let layout = Layout::new::<T>();
    if layout.size() == 0 || layout.size() > IN_REGISTERS {
        return match try_alloc(arena, value) {
            Ok(value) => value,
            Err(_) => exhausted(Some(layout)),
        };
    }
    match cursor::bump(arena, layout) {
        // SAFETY: a fresh block of this layout.
        Some(block) => unsafe { slot(arena, block) }.write(value),
        None => alloc_slow(arena, value),
    }
}

#[cold]
#[inline(never)]
fn alloc_slow<C: Cursor, T>(arena: &C, value: T) -> &mut T {
    match arena.refill(Layout::new::<T>()) {
        // SAFETY: a fresh block of this layout.
        Ok(block) => unsafe { slot(arena, block) }.write(value),
        Err(_) => exhausted(Some(Layout::new::<T>())),
    }
}

#[inline]
pub(crate) fn try_alloc_with<C: Cursor, T>(
    arena: &C,
    f: impl FnOnce() -> T,
) -> Result<&mut T, AllocError> {
    uninit(arena).map(|slot| slot.write(f()))
}

#[inline]
pub(crate) fn alloc_with<C: Cursor, T>(arena: &C, f: impl FnOnce() -> T) -> &mut T {
    match uninit(arena) {
        Ok(slot) => slot.write(f()),
        Err(AllocError) => exhausted(Some(Layout::new::<T>())),
    }
}

#[inline]
pub(crate) fn uninit_slice<C: Cursor, T>(
    arena: &C,
    len: usize,
) -> Result<&mut [MaybeUninit<T>], AllocError> {
    let layout = Layout::array::<T>(len).map_err(|_| AllocError)?;
    let block = cursor::allocate(arena, layout)?;
    let mut slots = NonNull::slice_from_raw_parts(block.cast(), len);
    // SAFETY: a fresh block for `len` values that lives as long as the borrow; uninitialised memory
    // is `MaybeUninit`s.
    Ok(unsafe { slots.as_mut() })
}

#[inline]
pub(crate) fn copy_slice<'c, C: Cursor, T: Copy>(
    arena: &'c C,
    source: &[T],
) -> Result<&'c mut [T], AllocError> {
    let start = cursor::allocate(arena, Layout::for_value(source))?.cast::<T>();
    // SAFETY: the fresh block has the layout of the source, and is no part of it.
    unsafe { ptr::copy_nonoverlapping(source.as_ptr(), start.as_ptr(), source.len()) };
    let mut copy = NonNull::slice_from_raw_parts(start, source.len());
    // SAFETY: initialised just now; the block lives as long as the borrow.
    Ok(unsafe { copy.as_mut() })
}

#[inline]
pub(crate) fn copy_str<'c, C: Cursor>(
    arena: &'c C,
    source: &str,
) -> Result<&'c mut str, AllocError> {
    let bytes = copy_slice(arena, source.as_bytes())?;
    // SAFETY: the bytes of a `str`.
    Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
}

#[inline]
pub(crate) fn fill_slice<C: Cursor + Allocator, T>(
    arena: &C,
    len: usize,
    mut f: impl FnMut(usize) -> T,
) -> Result<&mut [T], AllocError> {
    let mut buffer = Buffer::with_capacity(arena, len)?;
    for index in 0..len {
        buffer.push(f(index))?;
    }
    Ok(buffer.finish())
}

#[inline]
pub(crate) fn collect<C: Cursor + Allocator, T>(
    arena: &C,
    iter: impl Iterator<Item = T>,
) -> Result<&mut [T], AllocError> {
    let mut buffer = Buffer::with_capacity(arena, iter.size_hint().0)?;
    for value in iter {
        buffer.push(value)?;
    }
    Ok(buffer.finish())
}
