//! Counts what a program takes from its global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// The system's allocator, with counters that can be switched on.
///
/// Off, as it is while times are taken, it costs a load and a branch per call; what is measured
/// calls it for chunks at most. On, it is meant for one thread: the peak is exact there, and too
/// low at worst when several threads allocate at once.
#[derive(Debug)]
pub struct Counting {
    on: AtomicBool,
    calls: AtomicUsize,
    live: AtomicUsize,
    peak: AtomicUsize,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Calls to allocate, reallocate and free.
    pub calls: usize,
    /// The most bytes that were live at one time.
    pub peak: usize,
}

impl Counting {
    /// Counters at zero, off.
    pub const fn new() -> Self {
        Self {
            on: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// Counts what `work` does.
    pub fn count<T>(&self, work: impl FnOnce() -> T) -> (T, Counts) {
        for counter in [&self.calls, &self.live, &self.peak] {
            counter.store(0, Relaxed);
        }
        self.on.store(true, Relaxed);
        let answer = work();
        self.on.store(false, Relaxed);
        let counts = Counts {
            calls: self.calls.load(Relaxed),
            peak: self.peak.load(Relaxed),
        };
        (answer, counts)
    }

    /// Counts a call after which so many bytes more and so many less are live.
    #[cold]
    fn add(&self, more: usize, less: usize) {
        self.calls.fetch_add(1, Relaxed);
        self.live.fetch_add(more, Relaxed);
        // A block from before the counting began may be freed now: the sum must not go below zero.
        let subtract = |live: usize| Some(live.saturating_sub(less));
        let before = self.live.fetch_update(Relaxed, Relaxed, subtract);
        let live = before.map_or(0, |live| live.saturating_sub(less));
        self.peak.fetch_max(live, Relaxed);
    }
}

impl Default for Counting {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: every call is forwarded as it is to `System`, which keeps the contract; the counters
// neither allocate nor unwind.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.on.load(Relaxed) {
            self.add(layout.size(), 0);
        }
        // SAFETY: by the caller.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.on.load(Relaxed) {
            self.add(layout.size(), 0);
        }
        // SAFETY: by the caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if self.on.load(Relaxed) {
            self.add(0, layout.size());
        }
        // SAFETY: by the caller.
        unsafe { System.dealloc(ptr, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.on.load(Relaxed) {
            self.add(new_size, layout.size());
        }
        // SAFETY: by the caller.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_the_peak_are_counted_while_it_is_on() {
        let heap = Counting::new();
        let (small, big) = (Layout::new::<u64>(), Layout::new::<[u64; 10]>());
        // SAFETY: the size is not zero.
        let before = unsafe { heap.alloc(big) };
        let ((), counts) = heap.count(|| {
            // SAFETY: the size is not zero.
            let block = unsafe { heap.alloc(small) };
            // SAFETY: allocated above with this layout.
            let block = unsafe { heap.realloc(block, small, 80) };
            // SAFETY: reallocated above to this layout.
            unsafe { heap.dealloc(block, big) };
            // SAFETY: allocated above with this layout.
            unsafe { heap.dealloc(before, big) };
        });
        assert_eq!(counts, Counts { calls: 4, peak: 80 });
        let ((), counts) = heap.count(|| ());
        assert_eq!(counts, Counts { calls: 0, peak: 0 });
    }
}
