//! The demo from its command line to its exit code.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::cli::{self, Command, Options};
use crate::defaults;
use crate::input::{self, Filter, Input};
use crate::jobs::JOBS;
use crate::leaks::{self, Leaks};
use crate::measure::{Outcome, Plan, measure};
use crate::progress::Progress;
use crate::report::{self, Summary};

/// How much of the text is used when every block is on record, in bytes.
const PROFILED: usize = 4 << 20;

/// Runs the demo with the arguments after the program's name.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match cli::parse(args) {
        Err(mistake) => {
            eprintln!("demo: {mistake}");
            ExitCode::from(2)
        }
        Ok(Command::Help) => {
            say(cli::HELP.trim_end());
            ExitCode::SUCCESS
        }
        Ok(Command::Run(options)) => match run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failures) => {
                for failure in failures {
                    eprintln!("demo: {failure}");
                }
                ExitCode::FAILURE
            }
        },
    }
}

/// Reads, measures and reports. The error is a sentence for each thing that went wrong.
fn run(options: &Options) -> Result<(), Vec<String>> {
    let start = Instant::now();
    let workspace = defaults::workspace();
    let input = read(options, &workspace)?;
    let described = describe(&input, options.limit);
    say(format_args!("Input: {described}."));

    let mut progress = Progress::new(JOBS.len() + 1);
    let outcomes = measure_all(&input, options, &mut progress);
    let leaks = profile(&input, &mut progress);
    let elapsed = start.elapsed();
    let summary = Summary {
        input: described,
        outcomes,
        leaks,
        elapsed,
    };

    let mut failures = summary.defects();
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| workspace.join("target/demo.html"));
    let written = write(&out, &report::page(&summary));
    say(summary.text());
    match written {
        Ok(place) => say(format_args!("Charts: {}", place.display())),
        Err(failure) => failures.push(failure),
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures)
    }
}

/// Prints a line. If nobody reads it any more, the page and the exit code still tell.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Takes the text, and complains about what could not be taken.
fn read(options: &Options, workspace: &Path) -> Result<Input, Vec<String>> {
    let input = if options.paths.is_empty() {
        input::read(&defaults::paths(workspace), Filter::Sources, options.limit)
    } else {
        input::read(&options.paths, Filter::Everything, options.limit)
    };
    for complaint in &input.complaints {
        eprintln!("demo: {complaint}");
    }
    if !input.files.is_empty() {
        return Ok(input);
    }
    if input.left_out == 0 {
        return Err(vec!["nothing could be read".to_owned()]);
    }
    let (large, limit) = (
        report::things(input.left_out, "file"),
        report::bytes(options.limit),
    );
    Err(vec![format!(
        "nothing could be read: {large} did not fit into the limit of {limit}; --limit raises it"
    )])
}

/// What was taken, in words.
fn describe(input: &Input, limit: usize) -> String {
    let files = report::things(input.files.len(), "file");
    let taken = format!("{files}, {} of text", report::bytes(input.bytes()));
    if input.left_out == 0 {
        return taken;
    }
    let left_out = report::things(input.left_out, "more file");
    format!(
        "{taken} ({left_out} did not fit into the limit of {})",
        report::bytes(limit)
    )
}

/// Runs the jobs one after the other.
fn measure_all(input: &Input, options: &Options, progress: &mut Progress) -> Vec<Outcome> {
    let plan = if options.quick {
        Plan::QUICK
    } else {
        Plan::FULL
    };
    JOBS.iter()
        .map(|job| {
            let title = format!(
                "{:<8}  {} and {}",
                job.name, job.ours.allocator, job.system.allocator
            );
            progress.at(0.0, &title);
            let outcome = measure(job, input, plan, |part| progress.at(part, &title));
            let answer = if outcome.agrees() {
                "same answer"
            } else {
                "DIFFERENT ANSWERS"
            };
            progress.end(&format!(
                "{title}: {} rounds each, {answer}",
                outcome.rounds
            ));
            outcome
        })
        .collect()
}

/// Runs the jobs over a part of the text with each block on record.
fn profile(input: &Input, progress: &mut Progress) -> Leaks {
    let title = format!("{:<8}  all jobs with each block on record", "leaks");
    progress.at(0.0, &title);
    let leaks = leaks::profile(&input.first(PROFILED), |part| progress.at(part, &title));
    progress.end(&title);
    leaks
}

/// Writes the page, and returns where it lies.
fn write(out: &Path, page: &str) -> Result<PathBuf, String> {
    let failed = |error| format!("`{}` cannot be written ({error})", out.display());
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(out, page).map_err(failed)?;
    Ok(fs::canonicalize(out).unwrap_or_else(|_| out.to_path_buf()))
}
