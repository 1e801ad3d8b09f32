//! Where records are, and what is made of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alloc_benches::evidence;
use alloc_benches::record::{self, Fault, Record, Row, committed};
use alloc_benches::registry::cases;

use crate::run;

/// What this program was compiled for.
const TARGET: &str = env!("BENCHES_TARGET");

/// The records of all runs on this machine.
fn runs() -> PathBuf {
    target().join("record").join(TARGET)
}

/// Cargo's target folder: this program is in `release/deps` of it.
pub(crate) fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").is_file());
    folder.map_or_else(|| PathBuf::from("target"), Path::to_owned)
}

/// The file of a record that was just begun.
pub(crate) fn fresh(record: &Record) -> PathBuf {
    let name = record.environment.date.replace(':', "");
    runs().join(name).with_extension("csv")
}

/// Keeps a record, in the file of its day. Rows that it has not are carried over from the newest kept
/// one, if they are of a case that still exists and were made by the same compiler.
pub(crate) fn keep(record: &Record) -> Result<PathBuf, String> {
    let mut whole = record.clone();
    whole.rows.clear();
    if let Some(before) = kept()?
        && before.environment.compiler == record.environment.compiler
    {
        let cases = cases();
        let exists = |row: &Row| {
            let mut same = cases.iter().filter(|case| case.place() == row.place());
            same.any(|case| case.subject == row.subject)
        };
        whole.rows = before.rows.into_iter().filter(exists).collect();
    }
    for row in &record.rows {
        whole.add(row.clone());
    }
    let date = &record.environment.date;
    let day = date.split('T').next().unwrap_or(date);
    let path = committed(TARGET).join(day).with_extension("csv");
    record::write(&whole, &path).map_err(|fault| fault.to_string())?;
    Ok(path)
}

/// What is kept; `None` if nothing is.
pub(crate) fn kept() -> Result<Option<Record>, String> {
    record::kept(&committed(TARGET)).map_err(|fault| fault.to_string())
}

/// Prints what moved between two records.
pub(crate) fn compare(before: &str, after: &str) -> Result<ExitCode, String> {
    let [before, after] = [before, after].map(find);
    let (before, after) = (before?, after?);
    let moved = evidence::compare(&before, &after);
    print!("{}", moved.text(run::colored()));
    print!("\n{}", evidence::rankings(&before, &after));
    Ok(ExitCode::SUCCESS)
}

/// Shows a record as at the end of its run.
pub(crate) fn show(name: &str) -> Result<ExitCode, String> {
    run::show(&find(name)?, None)?;
    Ok(ExitCode::SUCCESS)
}

/// The record of a file, of a day, or of the beginning of the time of a run.
fn find(name: &str) -> Result<Record, String> {
    let as_path = PathBuf::from(name);
    if as_path.is_file() {
        return record::read(&as_path).map_err(|fault| fault.to_string());
    }
    let known: Vec<PathBuf> = [committed(TARGET), runs()]
        .iter()
        .flat_map(|folder| record::records(folder))
        .collect();
    let stem = |path: &Path| {
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let wanted = name.replace(':', "");
    if let Some(path) = known.iter().find(|path| stem(path) == wanted) {
        return record::read(path).map_err(|fault| fault.to_string());
    }
    let names: Vec<String> = known.iter().map(|path| stem(path)).collect();
    let names = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    Err(format!(
        "there is no record `{name}`: neither a file nor one of: {names}"
    ))
}

/// Brings the tables of the chapter up to date.
pub(crate) fn docs() -> Result<ExitCode, String> {
    let page = evidence::docs::path();
    let say = |error: std::io::Error| format!("{}: {error}", page.display());
    let sentence = |fault: Fault| fault.to_string();
    let kept = evidence::docs::committed().map_err(sentence)?;
    let text = fs::read_to_string(&page).map_err(say)?;
    let fresh = evidence::docs::render(&text, &kept).map_err(sentence)?;
    fs::write(&page, fresh).map_err(say)?;
    println!(
        "docs/PERFORMANCE.md has the tables of {} rows, the last of them of {}",
        kept.rows.len(),
        kept.environment.date
    );
    Ok(ExitCode::SUCCESS)
}
