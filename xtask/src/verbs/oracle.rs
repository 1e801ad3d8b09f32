//! `oracle`: the site profiler beside profilers that somebody else wrote, on one program.

use std::fs;
use std::path::Path;

use super::Verb;
use crate::args::Operands;
use crate::command::{Cmd, Failure, Output};
use crate::need::Need;
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "oracle",
    line: "compares what the profiler says with valgrind's DHAT and with dhat-rs",
    more: "\nOne program (benches/src/oracle.rs) runs under each of the three. Bytes and blocks in all, at the\n\
           peak and at the end must be the same at each of its places. Before that, the tests of the profiler run\n\
           with frame pointers, and those of its reports with every feature.\n",
    flags: &[],
    operands: Operands::None,
    plan: |_, _| Ok(Plan::of(step())),
};

/// The tests of call stacks, of names, and of what is drawn.
const TESTS: &str = "test --quiet --features std,symbols,flamegraph --lib --test profile --test call_stacks --test watch \
                     --test global_by_site --test typed";

/// The step, for `ci`.
pub(super) fn step() -> Step {
    Step::check("oracle", check).needs([Need::Valgrind])
}

/// What cargo builds and runs with call stacks by frame pointers, and names for what is on them.
fn with_stacks(workspace: &Workspace, words: &str, package: &str) -> Cmd {
    Cmd::cargo(words)
        .packages([package])
        .env("RUSTFLAGS", "-C force-frame-pointers=yes")
        .env("ALLOC_TRACKING_FRAME_POINTERS", "yes")
        .target_dir(&workspace.target("oracle"))
        .dir(&workspace.root)
}

/// Tests what needs call stacks, builds the programs, runs them, and lets another one compare what they wrote.
fn check(workspace: &Workspace) -> Result<String, Failure> {
    with_stacks(workspace, TESTS, "alloc-tracking").run(&Output::Inherit)?;
    with_stacks(workspace, "build --bins --features oracle", "alloc-benches")
        .run(&Output::Inherit)?;
    let target = workspace.target("oracle");
    let folder = workspace.root.join(&target).join("debug");
    let program = |name: &str| folder.join(name).display().to_string();
    let profile = |name: &str| folder.join(format!("oracle-{name}.json"));
    let (valgrind, dhat, ours) = (profile("valgrind"), profile("dhat-rs"), profile("ours"));
    for old in [&valgrind, &dhat, &ours] {
        // It need not be there.
        let _ = fs::remove_file(old);
    }
    let shown = |file: &Path| file.display().to_string();
    Cmd::new("valgrind")
        .words("--quiet --tool=dhat --num-callers=40")
        .args([format!("--dhat-out-file={}", shown(&valgrind))])
        .args([program("oracle-plain")])
        .run(&Output::Inherit)?;
    for (name, file) in [("oracle-dhat", &dhat), ("oracle-ours", &ours)] {
        Cmd::new(program(name))
            .args([shown(file)])
            .run(&Output::Inherit)?;
    }
    let files = [("DHAT", &valgrind), ("dhat-rs", &dhat), ("ours", &ours)];
    let words = files.map(|(name, file)| [name.to_owned(), shown(file)]);
    let lines = Cmd::new(program("oracle-compare"))
        .args(words.concat())
        .run(&Output::Keep)?;
    Ok(lines.last().cloned().unwrap_or_default())
}
