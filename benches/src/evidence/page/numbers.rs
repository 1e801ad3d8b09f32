//! The table at the end: every row of the record.

use std::fmt::Write;

use super::super::contest::{Contest, shown};
use crate::report::{cells, escape};

/// The columns.
const HEADER: [&str; 8] = [
    "workload",
    "subject",
    "whose",
    "measure",
    "median",
    "first quartile",
    "third quartile",
    "samples",
];

/// Every row, in the order of the page.
pub(super) fn numbers(contests: &[Contest<'_>]) -> String {
    let mut rows = String::new();
    for row in contests.iter().flat_map(Contest::rows) {
        let [median, low, high] =
            [row.value, row.low, row.high].map(|value| shown(row.measure, value));
        let texts = [
            row.place(),
            row.subject.clone(),
            row.origin.to_string(),
            row.measure.to_string(),
            median,
            low,
            high,
            row.samples.to_string(),
        ];
        // Writing to a `String` cannot fail.
        let _ = writeln!(rows, "<tr>{}</tr>", cells("td", texts));
    }
    format!(
        "<h2 id=\"numbers\">All numbers</h2>\n<details><summary>{}</summary>\n\
         <div class=\"wide tall\"><table>\n<thead><tr>{}</tr></thead>\n<tbody>\n{rows}</tbody>\n\
         </table></div></details>\n",
        escape("Every row of the record, with its quartiles"),
        cells("th", HEADER),
    )
}
