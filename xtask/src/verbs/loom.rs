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
    Step::check("loom models", |workspace| LOOM.explore(workspace))
}

/// Who explores models, and how it is asked.
#[derive(Debug)]
pub(super) struct Explorer {
    /// The name of its cfg, of the folder for what is built, and what is before the line of a model.
    pub(super) name: &'static str,
    /// Where a crate has models, and the feature that they need besides the default ones.
    pub(super) models: &'static [(&'static str, Option<&'static str>)],
    /// A variable of the environment, and its value.
    pub(super) told: Option<(&'static str, u64)>,
}

const LOOM: Explorer = Explorer {
    name: "loom",
    models: &MODELS,
    told: None,
};

/// Where a crate has loom's models, and the feature that they need besides the default ones.
pub(super) const MODELS: [(&str, Option<&str>); 3] = [
    ("loom", None),
    ("loom_growth", None),
    ("loom_std", Some("std")),
];

/// What one model says of itself when it is through.
#[derive(Debug, PartialEq)]
struct Explored {
    model: String,
    executions: u64,
    /// What bounded the search; empty if it was exhaustive.
    bound: String,
}

impl Explorer {
    /// Runs the models and prints how many executions each explored.
    pub(super) fn explore(&self, workspace: &Workspace) -> Result<String, Failure> {
        let mut explored: Vec<Explored> = Vec::new();
        for &(test, feature) in self.models {
            let crates = workspace.names(|own| own.has_test(test));
            if crates.is_empty() {
                return Err(format!("no crate has models in tests/{test}.rs").into());
            }
            let lines = self
                .command(workspace, &crates, test, feature)
                .dir(&workspace.root)
                .run(&Output::Keep)?;
            explored.extend(lines.iter().filter_map(|line| read(self.name, line)));
        }
        summary(self.name, &explored).map_err(Failure::from)
    }

    /// The models of some crates, in one of the tests of each.
    fn command(
        &self,
        workspace: &Workspace,
        crates: &[&str],
        test: &str,
        feature: Option<&str>,
    ) -> Cmd {
        let cmd = build(self.name, crates, test, feature)
            .words("-- --nocapture")
            .target_dir(&workspace.target(self.name));
        self.told.iter().fold(cmd, |cmd, (variable, value)| {
            cmd.env(variable, value.to_string())
        })
    }
}

/// The models of some crates in one of the tests of each, so far without a folder for what is built and without words for
/// the test harness.
pub(super) fn build(name: &str, crates: &[&str], test: &str, feature: Option<&str>) -> Cmd {
    Cmd::cargo("test")
        .packages(crates.iter().copied())
        .args(feature.iter().flat_map(|feature| ["--features", feature]))
        .args(["--test", test])
        .words("--release")
        .env("RUSTFLAGS", format!("--cfg {name}"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
}

/// Reads `NAME: MODEL: N executions` with perhaps `, BOUND` at the end, behind whatever the test harness has put before it.
fn read(name: &str, line: &str) -> Option<Explored> {
    let (_, said) = line.split_once(&format!("{name}: "))?;
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
fn summary(name: &str, explored: &[Explored]) -> Result<String, String> {
    if explored.is_empty() {
        return Err(format!(
            "no model said how many executions it explored (`{name}: MODEL: N executions`)"
        ));
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
        assert_eq!(
            read("loom", "loom: pop and push: 1234 executions"),
            expected
        );
        assert_eq!(
            read("loom", "test aba ... loom: pop and push: 1234 executions"),
            expected
        );
    }

    #[test]
    fn a_bound_on_the_search_is_read() {
        let line = "loom: three threads: 99 executions, at most 3 preemptions";
        let bound = "at most 3 preemptions".to_owned();
        assert_eq!(
            read("loom", line),
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
            assert_eq!(read("loom", line), None, "{line}");
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
        assert!(summary("loom", &[]).is_err());
        let models = [explored("a", 3), explored("b", 4)];
        assert_eq!(summary("loom", &models).unwrap(), "2 models, 7 executions");
    }
}
