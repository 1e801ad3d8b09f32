//! Arenas of other crates.

use std::alloc::Layout;
use std::fmt;
use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator};
use blink_alloc::BlinkAlloc;
use bump_scope::alloc::Global;
use bump_scope::settings::BumpSettings;

use super::heaps::Kept;
use super::{CopySlice, Frame, Put};
use crate::subjects::heaps::TheMimalloc;
use crate::subjects::{Lend, Subject};

/// mimalloc as an arena.
pub type KeptMimalloc = Kept<TheMimalloc>;

lenders! {
    /// bumpalo as it comes.
    "bumpalo" Bumpalo: bumpalo::Bump = bumpalo::Bump::new();

    /// bumpalo with blocks that are multiples of words.
    "bumpalo, align 8" BumpaloAligned: bumpalo::Bump<8> = bumpalo::Bump::with_min_align();

    /// bump-scope as it comes: bumping upwards.
    "bump-scope" BumpScope: bump_scope::Bump = bump_scope::Bump::new();

    /// bump-scope downwards, with blocks that are multiples of words.
    "bump-scope, down, align 8" BumpScopeDown: bump_scope::Bump<Global, BumpSettings<8, false>> =
        bump_scope::Bump::new();

    /// `oxc_allocator` as it comes: bumping downwards, with bytes packed tightly.
    "oxc_allocator" Oxc: oxc_allocator::Allocator = oxc_allocator::Allocator::new();
}

bump!(Bumpalo BumpaloAligned BumpScope BumpScopeDown Oxc);

/// blink-alloc as it comes.
pub struct Blink(blink_alloc::Blink);

impl Subject for Blink {
    const NAME: &'static str = "blink-alloc";

    fn fresh() -> Self {
        Self(blink_alloc::Blink::new())
    }
}

impl Frame for Blink {
    #[inline]
    fn end(&mut self) {
        self.0.reset();
    }
}

impl<T: Copy> Put<T> for Blink {
    #[inline]
    fn put(&self, value: T) -> NonNull<T> {
        NonNull::from(self.0.put_no_drop(value))
    }
}

impl CopySlice for Blink {
    #[inline]
    fn copy(&self, bytes: &[u8]) -> NonNull<[u8]> {
        NonNull::from(self.0.copy_slice(bytes))
    }
}

impl Lend for Blink {
    type Handle<'a> = BlinkHandle<'a>;

    #[inline]
    fn lend(&self) -> BlinkHandle<'_> {
        BlinkHandle(self.0.allocator())
    }
}

take_of_allocator!(Blink);

impl fmt::Debug for Blink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAME)
    }
}

/// blink-alloc as an allocator of the `allocator-api2` that the containers here are of: its own
/// trait is that of a later one, which calls the same methods.
#[derive(Clone, Copy)]
pub struct BlinkHandle<'a>(&'a BlinkAlloc);

// SAFETY: as blink-alloc's own `Allocator`: blocks are those of the one `BlinkAlloc`, which the
// handle borrows, and whose methods do not unwind.
unsafe impl Allocator for BlinkHandle<'_> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(layout).map_err(|_| AllocError)
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: by the caller; the size fits the block.
        unsafe { self.0.deallocate(block, layout.size()) }
    }

    #[inline]
    unsafe fn grow(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller; the old layout fits the block.
        let grown = unsafe { self.0.resize(block, old, new) };
        grown.map_err(|_| AllocError)
    }

    #[inline]
    unsafe fn shrink(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: by the caller; the old layout fits the block.
        let shrunk = unsafe { self.0.resize(block, old, new) };
        shrunk.map_err(|_| AllocError)
    }
}

impl fmt::Debug for BlinkHandle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Blink::NAME)
    }
}

/// Defines typed-arena as a subject: an arena for each type of value.
macro_rules! typed {
    ($($field:ident: $value:ty),*) => {
        /// typed-arena as it comes. It cannot be reset: a fresh one takes the place of the old.
        pub struct TypedArena {
            $($field: typed_arena::Arena<$value>,)*
        }

        impl Subject for TypedArena {
            const NAME: &'static str = "typed-arena";

            fn fresh() -> Self {
                Self { $($field: typed_arena::Arena::new(),)* }
            }
        }

        $(impl Put<$value> for TypedArena {
            #[inline]
            fn put(&self, value: $value) -> NonNull<$value> {
                NonNull::from(self.$field.alloc(value))
            }
        })*
    };
}

typed!(bytes: u8, words: u64, nodes: [u64; 3], lines: [u64; 8]);

impl Frame for TypedArena {
    fn end(&mut self) {
        *self = Self::fresh();
    }
}

impl fmt::Debug for TypedArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAME)
    }
}
