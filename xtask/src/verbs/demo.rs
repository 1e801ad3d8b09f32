//! `demo`: the real jobs over real input.

use std::env;
use std::path::Path;

use super::Verb;
use crate::args::{Args, Operands};
use crate::command::Cmd;
use crate::step::{Plan, Step};
use crate::workspace::{BENCHES, Workspace};

pub(super) const VERB: Verb = Verb {
    name: "demo",
    line: "runs real jobs over files with each allocator and the system's, and compares",
    more: "\nThe words after it go to the demo: files or folders, by default the sources of the\n\
           workspace and of its dependencies. `cargo xtask demo -- --help` tells its own flags.\n",
    flags: &[],
    operands: Operands::PassedOn("PATHS AND FLAGS"),
    plan: |_, args| plan(args),
};

fn plan(args: &Args) -> Result<Plan, String> {
    // Where the person stands, so that relative paths mean what they typed.
    let here =
        env::current_dir().map_err(|error| format!("there is no current folder: {error}"))?;
    Ok(Plan::of(Step::run(
        "demo",
        command(RELEASE, &args.operands).dir(&here),
    )))
}

/// The step of `ci`: a small input, with debug assertions, and no time spent on optimising.
pub(super) fn small_step(workspace: &Workspace) -> Step {
    let page = workspace.target("demo-of-ci.html").display().to_string();
    let input = Path::new("crates").join("alloc-core").display().to_string();
    Step::run(
        "demo on a small input",
        command(
            DEBUG,
            &[input, "--quick".to_owned(), "--out".to_owned(), page],
        ),
    )
}

/// How cargo runs it, for people and for `ci`.
const RELEASE: &str = "run --release";
const DEBUG: &str = "run";

fn command(run: &str, args: &[String]) -> Cmd {
    let cmd = Cmd::cargo(run).packages([BENCHES]).words("--bin demo");
    if args.is_empty() {
        cmd
    } else {
        cmd.args(["--"]).args(args)
    }
}

#[cfg(test)]
mod tests {
    use super::{RELEASE, command};

    #[test]
    fn what_is_typed_is_passed_on() {
        let start = "cargo run --release -p alloc-benches --bin demo";
        assert_eq!(command(RELEASE, &[]).to_string(), start);
        let args = ["a b.txt".to_owned(), "--quick".to_owned()];
        assert_eq!(
            command(RELEASE, &args).to_string(),
            format!("{start} -- 'a b.txt' --quick")
        );
    }
}
