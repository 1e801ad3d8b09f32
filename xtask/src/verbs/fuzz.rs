//! `fuzz`: random operation programs, guided by coverage.

use std::fs;
use std::path::PathBuf;

use super::Verb;
use super::sanitize::HUGE_REQUESTS_ERR;
use crate::args::{Args, Flag, Operands};
use crate::command::Cmd;
use crate::need::Need;
use crate::step::{Plan, Step};
use crate::workspace::{SUITE, Workspace};

/// For how long a target runs unless told.
const SECONDS: u64 = 60;

pub(super) const VERB: Verb = Verb {
    name: "fuzz",
    line: "runs each fuzz target, or the named ones, for a while",
    more: "",
    flags: &[Flag {
        name: "--seconds",
        value: Some("N"),
        line: "for how long each target runs (60)",
    }],
    operands: Operands::Words("TARGET..."),
    plan,
};

fn plan(workspace: &Workspace, args: &Args) -> Result<Plan, String> {
    let seconds = args.number("--seconds", SECONDS)?;
    if seconds == 0 {
        return Err(
            "--seconds takes a number above zero: a target that may run for ever has 0".into(),
        );
    }
    let targets = chosen(&targets(workspace), &args.operands)?;
    Ok(Plan::default().then(steps_of(workspace, &targets, seconds)))
}

/// The steps of `ci`: every target.
pub(super) fn steps(workspace: &Workspace, seconds: u64) -> Vec<Step> {
    steps_of(workspace, &targets(workspace), seconds)
}

fn steps_of(workspace: &Workspace, targets: &[String], seconds: u64) -> Vec<Step> {
    let needs = [Need::Nightly, Need::RustSrc, Need::Cxx, Need::CargoFuzz];
    let built = workspace.target("fuzz").display().to_string();
    let folder = format!("crates/{SUITE}/fuzz");
    let step = |target: &String| {
        let cmd = Cmd::cargo("+nightly fuzz run --fuzz-dir")
            .args([folder.as_str(), "--target-dir", &built, target, "--"])
            .args([format!("-max_total_time={seconds}")])
            .env("ASAN_OPTIONS", HUGE_REQUESTS_ERR);
        Step::run(format!("fuzz {target}"), cmd).needs(needs.clone())
    };
    targets.iter().map(step).collect()
}

/// The targets, one for each file of their folder.
fn targets(workspace: &Workspace) -> Vec<String> {
    let folder = workspace
        .root
        .join("crates")
        .join(SUITE)
        .join("fuzz")
        .join("fuzz_targets");
    let files = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let sources = files.filter(|path| path.extension().is_some_and(|ext| ext == "rs"));
    let name = |path: PathBuf| Some(path.file_stem()?.to_string_lossy().into_owned());
    let mut names: Vec<String> = sources.filter_map(name).collect();
    names.sort();
    names
}

/// Those asked for, or all if none was named.
fn chosen(targets: &[String], asked: &[String]) -> Result<Vec<String>, String> {
    if asked.is_empty() {
        return Ok(targets.to_vec());
    }
    match asked.iter().find(|name| !targets.contains(name)) {
        Some(name) => Err(format!(
            "there is no fuzz target `{name}`; there are: {}",
            targets.join(", ")
        )),
        None => Ok(asked.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::chosen;

    #[test]
    fn an_unknown_target_is_answered_with_the_known_ones() {
        let targets = ["math".to_owned(), "programs".to_owned()];
        assert_eq!(chosen(&targets, &[]).unwrap(), targets);
        assert_eq!(chosen(&targets, &["math".to_owned()]).unwrap(), ["math"]);
        let error = chosen(&targets, &["maths".to_owned()]).unwrap_err();
        assert_eq!(
            error,
            "there is no fuzz target `maths`; there are: math, programs"
        );
    }
}
