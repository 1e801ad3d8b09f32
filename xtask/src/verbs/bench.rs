//! `bench`: the criterion benchmarks.

use super::Verb;
use crate::args::Operands;
use crate::command::Cmd;
use crate::step::{Plan, Step};
use crate::workspace::{BENCHES, Workspace};

pub(super) const VERB: Verb = Verb {
    name: "bench",
    line: "measures every crate against the system allocator, with criterion",
    more: "\nThe words after it go to criterion: a filter, or flags such as\n\
           `--test` (runs each benchmark once), `--save-baseline NAME`, `--baseline NAME`.\n",
    flags: &[],
    operands: Operands::PassedOn("FILTER AND FLAGS"),
    plan: |_, args| Ok(Plan::of(Step::run("bench", command(&args.operands)))),
};

/// The step of `ci`: every benchmark once, and without optimisation over crates, which takes longer than it gains.
pub(super) fn once_step(workspace: &Workspace) -> Step {
    let cmd = command(&["--test".to_owned()])
        .env("CARGO_PROFILE_BENCH_LTO", "off")
        .env("CARGO_PROFILE_BENCH_CODEGEN_UNITS", "16")
        .target_dir(&workspace.target("bench-once"));
    Step::run("every benchmark once", cmd)
}

fn command(args: &[String]) -> Cmd {
    let cmd = Cmd::cargo("bench").packages([BENCHES]);
    if args.is_empty() {
        cmd
    } else {
        cmd.args(["--"]).args(args)
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn what_is_typed_is_passed_on() {
        assert_eq!(command(&[]).to_string(), "cargo bench -p alloc-benches");
        let args = ["push".to_owned(), "--test".to_owned()];
        assert_eq!(
            command(&args).to_string(),
            "cargo bench -p alloc-benches -- push --test"
        );
    }
}
