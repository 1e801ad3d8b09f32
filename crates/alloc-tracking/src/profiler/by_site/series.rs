//! What is live over time.

use super::SiteProfiler;
#[cfg(doc)]
use crate::Profile;

impl<A, B> SiteProfiler<A, B> {
    /// Records live bytes and blocks over time: the [`series`](Profile::series) of the profile.
    ///
    /// It is a curve of at most 256 points, kept as valgrind's Massif keeps its snapshots: when there is
    /// no room for another one half of them go, and from then on they are taken half as often.
    /// A point is taken where a thread's live bytes have moved as far as a [peak](Self#threads) may be
    /// off, or [on request](Self::take_point). In between the curve is flat to that extent.
    ///
    /// With [stamps](Self::with_stamps) its time is in nanoseconds. Without, it is the number of bytes
    /// that were allocated so far, which costs no clock and is the same in each run of a program of one
    /// thread, and [`Run::clock`](crate::profile::Run::clock) says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Global, vec::Vec}};
    ///
    /// let heap = SiteProfiler::new(Global).with_series();
    /// for size in [100_000, 900_000, 300_000] {
    ///     drop(Vec::<u8, _>::with_capacity_in(size, &heap));
    /// }
    /// let profile = heap.profile();
    /// let highest = profile.series.iter().map(|point| point.live.bytes).max();
    /// assert_eq!(highest, Some(900_000));
    /// assert_eq!(profile.run.end, 1_300_000);
    /// profile.write_massif(Vec::new())?; // or a file, for `ms_print`
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Complexity
    ///
    /// A point is linear in the number of call stacks and threads. There are at most 256, and 128 more
    /// each time that the run has become twice as long. 6 KiB.
    #[must_use]
    pub const fn with_series(mut self) -> Self {
        self.sites.set_series();
        self
    }

    /// Adds a point to the [series](Self::with_series) now: at the end of a phase, say. Does nothing
    /// without one.
    ///
    /// It is one of the points, and goes as they do when there are too many.
    ///
    /// # Complexity
    ///
    /// Linear in the number of call stacks and threads.
    pub fn take_point(&self) {
        self.sites.take_point();
    }
}
