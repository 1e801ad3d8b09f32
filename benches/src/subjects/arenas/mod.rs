//! Arenas: memory that is taken piece by piece and ends at once.

#[macro_use]
mod bump;

mod floor;
mod heaps;
mod ours;

pub use floor::Floor;
pub use heaps::KeptSystem;
pub use ours::{Cursored, Fixed, Ours, Packed};

#[cfg(feature = "peers")]
mod peers;

#[cfg(feature = "peers")]
pub use peers::{
    Blink, BumpScope, BumpScopeDown, Bumpalo, BumpaloAligned, KeptMimalloc, Oxc, TypedArena,
};

use std::alloc::Layout;
use std::ptr::NonNull;

use super::Subject;

/// Memory that can end at once, and be taken again.
pub trait Frame: Subject {
    /// Frees everything: with the method that is for it, or by a fresh one in place of the old.
    fn end(&mut self);
}

/// Takes values of a type.
pub trait Put<T>: Frame {
    /// Moves a value into the memory, and says where it is.
    fn put(&self, value: T) -> NonNull<T>;

    /// Moves one value after the other into the memory.
    #[inline]
    fn put_each(&self, values: impl Iterator<Item = T>, mut each: impl FnMut(NonNull<T>)) {
        for value in values {
            each(self.put(value));
        }
    }
}

/// Takes the values that are put one by one: a byte, a word, three words and a cache line.
pub trait PutAll: Put<u8> + Put<u64> + Put<[u64; 3]> + Put<[u64; 8]> {}

impl<S: Put<u8> + Put<u64> + Put<[u64; 3]> + Put<[u64; 8]>> PutAll for S {}

/// Takes slices.
pub trait CopySlice: Frame {
    /// Copies bytes into the memory, and says where they are.
    fn copy(&self, bytes: &[u8]) -> NonNull<[u8]>;
}

/// Takes requests whose size is not known before the program runs.
///
/// # Safety
///
/// What [`take`](Self::take) returns has the size and alignment of the layout, and belongs to the
/// caller until the memory ends.
pub unsafe trait Take: Frame {
    /// Takes a block.
    fn take(&self, layout: Layout) -> NonNull<u8>;
}
