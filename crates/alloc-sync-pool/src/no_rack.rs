//! What stands for `rack.rs` without the feature `std`: no thread has a magazine.
#![expect(clippy::unused_self, reason = "these stand for methods that use it")]

use alloc_core::Allocator;

use crate::magazine::Magazine;
use crate::sync::{AtomicPtr, AtomicUsize, const_fn};

/// The magazine of a thread.
pub(crate) type Mine = Magazine<AtomicPtr<u8>, AtomicUsize>;

/// No magazines.
#[derive(Debug)]
pub(crate) struct Racks;

impl Racks {
    const_fn! {
        /// No magazines.
        pub(crate) const fn new() -> Self {
            Self
        }
    }

    /// None.
    #[inline]
    pub(crate) fn remembered(&self) -> Option<&Mine> {
        None
    }

    /// None.
    pub(crate) fn indexed(&self) -> Option<&Mine> {
        None
    }

    /// It is not.
    pub(crate) fn may_open(&self) -> bool {
        false
    }

    /// None.
    #[inline]
    pub(crate) fn open<A: Allocator>(&self, _upstream: &A, _blocks: usize) -> Option<&Mine> {
        None
    }

    /// None.
    pub(crate) fn search<A: Allocator>(&self, _upstream: &A) -> Option<&Mine> {
        None
    }

    /// There is nothing to ask for.
    pub(crate) fn ask_again(&self) {}

    /// There is nothing to empty.
    pub(crate) fn abandoned(&self, _empty: impl FnMut(&Mine)) {}

    /// None.
    pub(crate) fn resting(&self) -> usize {
        0
    }

    /// There is nothing to forget.
    pub(crate) fn clear(&mut self) {}

    /// There is nothing to give back.
    ///
    /// # Safety
    ///
    /// None is needed.
    pub(crate) unsafe fn dismantle<A: Allocator>(&mut self, _upstream: &A) {}
}
