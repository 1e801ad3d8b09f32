//! A leak report with ages, and three mistakes that are reported instead of carried out.
//!
//! `cargo run -p alloc-tracking --features std --example leak_report`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "std")]
fn main() {
    use std::thread::sleep;
    use std::time::Duration;

    use alloc_tracking::alloc_core::{Global, boxed::Box};
    use alloc_tracking::{Allocator, Layout, Profiler};

    let heap = Profiler::new(Global);
    let unit = Layout::new::<u64>();

    // Three blocks that nobody will free, of different ages.
    Box::leak(Box::new_in([0_u64; 100], &heap));
    sleep(Duration::from_millis(20));
    Box::leak(Box::new_in([0_u8; 24], &heap));
    sleep(Duration::from_millis(5));
    let block = heap.allocate(unit).expect("a few bytes").cast();

    // Short lives, for the histogram.
    for n in 0..1000 {
        drop(Box::new_in(n, &heap));
    }

    // Three mistakes. The profiler leaves each block as it is.
    let mut local = 0_u64;
    let freed = heap.allocate(unit).expect("a few bytes").cast();
    // SAFETY: each call breaks the contract of `deallocate` on purpose, but for the first; a `Profiler` carries none of them out.
    unsafe {
        heap.deallocate(freed, unit);
        heap.deallocate(freed, unit);
        heap.deallocate(block, Layout::new::<u32>());
        heap.deallocate(core::ptr::NonNull::from(&mut local).cast(), unit);
    }

    let report = heap.report();
    println!("{report}");

    let sizes: Vec<_> = report.leaks.iter().map(|leak| leak.layout.size()).collect();
    assert_eq!(sizes, [800, 24, 8]);
    assert!(report.leaks[0].age >= Duration::from_millis(25));
    assert_eq!(report.lifetimes.count(), 1001);
    let faults = report.fault_counts;
    assert_eq!(
        (
            faults.double_free,
            faults.wrong_layout,
            faults.unknown_pointer
        ),
        (1, 1, 1)
    );
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("the profiler needs the feature `std`");
}
