//! A handler of `fork` that runs before the profiler's own may allocate.
//!
//! Apart from the other tests of `fork`: this one must come before the first use of a profiler.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod forks;

use std::ffi::c_int;

use forks::{children, churn};

type Handler = Option<extern "C" fn()>;

unsafe extern "C" {
    fn fork() -> c_int;
    fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> c_int;
}

extern "C" fn allocate_in_child() {
    churn();
}

#[test]
fn a_handler_that_was_there_before_may_allocate() {
    // SAFETY: the declaration is that of POSIX.
    let failed = unsafe { pthread_atfork(None, None, Some(allocate_in_child)) };
    assert_eq!(failed, 0);
    // SAFETY: the child calls allocators and `_exit` alone.
    let by_library = || unsafe { fork() };
    assert_eq!(children(by_library, churn), 60);
}
