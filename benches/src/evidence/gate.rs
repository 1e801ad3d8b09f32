//! The gate: whether instructions of ours grew over the committed record.

use std::fmt::Write;

use super::contest::{part, shown};
use crate::record::{Measure, Record, Row};
use crate::registry::Origin;
use crate::report::things;

/// How a record is made anew.
const KEEP: &str = "cargo xtask icount --keep";

/// The hot paths: how their places begin, and what their subjects have in their names. Where a heap
/// that is not ours does most of the work, instructions depend on what lies where in that heap, and
/// that changes with every build.
const HOT: [(&str, &str); 7] = [
    ("arena/", ""),
    ("pool/", ""),
    ("sync_pool/", ""),
    ("aligned/", "Arena"),
    ("aligned/", "Pool"),
    ("tracking/pair", ""),
    ("compose/churn", "Segregate"),
];

/// In the names of subjects that are left out: what a walk by tables takes is another crate's, and depends on the frames
/// that it meets and on the tables of the system's libraries.
const LEFT_OUT: &str = "unwinder";

/// Whether the gate looks at a workload over a subject.
pub fn is_hot(origin: Origin, threads: usize, place: &str, subject: &str) -> bool {
    let listed = |(start, part): &(&str, &str)| place.starts_with(start) && subject.contains(part);
    origin == Origin::Ours && threads == 1 && HOT.iter().any(listed) && !subject.contains(LEFT_OUT)
}

/// Whether the gate looks at a row.
fn is_gated(row: &Row) -> bool {
    row.measure == Measure::Instructions
        && is_hot(row.origin, row.threads, &row.place(), &row.subject)
}

/// Compares the instructions of our hot paths with the committed record; what got better by more than the
/// tolerance is named, because only a record of it keeps it.
///
/// # Errors
///
/// Something grew by more than the tolerance, or is in only one of the records: a line for each.
pub fn gate(committed: &Record, now: &Record, tolerance: f64) -> Result<String, String> {
    let (mut faults, mut better) = (Vec::new(), Vec::new());
    let mut rows = 0;
    for before in committed.rows.iter().filter(|row| is_gated(row)) {
        rows += 1;
        let Some(after) = now.rows.iter().find(|row| row.is_of(before)) else {
            faults.push(format!(
                "{}: is in the record but was not measured",
                name(before)
            ));
            continue;
        };
        let moved = part(after.value, before.value) - 1.0;
        if moved > tolerance {
            faults.push(change(before, after, moved));
        } else if moved < -tolerance {
            better.push(change(before, after, moved));
        }
    }
    for row in now.rows.iter().filter(|row| is_gated(row)) {
        if !committed.rows.iter().any(|known| known.is_of(row)) {
            faults.push(format!("{}: is not in the record", name(row)));
        }
    }
    if rows == 0 && faults.is_empty() {
        faults
            .push("there is nothing to compare: no instructions of ours on one thread".to_owned());
    }
    verdict(
        rows,
        tolerance,
        &better,
        faults,
        &differences(committed, now),
    )
}

/// The two answers as text.
fn verdict(
    rows: usize,
    tolerance: f64,
    better: &[String],
    mut faults: Vec<String>,
    differences: &[String],
) -> Result<String, String> {
    let mut improved = String::new();
    if !better.is_empty() {
        let things = things(better.len(), "row");
        improved = format!("{things} got better; record them with `{KEEP}`:\n");
        for line in better {
            let _ = writeln!(improved, "  {line}");
        }
    }
    if faults.is_empty() {
        let (rows, percent) = (things(rows, "row"), tolerance * 100.0);
        return Ok(format!(
            "{rows} of ours within {percent:.0} % of the record.\n{improved}"
        ));
    }
    faults.push(format!(
        "Where this is as it should be, record it with `{KEEP}` and commit the record."
    ));
    faults.extend_from_slice(differences);
    Err(faults.join("\n") + "\n" + &improved)
}

/// The subject at its place.
fn name(row: &Row) -> String {
    format!("{}, {}", row.place(), row.subject)
}

/// A row with its values before and after.
fn change(before: &Row, after: &Row, moved: f64) -> String {
    let shown = |row: &Row| shown(row.measure, row.value);
    let (name, percent) = (name(before), moved * 100.0);
    format!(
        "{name}: {} instructions before, {} now, {percent:+.1} %",
        shown(before),
        shown(after)
    )
}

/// A sentence for each thing, other than the code, that may explain a change of instructions.
fn differences(committed: &Record, now: &Record) -> Vec<String> {
    let pairs = committed
        .environment
        .fields()
        .into_iter()
        .zip(now.environment.fields());
    pairs
        .filter(|(old, new)| ["target", "compiler", "system"].contains(&old.0) && old.1 != new.1)
        .map(|((name, old), (_, new))| format!("Note: the {name} was `{old}` and is `{new}`."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// A record in which the instructions of our `nth` row were scaled.
    fn scaled(nth: usize, by: f64) -> Record {
        let mut record = sample::record();
        let mut rows = record.rows.iter_mut().filter(|row| is_gated(row));
        rows.nth(nth).unwrap().value *= by;
        record
    }

    #[test]
    fn the_same_passes() {
        let record = sample::record();
        let answer = gate(&record, &record, 0.03).unwrap();
        assert_eq!(answer, "16 rows of ours within 3 % of the record.\n");
        assert!(gate(&record, &scaled(0, 1.029), 0.03).is_ok());
    }

    #[test]
    fn growth_is_named() {
        let now = scaled(0, 1.1);
        let fault = gate(&sample::record(), &now, 0.03).unwrap_err();
        assert!(
            fault.starts_with("arena/u8, Arena: 9.20 instructions before, 10.1 now, +10.0 %\n"),
            "{fault}"
        );
        assert!(fault.contains(KEEP));
        assert_eq!(fault.lines().count(), 2, "{fault}");
    }

    #[test]
    fn an_improvement_passes_and_is_to_be_recorded() {
        let answer = gate(&sample::record(), &scaled(1, 0.5), 0.03).unwrap();
        assert!(answer.contains("1 row got better; record them"), "{answer}");
        assert!(answer.contains("-50.0 %"), "{answer}");
    }

    #[test]
    fn what_is_in_one_record_only_fails() {
        let mut fewer = sample::record();
        fewer.rows.retain(|row| row.workload != "u8");
        fewer.environment.compiler = "another".to_owned();
        let missing = gate(&sample::record(), &fewer, 0.03).unwrap_err();
        assert_eq!(
            missing.matches("but was not measured").count(),
            3,
            "{missing}"
        );
        assert!(missing.contains("the compiler was `rustc 1.95.0` and is `another`"));
        let new = gate(&fewer, &sample::record(), 0.03).unwrap_err();
        assert_eq!(new.matches("is not in the record").count(), 3, "{new}");
        assert!(new.contains(KEEP));
    }

    #[test]
    fn nothing_does_not_pass() {
        let mut empty = sample::record();
        empty.rows.clear();
        assert!(gate(&empty, &empty, 0.03).is_err());
    }
}
