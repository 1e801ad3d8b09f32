//! Reads and writes records.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Environment, Measure, Record, Row};
use crate::registry::Origin;

/// The columns.
const HEADER: [&str; 10] = [
    "group", "workload", "threads", "subject", "origin", "measure", "value", "low", "high",
    "samples",
];

/// Why a record could not be read or written: a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

fn fault(path: &Path, what: impl std::fmt::Display) -> Fault {
    Fault(format!("{}: {what}", path.display()))
}

/// Reads a record.
///
/// # Errors
///
/// There is no such file, or a line of it is not as [`write()`] makes them; the sentence names it.
pub fn read(path: &Path) -> Result<Record, Fault> {
    let text = fs::read_to_string(path).map_err(|error| fault(path, error))?;
    parse(&text).map_err(|(line, what)| fault(path, format_args!("line {line}: {what}")))
}

/// Reads a record from text; an error has the number of its line.
fn parse(text: &str) -> Result<Record, (usize, String)> {
    let mut environment = Environment::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("# ")) {
        if let Some((name, value)) = line.split_once(": ")
            && let Some(field) = environment.field(name)
        {
            value.clone_into(field);
        }
    }
    let mut lines = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let header = lines.headers().map_err(|error| (1, error.to_string()))?;
    if header != HEADER.as_slice() {
        return Err((1, format!("the columns are not {}", HEADER.join(","))));
    }
    let mut rows = Vec::new();
    for cells in lines.records() {
        let number = |place: Option<&csv::Position>| {
            place.map_or(0, |place| usize::try_from(place.line()).unwrap_or(0))
        };
        let cells = cells.map_err(|error| (number(error.position()), error.to_string()))?;
        rows.push(row(&cells).map_err(|what| (number(cells.position()), what))?);
    }
    Ok(Record { environment, rows })
}

/// Reads a row.
fn row(cells: &csv::StringRecord) -> Result<Row, String> {
    /// A cell that is not text.
    fn parsed<T: FromStr>(cells: &csv::StringRecord, column: usize) -> Result<T, String> {
        let cell = &cells[column];
        let wrong = || format!("`{cell}` is no {}", HEADER[column]);
        cell.parse().map_err(|_| wrong())
    }
    let text = |column: usize| cells[column].to_owned();
    Ok(Row {
        group: text(0),
        workload: text(1),
        threads: parsed(cells, 2)?,
        subject: text(3),
        origin: parsed(cells, 4)?,
        measure: parsed::<Measure>(cells, 5)?,
        value: parsed(cells, 6)?,
        low: parsed(cells, 7)?,
        high: parsed(cells, 8)?,
        samples: parsed(cells, 9)?,
    })
}

/// Writes a record, in place of what the file had; whoever reads it meanwhile sees either.
///
/// # Errors
///
/// The file or its folder cannot be written.
pub fn write(record: &Record, path: &Path) -> Result<(), Fault> {
    let text = text(record).map_err(|error| fault(path, error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = path.with_extension("csv.new");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&beside, text))
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| fault(path, error))
}

/// A record as text.
fn text(record: &Record) -> Result<Vec<u8>, csv::Error> {
    let mut text = Vec::new();
    for (name, value) in record.environment.fields() {
        writeln!(text, "# {name}: {value}")?;
    }
    let mut lines = csv::Writer::from_writer(&mut text);
    lines.write_record(HEADER)?;
    for row in &record.rows {
        let number = |value: f64| format!("{value:.4}");
        lines.write_record([
            &row.group,
            &row.workload,
            &row.threads.to_string(),
            &row.subject,
            &row.origin.to_string(),
            row.measure.name(),
            &number(row.value),
            &number(row.low),
            &number(row.high),
            &row.samples.to_string(),
        ])?;
    }
    lines.flush()?;
    drop(lines);
    Ok(text)
}

/// Where the committed records of a target are.
pub fn committed(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("record")
        .join(target)
}

/// The records in a folder, whose file names are dates, the oldest first.
pub fn records(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "csv"))
        .collect();
    paths.sort();
    paths
}

/// The newest record of a folder; `None` if there is none. It is
/// complete: what was not measured anew is carried over from the one before.
///
/// # Errors
///
/// It cannot be read.
pub fn kept(folder: &Path) -> Result<Option<Record>, Fault> {
    records(folder).pop().map(|path| read(&path)).transpose()
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::System => "system",
            Self::Peer => "peer",
            Self::Floor => "floor",
        })
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let all = [Self::Ours, Self::System, Self::Peer, Self::Floor];
        all.into_iter()
            .find(|origin| origin.to_string() == name)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let row = Row {
            group: "arena".to_owned(),
            workload: "slice, 1 KiB".to_owned(),
            threads: 1,
            subject: "Arena".to_owned(),
            origin: Origin::Ours,
            measure: Measure::Time,
            value: 1.5,
            low: 1.25,
            high: 2.0,
            samples: 50,
        };
        let mut record = Record::here(true);
        record.add(row.clone());
        record.add(Row {
            measure: Measure::Instructions,
            ..row.clone()
        });
        record.add(Row { value: 1.75, ..row });
        record
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        assert_eq!(record.rows.len(), 2);
        assert!((record.rows[0].value - 1.75).abs() < 1e-9);
        let text = String::from_utf8(text(&record).unwrap()).unwrap();
        assert_eq!(parse(&text), Ok(record));
    }

    #[test]
    fn a_wrong_line_is_named() {
        let text = String::from_utf8(text(&record()).unwrap()).unwrap();
        let broken = text.replacen("instructions", "smell", 1);
        let (line, what) = parse(&broken).unwrap_err();
        assert_eq!((line, what.as_str()), (11, "`smell` is no measure"));
        assert!(parse("a,b\n").is_err());
        assert!(
            read(Path::new("no/such.csv"))
                .unwrap_err()
                .0
                .starts_with("no/such.csv: ")
        );
    }
}
