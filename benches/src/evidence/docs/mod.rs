//! The chapter of the documentation: words written by hand, and between markers what the committed
//! record says.
//!
//! A marked part begins with the line `<!-- begin: NAME -->` and ends with `<!-- end: NAME -->`.

mod parts;
mod reasons;
mod tables;

use std::fmt::Write;
use std::path::{Path, PathBuf};

pub use reasons::{REASONS, Reason};

use crate::record::{self, Environment, Fault, Record, kept};

/// The command that refreshes the parts.
pub const REFRESH: &str = "cargo xtask bench --docs";

/// The target whose record the chapter shows, on whatever machine it is checked.
pub const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What stands in every part while there is no record.
const NOTHING: &str = "no record yet";

/// Makes the text of a part.
type Part = fn(&Record, &[Reason]) -> String;

/// Every part by its name. The chapter has each of them once.
const PARTS: [(&str, Part); 7] = [
    ("environment", parts::environment),
    ("standing", parts::standing),
    ("workloads", parts::workloads),
    ("instructions", parts::instructions),
    ("time", parts::time),
    ("memory", parts::memory),
    ("behind", parts::behind),
];

/// Where the chapter is.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PERFORMANCE.md")
}

/// The committed record of [`TARGET`]; one without rows if there is none.
///
/// # Errors
///
/// There is a record that cannot be read.
pub fn committed() -> Result<Record, Fault> {
    let nothing = || Record {
        environment: Environment::default(),
        rows: Vec::new(),
    };
    Ok(kept(&record::committed(TARGET))?.unwrap_or_else(nothing))
}

/// The chapter with its parts as a record makes them.
///
/// # Errors
///
/// A part is unknown, not there, there twice, or without an end; or a row on which we are behind has
/// no reason among [`REASONS`]. The sentence names all of them.
pub fn render(text: &str, record: &Record) -> Result<String, Fault> {
    render_with(text, record, REASONS)
}

/// The same with other reasons.
fn render_with(text: &str, record: &Record, reasons: &[Reason]) -> Result<String, Fault> {
    let mut seen = Vec::new();
    let mut rendered = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        rendered += line;
        rendered.push('\n');
        let Some(name) = marker(line, "begin") else {
            continue;
        };
        let Some((known, part)) = PARTS.iter().find(|part| part.0 == name) else {
            let names = PARTS.map(|part| part.0).join(", ");
            return Err(Fault(format!(
                "there is no part `{name}`; there are {names}"
            )));
        };
        if seen.contains(known) {
            return Err(Fault(format!("the part `{name}` is there twice")));
        }
        seen.push(known);
        let Some(end) = lines.find(|line| marker(line, "end") == Some(name)) else {
            return Err(Fault(format!("the part `{name}` has no end")));
        };
        let body = if record.rows.is_empty() {
            NOTHING.to_owned()
        } else {
            part(record, reasons)
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(rendered, "\n{}\n\n{end}", body.trim_end());
    }
    if let Some((name, _)) = PARTS.iter().find(|part| !seen.contains(&part.0)) {
        return Err(Fault(format!("the part `{name}` is missing")));
    }
    parts::explained(record, reasons).map(|()| rendered)
}

/// The name in a marker of this kind.
fn marker<'a>(line: &'a str, kind: &str) -> Option<&'a str> {
    let inner = line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    inner.strip_prefix(kind)?.strip_prefix(": ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// A reason for everything.
    const ANY: [Reason; 1] = [Reason {
        places: "*",
        measure: None,
        why: "Because.",
    }];

    /// A chapter with all parts.
    fn chapter() -> String {
        let mut text = "# Title\n\n".to_owned();
        for (name, _) in PARTS {
            let _ = writeln!(
                text,
                "Before.\n\n<!-- begin: {name} -->\nold\n<!-- end: {name} -->\n\nAfter."
            );
        }
        text
    }

    #[test]
    fn parts_are_replaced_and_the_rest_stays() {
        let once = render_with(&chapter(), &sample::record(), &ANY).unwrap();
        assert!(!once.contains("old"));
        assert_eq!(once.matches("Before.").count(), PARTS.len());
        assert_eq!(once.matches("After.").count(), PARTS.len());
        for words in ["- *u8*: ", "| **8.80** |", "Because.", "rustc 1.95.0"] {
            assert!(once.contains(words), "{words}\n{once}");
        }
        let twice = render_with(&once, &sample::record(), &ANY).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn without_a_record_every_part_says_so() {
        let mut record = sample::record();
        record.rows.clear();
        let text = render_with(&chapter(), &record, &[]).unwrap();
        assert_eq!(text.matches(NOTHING).count(), PARTS.len());
    }

    #[test]
    fn what_is_behind_needs_a_reason() {
        let fault = render_with(&chapter(), &sample::record(), &[]).unwrap_err();
        assert!(
            fault
                .0
                .contains("memory/pieces of 64 B, 1 MiB, upstream calls, Arena 12.0, "),
            "{fault}"
        );
    }

    #[test]
    fn broken_markers_are_named() {
        let record = sample::record();
        let broken = |from: &str, to: &str| {
            let text = chapter().replace(from, to);
            render_with(&text, &record, &ANY).unwrap_err().0
        };
        assert!(
            broken("begin: time", "begin: tim").contains("no part `tim`; there are environment")
        );
        assert!(broken("begin: time", "start: time").contains("`time` is missing"));
        assert!(broken("end: behind", "end: be").contains("`behind` has no end"));
        let twice = chapter() + &chapter();
        let fault = render_with(&twice, &record, &ANY).unwrap_err().0;
        assert!(fault.contains("`environment` is there twice"), "{fault}");
    }
}
