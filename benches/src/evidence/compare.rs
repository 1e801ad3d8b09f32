//! What moved between two records.

use std::fmt::{self, Write};

use super::contest::{part, shown, times};
use crate::record::{Measure, Record, Row};
use crate::registry::Origin;
use crate::report::{painted, table, things};

/// How much a noisy measure must move, as a part; the quartiles must be apart too.
const NOISY: f64 = 0.05;
/// How much of what is counted must move.
const COUNTED: f64 = 0.005;

/// A value that moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The row before.
    pub before: Row,
    /// The row after.
    pub after: Row,
}

impl Moved {
    /// The value after by the value before.
    pub fn ratio(&self) -> f64 {
        part(self.after.value, self.before.value)
    }

    /// Whether this is more than noise.
    fn is_beyond_noise(&self) -> bool {
        let moved = (self.ratio() - 1.0).abs();
        if !self.before.measure.is_noisy() {
            return moved > COUNTED;
        }
        let apart = self.after.low > self.before.high || self.after.high < self.before.low;
        moved > NOISY && apart
    }
}

/// What moved between two records, and what cannot be compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What makes the records differ, other than the code.
    pub warnings: Vec<String>,
    /// What moved by more than noise, the most first.
    pub moved: Vec<Moved>,
    /// How many rows are in both and did not move.
    pub held: usize,
    /// What is in the first record only: a place with its measure and subjects.
    pub only_before: Only,
    /// What is in the second record only.
    pub only_after: Only,
    /// By how much time moved, in the median, for the system and the peers, whose code is the same.
    pub drift: Option<f64>,
}

/// Rows that one record has and the other has not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// How many.
    pub rows: usize,
    /// Their places, each with its measure and subjects.
    pub places: Vec<String>,
}

/// Compares two records.
pub fn compare(before: &Record, after: &Record) -> Comparison {
    let mut both = Vec::new();
    for old in &before.rows {
        if let Some(new) = after.rows.iter().find(|row| row.is_of(old)) {
            let (before, after) = (old.clone(), new.clone());
            both.push(Moved { before, after });
        }
    }
    let drift = drift(&both);
    let shared = both.len();
    let mut moved = both;
    moved.retain(Moved::is_beyond_noise);
    let far = |moved: &Moved| moved.ratio().ln().abs();
    moved.sort_by(|a, b| far(b).total_cmp(&far(a)));
    Comparison {
        warnings: warnings(before, after),
        held: shared - moved.len(),
        moved,
        only_before: only(before, after),
        only_after: only(after, before),
        drift,
    }
}

/// A sentence for each thing, other than the code, that makes two records differ.
fn warnings(before: &Record, after: &Record) -> Vec<String> {
    let (old, new) = (before.environment.fields(), after.environment.fields());
    let pairs = old.into_iter().zip(new);
    let telling = ["target", "compiler", "processor", "kind"];
    pairs
        .filter(|(old, new)| telling.contains(&old.0) && old.1 != new.1)
        .map(|((name, old), (_, new))| {
            format!("the records differ in {name}: `{old}` before, `{new}` after")
        })
        .collect()
}

/// The rows that are in the first record only.
fn only(this: &Record, other: &Record) -> Only {
    let mut only = Only::default();
    let mut last = None;
    let missing = this
        .rows
        .iter()
        .filter(|row| !other.rows.iter().any(|known| known.is_of(row)));
    let mut missing: Vec<_> = missing.map(|row| (row.place(), row.measure, row)).collect();
    missing.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    for (place, measure, row) in missing {
        only.rows += 1;
        let key = Some((place.clone(), measure));
        if last == key
            && let Some(line) = only.places.last_mut()
        {
            *line += ", ";
            *line += &row.subject;
        } else {
            only.places
                .push(format!("{place}, {measure}: {}", row.subject));
        }
        last = key;
    }
    only
}

/// The median of what time did where the code is not ours.
fn drift(both: &[Moved]) -> Option<f64> {
    let others = [Origin::System, Origin::Peer];
    let mut ratios: Vec<_> = both
        .iter()
        .filter(|moved| moved.before.measure == Measure::Time)
        .filter(|moved| others.contains(&moved.before.origin))
        .map(Moved::ratio)
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied()
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(false))
    }
}

