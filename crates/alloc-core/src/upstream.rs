//! Where a strategy gets its memory when nobody says otherwise.

#[cfg(not(feature = "alloc"))]
pub use NoUpstream as DefaultUpstream;
#[cfg(feature = "alloc")]
pub use allocator_api2::alloc::Global as DefaultUpstream;

use core::alloc::Layout;
use core::ptr::NonNull;

use allocator_api2::alloc::{AllocError, Allocator};

use crate::equivalence::AllocatorClone;

/// The default upstream where there is no heap: a type without values.
///
/// `Arena` is short for `Arena<DefaultUpstream>`. With the feature `alloc` that is
/// [`Global`](https://doc.rust-lang.org/alloc/alloc/struct.Global.html); without it, it is this
/// type, of which nobody can make a value, so that a program without a heap has to name its
/// upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUpstream {}

// SAFETY: there is no value to call a method on.
unsafe impl Allocator for NoUpstream {
    fn allocate(&self, _: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match *self {}
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {
        match *self {}
    }
}

// SAFETY: as above.
unsafe impl AllocatorClone for NoUpstream {}
