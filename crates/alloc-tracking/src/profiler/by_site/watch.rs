//! What a piece of code allocates: for tests.

use core::fmt;

use super::SiteProfiler;
use crate::profile::{Amount, Metric, Profile};

/// What a piece of code allocated on its thread. Made by [`SiteProfiler::watch`].
///
/// Its assertions panic with a message that lists the call stacks: with names if the crate's feature
/// `symbols` is on, and else with addresses.
#[derive(Clone, Debug)]
#[must_use = "it says what was allocated"]
pub struct Watched {
    /// The places that allocated: in all, and what of it was live at the end.
    profile: Profile,
    /// Why nothing is known.
    blind: Option<&'static str>,
}

impl<A, B> SiteProfiler<A, B> {
    /// Runs a piece of code, and tells what it allocated.
    ///
    /// What counts is what is allocated by the calling thread, wherever it is freed. So tests that run
    /// side by side do not disturb each other, and what other threads allocate for the code is not seen.
    /// A block that is resized counts as a new one, of the thread that resizes it. What the result holds is
    /// live at the end.
    ///
    /// If `work` unwinds, so does this.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::SiteProfiler;
    /// use std::alloc::System;
    ///
    /// #[global_allocator]
    /// static HEAP: SiteProfiler<System> = SiteProfiler::new(System).with_call_stacks(16);
    ///
    /// let numbers = vec![1, 2, 3];
    /// let (sum, watched) = HEAP.watch(|| numbers.iter().sum::<i32>());
    /// watched.assert_nothing_allocated();
    ///
    /// let (copy, watched) = HEAP.watch(|| numbers.clone());
    /// watched.assert_at_most(12);
    /// assert_eq!((watched.allocated().blocks, watched.left().bytes), (1, 12));
    /// # assert_eq!(sum, copy.iter().sum());
    /// ```
    ///
    /// # Complexity
    ///
    /// Linear in the number of call stacks that this thread has allocated from, before and after the
    /// code. Nothing is allocated through this profiler meanwhile.
    pub fn watch<R>(&self, work: impl FnOnce() -> R) -> (R, Watched) {
        let before = self.sites.here();
        let result = work();
        let after = self.sites.here();
        let blind = if !self.is_on() {
            Some("the profiler is off")
        } else if self.sites.is_sampled() {
            Some("the profiler records samples")
        } else if before.is_none() || after.is_none() {
            Some("the thread has no seat, or there is no memory")
        } else {
            None
        };
        let profile = self.sites.difference(before.as_ref(), after.as_ref());
        (result, Watched { profile, blind })
    }
}

impl Watched {
    /// All blocks that were allocated.
    ///
    /// # Panics
    ///
    /// If nothing is known: the profiler was off or records samples, or the thread could not be
    /// followed. So do the others.
    #[track_caller]
    #[must_use]
    pub fn allocated(&self) -> Amount {
        self.look();
        self.profile.totals().total
    }

    /// Those of them that were live at the end. A place that freed as much as it allocated left
    /// nothing, also if it was something older that it freed.
    ///
    /// # Panics
    ///
    /// As [`allocated`](Self::allocated).
    #[track_caller]
    #[must_use]
    pub fn left(&self) -> Amount {
        self.look();
        self.profile.totals().at_end
    }

    /// The places that allocated.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Panics if something was allocated.
    ///
    /// # Panics
    ///
    /// If something was allocated; and as [`allocated`](Self::allocated).
    #[track_caller]
    pub fn assert_nothing_allocated(&self) {
        let Amount { blocks, bytes } = self.allocated();
        if blocks > 0 {
            self.fail(
                format_args!(
                    "{} of {bytes} bytes allocated, where none may be",
                    Blocks(blocks)
                ),
                Metric::TotalBytes,
            );
        }
    }

    /// Panics if more than so many bytes were allocated in all.
    ///
    /// # Panics
    ///
    /// If there were more; and as [`allocated`](Self::allocated).
    #[track_caller]
    pub fn assert_at_most(&self, most: u64) {
        let Amount { blocks, bytes } = self.allocated();
        if bytes > most {
            self.fail(
                format_args!(
                    "{bytes} bytes allocated in {}, of {most} that may be",
                    Blocks(blocks)
                ),
                Metric::TotalBytes,
            );
        }
    }

    /// Panics if something that was allocated was [left](Self::left).
    ///
    /// # Panics
    ///
    /// If something was; and as [`allocated`](Self::allocated).
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        let Amount { blocks, bytes } = self.left();
        if blocks > 0 {
            self.fail(
                format_args!("{} of {bytes} bytes not freed", Blocks(blocks)),
                Metric::EndBytes,
            );
        }
    }

    /// Panics if nothing is known.
    #[track_caller]
    fn look(&self) {
        if let Some(why) = self.blind {
            panic!("what was allocated is not known: {why}");
        }
    }

    #[cold]
    #[track_caller]
    fn fail(&self, what: fmt::Arguments<'_>, metric: Metric) -> ! {
        let mut profile = self.profile.clone();
        #[cfg(feature = "symbols")]
        profile.symbolize();
        profile.trim();
        profile.sort_by(metric);
        panic!("{what}\n{}", profile.text().by(metric).sites(5))
    }
}

/// A number of blocks in words.
struct Blocks(u64);

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} block{plural}", self.0)
    }
}
