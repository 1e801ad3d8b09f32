//! `test`: what the stable toolchain alone can show.

use std::path::Path;

use super::{Verb, loom};
use crate::args::{Flag, Operands};
use crate::command::{Cmd, Failure, Output};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "test",
    line: "runs every test that the stable toolchain can, the loom models and the examples",
    more: "\nUnit, integration, documentation and compile-fail tests, with the suite of laws; those of the\n\
           documentation again with the standard library's unstable `Allocator`, by the bootstrap switch of\n\
           the stable compiler; the loom models; the examples. Nothing is installed. The other tests run with\n\
           that trait under AddressSanitizer, `cargo xtask asan`, and under Miri.\n",
    flags: &[Flag {
        name: BOTH_TRAITS,
        value: None,
        line: "runs all of them with that trait here, too",
    }],
    operands: Operands::None,
    plan: |workspace, args| Ok(plan(workspace, args.has(BOTH_TRAITS))),
};

/// The flag for a machine without a nightly toolchain.
const BOTH_TRAITS: &str = "--both-traits";

/// What no stable toolchain can run, and the verb that does.
const LEFT_TO_CI: &[(&str, &str)] = &[
    ("Miri", "cargo xtask miri"),
    ("AddressSanitizer", "cargo xtask asan"),
    ("ThreadSanitizer", "cargo xtask tsan"),
    ("fuzzing", "cargo xtask fuzz"),
];

fn plan(workspace: &Workspace, both_traits: bool) -> Plan {
    let left = LEFT_TO_CI.iter().map(|(what, verb)| {
        format!(
            "not run: {what}: needs a nightly toolchain: `{verb}`, or all with `cargo xtask ci`"
        )
    });
    let mut plan = add(Plan::default(), workspace);
    if both_traits {
        let tests = nightly(workspace).words("--lib --bins --tests --no-fail-fast");
        plan = plan.then([Step::run("tests, nightly trait", tests)]);
    }
    left.fold(plan, Plan::note)
}

/// The plan with the steps added, also for `ci`.
pub(super) fn add(plan: Plan, workspace: &Workspace) -> Plan {
    // One selection of packages and features for all that shares a folder, so that nothing is built twice.
    let tests = Cmd::cargo("test --workspace --features std --lib --bins --tests --no-fail-fast");
    let docs = Cmd::cargo("test --workspace --features std --doc --no-fail-fast");
    let nightly = nightly(workspace).words("--doc --no-fail-fast");
    plan.then([
        Step::run("unit and integration tests", tests),
        Step::run("documentation and compile-fail tests", docs),
    ])
    // Each has a folder of its own, and leaves a processor idle for some of its time.
    .then_side_by_side([
        Step::run("documentation tests, nightly trait", nightly),
        loom::step(),
    ])
    .then([Step::check("examples", examples)])
}

/// Tests with the unstable trait, up to the words that say which.
fn nightly(workspace: &Workspace) -> Cmd {
    Cmd::cargo("test")
        .packages(workspace.names(|_| true))
        .words("--features nightly,std")
        .env("RUSTC_BOOTSTRAP", "1")
        .target_dir(&workspace.target("nightly-trait"))
}

/// Builds every example and runs each: they assert what they show.
fn examples(workspace: &Workspace) -> Result<String, Failure> {
    let build = Cmd::cargo("build --workspace --features std --examples");
    build.dir(&workspace.root).run(&Output::Inherit)?;
    let folder = workspace.target("debug").join("examples");
    let examples = workspace.examples();
    for (name, _) in &examples {
        let program = Path::join(&folder, name).with_extension(std::env::consts::EXE_EXTENSION);
        let program = workspace.root.join(program);
        Cmd::new(program.display().to_string())
            .dir(&workspace.root)
            .run(&Output::Inherit)?;
    }
    Ok(format!("{} examples", examples.len()))
}
