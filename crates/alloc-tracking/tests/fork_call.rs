//! A child that was made by a bare system call does not wait for a lock either.
//!
//! Apart from the other tests of `fork`: nothing sees to the locks of the C library's heap in such a
//! child, so no other test must be at work.
#![cfg(all(
    feature = "std",
    target_os = "linux",
    target_arch = "x86_64",
    not(miri)
))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod forks;

use std::ffi::{c_int, c_long};

use forks::{children, churn};

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
}

/// The C library does not know of such a child, and calls no handler in it.
#[test]
fn children_of_a_system_call_do_not_hang() {
    // It goes by what its thread knew before.
    churn();
    let by_system = || {
        let fork_number = 57;
        // SAFETY: the child calls allocators and `_exit` alone.
        let pid = unsafe { syscall(fork_number) };
        c_int::try_from(pid).unwrap()
    };
    assert_eq!(children(by_system, churn), 60);
}
