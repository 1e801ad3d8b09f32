//! Two profiles, one less the other.

use core::ops::Sub;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::place::Labels;
use super::{Amount, Growth, Metric, Place, Profile, Site, Totals};

/// What changed between two profiles: `&later - &earlier`.
///
/// Its writers say for each place by how much it grew or shrank. Most often the two are of one run, and
/// what is wanted is [what is live now and was not before](Metric::EndBytes), which is the default: a leak
/// is what grows each time.
///
/// | method | opened by |
/// | --- | --- |
/// | [`write_text`](Self::write_text), `Display` | any terminal |
/// | [`write_folded`](Self::write_folded) | `inferno-flamegraph`, as a differential flame graph: red grew, blue shrank |
/// | `write_flame_graph` | any browser; needs the feature `flamegraph` |
/// | [`write_pprof`](Self::write_pprof) | `go tool pprof`, as with its `-diff_base` |
/// | [`write_json`](Self::write_json) | programs of your own |
/// | [`grown`](Self::grown) | all the others: a profile of what became more, and of nothing else |
///
/// # Examples
///
/// ```
/// use alloc_tracking::{SiteProfiler, tag, alloc_core::{Global, vec::Vec}};
///
/// let heap = SiteProfiler::new(Global).with_tags();
/// let mut cache = Vec::with_capacity_in(10, &heap);
/// cache.push(1_u64);
///
/// let before = heap.profile();
/// let request = tag("request");
/// let kept: Vec<u8, _> = Vec::with_capacity_in(500, &heap);
/// drop(request);
/// cache.extend(0..10);
/// let after = heap.profile();
///
/// let difference = &after - &before;
/// let growth = difference.growths();
/// assert_eq!((growth[0].tag, growth[0].at_end.bytes), (Some("request"), 500));
/// assert_eq!((growth[1].tag, growth[1].at_end.bytes), (None, 80));
/// println!("{difference}");
/// # drop(kept);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Difference<'a> {
    pub(super) later: &'a Profile,
    pub(super) earlier: &'a Profile,
    pub(super) metric: Metric,
    pub(super) sites: usize,
    pub(super) frames: usize,
}

/// `&later - &earlier`: what changed.
impl<'a> Sub for &'a Profile {
    type Output = Difference<'a>;

    fn sub(self, earlier: Self) -> Difference<'a> {
        Difference {
            later: self,
            earlier,
            metric: Metric::EndBytes,
            sites: 10,
            frames: 8,
        }
    }
}

impl<'a> Difference<'a> {
    /// Orders places by another number than bytes at the end.
    pub const fn by(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Shows another number of places in the text than ten.
    pub const fn sites(mut self, sites: usize) -> Self {
        self.sites = sites;
        self
    }

    /// Shows another number of lines of each stack in the text than eight.
    pub const fn frames(mut self, frames: usize) -> Self {
        self.frames = frames;
        self
    }

    /// Each place where any number differs, that which grew most first:
    /// [`Profile::difference`], where it is said which places are the same.
    #[must_use]
    pub fn growths(&self) -> Vec<Growth<'a>> {
        self.later.difference(self.earlier, self.metric)
    }

    /// The sums of both profiles: the later, and the earlier.
    pub(super) fn totals(&self) -> (Totals, Totals) {
        (self.later.totals(), self.earlier.totals())
    }

    /// A profile of what became more, for writers that know no negative numbers: DHAT, Massif.
    ///
    /// Each amount of a site is by how much it grew, or nothing if it shrank. The
    /// [most](Site::max) that was live at one time is not known, and is what grew at the end or at the
    /// peak, whichever is more. It has no series.
    #[must_use]
    pub fn grown(&self) -> Profile {
        let later = self.later.merged();
        let mut before = BTreeMap::new();
        for site in &self.earlier.sites {
            let was: &mut Site = before.entry(key(self.earlier, site)).or_default();
            was.merge(site);
        }
        let grown = later.sites.iter().map(|site| {
            let was = before.get_mut(&key(self.later, site));
            was.map_or_else(|| site.clone(), |was| less(site, was))
        });
        let sites = grown.filter(is_some).collect();
        Profile {
            sites,
            run: self.later.run.clone(),
            frames: self.later.frames.clone(),
            mappings: self.later.mappings.clone(),
            series: Vec::new(),
        }
    }
}

/// What makes two sites one place.
fn key<'a>(profile: &'a Profile, site: &'a Site) -> (Vec<Place<'a>>, Labels<'a>) {
    (profile.places(site).collect(), site.labels())
}

/// What a site has more than `was`, from which that is taken off: several sites may be one place.
fn less(site: &Site, was: &mut Site) -> Site {
    let mut grown = site.clone();
    for (now, before) in [
        (&mut grown.total, &mut was.total),
        (&mut grown.at_peak, &mut was.at_peak),
        (&mut grown.at_end, &mut was.at_end),
    ] {
        take_off(&mut now.blocks, &mut before.blocks);
        take_off(&mut now.bytes, &mut before.bytes);
    }
    take_off(&mut grown.samples, &mut was.samples);
    let common = grown.lifetimes.min(was.lifetimes);
    (grown.lifetimes, was.lifetimes) = (grown.lifetimes - common, was.lifetimes - common);
    let (end, peak) = (grown.at_end, grown.at_peak);
    grown.max = Amount::new(end.blocks.max(peak.blocks), end.bytes.max(peak.bytes));
    grown.series.clear();
    grown
}

/// Takes as much off both as both have.
fn take_off(now: &mut u64, before: &mut u64) {
    let common = (*now).min(*before);
    *now -= common;
    *before -= common;
}

fn is_some(site: &Site) -> bool {
    let none = Amount::default();
    (site.total, site.at_peak, site.at_end) != (none, none, none)
}
