//! `Null` serves what has no size, refuses the rest, and owns nothing.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_compose::Null;
use alloc_core::{AllocError, Allocator, Layout, Owns};
use core::ptr::NonNull;

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn every_size_errs_and_no_size_is_served() -> Result<(), AllocError> {
    for size in [1, 8, 4096, isize::MAX.unsigned_abs()] {
        assert!(Null.allocate(layout(size, 1)).is_err());
        assert!(Null.allocate_zeroed(layout(size, 1)).is_err());
    }
    for align in [1, 64, 1 << 20] {
        let block = Null.allocate(layout(0, align))?;
        assert_eq!(
            (block.len(), block.cast::<u8>().addr().get() % align),
            (0, 0)
        );
        // SAFETY: allocated above with the old layout.
        assert!(unsafe { Null.grow(block.cast(), layout(0, align), layout(1, 1)) }.is_err());
        // SAFETY: the call above erred, so the block is as it was; the size stays.
        let block = unsafe { Null.shrink(block.cast(), layout(0, align), layout(0, 2 * align)) }?;
        assert_eq!(block.cast::<u8>().addr().get() % (2 * align), 0);
        // SAFETY: as returned by the call above.
        unsafe { Null.deallocate(block.cast(), layout(0, 2 * align)) };
    }
    Ok(())
}

#[test]
fn it_owns_nothing() {
    let byte = 1_u8;
    assert!(!Null.owns(NonNull::from(&byte), layout(1, 1)));
    assert!(!Null.owns(NonNull::dangling(), layout(0, 1)));
}

#[test]
fn all_are_one_and_take_no_room() {
    assert_eq!(Null, <Null as Default>::default());
    assert_eq!(size_of::<Null>(), 0);
}
