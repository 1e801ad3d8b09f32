//! A record in order: what competes with what, and who is ahead.

use std::fmt;

use crate::record::{Measure, Record, Row};
use crate::registry::{Origin, cases};
use crate::report::{figure, measured_bytes, nanoseconds, ratio};

/// Two values are even if they differ by no more than this part of the rival's.
const EVEN: f64 = 0.03;

/// How ours stands beside a rival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Better by more than 3 %.
    Ahead,
    /// Within 3 %.
    Even,
    /// Worse by more than 3 %.
    Behind,
}

impl Verdict {
    /// What a ratio of ours to a rival's means. Less is better.
    pub fn of(ratio: f64) -> Self {
        if ratio < 1.0 - EVEN {
            Self::Ahead
        } else if ratio <= 1.0 + EVEN {
            Self::Even
        } else {
            Self::Behind
        }
    }

    /// Its word, which is also its class in the page's style.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Even => "even",
            Self::Behind => "behind",
        }
    }
}

/// Our best subject beside the best of the others.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Our best.
    pub ours: &'a Row,
    /// The best of the peers and the system.
    pub rival: &'a Row,
    /// Ours by the rival's.
    pub ratio: f64,
}

impl Standing<'_> {
    /// What the ratio means.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.ratio)
    }
}

/// What a record says of one workload at one number of threads in one measure: the best first, and
/// always something.
#[derive(Clone, Debug)]
pub struct Contest<'a> {
    rows: Vec<&'a Row>,
}

impl<'a> Contest<'a> {
    /// The rows, the best first.
    pub fn rows(&self) -> &[&'a Row] {
        &self.rows
    }

    /// The group.
    pub fn group(&self) -> &'a str {
        &self.rows[0].group
    }

    /// The workload.
    pub fn workload(&self) -> &'a str {
        &self.rows[0].workload
    }

    /// How many threads ran it.
    pub fn threads(&self) -> usize {
        self.rows[0].threads
    }

    /// What was measured.
    pub fn measure(&self) -> Measure {
        self.rows[0].measure
    }

    /// The workload with its threads, if they are several.
    pub fn label(&self) -> String {
        match self.threads() {
            1 => self.workload().to_owned(),
            threads => format!("{}, {threads} threads", self.workload()),
        }
    }

    /// The best row of some origins.
    pub fn best(&self, origins: &[Origin]) -> Option<&'a Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| origins.contains(&row.origin)).copied()
    }

    /// Our best row.
    pub fn ours(&self) -> Option<&'a Row> {
        self.best(&[Origin::Ours])
    }

    /// The best row of the peers and the system.
    pub fn rival(&self) -> Option<&'a Row> {
        self.best(&[Origin::Peer, Origin::System])
    }

    /// How we stand, if there is one of ours and a rival.
    pub fn standing(&self) -> Option<Standing<'a>> {
        let (ours, rival) = (self.ours()?, self.rival()?);
        let ratio = part(ours.value, rival.value);
        Some(Standing { ours, rival, ratio })
    }
}

/// One value by another; nothing by nothing is 1.
pub(super) fn part(value: f64, by: f64) -> f64 {
    if value.max(by) <= 0.0 {
        1.0
    } else {
        value / by
    }
}

/// Everything that a record compares: in the registry's order of groups and workloads, and after
/// them what the registry does not know, in the record's order.
pub fn contests(record: &Record) -> Vec<Contest<'_>> {
    let known = cases();
    let mut order: Vec<(&str, &str)> = Vec::new();
    let of_cases = known.iter().map(|case| (case.group, case.workload));
    let of_rows = record.rows.iter().map(|row| (&*row.group, &*row.workload));
    for place in of_cases.chain(of_rows) {
        if !order.contains(&place) {
            order.push(place);
        }
    }
    // A group's workloads may come from several tables: the groups first, as each is first seen.
    let rank = |row: &Row| {
        let group = order.iter().position(|place| place.0 == row.group);
        let place = order
            .iter()
            .position(|place| *place == (&*row.group, &*row.workload));
        (group, place, row.threads, row.measure)
    };
    let mut rows: Vec<_> = record.rows.iter().map(|row| (rank(row), row)).collect();
    rows.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.value.total_cmp(&y.value)));
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|rows| Contest {
            rows: rows.iter().map(|(_, row)| *row).collect(),
        })
        .collect()
}

/// The groups of some contests, in order.
pub(super) fn groups<'a>(contests: &[Contest<'a>]) -> Vec<&'a str> {
    let mut groups: Vec<_> = contests.iter().map(Contest::group).collect();
    groups.dedup();
    groups
}

/// What a workload stands for, if the registry knows it.
pub(super) fn about(group: &str, workload: &str) -> Option<&'static str> {
    let mut cases = cases().into_iter();
    let case = cases.find(|case| case.group == group && case.workload == workload)?;
    Some(case.about)
}

