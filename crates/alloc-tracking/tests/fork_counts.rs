//! A child of `fork` has the counts of its parent and goes on with them.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod forks;

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alloc_tracking::Tracking;
use forks::{Own, by_library, children};

static COUNTED: Tracking<Own> = Tracking::new(Own);

/// Makes a block and frees it.
fn pair() {
    let layout = Layout::new::<[u64; 3]>();
    // SAFETY: the size is not zero.
    let block = unsafe { COUNTED.alloc(layout) };
    // SAFETY: just allocated with this layout.
    unsafe { COUNTED.dealloc(block, layout) };
}

/// Nobody else counts in the child, so its own counts come on top of those that it has from its
/// parent, exactly.
#[test]
fn children_go_on_with_the_counts_of_their_parent() {
    let stop = AtomicBool::new(false);
    (0..100).for_each(|_| pair());
    let work = || {
        let before = COUNTED.stats();
        (0..50).for_each(|_| pair());
        let thread = std::thread::spawn(|| (0..50).for_each(|_| pair()));
        let joined = thread.join().is_ok();
        let after = COUNTED.stats();
        let well = joined
            && before.allocations >= 100
            && after.allocations == before.allocations + 100
            && after.deallocations == before.deallocations + 100
            && after.live_blocks == before.live_blocks;
        if !well {
            // No panic: it would go on in the test's harness, in two processes.
            std::process::abort();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    pair();
                }
            });
        }
        let well = children(by_library, work);
        stop.store(true, Relaxed);
        assert_eq!(well, 60);
    });
}
