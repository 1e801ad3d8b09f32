//! Records: what was measured, when, and on what.
//!
//! A record is a CSV file. Lines that begin with `#` say what it was measured on; each row is one
//! [`Measure`] of one [`Case`].

mod environment;
mod file;

use std::fmt;
use std::str::FromStr;

pub use environment::Environment;
pub use file::{Fault, committed, kept, read, records, write};

use crate::registry::{Case, Origin, place};

/// What is measured. Less is better in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Nanoseconds per operation; with several threads, of wall time per operation of all of them.
    Time,
    /// Instructions per operation.
    Instructions,
    /// Bytes reserved of the upstream at most, by byte requested at most.
    Reserved,
    /// Calls to the upstream in one iteration.
    UpstreamCalls,
    /// Growth of the peak resident set, in bytes.
    PeakResident,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Time,
        Self::Instructions,
        Self::Reserved,
        Self::UpstreamCalls,
        Self::PeakResident,
    ];

    /// Its name in a record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Instructions => "instructions",
            Self::Reserved => "reserved",
            Self::UpstreamCalls => "upstream calls",
            Self::PeakResident => "peak resident",
        }
    }

    /// Whether it differs from run to run although nothing changed.
    pub const fn is_noisy(self) -> bool {
        matches!(self, Self::Time | Self::PeakResident)
    }

    /// Its unit, for people.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Time => "ns per operation",
            Self::Instructions => "instructions per operation",
            Self::Reserved => "bytes reserved per byte requested",
            Self::UpstreamCalls => "calls per iteration",
            Self::PeakResident => "bytes",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Measure {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|measure| measure.name() == name);
        found.ok_or(())
    }
}

/// One measure of one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The case's group.
    pub group: String,
    /// The case's workload.
    pub workload: String,
    /// How many threads ran it.
    pub threads: usize,
    /// The case's subject.
    pub subject: String,
    /// Whose the subject is.
    pub origin: Origin,
    /// What was measured.
    pub measure: Measure,
    /// The median, or the only value.
    pub value: f64,
    /// The first quartile of the samples.
    pub low: f64,
    /// The third quartile of the samples.
    pub high: f64,
    /// How many samples there were.
    pub samples: usize,
}

impl Row {
    /// A row with one exact value.
    pub fn exact(case: &Case, measure: Measure, value: f64) -> Self {
        Self::of_samples(case, measure, &mut [value])
    }

    /// A row of the quartiles of some samples, of which there is at least one.
    pub fn of_samples(case: &Case, measure: Measure, samples: &mut [f64]) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
        Self {
            group: case.group.to_owned(),
            workload: case.workload.to_owned(),
            threads: case.threads,
            subject: case.subject.to_owned(),
            origin: case.origin,
            measure,
            value: at(2),
            low: at(1),
            high: at(3),
            samples: samples.len(),
        }
    }

    /// The workload with its group and threads, as [`Case::place`].
    pub fn place(&self) -> String {
        place(&self.group, &self.workload, self.threads)
    }

    /// Whether the other row says the same of the same case.
    pub fn is_of(&self, other: &Self) -> bool {
        let key = |row: &Self| (row.threads, row.measure);
        key(self) == key(other)
            && self.group == other.group
            && self.workload == other.workload
            && self.subject == other.subject
    }
}

/// Everything that was measured in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// On what.
    pub environment: Environment,
    /// What.
    pub rows: Vec<Row>,
}

impl Record {
    /// A record without rows, of this machine at this time.
    pub fn here(quick: bool) -> Self {
        Self {
            environment: Environment::here(quick),
            rows: Vec::new(),
        }
    }

    /// Adds a row, in place of one that says the same of the same case.
    pub fn add(&mut self, row: Row) {
        match self.rows.iter_mut().find(|known| known.is_of(&row)) {
            Some(known) => *known = row,
            None => self.rows.push(row),
        }
    }
}
