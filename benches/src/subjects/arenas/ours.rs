//! The arenas of this workspace.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use alloc_arena::{Arena, FixedArena};
use alloc_core::Global;

use super::{CopySlice, Frame, Put};
use crate::subjects::{Lend, Subject};

lenders! {
    /// [`Arena`] as it comes.
    "Arena" Ours: Arena = Arena::new();

    /// [`Arena`] that packs bytes tightly.
    "Arena, align 1" Packed: Arena<Global, 1> = Arena::with_min_align_in(Global);
}

bump!(Ours Packed);

/// [`Arena`] through a [`LocalCursor`](alloc_arena::LocalCursor), which a loop keeps in registers.
#[derive(Debug)]
pub struct Cursored(Arena);

impl Subject for Cursored {
    const NAME: &'static str = "Arena, LocalCursor";

    fn fresh() -> Self {
        Self(Arena::new())
    }
}

impl Frame for Cursored {
    #[inline]
    fn end(&mut self) {
        self.0.reset();
    }
}

impl<T: Copy> Put<T> for Cursored {
    #[inline]
    fn put(&self, value: T) -> NonNull<T> {
        NonNull::from(self.0.local_cursor().alloc(value))
    }

    #[inline]
    fn put_each(&self, values: impl Iterator<Item = T>, mut each: impl FnMut(NonNull<T>)) {
        let mut cursor = self.0.local_cursor();
        for value in values {
            each(NonNull::from(cursor.alloc(value)));
        }
    }
}

/// What a [`Fixed`] has for blocks, in bytes.
const BUFFER: usize = 4 << 20;

/// [`FixedArena`] as it comes, over a buffer that no workload fills.
pub struct Fixed {
    /// Over `buffer`, and not used after this value.
    arena: FixedArena<'static>,
    /// From [`Box::into_raw`]; dropped with this value.
    buffer: NonNull<[MaybeUninit<u8>]>,
}

impl Subject for Fixed {
    const NAME: &'static str = "FixedArena";

    fn fresh() -> Self {
        let buffer = Box::into_raw(Box::<[u8]>::new_uninit_slice(BUFFER));
        Self {
            // SAFETY: the buffer came from a box, which is gone; this is the only reference to it
            // until `drop`, after which the arena is not used.
            arena: FixedArena::new(unsafe { &mut *buffer }),
            buffer: NonNull::new(buffer).expect("a box is not null"),
        }
    }
}

impl Drop for Fixed {
    fn drop(&mut self) {
        // An arena over nothing: the old one ends here.
        self.arena = FixedArena::new(&mut []);
        // SAFETY: the buffer came from a box, and the arena that borrowed it is gone.
        drop(unsafe { Box::from_raw(self.buffer.as_ptr()) });
    }
}

impl Frame for Fixed {
    #[inline]
    fn end(&mut self) {
        self.arena.reset();
    }
}

impl<T: Copy> Put<T> for Fixed {
    #[inline]
    fn put(&self, value: T) -> NonNull<T> {
        NonNull::from(self.arena.try_alloc(value).expect("room in the buffer"))
    }
}

impl CopySlice for Fixed {
    #[inline]
    fn copy(&self, bytes: &[u8]) -> NonNull<[u8]> {
        let copy = self.arena.try_alloc_slice_copy(bytes);
        NonNull::from(copy.expect("room in the buffer"))
    }
}

impl Lend for Fixed {
    type Handle<'a> = &'a FixedArena<'static>;

    #[inline]
    fn lend(&self) -> &FixedArena<'static> {
        &self.arena
    }
}

take_of_allocator!(Fixed);

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arena.fmt(f)
    }
}
