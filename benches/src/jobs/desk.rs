//! A thread's place at a store that many threads share.

use std::ptr;

use alloc_core::boxed::Box;
use alloc_core::{Allocator, ArcHandle, System};
use alloc_sync_pool::{Local, SyncPool};
use alloc_tracking::{Profiler, Tracking};

use super::Store;

/// A store for many threads, each of which has a handle of its own.
///
/// # Safety
///
/// A handle is [equivalent](alloc_core#equivalent-allocators) to the store that it is of.
pub unsafe trait Shared: Store + Sync {
    /// What a thread allocates through.
    type Handle<'s>: Allocator
    where
        Self: 's;

    /// A handle for the calling thread.
    fn handle(&self) -> Self::Handle<'_>;
}

/// The handle of a store is a reference to it.
macro_rules! by_reference {
    ($(($($generics:tt)*) $store:ty;)*) => {$(
        // SAFETY: a reference is equivalent to the allocator that it refers to.
        unsafe impl<$($generics)*> Shared for $store {
            type Handle<'s> = &'s Self where Self: 's;

            fn handle(&self) -> &Self {
                self
            }
        }
    )*};
}

by_reference! {
    () System;
    () Tracking<System>;
    () &Profiler<System>;
    (U: Allocator + Sync) Tracking<SyncPool<U>>;
    (U: Allocator + Send + Sync) ArcHandle<SyncPool<U>>;
}

// SAFETY: a `Local` is equivalent to its pool.
unsafe impl<U: Allocator + Sync> Shared for SyncPool<U> {
    type Handle<'s>
        = Local<'s, U>
    where
        Self: 's;

    fn handle(&self) -> Local<'_, U> {
        self.local()
    }
}

/// Makes and frees the messages of one thread. What one desk made, another desk of the same store may free.
#[derive(Debug)]
pub struct Desk<'s, S: Shared + 's> {
    store: &'s S,
    /// D1: a handle of `store`.
    handle: S::Handle<'s>,
}

impl<'s, S: Shared> Desk<'s, S> {
    /// A desk for the calling thread.
    pub fn new(store: &'s S) -> Self {
        Self {
            store,
            handle: store.handle(),
        }
    }

    /// Moves a value into the store, through this thread's handle.
    #[inline]
    pub fn make<T>(&self, value: T) -> Box<T, &'s S> {
        let (message, _) = Box::into_raw_with_allocator(Box::new_in(value, &self.handle));
        // SAFETY: by D1 the store is equivalent to the handle that the box was made with.
        unsafe { Box::from_raw_in(message, self.store) }
    }

    /// Drops a message and frees it, through this thread's handle.
    ///
    /// # Panics
    ///
    /// If it is of another store.
    #[inline]
    pub fn free<T>(&self, message: Box<T, &'s S>) {
        let (message, store) = Box::into_raw_with_allocator(message);
        assert!(
            ptr::eq(store, self.store),
            "the message is of another store"
        );
        // SAFETY: the box was of `self.store`, to which the handle is equivalent by D1.
        drop(unsafe { Box::from_raw_in(message, &self.handle) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_core::Layout;

    #[test]
    fn one_desk_frees_what_another_made() {
        let pool = SyncPool::new_in(Layout::new::<String>(), System);
        let one = Desk::new(&pool);
        let message = one.make(String::from("heap inside"));
        std::thread::scope(|scope| {
            scope.spawn(|| Desk::new(&pool).free(message));
        });
        drop(one);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    #[should_panic(expected = "of another store")]
    fn a_desk_refuses_what_is_not_of_its_store() {
        let layout = Layout::new::<u64>();
        let (one, other) = (
            SyncPool::new_in(layout, System),
            SyncPool::new_in(layout, System),
        );
        let message = Desk::new(&one).make(1_u64);
        Desk::new(&other).free(message);
    }
}
