//! `loom`: every interleaving of the models of the concurrent crates.

use super::{Verb, mutants};
use crate::args::{Args, Flag, Operands};
use crate::command::{Cmd, Failure, Output};
use crate::step::{Plan, Step};
use crate::table;
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "loom",
    line: "explores the interleavings of the concurrent crates and counts the executions",
    more: "\nWith --mutants, weakens each memory ordering, tears each read-modify-write apart and removes each\n\
           guard that a crate lists in tests/mutants.txt, one at a time, in a copy of the workspace, and tells\n\
           which model notices. FILTER is a part of the names of those to try. Without it all are tried, which\n\
           takes some minutes, and the table in docs/LOOM-MUTANTS.md is written anew.\n",
    flags: &[Flag {
        name: MUTANTS,
        value: None,
        line: "tells which mistakes the models notice",
    }],
    operands: Operands::Words("FILTER"),
    plan,
};

/// The flag for [`mutants`].
const MUTANTS: &str = "--mutants";

fn plan(_: &Workspace, args: &Args) -> Result<Plan, String> {
    match (args.has(MUTANTS), args.operands.as_slice()) {
        (true, []) => Ok(Plan::of(mutants::step(None))),
        (true, [filter]) => Ok(Plan::of(mutants::step(Some(filter.clone())))),
        (false, []) => Ok(Plan::of(step())),
        (_, [.., word]) => Err(format!("unexpected word `{word}`")),
    }
}

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
pub(super) const MODELS: [(&str, Option<&str>); 3] = [
    ("loom", None),
    ("loom_growth", None),
    ("loom_std", Some("std")),
];

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
    build(crates, test, feature)
        .words("-- --nocapture --test-threads=1")
        .target_dir(&workspace.target("loom"))
}

/// The same, so far without a folder for what is built and without words for the test harness.
pub(super) fn build(crates: &[&str], test: &str, feature: Option<&str>) -> Cmd {
    Cmd::cargo("test")
        .packages(crates.iter().copied())
        .args(feature.iter().flat_map(|feature| ["--features", feature]))
        .args(["--test", test])
        .words("--release")
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
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
    use super::{Explored, VERB, read, summary};
    use crate::args;
    use crate::workspace::Workspace;

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
    fn a_filter_is_of_mutants_only() {
        let workspace = Workspace::find().unwrap();
        let plan = |line: &str| {
            let words: Vec<_> = line.split_whitespace().map(ToOwned::to_owned).collect();
            let args = args::parse(&words, VERB.flags, VERB.operands)?;
            let plan = (VERB.plan)(&workspace, &args)?;
            Ok::<_, String>(plan.names().join(" "))
        };
        assert_eq!(plan("").unwrap(), "loom models");
        assert_eq!(plan("--mutants").unwrap(), "loom mutants");
        assert_eq!(plan("--mutants rack").unwrap(), "loom mutants");
        assert!(plan("rack").is_err());
        assert!(plan("--mutants rack seat").is_err());
    }

    #[test]
    fn no_model_is_a_failure() {
        assert!(summary(&[]).is_err());
        let models = [explored("a", 3), explored("b", 4)];
        assert_eq!(summary(&models).unwrap(), "2 models, 7 executions");
    }
}
