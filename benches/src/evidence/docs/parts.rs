//! The parts of the chapter that a record makes.

use std::fmt::Write;

use super::super::contest::{
    Contest, Verdict, about, capital, contests, groups, heading, shown, tallies, times,
};
use super::Reason;
use super::tables::{cell, table, tables};
use crate::record::{Fault, Measure, Record};

/// What the record was measured on.
pub(super) fn environment(record: &Record, _: &[Reason]) -> String {
    let fields = record.environment.fields();
    let rows = fields.map(|(name, value)| vec![name.to_owned(), cell(value)]);
    table(&["the record's".to_owned(), String::new()], &rows, 2)
}

/// On how many rows we are ahead.
pub(super) fn standing(record: &Record, _: &[Reason]) -> String {
    let mut text = String::new();
    for (measure, tally) in tallies(&contests(record)) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "- {measure}: {tally}");
    }
    text
}

/// What the workloads of the record stand for.
pub(super) fn workloads(record: &Record, _: &[Reason]) -> String {
    let contests = contests(record);
    let mut text = String::new();
    for group in groups(&contests) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "**{}**\n", cell(group));
        let of_group: Vec<_> = contests
            .iter()
            .filter(|contest| contest.group() == group)
            .collect();
        for same in of_group.chunk_by(|a, b| a.workload() == b.workload()) {
            let name = same[0].workload();
            let about = about(group, name).unwrap_or("No longer measured.");
            let _ = writeln!(text, "- *{}*: {}", cell(name), cell(about));
        }
        text.push('\n');
    }
    text
}

/// Instructions per operation.
pub(super) fn instructions(record: &Record, _: &[Reason]) -> String {
    tables(&contests(record), Measure::Instructions)
}

/// Time relative to the system's.
pub(super) fn time(record: &Record, _: &[Reason]) -> String {
    tables(&contests(record), Measure::Time)
}

/// What is measured of memory.
pub(super) fn memory(record: &Record, _: &[Reason]) -> String {
    let contests = contests(record);
    let mut text = String::new();
    for measure in [
        Measure::Reserved,
        Measure::UpstreamCalls,
        Measure::PeakResident,
    ] {
        let tables = tables(&contests, measure);
        if !tables.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "### {}\n\n{tables}", capital(&heading(measure)));
        }
    }
    text
}

/// What we are behind on.
fn losses<'a, 'b>(contests: &'a [Contest<'b>]) -> Vec<&'a Contest<'b>> {
    let is_behind = |contest: &&Contest<'_>| {
        let standing = contest.standing();
        standing.is_some_and(|standing| standing.verdict() == Verdict::Behind)
    };
    contests.iter().filter(is_behind).collect()
}

/// The reason that is shown for a contest: the first that speaks of it.
fn reason(contest: &Contest<'_>, reasons: &[Reason]) -> Option<usize> {
    reasons.iter().position(|reason| reason.is_for(contest))
}

/// Checks that there is a reason for everything that we are behind on.
pub(super) fn explained(record: &Record, reasons: &[Reason]) -> Result<(), Fault> {
    let contests = contests(record);
    let silent = losses(&contests)
        .into_iter()
        .filter(|contest| reason(contest, reasons).is_none());
    let list: Vec<_> = silent
        .map(|contest| behind_cells(contest).join(", "))
        .collect();
    if list.is_empty() {
        return Ok(());
    }
    let list = list.join("\n");
    Err(Fault(format!(
        "these rows are behind, and benches/src/evidence/docs/reasons.rs does not say why:\n{list}"
    )))
}

/// Where we are behind, and why.
pub(super) fn behind(record: &Record, reasons: &[Reason]) -> String {
    let contests = contests(record);
    let losses = losses(&contests);
    if losses.is_empty() {
        return "On no row of the record.".to_owned();
    }
    let header = ["workload", "measure", "ours", "best of the others", "ratio"].map(str::to_owned);
    let mut text = String::new();
    for (at, known) in reasons.iter().enumerate() {
        let same = losses
            .iter()
            .filter(|contest| reason(contest, reasons) == Some(at));
        let rows: Vec<_> = same.map(|contest| behind_cells(contest)).collect();
        if !rows.is_empty() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}\n\n{}", known.why, table(&header, &rows, 2));
        }
    }
    text
}

/// A row of the list of what is behind.
fn behind_cells(contest: &Contest<'_>) -> Vec<String> {
    let named = |row: &crate::record::Row| {
        cell(&format!(
            "{} {}",
            row.subject,
            shown(row.measure, row.value)
        ))
    };
    let standing = contest.standing();
    let parts = standing.map(|it| [named(it.ours), named(it.rival), times(it.ratio)]);
    let first = [
        cell(&contest.rows()[0].place()),
        contest.measure().to_string(),
    ];
    first
        .into_iter()
        .chain(parts.into_iter().flatten())
        .collect()
}
