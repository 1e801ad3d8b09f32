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

    /// This one of the blocks and bytes in all, at the peak and at the end.
    pub(super) const fn of<T: Copy>(self, amounts: [(T, T); 3]) -> T {
        let [total, at_peak, at_end] = amounts;
        match self {
            Self::TotalBytes => total.1,
            Self::TotalBlocks => total.0,
            Self::PeakBytes => at_peak.1,
            Self::PeakBlocks => at_peak.0,
            Self::EndBytes => at_end.1,
            Self::EndBlocks => at_end.0,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::super::{Metric, Profile, Site};

    #[test]
    fn each_names_one_number() {
        let mut profile = Profile::default();
        profile
            .sites
            .push(Site::new([1]).total(2, 1).at_peak(4, 3).at_end(6, 5));
        let none = Profile::default();
        let growth = &profile.difference(&none, Metric::EndBytes)[0];
        for (metric, value) in Metric::ALL.into_iter().zip(1..) {
            assert_eq!(profile.sites[0].value(metric), value, "{metric}");
            assert_eq!(profile.totals().value(metric), value, "{metric}");
            assert_eq!(growth.value(metric), i128::from(value), "{metric}");
        }
    }
}
