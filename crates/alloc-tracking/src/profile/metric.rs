//! Which number of a site is meant.

use core::fmt;

/// One of the numbers of a [`Site`](super::Site): what sites are ordered by, and what the width of a
/// flame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Bytes of all blocks that were ever allocated: who keeps the allocator busy.
    TotalBytes,
    /// All blocks that were ever allocated.
    TotalBlocks,
    /// Bytes that were live when the heap was largest: who needs the memory.
    #[default]
    PeakBytes,
    /// Blocks that were live when the heap was largest.
    PeakBlocks,
    /// Bytes that were live at the end: who leaks.
    EndBytes,
    /// Blocks that were live at the end.
    EndBlocks,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 6] = [
        Self::TotalBytes,
        Self::TotalBlocks,
        Self::PeakBytes,
        Self::PeakBlocks,
        Self::EndBytes,
        Self::EndBlocks,
    ];

    /// What is counted: `bytes` or `blocks`.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::TotalBytes | Self::PeakBytes | Self::EndBytes => "bytes",
            Self::TotalBlocks | Self::PeakBlocks | Self::EndBlocks => "blocks",
        }
    }
}

/// A few words: `bytes at the peak`.
impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TotalBytes => "bytes in all",
            Self::TotalBlocks => "blocks in all",
            Self::PeakBytes => "bytes at the peak",
            Self::PeakBlocks => "blocks at the peak",
            Self::EndBytes => "bytes at the end",
            Self::EndBlocks => "blocks at the end",
        })
    }
}
