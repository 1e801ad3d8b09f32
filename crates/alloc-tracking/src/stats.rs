//! A snapshot of the counters.

use core::fmt;

use crate::histogram::digits;

/// What an allocator has done so far: a snapshot of the counters of a [`Tracking`](crate::Tracking)
/// or `Profiler`.
///
/// Sizes are those that were asked for, in bytes, without the rounding of the allocator underneath.
/// Zero-size blocks do not count: to grow one is an allocation, and to shrink a block to nothing is
/// a deallocation. The counters are `usize`: on 32-bit targets the
/// totals wrap at 2³².
///
/// Unless the counters were reset, `allocations == deallocations + forgotten + live_blocks`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use alloc_tracking::{Tracking, alloc_core::{Global, boxed::Box}};
///
/// let heap = Tracking::new(Global);
/// drop(Box::new_in([0_u8; 100], &heap));
/// let stats = heap.stats();
/// assert_eq!((stats.allocations, stats.live_bytes, stats.peak_bytes), (1, 0, 100));
/// println!("{stats}");
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Blocks handed out by `allocate`, `allocate_zeroed`, `alloc` and `alloc_zeroed`, or grown from
    /// no bytes.
    pub allocations: usize,
    /// Blocks handed back, or shrunk to no bytes.
    pub deallocations: usize,
    /// Blocks grown, in place or by moving. A `realloc` to the same size is a growth by 0 bytes.
    pub grows: usize,
    /// Blocks shrunk, in place or by moving.
    pub shrinks: usize,
    /// Requests that were refused. They change no other counter.
    pub failures: usize,
    /// Blocks that are gone although nobody handed them back: their allocator was reset, or handed out
    /// their address again (`FaultKind::HandedOutTwice` of `Profiler`).
    pub forgotten: usize,
    /// Bytes of all allocations, and the bytes by which blocks were grown.
    pub total_bytes: usize,
    /// Bytes of the blocks that are currently allocated.
    pub live_bytes: usize,
    /// Blocks that are currently allocated.
    pub live_blocks: usize,
    /// The highest value that `live_bytes` had, to within [`peak_bytes_within`](Self::peak_bytes_within).
    pub peak_bytes: usize,
    /// The highest value that `live_blocks` had, to within [`peak_blocks_within`](Self::peak_blocks_within).
    pub peak_blocks: usize,
    /// By how many bytes `peak_bytes` may be too high or too low.
    ///
    /// It is 0 with [`Exact`](crate::Exact) peaks, without the feature `std`, and as long as one thread
    /// has done all the work. With [`Near`](crate::Near) peaks and n threads it is (n + 1) times 64 KiB;
    /// threads that have their turns one after another may count as one.
    pub peak_bytes_within: usize,
    /// By how many blocks `peak_blocks` may be too high or too low: as `peak_bytes_within`, with
    /// 1,024 blocks in the place of 64 KiB.
    pub peak_blocks_within: usize,
}

impl Stats {
    fn rows(&self) -> [(&'static str, usize); 13] {
        [
            ("allocations", self.allocations),
            ("deallocations", self.deallocations),
            ("grows", self.grows),
            ("shrinks", self.shrinks),
            ("failures", self.failures),
            ("forgotten", self.forgotten),
            ("total bytes", self.total_bytes),
            ("live bytes", self.live_bytes),
            ("live blocks", self.live_blocks),
            ("peak bytes", self.peak_bytes),
            ("peak blocks", self.peak_blocks),
            ("± peak bytes", self.peak_bytes_within),
            ("± peak blocks", self.peak_blocks_within),
        ]
    }
}

/// One line per counter: name, and value aligned to the right. How far the peaks may be wrong is
/// shown if they may be.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        let exact = self.peak_bytes_within == 0 && self.peak_blocks_within == 0;
        let rows = &rows[..rows.len() - if exact { 2 } else { 0 }];
        let width = rows.iter().map(|row| digits(row.1)).max().unwrap_or(1);
        for (i, (name, value)) in rows.iter().enumerate() {
            let end = if i + 1 < rows.len() { "\n" } else { "" };
            write!(f, "{name:<13}  {value:>width$}{end}")?;
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::Stats;
    use alloc::string::ToString;

    #[test]
    fn columns_line_up() {
        let stats = Stats {
            allocations: 7,
            total_bytes: 123_456,
            ..Stats::default()
        };
        let text = stats.to_string();
        let widths = text.lines().map(str::len);
        assert!(widths.clone().all(|width| width == 21), "{text}");
        assert_eq!(widths.count(), 11);
        assert!(text.contains("total bytes    123456\n"), "{text}");
        assert!(text.starts_with("allocations         7\n"), "{text}");

        let near = Stats {
            peak_bytes_within: 131_072,
            peak_blocks_within: 2048,
            ..stats
        };
        let more = "\n± peak bytes   131072\n± peak blocks    2048";
        assert_eq!(near.to_string(), text + more);
    }
}