/// A value as people read it.
pub(super) fn shown(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Time => nanoseconds(value),
        Measure::Instructions | Measure::UpstreamCalls => figure(value),
        Measure::Reserved => ratio(value),
        Measure::PeakResident => measured_bytes(value),
    }
}

/// What a measure is called above its numbers.
pub(super) fn heading(measure: Measure) -> String {
    let (name, unit) = (measure.name(), measure.unit());
    if unit.starts_with(name) {
        unit.to_owned()
    } else {
        format!("{name}: {unit}")
    }
}

/// A sentence's first letter as it should be.
pub(super) fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// A ratio as people read it.
pub(super) fn times(value: f64) -> String {
    format!("{}×", figure(value))
}

/// On how many rows we are ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Better by more than 3 %.
    pub ahead: usize,
    /// Within 3 %.
    pub even: usize,
    /// Worse by more than 3 %.
    pub behind: usize,
}

impl<'a, 'b: 'a> FromIterator<&'a Contest<'b>> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Contest<'b>>>(contests: I) -> Self {
        let mut tally = Self::default();
        for standing in contests.into_iter().filter_map(Contest::standing) {
            *match standing.verdict() {
                Verdict::Ahead => &mut tally.ahead,
                Verdict::Even => &mut tally.even,
                Verdict::Behind => &mut tally.behind,
            } += 1;
        }
        tally
    }
}

/// The tally of each measure in which something can be compared.
pub(super) fn tallies(contests: &[Contest<'_>]) -> Vec<(Measure, Tally)> {
    let tally = |measure: Measure| {
        let of_measure = contests
            .iter()
            .filter(|contest| contest.measure() == measure);
        (measure, of_measure.collect())
    };
    let all = Measure::ALL.into_iter().map(tally);
    all.filter(|(_, tally)| *tally != Tally::default())
        .collect()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.ahead + self.even + self.behind;
        write!(f, "ahead on {} of {rows} rows", self.ahead)?;
        if self.even > 0 {
            write!(f, ", even on {}", self.even)?;
        }
        if self.behind > 0 {
            write!(f, ", behind on {}", self.behind)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn three_per_cent_are_even() {
        let all = [0.5, 0.96, 0.98, 1.0, 1.02, 1.04, f64::INFINITY].map(Verdict::of);
        assert_eq!(all[..2], [Verdict::Ahead; 2]);
        assert_eq!(all[2..5], [Verdict::Even; 3]);
        assert_eq!(all[5..], [Verdict::Behind; 2]);
    }

    #[test]
    fn the_floor_is_no_rival() {
        let record = sample::record();
        let all = contests(&record);
        let contest = &all[1];
        assert_eq!(contest.measure(), Measure::Instructions);
        assert_eq!((contest.group(), contest.label().as_str()), ("arena", "u8"));
        assert_eq!(contest.rows()[0].origin, Origin::Floor);
        let standing = contest.standing().unwrap();
        assert_eq!(standing.ours.subject, "Arena, min-align 8");
        assert_eq!(standing.rival.subject, "oxc_allocator");
        assert_eq!(standing.verdict(), Verdict::Even);
    }

    #[test]
    fn what_the_registry_does_not_know_comes_last() {
        let mut record = sample::record();
        record.rows.reverse();
        let mut row = record.rows[0].clone();
        row.group = "zoo".to_owned();
        record.rows.insert(0, row);
        let all = contests(&record);
        assert_eq!(all[0].label(), "u8");
        let place = |group| all.iter().rposition(|contest| contest.group() == group);
        assert!(place("arena") < place("zoo"));
        let threads: Vec<_> = all
            .iter()
            .filter(|contest| contest.workload() == "own pairs")
            .filter(|contest| contest.measure() == Measure::Time)
            .map(Contest::threads)
            .collect();
        assert_eq!(threads, [1, 2, 4, 8]);
        let first = &cases()[0];
        assert_eq!(about(first.group, first.workload), Some(first.about));
        assert_eq!(about("zoo", "u8"), None);
    }

    #[test]
    fn a_tally_counts_what_can_be_compared() {
        let record = sample::record();
        let tally: Tally = contests(&record).iter().collect();
        assert!(tally.ahead > 0 && tally.behind > 0);
        let even = Tally {
            ahead: 1,
            even: 2,
            behind: 0,
        };
        assert_eq!(even.to_string(), "ahead on 1 of 3 rows, even on 2");
        let mut alone = record.clone();
        alone.rows.retain(|row| row.origin == Origin::Ours);
        let tally: Tally = contests(&alone).iter().collect();
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn nothing_by_nothing_is_even() {
        let all = [part(0.0, 0.0), part(1.0, 0.0), part(1.0, 2.0)].map(times);
        assert_eq!(all, ["1.00×", "∞×", "0.50×"]);
    }
}
