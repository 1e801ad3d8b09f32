//! `loom`: every interleaving of the models of the concurrent crates.

use super::Verb;
use crate::args::Operands;
use crate::command::{Cmd, Failure, Output};
use crate::step::{Plan, Step};
use crate::table;
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "loom",
    line: "explores the interleavings of the concurrent crates and counts the executions",
    more: "",
    flags: &[],
    operands: Operands::None,
    plan: |_, _| Ok(Plan::of(step())),
};

/// The step, also of `test`.
pub(super) fn step() -> Step {
    Step::check("loom models", explore)
}

/// What one model says of itself when it is through.
#[derive(Debug, PartialEq)]
struct Explored {
    model: String,
    executions: u64,
    /// What bounded the search; empty if it was exhaustive.
    bound: String,
}

/// Where a crate has its models, and the feature that they need besides the default ones.
const MODELS: [(&str, Option<&str>); 2] = [("loom", None), ("loom_std", Some("std"))];

/// Runs the models and prints how many executions each explored.
fn explore(workspace: &Workspace) -> Result<String, Failure> {
    let mut explored: Vec<Explored> = Vec::new();
    for (test, feature) in MODELS {
        let file = format!("{test}.rs");
        let crates = workspace.names(|own| own.dir.join("tests").join(&file).is_file());
        if crates.is_empty() {
            return Err(format!("no crate has models in tests/{file}").into());
        }
        let lines = command(workspace, &crates, test, feature)
            .dir(&workspace.root)
            .run(&Output::Keep)?;
        explored.extend(lines.iter().filter_map(|line| read(line)));
    }
    summary(&explored).map_err(Failure::from)
}

/// The models of some crates, in one of the tests of each.
fn command(workspace: &Workspace, crates: &[&str], test: &str, feature: Option<&str>) -> Cmd {
    Cmd::cargo("test")
        .packages(crates.iter().copied())
        .args(feature.iter().flat_map(|feature| ["--features", feature]))
        .args(["--test", test])
        .words("--release -- --nocapture --test-threads=1")
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .target_dir(&workspace.target("loom"))
}

/// Reads `loom: MODEL: N executions` with perhaps `, BOUND` at the end, behind whatever the test harness has put before it.
fn read(line: &str) -> Option<Explored> {
    let (_, said) = line.split_once("loom: ")?;
    let (model, rest) = said.rsplit_once(": ")?;
    let (executions, bound) = rest.split_once(" executions")?;
    let bound = if bound.is_empty() {
        bound
    } else {
        bound.strip_prefix(", ")?
    };
    let executions = executions.parse().ok()?;
    Some(Explored {
        model: model.to_owned(),
        executions,
        bound: bound.to_owned(),
    })
}

/// Prints the table; no models at all are a failure, as something kept them from running.
fn summary(explored: &[Explored]) -> Result<String, String> {
    if explored.is_empty() {
        return Err(
            "no model said how many executions it explored (`loom: MODEL: N executions`)".into(),
        );
    }
    let row = |one: &Explored| {
        vec![
            one.model.clone(),
            one.executions.to_string(),
            one.bound.clone(),
        ]
    };
    let rows: Vec<_> = explored.iter().map(row).collect();
    print!(
        "\n{}",
        table::render(&["model", "executions", "bound"], &rows)
    );
    let total: u64 = explored.iter().map(|one| one.executions).sum();
    Ok(format!("{} models, {total} executions", explored.len()))
}

#[cfg(test)]
mod tests {
    use super::{Explored, read, summary};

    fn explored(model: &str, executions: u64) -> Explored {
        Explored {
            model: model.to_owned(),
            executions,
            bound: String::new(),
        }
    }

    #[test]
    fn a_model_is_read_wherever_its_line_begins() {
        let expected = Some(explored("pop and push", 1234));
        assert_eq!(read("loom: pop and push: 1234 executions"), expected);
        assert_eq!(
            read("test aba ... loom: pop and push: 1234 executions"),
            expected
        );
    }

    #[test]
    fn a_bound_on_the_search_is_read() {
        let line = "loom: three threads: 99 executions, at most 3 preemptions";
        let bound = "at most 3 preemptions".to_owned();
        assert_eq!(
            read(line),
            Some(Explored {
                bound,
                ..explored("three threads", 99)
            })
        );
    }

    #[test]
    fn other_lines_are_no_models() {
        for line in [
            "",
            "test aba ... ok",
            "loom: aba: many executions",
            "loom: aba",
            "loom: aba: 3",
            "loom: aba: 3 executionsss",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn no_model_is_a_failure() {
        assert!(summary(&[]).is_err());
        let models = [explored("a", 3), explored("b", 4)];
        assert_eq!(summary(&models).unwrap(), "2 models, 7 executions");
    }
}
