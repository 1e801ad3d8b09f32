//! Blocks and bytes.

use core::ops::AddAssign;

/// A number of blocks, and the bytes that were asked for in them.
///
/// Sums saturate at `u64::MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    /// How many blocks.
    pub blocks: u64,
    /// How many bytes, without the rounding of the allocator.
    pub bytes: u64,
}

impl Amount {
    /// Makes an amount of `blocks` blocks with `bytes` bytes in all.
    pub const fn new(blocks: u64, bytes: u64) -> Self {
        Self { blocks, bytes }
    }

    /// The mean size of a block in bytes, rounded down, or `None` if there is no block.
    pub const fn mean(self) -> Option<u64> {
        self.bytes.checked_div(self.blocks)
    }

    pub(super) const fn pair(self) -> (u64, u64) {
        (self.blocks, self.bytes)
    }

    /// Both numbers added up.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_add(other.blocks),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

/// What was live at one time: a point of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Point {
    /// When, in units of the run's [`Clock`](super::Clock) since its start.
    pub time: u64,
    /// What was live then.
    pub live: Amount,
}

impl Point {
    /// Makes a point: `live` at `time`.
    pub const fn new(time: u64, live: Amount) -> Self {
        Self { time, live }
    }
}
