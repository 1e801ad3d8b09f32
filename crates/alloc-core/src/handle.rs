//! Shared handles to an allocator, for stable Rust.

use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;

use alloc::rc::Rc;
use alloc::sync::Arc;
use allocator_api2::alloc::{AllocError, Allocator};

use crate::{AllocatorClone, AllocatorEq, Owns};

/// Defines a handle over one of the two reference-counted pointers.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $pointer:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name<A: ?Sized>($pointer<A>);

        impl<A> $name<A> {
            /// Moves `allocator` to the heap and returns the first handle to it.
            pub fn new(allocator: A) -> Self {
                Self($pointer::new(allocator))
            }

            /// Returns the allocator if this is the last handle, else the handle.
            ///
            /// # Errors
            ///
            /// The handle itself, if there is another one.
            pub fn try_into_inner(self) -> Result<A, Self> {
                $pointer::try_unwrap(self.0).map_err(Self)
            }
        }

        impl<A: ?Sized> From<$pointer<A>> for $name<A> {
            fn from(pointer: $pointer<A>) -> Self {
                Self(pointer)
            }
        }

        impl<A: ?Sized> Clone for $name<A> {
            #[inline]
            fn clone(&self) -> Self {
                Self($pointer::clone(&self.0))
            }
        }

        impl<A: ?Sized> Deref for $name<A> {
            type Target = A;

            #[inline]
            fn deref(&self) -> &A {
                &self.0
            }
        }

        /// Two handles are equal if they share one allocator.
        impl<A: ?Sized> PartialEq for $name<A> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $pointer::ptr_eq(&self.0, &other.0)
            }
        }

        impl<A: ?Sized> Eq for $name<A> {}

        // SAFETY: each method is that of the allocator inside, which the handle keeps alive and
        // does not move.
        unsafe impl<A: Allocator + ?Sized> Allocator for $name<A> {
            #[inline]
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                (**self).allocate(layout)
            }

            #[inline]
            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                (**self).allocate_zeroed(layout)
            }

            #[inline]
            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise, passed on.
                unsafe { (**self).deallocate(ptr, layout) }
            }

            #[inline]
            unsafe fn grow(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { (**self).grow(ptr, old, new) }
            }

            #[inline]
            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { (**self).grow_zeroed(ptr, old, new) }
            }

            #[inline]
            unsafe fn shrink(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise, passed on.
                unsafe { (**self).shrink(ptr, old, new) }
            }
        }

        // SAFETY: a clone shares the allocator and keeps it alive. Cloning aborts when the count
        // overflows; it does not unwind.
        unsafe impl<A: Allocator + ?Sized> AllocatorClone for $name<A> {}

        // SAFETY: equal handles share one allocator.
        unsafe impl<A: Allocator + ?Sized> AllocatorEq for $name<A> {}

        // SAFETY: a handle is equivalent to the allocator that it shares.
        unsafe impl<A: Owns + ?Sized> Owns for $name<A> {
            #[inline]
            fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
                (**self).owns(ptr, layout)
            }
        }
    };
}

handle! {
    /// A shared allocator of one thread: an [`Rc`] that is an [`Allocator`].
    ///
    /// With the feature `nightly` `Rc<A>` is an allocator itself; on stable Rust the orphan rule
    /// forbids that, and this is the handle for containers that must own their allocator.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_core::{Global, RcHandle, vec::Vec};
    ///
    /// let shared = RcHandle::new(Global); // an arena, usually
    /// let mut names = Vec::new_in(shared.clone());
    /// names.push("a");
    /// assert_eq!(names.allocator(), &shared);
    /// ```
    RcHandle, Rc
}

handle! {
    /// A shared allocator of many threads: an [`Arc`] that is an [`Allocator`].
    ///
    /// With the feature `nightly` `Arc<A>` is an allocator itself; on stable Rust the orphan rule
    /// forbids that, and this is the handle for containers that must own their allocator and travel
    /// between threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_core::{ArcHandle, Global, vec::Vec};
    ///
    /// let shared = ArcHandle::new(Global); // a concurrent pool, usually
    /// let mut names = Vec::new_in(shared.clone());
    /// names.push("a");
    /// std::thread::spawn(move || drop(names)).join().unwrap();
    /// assert!(shared.try_into_inner().is_ok());
    /// ```
    ArcHandle, Arc
}
