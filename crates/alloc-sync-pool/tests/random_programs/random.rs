//! A generator of pseudo-random numbers that needs no crate: `SplitMix64`.

use std::cell::Cell;

use alloc_core::Layout;

/// Numbers that follow from a seed, also for several at one time.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Cell::new(mix(seed)))
    }

    /// The next number.
    pub(crate) fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        mix(state)
    }

    /// One of `0..n`; `n` is not 0.
    pub(crate) fn below(&self, n: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % n
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// What a block may be made for.
    pub(crate) fn block(&self) -> Layout {
        let size = self.pick(&[0, 1, 3, 7, 8, 16, 24, 40, 64, 100, 257, 1024]);
        layout(size, 1 << self.below(if self.one_in(3) { 9 } else { 4 }))
    }

    /// A request to a pool of such blocks, most of which they serve.
    pub(crate) fn request(&self, block: Layout) -> Layout {
        let powers = block.align().trailing_zeros() as usize;
        let (align, size) = (1 << self.below(powers + 1), block.size().max(1));
        match self.below(20) {
            0 => layout(0, align << self.below(12)),
            1 => layout(1 + self.below(size * 2), align),
            2 => layout(1 + self.below(size), align << self.below(4)),
            3 => layout(
                isize::MAX as usize - (align - 1) - self.below(3) * align,
                align,
            ),
            4..=8 => layout(block.size(), align),
            _ => layout(1 + self.below(size), align),
        }
    }
}

pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a valid layout")
}

/// Spreads each bit of a number over all of them.
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
