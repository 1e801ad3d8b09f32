//! What the demo says at its end: a table, the leak report, and a page with charts.

mod chart;
mod html;
mod lines;
mod table;
mod units;

use std::time::Duration;

use crate::leaks::Leaks;
use crate::measure::{Measured, Outcome};

pub use chart::{Bar, Frame, Group, Scale, bars};
pub use html::{cells, document, escape, page};
pub use lines::{Line, lines};
pub use table::{painted, table};
pub use units::{bytes, count, figure, float, measured_bytes, nanoseconds, ratio, things, time};

/// The columns of the table.
pub const HEADER: [&str; 7] = [
    "job",
    "allocator",
    "time",
    "vs system",
    "bytes asked",
    "upstream calls",
    "upstream peak",
];

/// What stands below the table.
pub const LEGEND: &str = "\
time: the median of the rounds, taken without counters. vs system: below 1 is faster.
bytes asked: by the job of its allocator. upstream: the system allocator; calls to allocate,
grow, shrink and free, and the most bytes held at one time, without its own bookkeeping.";

/// Everything that was found out.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What the jobs ran over: a sentence.
    pub input: String,
    /// One per job.
    pub outcomes: Vec<Outcome>,
    /// The leak report.
    pub leaks: Leaks,
    /// How long it all took.
    pub elapsed: Duration,
}

impl Summary {
    /// The cells of the table, two rows per job.
    pub fn rows(&self) -> Vec<[String; 7]> {
        let of_job = |outcome: &Outcome| {
            [
                row(outcome.job, &outcome.ours, outcome.ratio()),
                row("", &outcome.system, 1.0),
            ]
        };
        self.outcomes.iter().flat_map(of_job).collect()
    }

    /// The table and its legend, as text.
    pub fn table(&self) -> String {
        format!("{}\n{LEGEND}\n", table(HEADER, &self.rows(), 2))
    }

    /// Everything as text: the table, the leak report, the time it all took.
    pub fn text(&self) -> String {
        format!(
            "\n{}\nLeak report: all jobs once more, over {}, with each block on record.\n\n{}\nTook {}.",
            self.table(),
            bytes(self.leaks.bytes),
            self.leaks.text(),
            time(self.elapsed),
        )
    }

    /// A sentence for each thing that must not be.
    pub fn defects(&self) -> Vec<String> {
        let mut defects: Vec<String> = self
            .outcomes
            .iter()
            .filter(|outcome| !outcome.agrees())
            .map(|outcome| {
                let (ours, system) = (outcome.ours, outcome.system);
                format!(
                    "the job `{}` computed {:#018x} with {} but {:#018x} with {}",
                    outcome.job, ours.answer, ours.allocator, system.answer, system.allocator
                )
            })
            .collect();
        if !self.leaks.agrees {
            defects.push("the answers differed when each block was on record".to_owned());
        }
        if !self.leaks.is_clean() {
            defects.push("a job left blocks behind or freed them wrongly".to_owned());
        }
        defects
    }
}

/// The calls that an allocator made to its upstream.
pub fn upstream_calls(measured: &Measured) -> usize {
    let stats = measured.counts.upstream;
    stats.allocations + stats.deallocations + stats.grows + stats.shrinks
}

/// One row of the table.
fn row(job: &str, measured: &Measured, by_system: f64) -> [String; 7] {
    [
        job.to_owned(),
        measured.allocator.to_owned(),
        time(measured.time),
        ratio(by_system),
        bytes(measured.counts.asked.total_bytes),
        count(upstream_calls(measured)),
        bytes(measured.counts.upstream.peak_bytes),
    ]
}

/// Checks that a page needs nothing from elsewhere, and that each tag that is opened is closed, in
/// order; our pages close all of them.
#[cfg(test)]
pub(crate) fn assert_well_formed(page: &str) {
    let own = page.replace("http://www.w3.org/2000/svg", "");
    for needle in ["http://", "https://", "src=", "@import", "url(", "<script"] {
        assert!(!own.contains(needle), "{needle}");
    }
    let mut open = Vec::new();
    for tag in page
        .split('<')
        .skip(1)
        .filter_map(|part| part.split('>').next())
    {
        let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed));
        } else if !tag.ends_with('/') && !tag.starts_with('!') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Input;
    use crate::jobs::JOBS;
    use crate::leaks::profile;
    use crate::measure::{Plan, measure};

    fn summary() -> Summary {
        let input = Input::of_texts(["fn main() { println!(\"<&>\"); }\n", "a b c a b c\n"]);
        Summary {
            input: "2 files & <no> folder".to_owned(),
            outcomes: JOBS
                .iter()
                .map(|job| measure(job, &input, Plan::QUICK, |_| ()))
                .collect(),
            leaks: profile(&input, |_| ()),
            elapsed: Duration::from_secs(1),
        }
    }

    #[test]
    fn every_job_has_two_rows() {
        let summary = summary();
        let rows = summary.rows();
        assert_eq!(rows.len(), 2 * JOBS.len());
        for (pair, job) in rows.chunks(2).zip(JOBS) {
            assert_eq!(
                (pair[0][0].as_str(), pair[1][1].as_str()),
                (job.name, "System")
            );
            assert_eq!(pair[1][3], "1.00×");
        }
        assert!(summary.table().contains("upstream calls"));
    }

    #[test]
    fn defects_are_named() {
        let mut summary = summary();
        assert!(summary.defects().is_empty());
        summary.outcomes[1].ours.answer ^= 1;
        summary.leaks.report.leaks.clear();
        let defects = summary.defects();
        assert_eq!(defects.len(), 2);
        assert!(defects[0].contains("`index`"));
    }

    #[test]
    fn the_page_is_well_formed_and_alone() {
        let page = page(&summary());
        assert!(page.contains("2 files &amp; &lt;no&gt; folder"));
        assert_well_formed(&page);
    }
}