impl Comparison {
    /// All of it, with colors if the terminal shows them.
    pub fn text(&self, color: bool) -> String {
        let mut text = String::new();
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        text += &self.table(color);
        let _ = write!(text, "{} moved", things(self.moved.len(), "row"));
        let _ = writeln!(text, ", {} did not by more than noise.", self.held);
        if let Some(drift) = self.drift {
            let drift = times(drift);
            let _ = writeln!(
                text,
                "Time of the system and the peers, whose code is the same: {drift} in the median."
            );
        }
        let sides = [(&self.only_before, "first"), (&self.only_after, "second")];
        for (only, which) in sides.into_iter().filter(|(only, _)| only.rows > 0) {
            let _ = writeln!(text, "{} only in the {which}:", things(only.rows, "row"));
            for place in &only.places {
                let _ = writeln!(text, "  {place}");
            }
        }
        text
    }

    /// What moved.
    fn table(&self, color: bool) -> String {
        if self.moved.is_empty() {
            return String::new();
        }
        let rows: Vec<_> = self.moved.iter().map(cells).collect();
        let header = [
            "workload", "subject", "measure", "before", "after", "ratio", "",
        ];
        let paint = |row: usize, line: &str| {
            let code = if self.moved[row].ratio() < 1.0 {
                "32"
            } else {
                "31"
            };
            if color {
                format!("\u{1b}[{code}m{line}\u{1b}[0m")
            } else {
                line.to_owned()
            }
        };
        painted(&table(header, &rows, 3), paint) + "\n"
    }
}

/// The cells of a line.
fn cells(moved: &Moved) -> [String; 7] {
    let (before, after) = (&moved.before, &moved.after);
    [
        before.place(),
        before.subject.clone(),
        before.measure.to_string(),
        shown(before.measure, before.value),
        shown(after.measure, after.value),
        times(moved.ratio()),
        if moved.ratio() < 1.0 {
            "better"
        } else {
            "worse"
        }
        .to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_same_did_not_move() {
        let record = sample::record();
        let same = compare(&record, &record);
        assert_eq!((same.moved.len(), same.held), (0, record.rows.len()));
        assert_eq!(same.drift, Some(1.0));
        let text = same.text(false);
        assert!(text.starts_with("0 rows moved, "), "{text}");
        assert!(!text.contains("only in"), "{text}");
    }

    #[test]
    fn noise_is_left_out() {
        let before = sample::record();
        let mut after = before.clone();
        let mut scale = |measure, nth, by, spread| {
            let rows = &mut after.rows;
            let row = rows
                .iter_mut()
                .filter(|row| row.measure == measure)
                .nth(nth)
                .unwrap();
            row.value *= by;
            (row.low, row.high) = (row.value * (1.0 - spread), row.value * (1.0 + spread));
        };
        // Far, but the quartiles overlap; near, and the quartiles apart; far and apart.
        scale(Measure::Time, 0, 1.2, 0.3);
        scale(Measure::Time, 1, 1.045, 0.0);
        scale(Measure::Time, 2, 0.5, 0.01);
        scale(Measure::Instructions, 0, 1.004, 0.0);
        scale(Measure::Instructions, 1, 1.1, 0.0);
        scale(Measure::Reserved, 0, 0.9, 0.0);
        let comparison = compare(&before, &after);
        let ratios: Vec<_> = comparison
            .moved
            .iter()
            .map(|moved| times(moved.ratio()))
            .collect();
        assert_eq!(ratios, ["0.50×", "0.90×", "1.10×"]);
        assert_eq!(comparison.held, before.rows.len() - 3);
        let text = comparison.text(true);
        assert!(
            text.contains("\u{1b}[31m") && text.contains("worse"),
            "{text}"
        );
    }

    #[test]
    fn what_is_missing_and_what_differs_is_named() {
        let before = sample::record();
        let mut after = before.clone();
        after.rows.retain(|row| row.workload != "u64");
        after.environment.processor = "other".to_owned();
        after.environment.date = "later".to_owned();
        let text = compare(&before, &after).text(false);
        assert_eq!(text.matches("warning: ").count(), 1, "{text}");
        assert!(text.contains("22 rows only in the first:\n"), "{text}");
        assert!(text.contains("  arena/u64, time: loop, Arena, "), "{text}");
        assert!(
            compare(&after, &before)
                .text(false)
                .contains("only in the second")
        );
    }
}
