//! Faulty programs: what memory checkers must see of an allocator that tells them which memory is nobody's.
//!
//! Each program is an ignored test that ends in a fault. It is run in a process of its own, which the checker must
//! end with a report; [`faulty!`](crate::faulty) defines some. A report names a line of the file `poison.rs` that has
//! the program, or of this one.

use std::hint::black_box;

use alloc_core::checker;

/// Whether there is a checker in this build.
fn is_watched() -> bool {
    checker::WATCHED
}

/// Reads a byte that a program must not read.
///
/// # Safety
///
/// None: it is a fault, and for the checker to see, which ends the process here.
///
/// # Panics
///
/// If there is no checker in this build.
pub unsafe fn read(byte: *const u8) {
    assert!(is_watched(), "there is no checker in this build");
    // SAFETY: a fault, for the checker to see.
    black_box(unsafe { *byte });
}

/// Writes a byte that a program must not write.
///
/// # Safety
///
/// None, as for [`read`].
///
/// # Panics
///
/// If there is no checker in this build.
pub unsafe fn write(byte: *mut u8) {
    assert!(is_watched(), "there is no checker in this build");
    // SAFETY: a fault, for the checker to see.
    unsafe { *byte = black_box(1) };
}

/// Defines faulty programs: tests that are ignored, and run one by one, each in its own process.
///
/// # Examples
///
/// ```
/// alloc_conformance::faulty! {
///     fn read_after_free() {
///         let byte = Box::into_raw(Box::new(1_u8));
///         // SAFETY: made by a box.
///         drop(unsafe { Box::from_raw(byte) });
///         // SAFETY: a fault.
///         unsafe { alloc_conformance::poison::read(byte) };
///     }
/// }
/// ```
#[macro_export]
macro_rules! faulty {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {$(
        $(#[$meta])*
        #[test]
        #[ignore = "faulty: a memory checker must end it"]
        fn $name() $body
    )*};
}
