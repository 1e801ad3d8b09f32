//! The cost of the measurement: a place where each value takes the last one's.

use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use super::{Frame, Put};
use crate::subjects::Subject;

/// Stores a value, and allocates nothing.
pub struct Floor(UnsafeCell<MaybeUninit<[u64; 8]>>);

impl Subject for Floor {
    const NAME: &'static str = "loop and store";

    fn fresh() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }
}

impl Frame for Floor {
    #[inline]
    fn end(&mut self) {}
}

impl<T: Copy> Put<T> for Floor {
    #[inline]
    fn put(&self, value: T) -> NonNull<T> {
        const {
            assert!(size_of::<T>() <= size_of::<[u64; 8]>(), "it fits");
            assert!(align_of::<T>() <= align_of::<[u64; 8]>(), "it is aligned");
        }
        let place = NonNull::from(&self.0).cast::<T>();
        // SAFETY: the place is large and aligned enough; it is in a cell, of which nobody has a
        // reference to the inside, and which is not `Sync`.
        unsafe { place.write(value) };
        place
    }
}

impl fmt::Debug for Floor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAME)
    }
}
