//! Tables in Markdown: workloads down, subjects across.

use std::fmt::Write;

use super::super::contest::{Contest, groups, part, shown};
use crate::record::{Measure, Row};
use crate::registry::Origin;
use crate::report::figure;

/// The most subjects that a table has, from left to right: so many of each origin, and the peers
/// fill what is left of [`WIDTH`].
const COLUMNS: [(Origin, usize); 4] = [
    (Origin::Floor, 2),
    (Origin::Ours, 5),
    (Origin::System, 2),
    (Origin::Peer, WIDTH),
];

/// The most subjects that a table has in all.
const WIDTH: usize = 11;

/// Text as it stands in a cell.
pub(super) fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '|' | '<' | '*' | '\\' | '`') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A table; the first `left` columns to the left, the others to the right.
pub(super) fn table(header: &[String], rows: &[Vec<String>], left: usize) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<_> = (0..header.len())
        .map(|column| if column < left { "---" } else { "--:" }.to_owned())
        .collect();
    let mut text = line(header) + &line(&rule);
    text.extend(rows.iter().map(|row| line(row)));
    text
}

/// Workloads of one group that have the same subjects.
struct Sheet<'a> {
    contests: Vec<&'a Contest<'a>>,
}

impl<'a> Sheet<'a> {
    /// Whether a contest has some of the sheet's subjects and no others, or the other way round.
    fn takes(&self, contest: &Contest<'_>) -> bool {
        let widest = self.widest();
        let within = |inner: &Contest<'_>, outer: &Contest<'_>| {
            let known = |row: &&Row| {
                outer
                    .rows()
                    .iter()
                    .any(|other| other.subject == row.subject)
            };
            inner.rows().iter().all(known)
        };
        within(contest, widest) || within(widest, contest)
    }

    /// The contest with the most subjects.
    fn widest(&self) -> &'a Contest<'a> {
        let mut widest = self.contests[0];
        for contest in &self.contests {
            if contest.rows().len() > widest.rows().len() {
                widest = contest;
            }
        }
        widest
    }

    /// The subjects that have a column, and those for which there is no room: of each origin those
    /// that are best over all workloads.
    fn columns(&self) -> (Vec<(Origin, &'a str)>, Vec<&'a str>) {
        let (mut chosen, mut left_out) = (Vec::new(), Vec::new());
        for (origin, most) in COLUMNS {
            let of_origin = |row: &&&Row| row.origin == origin;
            let rows = self.widest().rows().iter().filter(of_origin);
            let mut subjects: Vec<&'a str> = rows.map(|row| &*row.subject).collect();
            subjects.sort_by_key(|subject| self.places_of(subject));
            let room = most.min(WIDTH - chosen.len());
            let rest = subjects.split_off(subjects.len().min(room));
            chosen.extend(subjects.into_iter().map(|subject| (origin, subject)));
            left_out.extend(rest);
        }
        (chosen, left_out)
    }

    /// The sum of a subject's places in all workloads; last where it has none.
    fn places_of(&self, subject: &str) -> usize {
        let place = |contest: &&Contest<'_>| {
            let found = contest.rows().iter().position(|row| row.subject == subject);
            found.unwrap_or(contest.rows().len())
        };
        self.contests.iter().map(place).sum()
    }
}

/// What a measure says, group by group.
pub(super) fn tables(contests: &[Contest<'_>], measure: Measure) -> String {
    let mut text = String::new();
    for group in groups(contests) {
        let mut sheets: Vec<Sheet<'_>> = Vec::new();
        let of_both =
            |contest: &&Contest<'_>| contest.group() == group && contest.measure() == measure;
        for contest in contests.iter().filter(of_both) {
            match sheets.iter_mut().find(|sheet| sheet.takes(contest)) {
                Some(sheet) => sheet.contests.push(contest),
                None => sheets.push(Sheet {
                    contests: vec![contest],
                }),
            }
        }
        for sheet in &sheets {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{}", draw(group, sheet));
        }
    }
    text
}

/// A table of a group, and what it leaves out.
fn draw(group: &str, sheet: &Sheet<'_>) -> String {
    let (columns, left_out) = sheet.columns();
    let names = columns.iter().map(|(_, subject)| cell(subject));
    let header: Vec<_> = std::iter::once(format!("**{}**", cell(group)))
        .chain(names)
        .collect();
    let rows: Vec<_> = sheet
        .contests
        .iter()
        .map(|contest| line(contest, &columns))
        .collect();
    let mut text = table(&header, &rows, 1) + "\n";
    if !left_out.is_empty() {
        let names: Vec<_> = left_out.into_iter().map(cell).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "Without a column: {}.\n", names.join(", "));
    }
    text
}

/// A row of a table, the best of the allocators in bold.
fn line(contest: &Contest<'_>, columns: &[(Origin, &str)]) -> Vec<String> {
    let base = contest.best(&[Origin::System]).or(contest.rival());
    let best = contest.best(&[Origin::Ours, Origin::System, Origin::Peer]);
    let value = |row: &Row| match (contest.measure(), base) {
        (Measure::Time, Some(base)) => figure(part(row.value, base.value)),
        (measure, _) => shown(measure, row.value),
    };
    let cells = columns.iter().map(|(_, subject)| {
        let found = contest.rows().iter().find(|row| row.subject == *subject);
        found.map_or(String::new(), |row| {
            let bold =
                best.is_some_and(|best| value(best) == value(row)) && row.origin != Origin::Floor;
            if bold {
                format!("**{}**", value(row))
            } else {
                value(row)
            }
        })
    });
    std::iter::once(cell(&contest.label()))
        .chain(cells)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{contests, sample};
    use super::*;

    #[test]
    fn a_table_has_a_readable_width() {
        let record = sample::record();
        let text = tables(&contests(&record), Measure::Instructions);
        let header = text.lines().next().unwrap();
        let expected =
            "| **arena** | loop | Arena, min-align 8 | Arena | Arena, down | System | oxc\\_";
        assert!(
            header.starts_with(&expected.replace("\\_", "_")),
            "{header}"
        );
        assert!(text.lines().all(|line| line.matches(" | ").count() <= 12));
        assert!(text.contains("\\<Vec>"), "{text}");
        let mut wide = record.clone();
        for extra in ["one", "two"] {
            let rows = record.rows.iter().filter(|row| row.subject == "bumpalo");
            let mut rows: Vec<_> = rows.cloned().collect();
            for row in &mut rows {
                extra.clone_into(&mut row.subject);
            }
            wide.rows.extend(rows);
        }
        let text = tables(&contests(&wide), Measure::Instructions);
        assert!(text.contains("Without a column: "), "{text}");
    }

    #[test]
    fn workloads_with_other_subjects_have_a_table_of_their_own() {
        let mut record = sample::record();
        record
            .rows
            .retain(|row| row.workload != "u64" || row.origin != Origin::Peer);
        for row in &mut record.rows {
            if row.workload == "64 B" {
                row.subject += " as a heap";
            }
        }
        let text = tables(&contests(&record), Measure::Time);
        assert_eq!(text.matches("| **arena** |").count(), 2, "{text}");
    }

    #[test]
    fn time_is_relative_to_the_system() {
        let record = sample::record();
        let text = tables(&contests(&record), Measure::Time);
        let line = text
            .lines()
            .find(|line| line.starts_with("| own pairs, 8 threads |"))
            .unwrap();
        assert!(
            line.contains("| **0.21** |") && line.contains("| 1.00 |"),
            "{line}"
        );
    }
}
