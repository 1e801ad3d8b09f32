//! The macro for arenas that bump a cursor, and which say so with methods of the same names.

/// Implements what an arena can do for subjects of `lenders!`.
macro_rules! bump {
    ($($type:ident)*) => {$(
        impl $crate::subjects::arenas::Frame for $type {
            #[inline]
            fn end(&mut self) {
                self.0.reset();
            }
        }

        impl<T: Copy> $crate::subjects::arenas::Put<T> for $type {
            #[inline]
            fn put(&self, value: T) -> std::ptr::NonNull<T> {
                std::ptr::NonNull::from(&mut *self.0.alloc(value))
            }
        }

        impl $crate::subjects::arenas::CopySlice for $type {
            #[inline]
            fn copy(&self, bytes: &[u8]) -> std::ptr::NonNull<[u8]> {
                std::ptr::NonNull::from(&mut *self.0.alloc_slice_copy(bytes))
            }
        }

        take_of_allocator!($type);
    )*};
}

/// Implements `Take` by the `Allocator` that a subject lends.
macro_rules! take_of_allocator {
    ($type:ident) => {
        // SAFETY: the block is that of an `Allocator` for this layout; nobody else has it, nobody
        // frees it, and the subject is what keeps it: it ends with that or with `end`.
        unsafe impl $crate::subjects::arenas::Take for $type {
            #[inline]
            fn take(&self, layout: std::alloc::Layout) -> std::ptr::NonNull<u8> {
                let memory = $crate::subjects::Lend::lend(self);
                let block = alloc_core::Allocator::allocate(&memory, layout);
                block.expect("a small block").cast()
            }
        }
    };
}
