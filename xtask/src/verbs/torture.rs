//! `torture`: the tests that use a concurrent crate in every way at once, for as long as one likes.

use super::{Verb, sanitize};
use crate::args::{Args, Flag, Operands};
use crate::command::Cmd;
use crate::step::{Plan, Step};
use crate::workspace::{Crate, Workspace};

pub(super) const VERB: Verb = Verb {
    name: "torture",
    line: "has threads do everything at random to the concurrent crates, for minutes",
    more: "\nThe tests `torture` of the crates that have one, optimised and with debug assertions. They also\n\
           belong to `test`, for a second. ALLOC_TORTURE_SEED=N draws the same once more.\n",
    flags: &[
        Flag {
            name: "--seconds",
            value: Some("N"),
            line: "for how long (120)",
        },
        Flag {
            name: "--tsan",
            value: None,
            line: "under ThreadSanitizer (nightly)",
        },
    ],
    operands: Operands::None,
    plan,
};

const SECONDS: u64 = 120;

/// The test, a folder of a crate's `tests`.
const TEST: &str = "torture";

fn plan(workspace: &Workspace, args: &Args) -> Result<Plan, String> {
    let seconds = args.number("--seconds", SECONDS)?;
    let crates = workspace.names(is_tortured);
    let step = if args.has("--tsan") {
        let cmd = sanitize::thread(workspace, &crates);
        Step::run("torture under ThreadSanitizer", long(cmd, seconds)).needs(sanitize::NEEDS)
    } else {
        let cmd = Cmd::cargo("test")
            .packages(crates)
            .words("--features std")
            .target_dir(&workspace.target(TEST));
        Step::run("torture", long(cmd, seconds))
    };
    Ok(Plan::of(step))
}

fn is_tortured(own: &Crate) -> bool {
    own.dir.join("tests").join(TEST).join("main.rs").is_file()
}

/// The command of some tests, for that one, optimised but with all checks, for so long.
fn long(cmd: Cmd, seconds: u64) -> Cmd {
    cmd.words("--release --test")
        .args([TEST])
        .words("-- --nocapture")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("ALLOC_TORTURE_SECONDS", seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::{VERB, is_tortured, long, plan};
    use crate::args::{Args, parse};
    use crate::command::Cmd;
    use crate::workspace::Workspace;

    #[test]
    fn the_concurrent_pool_is_tortured() -> Result<(), String> {
        let workspace = Workspace::find()?;
        assert_eq!(workspace.names(is_tortured), ["alloc-sync-pool"]);
        let plain = plan(&workspace, &Args::default())?;
        assert_eq!(plain.names(), ["torture"]);
        let words = ["--tsan".to_owned()];
        let args = parse(&words, VERB.flags, VERB.operands)?;
        let sanitized = plan(&workspace, &args)?;
        assert_eq!(sanitized.names(), ["torture under ThreadSanitizer"]);
        Ok(())
    }

    #[test]
    fn the_time_is_passed_on() {
        let line = long(Cmd::cargo("test"), 7).to_string();
        assert!(line.contains("ALLOC_TORTURE_SECONDS=7 "), "{line}");
        assert!(
            line.ends_with("--release --test torture -- --nocapture"),
            "{line}"
        );
    }
}
