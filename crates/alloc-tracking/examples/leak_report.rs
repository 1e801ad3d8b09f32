//! A leak report with ages, and three mistakes that are reported instead of carried out.
//!
//! `cargo run -p alloc-tracking --features std --example leak_report`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "std")]
fn main() {
    use std::ptr::NonNull;
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

    // A block is freed, and then three mistakes are made. The profiler carries none of them out.
    let mut local = 0_u64;
    let freed = heap.allocate(unit).expect("a few bytes").cast();
    let requests = [
        (freed, unit),
        (freed, unit),
        (block, Layout::new::<u32>()),
        (NonNull::from(&mut local).cast(), unit),
    ];
    for (ptr, layout) in requests {
        // SAFETY: right the first time and wrong on purpose after that, which a `Profiler` recognises.
        unsafe { heap.deallocate(ptr, layout) };
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
