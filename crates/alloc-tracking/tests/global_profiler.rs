//! `Profiler` as the global allocator of this very test.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::alloc::{Layout, System};
use std::cell::RefCell;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use alloc_tracking::{LeakRecord, Profiler, thread_number};

#[global_allocator]
static HEAP: Profiler<System> = Profiler::new(System);

fn leak_at(address: usize) -> Option<LeakRecord> {
    HEAP.leaks()
        .into_iter()
        .find(|leak| leak.address == address)
}

#[test]
fn a_leaked_box_is_listed() {
    #[repr(align(64))]
    struct Line([u8; 192]);

    let first = HEAP.next_sequence();
    let leaked = Box::leak(black_box(Box::new(Line([7; 192]))));
    let address = (&raw const *leaked).addr();
    std::thread::sleep(Duration::from_millis(2));
    let leak = leak_at(address).unwrap();
    assert_eq!(leak.layout, Layout::new::<Line>());
    assert!(leak.age >= Duration::from_millis(1), "{leak:?}");
    assert!(leak.sequence >= first && leak.sequence < HEAP.next_sequence());
    assert_eq!(leak.thread, thread_number());
    assert_eq!(leaked.0[191], 7);

    // SAFETY: leaked above, and no longer used.
    drop(unsafe { Box::from_raw(leaked) });
    assert!(leak_at(address).is_none_or(|leak| leak.layout != Layout::new::<Line>()));
}

/// A report that held a lock while it allocated through the profiler would wait for itself.
#[test]
fn a_report_in_the_midst_of_threads_does_not_deadlock() {
    let stop = AtomicBool::new(false);
    let (threads, reports) = if cfg!(miri) { (1, 2) } else { (3, 200) };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut words: Vec<String> = Vec::new();
                while !stop.load(Relaxed) {
                    words.push("a word".repeat(words.len() % 7));
                    if words.len() == 100 {
                        words.clear();
                        words.shrink_to_fit();
                    }
                    std::thread::yield_now();
                }
            });
        }
        for _ in 0..reports {
            let report = HEAP.report();
            assert!(!report.to_string().is_empty());
            assert!(report.stats.live_blocks > 0 && !report.leaks.is_empty());
        }
        stop.store(true, Relaxed);
    });
    let report = HEAP.report();
    assert_eq!(report.fault_counts.total(), 0, "{report}");
    assert_eq!(report.untracked, 0);
}

/// Destructors of thread-locals run late, and allocate and free then.
#[test]
fn a_thread_that_ends_may_still_allocate() {
    struct Last(Vec<u8>);

    impl Drop for Last {
        fn drop(&mut self) {
            drop(black_box(vec![self.0.len(); 10]));
        }
    }

    std::thread_local! {
        static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    for _ in 0..if cfg!(miri) { 2 } else { 100 } {
        let thread = std::thread::spawn(|| {
            LAST.with_borrow_mut(|last| *last = Some(Last(vec![1; 1000])));
        });
        thread.join().unwrap();
    }
    assert_eq!(HEAP.fault_counts().total(), 0, "{}", HEAP.report());
}
