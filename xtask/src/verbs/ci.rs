//! `ci`: everything.

use super::{Verb, asm, bench, demo, doc, fuzz, lint, miri, sanitize, test};
use crate::args::{Args, Flag, Operands};
use crate::step::Plan;
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "ci",
    line: "runs everything: style, warnings, tests, Miri, sanitizers, fuzzing, benchmarks, demo",
    more: "\nNightly, its components and cargo-fuzz are installed where they are missing, unless\n\
           XTASK_NO_INSTALL=1 is set. What cannot be had is skipped, with the command that installs it.\n",
    flags: &[Flag {
        name: "--skip-test",
        value: None,
        line: "leaves out the steps of `cargo xtask test`",
    }],
    operands: Operands::None,
    plan: |workspace, args| Ok(plan(workspace, args)),
};

/// For how long each fuzz target runs.
const FUZZ_SECONDS: u64 = 5;

fn plan(workspace: &Workspace, args: &Args) -> Plan {
    let mut plan = Plan::default()
        .then(lint::steps(workspace))
        .then([doc::step(false)]);
    if !args.has("--skip-test") {
        plan = plan.then(test::steps(workspace));
    }
    miri::all(asm::add(plan), workspace)
        .then(sanitize::asan(workspace))
        .then([sanitize::tsan(workspace)])
        .then(fuzz::steps(workspace, FUZZ_SECONDS))
        .then(bench::steps())
        .then([demo::small_step(workspace)])
}

#[cfg(test)]
mod tests {
    use super::VERB;
    use crate::args::{Args, parse};
    use crate::workspace::Workspace;

    #[test]
    fn everything_is_in_it_and_the_tests_can_be_left_out() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let all = (VERB.plan)(&workspace, &Args::default())?;
        let all = all.names();
        for name in [
            "tidy",
            "formatting",
            "clippy",
            "documentation",
            "miri alloc-pool",
            "miri alloc-arena (Tree Borrows)",
            "miri alloc-arena: faulty programs",
            "asan",
            "asan: faulty programs",
        ] {
            assert!(all.contains(&name), "{name} is not in {all:?}");
        }
        let args = parse(&["--skip-test".to_owned()], VERB.flags, VERB.operands)?;
        let rest = (VERB.plan)(&workspace, &args)?;
        let rest = rest.names();
        let left_out: Vec<_> = all
            .into_iter()
            .filter(|name| !rest.contains(name))
            .collect();
        assert_eq!(left_out.len(), 5, "{left_out:?}");
        assert!(left_out.contains(&"loom models"));
        Ok(())
    }
}
