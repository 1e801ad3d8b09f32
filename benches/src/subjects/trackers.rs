//! Trackers: heaps that count or record each block of the system's.

use std::alloc::System;

use alloc_tracking::{Exact, Profiler, SiteProfiler, Stamps, Tracking};

use super::heaps::{Heap, Of, heap};

/// What [`Counted`] counts with.
static TRACKING: Tracking<System> = Tracking::new(System);

/// What [`CountedExactly`] counts with.
static EXACT: Tracking<System, Exact> = Tracking::exact(System);

/// What [`Profiled`] records with.
static PROFILER: Profiler<System> = Profiler::new(System);

/// What [`Coarsely`] records with: the same, with times that are read faster.
static COARSELY: Profiler<System> = Profiler::new(System).with_stamps(Stamps::Coarse);

/// What [`WithStacks`] records with: call stacks of allocations and frees as well.
static WITH_STACKS: Profiler<System> = Profiler::new(System)
    .with_stamps(Stamps::Coarse)
    .with_call_stacks(32);

/// What [`BySite`] records with: one account of all blocks.
static BY_SITE: SiteProfiler<System> = SiteProfiler::new(System);

/// What [`Stamped`] records with: lifetimes as well.
static STAMPED: SiteProfiler<System> = SiteProfiler::new(System).with_stamps(Stamps::Coarse);

/// What [`CallStacks`] records with: an account for each call stack, of as many frames as dhat and
/// heapscope keep. The program has to keep frame pointers (`RUSTFLAGS="-C force-frame-pointers=yes"`), or
/// there are none.
static CALL_STACKS: SiteProfiler<System> = SiteProfiler::new(System).with_call_stacks(10);

/// What [`Everything`] records with: call stacks and lifetimes.
static EVERYTHING: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .with_stamps(Stamps::Coarse);

/// What [`Unwound`] records with: an account for each call stack, in a program without frame pointers.
static UNWOUND: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(10)
    .with_unwinder();

/// What [`Sampled`] records with: a block in 512 KiB, with its call stack.
static SAMPLED: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .with_samples(512 << 10);

/// What [`Off`] does not record with.
static OFF: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .switched_off();

heap! {
    "Tracking" TheTracking Counted: Tracking<System> = TRACKING;
    "Tracking, exact peak" TheExact CountedExactly: Tracking<System, Exact> = EXACT;
    "Profiler" TheProfiler Profiled: Profiler<System> = PROFILER;
    "Profiler, coarse clock" TheCoarsely Coarsely: Profiler<System> = COARSELY;
    "Profiler, call stacks" TheWithStacks WithStacks: Profiler<System> = WITH_STACKS;
    "SiteProfiler" TheBySite BySite: SiteProfiler<System> = BY_SITE;
    "SiteProfiler, stamps" TheStamped Stamped: SiteProfiler<System> = STAMPED;
    "SiteProfiler, call stacks" TheCallStacks CallStacks: SiteProfiler<System> = CALL_STACKS;
    "SiteProfiler, everything" TheEverything Everything: SiteProfiler<System> = EVERYTHING;
    "SiteProfiler, unwinder" TheUnwound Unwound: SiteProfiler<System> = UNWOUND;
    "SiteProfiler, sampled" TheSampled Sampled: SiteProfiler<System> = SAMPLED;
    "SiteProfiler, off" TheOff Off: SiteProfiler<System> = OFF;
}

/// Trackers of other crates.
#[cfg(feature = "peers")]
mod peers {
    use std::alloc::System;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Once, OnceLock};

    use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
    use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker};

    use super::{Heap, Of, heap};

    /// What tracking-allocator hands out.
    static REPORTED: tracking_allocator::Allocator<System> =
        tracking_allocator::Allocator::system();

    heap! {
        "stats_alloc" TheStatsAlloc StatsAllocHeap: StatsAlloc<System> = INSTRUMENTED_SYSTEM;
        "dhat" TheDhat Dhat: dhat::Alloc = dhat::Alloc, begin: profile;
        // The system's, in a process that `instruments::preload` makes.
        "heaptrack" TheHeaptrack Heaptrack: System = System;
        "tracking-allocator" TheTrackingAllocator TrackingAllocator:
            tracking_allocator::Allocator<System> = REPORTED, begin: count;
    }

    /// Has dhat record from now on, and write nothing at the end.
    fn profile() {
        static PROFILER: OnceLock<dhat::Profiler> = OnceLock::new();
        PROFILER.get_or_init(|| dhat::Profiler::builder().testing().build());
    }

    /// Has tracking-allocator report to four counters, as the simplest use of it would.
    fn count() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // An error says that somebody else has set one, which would be as good.
            let _ = AllocationRegistry::set_global_tracker(FourCounters::default());
            AllocationRegistry::enable_tracking();
        });
    }

    /// Counts what tracking-allocator reports.
    #[derive(Debug, Default)]
    struct FourCounters {
        allocations: AtomicUsize,
        allocated: AtomicUsize,
        frees: AtomicUsize,
        freed: AtomicUsize,
    }

    impl AllocationTracker for FourCounters {
        fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
            self.allocations.fetch_add(1, Ordering::Relaxed);
            self.allocated.fetch_add(size, Ordering::Relaxed);
        }

        fn deallocated(
            &self,
            _: usize,
            size: usize,
            _: usize,
            _: AllocationGroupId,
            _: AllocationGroupId,
        ) {
            self.frees.fetch_add(1, Ordering::Relaxed);
            self.freed.fetch_add(size, Ordering::Relaxed);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::super::super::Subject;
        use super::*;
        use alloc_core::boxed::Box;

        #[test]
        fn dhat_records() {
            let heap = Dhat::fresh();
            let before = dhat::HeapStats::get();
            drop(Box::new_in([0_u8; 24], heap));
            let after = dhat::HeapStats::get();
            assert!(after.total_blocks > before.total_blocks);
            assert!(after.total_bytes >= before.total_bytes + 24);
        }
    }
}

#[cfg(feature = "peers")]
pub use peers::*;

/// heapscope, with as many frames as dhat keeps.
#[cfg(feature = "heapscope")]
mod scope {
    use std::sync::Once;

    use heapscope::Alloc;
    use heapscope::unwind::Strategy;

    use super::{Heap, Of, heap};

    static ALLOC: Alloc = Alloc::system();

    heap! {
        "heapscope" TheHeapscope Heapscope: Alloc = ALLOC, begin: profile;
    }

    /// Has heapscope record from now on, and write nothing at the end. It walks frame pointers where it
    /// finds that it can, up to the beginning of the thread, and else has the C library unwind.
    fn profile() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // It asks whether it was ever called. Here it is not the program's allocator.
            drop(alloc_core::boxed::Box::new_in(0_u8, Heapscope::new()));
            let with = |strategy| {
                heapscope::Profiler::builder()
                    .unwinder(strategy)
                    .max_depth(10)
                    .no_output()
                    .build()
            };
            let profiler = with(Strategy::FramePointer).or_else(|_| with(Strategy::System));
            std::mem::forget(profiler.expect("heapscope starts"));
        });
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::subjects::Subject;
        use alloc_core::boxed::Box;

        #[test]
        fn heapscope_records() {
            let heap = Heapscope::fresh();
            let before = heapscope::HeapStats::get().unwrap();
            drop(Box::new_in([0_u8; 24], heap));
            let after = heapscope::HeapStats::get().unwrap();
            assert!(after.total_blocks > before.total_blocks);
        }
    }
}

#[cfg(feature = "heapscope")]
pub use scope::Heapscope;
