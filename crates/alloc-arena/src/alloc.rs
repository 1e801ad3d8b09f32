//! The `Allocator` trait for everything that bumps.

/// Implements `Allocator` by way of the [`Cursor`](crate::cursor::Cursor) that `self` is or has.
macro_rules! impl_allocator {
    (impl[$($generics:tt)*] for $type:ty, $this:ident => $cursor:expr) => {
        // SAFETY: `cursor` fulfils the contract on the memory of the cursor: a block is between
        // region start and cursor until it is deallocated, or until `&mut self` or a lifetime ends
        // it; moving `self` moves no region; nothing unwinds.
        unsafe impl<$($generics)*> alloc_core::Allocator for $type {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                let $this = self;
                $crate::cursor::allocate($cursor, layout)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                let $this = self;
                $crate::cursor::allocate_zeroed($cursor, layout)
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                let $this = self;
                // SAFETY: the caller's promise, passed on.
                unsafe { $crate::cursor::deallocate($cursor, ptr, layout) }
            }

            #[inline]
            unsafe fn grow(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                let $this = self;
                // SAFETY: the caller's promise, passed on.
                unsafe { $crate::cursor::grow($cursor, ptr, old, new) }
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                let $this = self;
                // SAFETY: the caller's promise, passed on.
                unsafe { $crate::cursor::grow_zeroed($cursor, ptr, old, new) }
            }

            #[inline]
            unsafe fn shrink(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                let $this = self;
                // SAFETY: the caller's promise, passed on.
                unsafe { $crate::cursor::shrink($cursor, ptr, old, new) }
            }
        }
    };
}

pub(crate) use impl_allocator;
