//! What an allocator promises to serve.

use alloc_core::Layout;

/// The largest alignment that a law asks for: 1 MiB.
pub(crate) const MAX_ALIGN: usize = 1 << 20;

/// The requests that an allocator must serve; what lies outside may err.
///
/// A law asks for blocks inside and outside the limits. Inside, an error is a violation. Outside,
/// an error is an answer, but a block that is handed out obeys every law all the same.
///
/// | limit | a request is inside if |
/// | --- | --- |
/// | [`block(size, align)`](Limits::block) | its size and its alignment are at most these |
/// | [`blocks(n)`](Limits::blocks) | at most `n` blocks, itself included, are allocated then; a block that grows or shrinks counts twice |
/// | [`bytes(n)`](Limits::bytes) | the requests since the allocator was made or reset, itself included, [cost](Limits::cost) at most `n` |
///
/// # Examples
///
/// ```
/// use alloc_conformance::Limits;
/// use alloc_core::Layout;
///
/// let pool = Limits::block(64, 16).blocks(32);
/// assert!(pool.admits(Layout::new::<[u64; 8]>()));
/// assert!(!pool.admits(Layout::new::<[u64; 9]>()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self::any()
    }
}

impl Limits {
    /// Everything up to what a heap serves: 1 MiB of alignment, and sizes that memory has room for.
    pub const fn any() -> Self {
        Self {
            size: 64 << 20,
            align: MAX_ALIGN,
            blocks: usize::MAX,
            bytes: usize::MAX,
        }
    }

    /// Requests of at most `size` bytes and at most `align` bytes of alignment, as a pool serves them.
    pub const fn block(size: usize, align: usize) -> Self {
        Self {
            size,
            align,
            ..Self::any()
        }
    }

    /// At most `n` blocks at one time.
    ///
    /// With 0, nothing has to be served, not even a zero-size request.
    #[must_use]
    pub const fn blocks(self, n: usize) -> Self {
        Self { blocks: n, ..self }
    }

    /// At most `n` bytes in total, counted as [`cost`](Limits::cost) does. Freeing a block gives
    /// nothing back.
    #[must_use]
    pub const fn bytes(self, n: usize) -> Self {
        Self { bytes: n, ..self }
    }

    /// What a request takes from [`bytes`](Limits::bytes): its size rounded up to 16, and its
    /// alignment if that is more than 16.
    ///
    /// A zero-size request costs nothing. The alignment is what an arena may lose before the block.
    pub const fn cost(layout: Layout) -> usize {
        if layout.size() == 0 {
            return 0;
        }
        let padding = if layout.align() > 16 {
            layout.align()
        } else {
            0
        };
        (layout.size().saturating_add(15) & !15).saturating_add(padding)
    }

    /// Tells whether size and alignment are inside the limits.
    pub const fn admits(&self, layout: Layout) -> bool {
        layout.size() <= self.size && layout.align() <= self.align && self.blocks > 0
    }

    /// The sizes that laws try: small and odd ones, powers of two and their neighbours, and those
    /// around the limit.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        const NATIVE: &[usize] = &[
            1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 100, 128, 200,
            255, 256, 257, 500, 512, 1000, 1024, 1500, 2048, 3000, 4096, 5000, 10_000, 70_000,
        ];
        const MIRI: &[usize] = &[1, 3, 8, 15, 24, 33, 64, 100, 257, 1000, 5000];
        let mut sizes = if cfg!(miri) {
            MIRI.to_vec()
        } else {
            NATIVE.to_vec()
        };
        if self.size < 70_000 {
            // Beyond the limit one may ask, but a few such questions are enough.
            sizes.retain(|&size| size <= self.size.saturating_mul(2));
            sizes.extend([
                self.size.saturating_sub(1),
                self.size,
                self.size.saturating_add(1),
            ]);
            sizes.retain(|&size| size > 0);
        }
        sizes
    }

    /// Sizes for laws that hold many blocks at one time: at most a quarter of a page.
    pub(crate) fn small_sizes(&self) -> Vec<usize> {
        let mut sizes = self.sizes();
        sizes.retain(|&size| size <= 1024.min(self.size));
        sizes
    }

    /// The largest size that laws use where one block is enough, at most `most`.
    pub(crate) fn size_up_to(&self, most: usize) -> usize {
        self.size.min(most).min(self.bytes / 8)
    }

    /// The alignments that laws try: each power of two up to 1 MiB. Those beyond the limit may err.
    pub(crate) fn aligns() -> impl Iterator<Item = usize> {
        let step = if cfg!(miri) { 2 } else { 1 };
        (0..=MAX_ALIGN.ilog2())
            .step_by(step)
            .map(|power| 1 << power)
    }

    /// `most`, or how many blocks may be held at one time if that is less.
    pub(crate) fn count(&self, most: usize) -> usize {
        let most = if cfg!(miri) { most.min(24) } else { most };
        most.min(self.blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_counts_rounding_and_padding() {
        let cost = |size, align| Limits::cost(Layout::from_size_align(size, align).unwrap());
        assert_eq!(cost(0, 4096), 0);
        assert_eq!(cost(1, 1), 16);
        assert_eq!(cost(17, 16), 32);
        assert_eq!(cost(64, 64), 128);
        assert_eq!(cost(isize::MAX as usize, 1), isize::MAX as usize + 1);
    }

    #[test]
    fn sizes_reach_to_both_sides_of_the_limit() {
        let sizes = Limits::block(64, 16).sizes();
        for size in [1, 63, 64, 65] {
            assert!(sizes.contains(&size));
        }
        assert!(Limits::block(1, 1).sizes().contains(&2));
        assert!(Limits::any().sizes().contains(&5000));
    }

    #[test]
    fn without_blocks_nothing_is_inside() {
        assert!(!Limits::any().blocks(0).admits(Layout::new::<()>()));
    }
}
