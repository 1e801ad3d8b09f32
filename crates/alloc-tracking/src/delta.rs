//! What happened between two snapshots.

use core::ops::Sub;

use crate::Stats;

/// What happened between two snapshots of one account: the later [`Stats`] minus the earlier ones.
///
/// The peaks have no part in it: what the highest value was in between, no two snapshots tell. For that
/// begin a new account, with [`reset_stats`](crate::Tracking::reset_stats). If one was begun between the
/// two snapshots, the difference means nothing.
///
/// # Examples
///
/// A test that holds a piece of code to its budget:
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use alloc_tracking::{Tracking, alloc_core::{Global, vec::Vec}};
///
/// let heap = Tracking::new(Global);
/// let mut lines = Vec::with_capacity_in(100, &heap);
///
/// let before = heap.stats();
/// lines.extend(0_u32..100);
/// let cost = heap.stats() - before;
/// assert_eq!((cost.allocations, cost.grows, cost.live_bytes), (0, 0, 0));
///
/// lines.push(100);
/// let cost = heap.stats() - before;
/// assert_eq!((cost.allocations, cost.grows, cost.live_bytes), (0, 1, 400));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Delta {
    /// Blocks handed out; see [`Stats::allocations`].
    pub allocations: usize,
    /// Blocks handed back; see [`Stats::deallocations`].
    pub deallocations: usize,
    /// Blocks grown; see [`Stats::grows`].
    pub grows: usize,
    /// Blocks shrunk; see [`Stats::shrinks`].
    pub shrinks: usize,
    /// Requests that were refused.
    pub failures: usize,
    /// Blocks that are gone although nobody handed them back; see [`Stats::forgotten`].
    pub forgotten: usize,
    /// Bytes of all allocations, and the bytes by which blocks were grown.
    pub total_bytes: usize,
    /// By how many bytes more is live, or less.
    pub live_bytes: isize,
    /// By how many blocks more are live, or less.
    pub live_blocks: isize,
}

/// `later - earlier`: what happened in between. Totals that have wrapped meanwhile are right all the same.
impl Sub for Stats {
    type Output = Delta;

    fn sub(self, earlier: Self) -> Delta {
        let more = |now: usize, before: usize| now.wrapping_sub(before).cast_signed();
        Delta {
            allocations: self.allocations.wrapping_sub(earlier.allocations),
            deallocations: self.deallocations.wrapping_sub(earlier.deallocations),
            grows: self.grows.wrapping_sub(earlier.grows),
            shrinks: self.shrinks.wrapping_sub(earlier.shrinks),
            failures: self.failures.wrapping_sub(earlier.failures),
            forgotten: self.forgotten.wrapping_sub(earlier.forgotten),
            total_bytes: self.total_bytes.wrapping_sub(earlier.total_bytes),
            live_bytes: more(self.live_bytes, earlier.live_bytes),
            live_blocks: more(self.live_blocks, earlier.live_blocks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Delta;
    use crate::Stats;

    #[test]
    fn each_number_is_of_its_own() {
        let earlier = Stats {
            allocations: usize::MAX,
            live_bytes: 100,
            live_blocks: 3,
            ..Stats::default()
        };
        let later = Stats {
            allocations: 1,
            deallocations: 3,
            grows: 4,
            shrinks: 5,
            failures: 6,
            forgotten: 7,
            total_bytes: 8,
            live_bytes: 40,
            live_blocks: 5,
            ..Stats::default()
        };
        let expected = Delta {
            allocations: 2,
            deallocations: 3,
            grows: 4,
            shrinks: 5,
            failures: 6,
            forgotten: 7,
            total_bytes: 8,
            live_bytes: -60,
            live_blocks: 2,
        };
        assert_eq!(later - earlier, expected);
        assert_eq!(later - later, Delta::default());
    }
}
