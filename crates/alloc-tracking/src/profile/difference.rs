//! What became more and what became less between two profiles.

use core::fmt;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::place::{Labels, NO_STACK, groups, one_line};
use super::{Amount, Element, Metric, Place, Profile, Site};

/// By how much an amount grew; negative if it shrank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Change {
    /// How many blocks more.
    pub blocks: i128,
    /// How many bytes more.
    pub bytes: i128,
}

impl Change {
    const fn pair(self) -> (i128, i128) {
        (self.blocks, self.bytes)
    }

    fn add(&mut self, amount: Amount, sign: i128) {
        // Neither overflows: it would take 2⁶³ sites.
        self.blocks += sign * i128::from(amount.blocks);
        self.bytes += sign * i128::from(amount.bytes);
    }
}

/// How a place differs between two profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Growth<'a> {
    /// The call stack, the innermost call first.
    pub places: Vec<Place<'a>>,
    /// The tag of the site.
    pub tag: Option<&'a str>,
    /// The thread of the site.
    pub thread: Option<&'a str>,
    /// The type of what is in its blocks.
    pub element: Option<&'a Element>,
    /// What was allocated in all.
    pub total: Change,
    /// What was live when the heap was largest.
    pub at_peak: Change,
    /// What was live at the end.
    pub at_end: Change,
}

impl Growth<'_> {
    /// The number that `metric` names.
    pub const fn value(&self, metric: Metric) -> i128 {
        metric.of([self.total.pair(), self.at_peak.pair(), self.at_end.pair()])
    }

    pub(super) fn labels(&self) -> Labels<'_> {
        Labels {
            tag: self.tag,
            thread: self.thread,
            element: self.element,
        }
    }

    fn add(&mut self, site: &Site, sign: i128) {
        self.total.add(site.total, sign);
        self.at_peak.add(site.at_peak, sign);
        self.at_end.add(site.at_end, sign);
    }

    fn is_none(&self) -> bool {
        let none = Change::default();
        (self.total, self.at_peak, self.at_end) == (none, none, none)
    }
}

type Key<'a> = (Vec<Place<'a>>, Labels<'a>);

impl Profile {
    /// What changed since an earlier profile, of the same run or of another: a [`Growth`] for each place
    /// where any number differs, ordered by falling `metric`.
    ///
    /// Places are the same if they are in the same line of the source or, where the source is not known,
    /// at the same offset of the same [file](Self::mappings). Bare addresses mean something in one run
    /// only. Give both profiles the same symbols, and the same trimming.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::profile::{Metric, Profile, Site};
    ///
    /// let (mut earlier, mut later) = (Profile::default(), Profile::default());
    /// earlier.sites.push(Site::new([0x10]).total(5, 500).at_end(1, 100));
    /// later.sites.push(Site::new([0x10]).total(9, 900).at_end(4, 400));
    ///
    /// let growth = later.difference(&earlier, Metric::EndBytes);
    /// assert_eq!((growth[0].at_end.blocks, growth[0].at_end.bytes), (3, 300));
    /// assert_eq!(growth[0].total.bytes, 400);
    /// ```
    pub fn difference<'a>(&'a self, earlier: &'a Self, metric: Metric) -> Vec<Growth<'a>> {
        let mut changes: BTreeMap<Key<'a>, Growth<'a>> = BTreeMap::new();
        for (profile, sign) in [(self, 1), (earlier, -1)] {
            for site in &profile.sites {
                let key = (profile.places(site).collect(), site.labels());
                changes.entry(key).or_default().add(site, sign);
            }
        }
        let named = changes
            .into_iter()
            .map(|((places, labels), change)| Growth {
                places,
                tag: labels.tag,
                thread: labels.thread,
                element: labels.element,
                ..change
            });
        let mut growths: Vec<_> = named.filter(|growth| !growth.is_none()).collect();
        // Stable: what is equal stays ordered by place.
        growths.sort_by_key(|growth| core::cmp::Reverse(growth.value(metric)));
        growths
    }
}

/// The change at the end, then a line for each place of the stack.
impl fmt::Display for Growth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { blocks, bytes } = self.at_end;
        write!(f, "{bytes:+} bytes in {blocks:+} blocks at the end")?;
        let Change { blocks, bytes } = self.total;
        write!(f, ", {bytes:+} in {blocks:+} in all")?;
        for group in groups(self.labels()) {
            write!(f, "\n    {}", one_line(group))?;
        }
        if self.places.is_empty() {
            return write!(f, "\n    {NO_STACK}");
        }
        self.places
            .iter()
            .try_for_each(|place| write!(f, "\n    {}", one_line(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Mapping, Metric, Profile, Run, Site};
    use std::string::ToString;
    use std::vec;

    /// One site at the line that `address` is in, with `end` bytes left.
    fn profile(address: usize, end: u64) -> Profile {
        let mut profile = Profile::new(Run::default());
        profile
            .frames
            .insert(address, vec![Frame::new("f").at("f.rs", 9)]);
        profile
            .sites
            .push(Site::new([address]).total(2, 50).at_end(1, end));
        profile
    }

    #[test]
    fn the_same_line_at_another_address_is_the_same_place() {
        let (earlier, later) = (profile(0x10, 8), profile(0x77, 5));
        let growth = later.difference(&earlier, Metric::EndBytes);
        assert_eq!(growth.len(), 1);
        assert_eq!((growth[0].at_end.bytes, growth[0].at_end.blocks), (-3, 0));
        assert_eq!(growth[0].total.bytes, 0);
        assert_eq!(
            growth[0].to_string(),
            "-3 bytes in +0 blocks at the end, +0 in +0 in all\n    f (f.rs:9)"
        );
        assert_eq!(later.difference(&later, Metric::EndBytes), []);
    }

    #[test]
    fn the_same_offset_of_a_file_is_the_same_place() {
        let (mut earlier, mut later) = (profile(0x110, 8), profile(0x910, 9));
        for (profile, start) in [(&mut earlier, 0x100), (&mut later, 0x900)] {
            profile.frames.clear();
            profile
                .mappings
                .push(Mapping::new(start, start + 0x80, 0, "/bin/x"));
        }
        assert_eq!(later.difference(&earlier, Metric::EndBytes).len(), 1);
        earlier.mappings.clear();
        assert_eq!(later.difference(&earlier, Metric::EndBytes).len(), 2);
    }

    #[test]
    fn tags_and_threads_are_told_apart_and_the_largest_growth_is_first() {
        let earlier = profile(0x10, 8);
        let mut later = profile(0x10, 8);
        for (tag, bytes) in [("small", 10), ("large", u64::MAX)] {
            later
                .sites
                .push(Site::new([0x10]).tag(tag).thread("t").at_end(1, bytes));
        }
        let growth = later.difference(&earlier, Metric::EndBytes);
        let tags: std::vec::Vec<_> = growth.iter().map(|growth| growth.tag).collect();
        assert_eq!(tags, [Some("large"), Some("small")]);
        assert_eq!(growth[0].value(Metric::EndBytes), i128::from(u64::MAX));
        let back = earlier.difference(&later, Metric::EndBytes);
        assert_eq!(back[1].at_end.bytes, -i128::from(u64::MAX));
        assert!(
            growth[1]
                .to_string()
                .ends_with("\n    [thread t]\n    [tag small]\n    f (f.rs:9)")
        );
    }
}
