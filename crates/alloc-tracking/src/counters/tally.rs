//! Counters that only rise.

use core::sync::atomic::{AtomicUsize, Ordering};

use crate::histogram::CLASSES;

/// One number for each thing that is counted: of type `AtomicUsize` while it is counted, and `usize`
/// when it was read.
///
/// The hot ones come first, so that they share a cache line with what stands before.
#[repr(C)]
#[derive(Clone, Debug)]
pub(super) struct Tally<N> {
    pub(super) total_bytes: N,
    pub(super) deallocations: N,
    pub(super) grows: N,
    pub(super) shrinks: N,
    pub(super) failures: N,
    pub(super) forgotten: N,
    /// Allocations by their size. There is no other count of them.
    pub(super) sizes: [N; CLASSES],
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
    pub(super) tally: &'a Tally<AtomicUsize>,
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

impl Tally<AtomicUsize> {
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

    /// Reads each number, with this ordering.
    pub(super) fn load(&self, order: Ordering) -> Tally<usize> {
        Tally {
            total_bytes: self.total_bytes.load(order),
            deallocations: self.deallocations.load(order),
            grows: self.grows.load(order),
            shrinks: self.shrinks.load(order),
            failures: self.failures.load(order),
            forgotten: self.forgotten.load(order),
            sizes: core::array::from_fn(|class| self.sizes[class].load(order)),
        }
    }

    /// Writes each number, with this ordering.
    pub(super) fn store(&self, tally: &Tally<usize>, order: Ordering) {
        self.total_bytes.store(tally.total_bytes, order);
        self.deallocations.store(tally.deallocations, order);
        self.grows.store(tally.grows, order);
        self.shrinks.store(tally.shrinks, order);
        self.failures.store(tally.failures, order);
        self.forgotten.store(tally.forgotten, order);
        for (place, &blocks) in self.sizes.iter().zip(&tally.sizes) {
            place.store(blocks, order);
        }
    }
}

impl Tally<usize> {
    /// Combines each number with its like.
    pub(super) fn with(self, other: &Self, combine: impl Fn(usize, usize) -> usize) -> Self {
        Self {
            total_bytes: combine(self.total_bytes, other.total_bytes),
            deallocations: combine(self.deallocations, other.deallocations),
            grows: combine(self.grows, other.grows),
            shrinks: combine(self.shrinks, other.shrinks),
            failures: combine(self.failures, other.failures),
            forgotten: combine(self.forgotten, other.forgotten),
            sizes: core::array::from_fn(|class| combine(self.sizes[class], other.sizes[class])),
        }
    }

    /// How many blocks were handed out.
    pub(super) fn allocations(&self) -> usize {
        let add = |sum: usize, &blocks| sum.wrapping_add(blocks);
        self.sizes.iter().fold(0, add)
    }

    /// Whether anything was counted that changes what is live.
    pub(super) fn moved(&self) -> bool {
        let moves = self.deallocations | self.grows | self.shrinks | self.forgotten;
        moves != 0 || self.allocations() != 0
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
        let read = tally.load(Ordering::Relaxed);
        assert_eq!(read.sizes[..5], [2, 4, 4, 2, 0]);
        assert_eq!(read.sizes[CLASSES - 1], 2);
        assert_eq!(read.allocations(), 14);
    }
}
