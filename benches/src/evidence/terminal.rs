//! A record in the terminal: one line for each workload.

use std::fmt::Write;

use super::contest::{Contest, Verdict, contests, groups, heading, shown, tallies, times};
use crate::record::{Measure, Record};
use crate::report::{painted, table};

/// The columns.
const HEADER: [&str; 6] = [
    "workload",
    "ours",
    "best of the others",
    "ours",
    "others",
    "ratio",
];

/// What stands below.
const LEGEND: &str = "\
ratio: our best by the best of the peers and the system; less is better in every measure, and what
is within 3 % is even. Every subject is on the page.";

/// The tables of a record: for each group and measure, our best subject beside the best of the
/// others, with colors if the terminal shows them.
pub fn terminal(record: &Record, color: bool) -> String {
    let contests = contests(record);
    if contests.is_empty() {
        return "Nothing was measured.\n".to_owned();
    }
    let mut text = String::new();
    for group in groups(&contests) {
        for measure in Measure::ALL {
            let of_both =
                |contest: &&Contest<'_>| contest.group() == group && contest.measure() == measure;
            let chosen: Vec<_> = contests.iter().filter(of_both).collect();
            if !chosen.is_empty() {
                let _ = writeln!(text, "{group}, {}\n", heading(measure));
                text += &lines(&chosen, color);
                text.push('\n');
            }
        }
    }
    for (measure, tally) in tallies(&contests) {
        let _ = writeln!(text, "{measure}: {tally}");
    }
    text + "\n" + LEGEND + "\n"
}

/// The table of a group in a measure.
fn lines(contests: &[&Contest<'_>], color: bool) -> String {
    let rows: Vec<_> = contests.iter().map(|contest| cells(contest)).collect();
    painted(&table(HEADER, &rows, 3), |row, line| {
        let verdict = contests[row].standing().map(|standing| standing.verdict());
        paint(line, verdict.filter(|_| color))
    })
}

/// The cells of a line.
fn cells(contest: &Contest<'_>) -> [String; 6] {
    let named = |row: Option<&crate::record::Row>| match row {
        Some(row) => [row.subject.clone(), shown(row.measure, row.value)],
        None => ["–".to_owned(), "–".to_owned()],
    };
    let ([ours, value], [rival, rivals]) = (named(contest.ours()), named(contest.rival()));
    let ratio = contest
        .standing()
        .map_or("–".to_owned(), |standing| times(standing.ratio));
    [contest.label(), ours, rival, value, rivals, ratio]
}

/// Colors the last word of a line.
fn paint(line: &str, verdict: Option<Verdict>) -> String {
    let code = match verdict {
        Some(Verdict::Ahead) => "32",
        Some(Verdict::Behind) => "31",
        Some(Verdict::Even) | None => return line.to_owned(),
    };
    match line.rsplit_once(' ') {
        Some((before, last)) => format!("{before} \u{1b}[{code}m{last}\u{1b}[0m"),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn each_workload_has_a_line() {
        let record = sample::record();
        let text = terminal(&record, false);
        assert!(!text.contains('\u{1b}'));
        let line = text
            .lines()
            .find(|line| line.starts_with("slice, 1 KiB") && line.contains("132"))
            .unwrap();
        assert!(
            line.contains("oxc_allocator") && line.ends_with("1.02×"),
            "{line}"
        );
        assert_eq!(text.matches("own pairs, 8 threads").count(), 1);
        assert!(
            text.contains("instructions: ahead on 2 of 6 rows, even on 4\n"),
            "{text}"
        );
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest < Some(110), "{text}");
    }

    #[test]
    fn only_what_is_not_even_has_a_color() {
        let text = terminal(&sample::record(), true);
        assert!(text.contains(" \u{1b}[32m0.51×\u{1b}[0m\n"), "{text}");
        assert!(text.contains(" \u{1b}[31m"), "{text}");
        assert!(text.contains(" 1.02×\n"), "{text}");
    }

    #[test]
    fn parts_of_a_record_are_enough() {
        let mut record = sample::record();
        record
            .rows
            .retain(|row| row.origin == crate::registry::Origin::Peer);
        let text = terminal(&record, true);
        assert!(text.contains("–") && !text.contains('\u{1b}'), "{text}");
        record.rows.clear();
        assert_eq!(terminal(&record, true), "Nothing was measured.\n");
    }
}
