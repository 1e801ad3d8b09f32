//! A child of `fork` does not wait for a lock that a thread of its parent holds.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod forks;

use forks::{by_library, children, churn};

/// The peer `dhat` hangs 20 children of 20.
#[test]
fn children_do_not_hang() {
    assert_eq!(children(by_library, churn), 60);
}

/// A thread that the child starts takes over as well, and takes nothing from the child's other thread.
#[test]
fn threads_of_children_do_not_hang() {
    let with_a_thread = || {
        let thread = std::thread::spawn(|| (0..20).for_each(|_| churn()));
        (0..20).for_each(|_| churn());
        thread.join().unwrap();
    };
    assert_eq!(children(by_library, with_a_thread), 60);
}
