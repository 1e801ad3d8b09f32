//! Arenas: memory that is taken piece by piece and ends at once.

use alloc_arena::Arena;

use super::Subject;

/// Memory that can end at once, and be taken again.
pub trait Frame: Subject {
    /// Frees everything: with the method that is for it, or by a fresh one in place of the old.
    fn end(&mut self);
}

/// Takes values of a type.
pub trait Put<T>: Frame {
    /// Moves a value into the memory.
    fn put(&self, value: T) -> &mut T;
}

/// [`Arena`] as it comes.
#[derive(Debug)]
pub struct Ours(Arena);

impl Subject for Ours {
    const NAME: &'static str = "Arena";

    fn fresh() -> Self {
        Self(Arena::new())
    }
}

impl Frame for Ours {
    fn end(&mut self) {
        self.0.reset();
    }
}

impl<T: Copy> Put<T> for Ours {
    #[inline]
    fn put(&self, value: T) -> &mut T {
        self.0.alloc(value)
    }
}

/// bumpalo as it comes.
#[cfg(feature = "peers")]
#[derive(Debug)]
pub struct Bumpalo(bumpalo::Bump);

#[cfg(feature = "peers")]
impl Subject for Bumpalo {
    const NAME: &'static str = "bumpalo";

    fn fresh() -> Self {
        Self(bumpalo::Bump::new())
    }
}

#[cfg(feature = "peers")]
impl Frame for Bumpalo {
    fn end(&mut self) {
        self.0.reset();
    }
}

#[cfg(feature = "peers")]
impl<T: Copy> Put<T> for Bumpalo {
    #[inline]
    fn put(&self, value: T) -> &mut T {
        self.0.alloc(value)
    }
}
