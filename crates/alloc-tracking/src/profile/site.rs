//! A place that allocates.

use core::cmp::Ordering;
use std::string::String;
use std::vec::Vec;

use super::place::Labels;
use super::{Amount, Element, Metric, Point};

/// A place that allocates, and what became of its blocks.
///
/// A profile should have one site for each combination of stack, tag, thread and type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Site {
    /// The call stack as return addresses, the innermost call first. Empty if it is not known.
    pub stack: Vec<usize>,
    /// The part of the program, if it gave one a name.
    pub tag: Option<String>,
    /// The thread that allocated, if they were told apart.
    pub thread: Option<String>,
    /// The type of what is in the blocks, if the program told it.
    pub element: Option<Element>,
    /// All blocks that were ever allocated here.
    pub total: Amount,
    /// The most bytes that were live at one time, and the blocks that they were in.
    pub max: Amount,
    /// What was live when the whole heap was largest.
    pub at_peak: Amount,
    /// What was live at the end: leaked, if the program believes to have freed everything.
    pub at_end: Amount,
    /// For how long all the blocks lived, added up, in units of the run's
    /// [`Clock`](super::Clock). Those that are live at the end have lived until then.
    pub lifetimes: u128,
    /// How many blocks were chosen here, if the profile is [sampled](super::Sampling); else 0.
    pub samples: u64,
    /// What was live here over time, in order of time, if that was recorded.
    pub series: Vec<Point>,
}

impl Site {
    /// Makes the site with this call stack of return addresses, the innermost call first, where
    /// nothing was allocated yet.
    pub fn new(stack: impl Into<Vec<usize>>) -> Self {
        Self {
            stack: stack.into(),
            ..Self::default()
        }
    }

    /// Sets what was allocated in all.
    #[must_use]
    pub const fn total(mut self, blocks: u64, bytes: u64) -> Self {
        self.total = Amount::new(blocks, bytes);
        self
    }

    /// Sets the most that was live at one time.
    #[must_use]
    pub const fn max(mut self, blocks: u64, bytes: u64) -> Self {
        self.max = Amount::new(blocks, bytes);
        self
    }

    /// Sets what was live when the heap was largest.
    #[must_use]
    pub const fn at_peak(mut self, blocks: u64, bytes: u64) -> Self {
        self.at_peak = Amount::new(blocks, bytes);
        self
    }

    /// Sets what was live at the end.
    #[must_use]
    pub const fn at_end(mut self, blocks: u64, bytes: u64) -> Self {
        self.at_end = Amount::new(blocks, bytes);
        self
    }

    /// Sets the sum of the lifetimes.
    #[must_use]
    pub const fn lifetimes(mut self, sum: u128) -> Self {
        self.lifetimes = sum;
        self
    }

    /// Sets the tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Sets the thread.
    #[must_use]
    pub fn thread(mut self, thread: impl Into<String>) -> Self {
        self.thread = Some(thread.into());
        self
    }

    /// Sets the type of what is in the blocks.
    #[must_use]
    pub fn element(mut self, element: Element) -> Self {
        self.element = Some(element);
        self
    }

    /// The number that `metric` names.
    pub const fn value(&self, metric: Metric) -> u64 {
        metric.of([self.total.pair(), self.at_peak.pair(), self.at_end.pair()])
    }

    /// For how long a block lived on average, or `None` if there was none.
    pub fn mean_lifetime(&self) -> Option<u64> {
        let mean = self.lifetimes.checked_div(u128::from(self.total.blocks))?;
        Some(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// By which part of itself the total is off, two times out of three, if it is an estimate: one over
    /// the root of the number of samples, as for any count of rare events. `None` if there are none.
    pub fn error(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "an error needs two digits")]
        let samples = self.samples as f64;
        (self.samples > 0).then(|| 1.0 / samples.sqrt())
    }

    /// Adds what another site has, as if the two were one.
    ///
    /// The sum of the maxima is the most that can have been live at one time, not what was. The two
    /// series are dropped if they are not of the same times.
    pub fn merge(&mut self, other: &Self) {
        self.total += other.total;
        self.max += other.max;
        self.at_peak += other.at_peak;
        self.at_end += other.at_end;
        self.lifetimes = self.lifetimes.saturating_add(other.lifetimes);
        self.samples = self.samples.saturating_add(other.samples);
        self.merge_series(&other.series);
    }

    fn merge_series(&mut self, other: &[Point]) {
        let times = |series: &[Point]| series.iter().map(|point| point.time).collect::<Vec<_>>();
        if times(&self.series) != times(other) {
            self.series.clear();
        }
        for (mine, theirs) in self.series.iter_mut().zip(other) {
            mine.live += theirs.live;
        }
    }

    /// The larger of `metric` first, then the larger in all, and then by what tells them apart.
    pub(super) fn order(&self, other: &Self, metric: Metric) -> Ordering {
        let by_value = other.value(metric).cmp(&self.value(metric));
        let by_total = other.total.bytes.cmp(&self.total.bytes);
        let by_key = || self.key().cmp(&other.key());
        by_value.then(by_total).then_with(by_key)
    }

    /// What tells one site from another: its stack and its labels.
    pub(super) fn key(&self) -> (&[usize], Labels<'_>) {
        (&self.stack, self.labels())
    }

    pub(super) fn labels(&self) -> Labels<'_> {
        Labels {
            tag: self.tag.as_deref(),
            thread: self.thread.as_deref(),
            element: self.element.as_ref(),
        }
    }
}
