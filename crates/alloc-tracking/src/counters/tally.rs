//! Counters that only rise.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::histogram::CLASSES;

/// One counter for each thing that is counted.
///
/// The hot ones come first, so that they share a cache line with what stands before.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Tally {
    total_bytes: AtomicUsize,
    deallocations: AtomicUsize,
    grows: AtomicUsize,
    shrinks: AtomicUsize,
    failures: AtomicUsize,
    forgotten: AtomicUsize,
    /// Allocations by their size. There is no other count of them.
    sizes: Sizes<AtomicUsize>,
}

/// A number for each class of sizes.
pub(super) type Sizes<N> = [N; CLASSES];

/// What was read of a [`Tally`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) allocations: usize,
    pub(super) deallocations: usize,
    pub(super) grows: usize,
    pub(super) shrinks: usize,
    pub(super) failures: usize,
    pub(super) forgotten: usize,
    pub(super) total_bytes: usize,
}

/// How many threads write to a tally at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writers {
    /// The calling one alone: a load and a store do.
    One,
    /// Any number.
    Many,
}

/// A tally that the calling thread may write to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen<'a> {
    pub(super) tally: &'a Tally,
    pub(super) writers: Writers,
}

impl Pen<'_> {
    #[inline]
    fn add(self, counter: &AtomicUsize, n: usize) {
        match self.writers {
            Writers::One => {
                let sum = counter.load(Ordering::Relaxed).wrapping_add(n);
                counter.store(sum, Ordering::Relaxed);
            }
            Writers::Many => {
                counter.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// A block of `size` bytes, not 0, was handed out.
    #[inline]
    pub(super) fn allocated(self, size: usize) {
        // The remainder is there for the compiler, which then knows that the place exists.
        let class = (size | 1).ilog2() as usize % CLASSES;
        self.add(&self.tally.sizes[class], 1);
        self.add(&self.tally.total_bytes, size);
    }

    #[inline]
    pub(super) fn freed(self) {
        self.add(&self.tally.deallocations, 1);
    }

    /// A block was grown by `more` bytes.
    #[inline]
    pub(super) fn grown(self, more: usize) {
        self.add(&self.tally.grows, 1);
        self.add(&self.tally.total_bytes, more);
    }

    #[inline]
    pub(super) fn shrunk(self) {
        self.add(&self.tally.shrinks, 1);
    }

    pub(super) fn failed(self) {
        self.add(&self.tally.failures, 1);
    }

    /// So many blocks are gone without having been handed back.
    pub(super) fn forgotten(self, blocks: usize) {
        self.add(&self.tally.forgotten, blocks);
    }
}

impl Tally {
    pub(super) const fn new() -> Self {
        Self {
            total_bytes: AtomicUsize::new(0),
            deallocations: AtomicUsize::new(0),
            grows: AtomicUsize::new(0),
            shrinks: AtomicUsize::new(0),
            failures: AtomicUsize::new(0),
            forgotten: AtomicUsize::new(0),
            sizes: [const { AtomicUsize::new(0) }; CLASSES],
        }
    }

    /// Reads everything but the sizes, with this ordering.
    pub(super) fn counts(&self, order: Ordering) -> Counts {
        let mut allocations = 0_usize;
        for class in &self.sizes {
            allocations = allocations.wrapping_add(class.load(order));
        }
        Counts {
            allocations,
            deallocations: self.deallocations.load(order),
            grows: self.grows.load(order),
            shrinks: self.shrinks.load(order),
            failures: self.failures.load(order),
            forgotten: self.forgotten.load(order),
            total_bytes: self.total_bytes.load(order),
        }
    }

    /// Adds the number of each class to its like in `sums`.
    pub(super) fn add_sizes_to(&self, sums: &mut Sizes<usize>, order: Ordering) {
        for (sum, class) in sums.iter_mut().zip(&self.sizes) {
            *sum = sum.wrapping_add(class.load(order));
        }
    }

    /// Writes everything, with this ordering. The allocations are those of `sizes`.
    pub(super) fn store(&self, counts: &Counts, sizes: &Sizes<usize>, order: Ordering) {
        self.total_bytes.store(counts.total_bytes, order);
        self.deallocations.store(counts.deallocations, order);
        self.grows.store(counts.grows, order);
        self.shrinks.store(counts.shrinks, order);
        self.failures.store(counts.failures, order);
        self.forgotten.store(counts.forgotten, order);
        for (class, &blocks) in self.sizes.iter().zip(sizes) {
            class.store(blocks, order);
        }
    }
}

impl Counts {
    /// Combines each number with its like.
    pub(super) fn with(self, other: Self, combine: fn(usize, usize) -> usize) -> Self {
        Self {
            allocations: combine(self.allocations, other.allocations),
            deallocations: combine(self.deallocations, other.deallocations),
            grows: combine(self.grows, other.grows),
            shrinks: combine(self.shrinks, other.shrinks),
            failures: combine(self.failures, other.failures),
            forgotten: combine(self.forgotten, other.forgotten),
            total_bytes: combine(self.total_bytes, other.total_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fall_into_their_powers_of_two() {
        let tally = Tally::new();
        for writers in [Writers::One, Writers::Many] {
            let pen = Pen {
                tally: &tally,
                writers,
            };
            for size in [1, 2, 3, 4, 7, 8, usize::MAX] {
                pen.allocated(size);
            }
        }
        let mut sizes = [0; CLASSES];
        tally.add_sizes_to(&mut sizes, Ordering::Relaxed);
        assert_eq!(sizes[..5], [2, 4, 4, 2, 0]);
        assert_eq!(sizes[CLASSES - 1], 2);
        assert_eq!(tally.counts(Ordering::Relaxed).allocations, 14);
    }
}
