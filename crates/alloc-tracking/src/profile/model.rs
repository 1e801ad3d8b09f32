//! The profile itself.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use super::{Amount, Frame, Mapping, Metric, Point, Run, Site};

/// What a heap profiler knows at the end of a run.
///
/// See the [module](crate::profile) for how to make one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// Which run it was.
    pub run: Run,
    /// The places that allocate, in any order.
    pub sites: Vec<Site>,
    /// What the addresses of the stacks are in the source: for each the function that it is in, after
    /// those that were inlined there, the innermost first. An address that is not in here was not looked
    /// up; one without frames is unknown.
    pub frames: BTreeMap<usize, Vec<Frame>>,
    /// Which files the addresses were loaded from, by rising addresses, if that is known.
    pub mappings: Vec<Mapping>,
    /// What was live in the whole heap over time, in order of time, if that was recorded.
    pub series: Vec<Point>,
}

/// The sums over all sites of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// All blocks that were ever allocated.
    pub total: Amount,
    /// What was live when the heap was largest.
    pub at_peak: Amount,
    /// What was live at the end.
    pub at_end: Amount,
    /// For how long all blocks lived, added up.
    pub lifetimes: u128,
}

impl Totals {
    /// The number that `metric` names.
    pub const fn value(&self, metric: Metric) -> u64 {
        metric.of([self.total.pair(), self.at_peak.pair(), self.at_end.pair()])
    }
}

impl Profile {
    /// Makes the profile of a run, with no site yet.
    pub fn new(run: Run) -> Self {
        Self {
            run,
            ..Self::default()
        }
    }

    /// Adds up all sites. The maxima of single sites are of different times and have no sum.
    pub fn totals(&self) -> Totals {
        self.sites
            .iter()
            .fold(Totals::default(), |sum, site| Totals {
                total: sum.total.saturating_add(site.total),
                at_peak: sum.at_peak.saturating_add(site.at_peak),
                at_end: sum.at_end.saturating_add(site.at_end),
                lifetimes: sum.lifetimes.saturating_add(site.lifetimes),
            })
    }

    /// Orders the sites by falling `metric`; those with the same value by total bytes, and then by stack,
    /// tag, thread and type, so that the order is always the same.
    pub fn sort_by(&mut self, metric: Metric) {
        self.sites.sort_by(|a, b| a.order(b, metric));
    }

    /// Merges sites that have the same stack, tag, thread and type, and orders them by these.
    ///
    /// Some viewers refuse a profile that names a place twice.
    pub fn merge_sites(&mut self) {
        self.sites.sort_by(|a, b| a.key().cmp(&b.key()));
        self.sites.dedup_by(|later, kept| {
            let same = later.key() == kept.key();
            if same {
                kept.merge(later);
            }
            same
        });
    }

    /// This profile if no two sites have the same stack, tag, thread and type, or a copy with these merged.
    pub(super) fn merged(&self) -> Cow<'_, Self> {
        let mut seen = BTreeSet::new();
        if self.sites.iter().all(|site| seen.insert(site.key())) {
            return Cow::Borrowed(self);
        }
        let mut merged = self.clone();
        merged.merge_sites();
        Cow::Owned(merged)
    }

    /// The frames of an address, the innermost first; none if it is unknown or was not looked up.
    pub fn resolve(&self, address: usize) -> &[Frame] {
        self.frames.get(&address).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::profile::{Amount, Metric, Point, Site};
    use std::vec;

    #[test]
    fn sums_saturate() {
        let site = || Site::new([1]).total(u64::MAX, 7).lifetimes(u128::MAX);
        let profile = Profile {
            sites: vec![site(), site()],
            ..Profile::default()
        };
        let totals = profile.totals();
        assert_eq!(totals.total, Amount::new(u64::MAX, 14));
        assert_eq!(totals.lifetimes, u128::MAX);
        assert_eq!(Profile::default().totals(), super::Totals::default());
    }

    #[test]
    fn the_order_is_that_of_the_metric_and_never_varies() {
        let sites = [
            Site::new([3]).total(9, 50).at_peak(1, 10),
            Site::new([2]).total(1, 10).at_end(1, 10),
            Site::new([2]).total(1, 10).at_end(1, 10).tag("a"),
            Site::new([4, 9]).total(2, 90),
        ];
        let mut profile = Profile::default();
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            profile.sites = order.map(|i: usize| sites[i].clone()).to_vec();
            for (metric, expected) in [
                (Metric::TotalBytes, [3, 0, 1, 2]),
                (Metric::TotalBlocks, [0, 3, 1, 2]),
                (Metric::PeakBytes, [0, 3, 1, 2]),
                (Metric::EndBlocks, [1, 2, 3, 0]),
            ] {
                profile.sort_by(metric);
                let expected = expected.map(|i: usize| sites[i].clone());
                assert_eq!(profile.sites, expected, "{metric}");
            }
        }
    }

    #[test]
    fn a_place_that_is_named_twice_becomes_one() {
        let curve = |bytes| vec![Point::new(5, Amount::new(1, bytes))];
        let mut profile = Profile {
            sites: vec![
                Site::new([7]).total(1, 10).max(1, 10).lifetimes(3),
                Site::new([7]).total(1, 10).thread("worker"),
                Site::new([7]).total(2, 30).max(2, 20).lifetimes(4),
            ],
            ..Profile::default()
        };
        (profile.sites[0].samples, profile.sites[2].samples) = (5, 6);
        profile.sites[0].series = curve(10);
        profile.sites[2].series = curve(20);
        profile.merge_sites();
        let merged = Site {
            series: curve(30)
                .into_iter()
                .map(|p| Point::new(p.time, Amount::new(2, 30)))
                .collect(),
            samples: 11,
            ..Site::new([7]).total(3, 40).max(3, 30).lifetimes(7)
        };
        assert_eq!(profile.sites[0], merged);
        assert_eq!(profile.sites.len(), 2);
    }

    #[test]
    fn curves_of_different_times_do_not_add_up() {
        let mut site = Site::new([1]);
        site.series = vec![Point::new(5, Amount::new(1, 1))];
        let mut other = site.clone();
        other.series[0].time = 6;
        site.merge(&other);
        assert_eq!(site.series, []);
    }
}
