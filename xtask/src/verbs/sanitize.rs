//! `asan` and `tsan`: the tests under the sanitizers, with a standard library built for them.

use super::poison::{self, Checker};
use super::{Verb, bench};
use crate::args::Operands;
use crate::command::{Cmd, Failure, Output};
use crate::need::{Need, host};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const ASAN: Verb = Verb {
    name: "asan",
    line: "runs every crate's tests under AddressSanitizer (nightly)",
    more: "\nThen the faulty programs in tests/poison.rs: the sanitizer must report each of them.\n",
    flags: &[],
    operands: Operands::None,
    plan: |workspace, _| Ok(Plan::default().then(asan(workspace))),
};

pub(super) const TSAN: Verb = Verb {
    name: "tsan",
    line: "runs the tests with threads under ThreadSanitizer (nightly)",
    more: "",
    flags: &[],
    operands: Operands::None,
    plan: |workspace, _| Ok(Plan::of(tsan(workspace))),
};

/// A request too large is answered by an error, as the laws want it, and does not end the process. From a gibibyte
/// on it is too large: a sanitizer that serves it notes something about each byte, and takes minutes for that.
pub(super) const HUGE_REQUESTS_ERR: &str =
    "allocator_may_return_null=1:max_allocation_size_mb=1024";

/// Optimises what the tests lean on, the standard library too, as otherwise they take minutes; our own
/// crates stay as written, so that the compiler removes no request that a test makes.
const OPTIMISED_DEPENDENCIES: &str = r#"profile.dev.package."*".opt-level=1"#;

/// In the names of tests that fork while threads run. `ThreadSanitizer` does not follow those of such a
/// child, and takes what the parent's threads did before for a race with it.
const FORKING: &str = "children";

pub(super) const NEEDS: [Need; 2] = [Need::Nightly, Need::RustSrc];

/// All tests of a crate but those of its documentation.
const ALL_TESTS: &str = "--lib --tests";

/// The crates whose tests share allocators between threads. Not `alloc-conformance`, whose laws they run: in its own tests threads
/// meet over the system's heap.
const THREADED: &[&str] = &[
    "alloc-sync-pool",
    "alloc-tiered",
    "alloc-tracking",
    "alloc-compose",
];

/// What tells `alloc_core::checker` that the sanitizer is there.
const TOLD: &str = "--cfg alloc_asan";

const ADDRESS_SANITIZER: Checker = Checker {
    report: "ERROR: AddressSanitizer: use-after-poison",
    place: "#0 ",
};

/// The steps of `AddressSanitizer`: memory used after it was given back, out of bounds, or leaked; and the faulty programs.
pub(super) fn asan(workspace: &Workspace) -> [Step; 2] {
    let all = workspace.names(|_| true);
    let flags = format!("address {TOLD}");
    let tests = |which| command(workspace, "asan", &flags, "ASAN_OPTIONS", &all).words(which);
    let programs = tests("--test").args([poison::TARGET]);
    [
        step("asan", tests(ALL_TESTS)),
        Step::check("asan: faulty programs", move |workspace| {
            let crates = workspace.names(poison::has_programs).len();
            faulty(&programs.dir(&workspace.root), crates)
        })
        .needs(NEEDS),
    ]
}

/// Builds the faulty programs of so many crates with the command that would test them, and runs each by itself.
fn faulty(tests: &Cmd, crates: usize) -> Result<String, Failure> {
    let build = tests.clone().words("--no-run");
    build.run(&Output::Inherit)?;
    let build = build.words("--message-format json");
    let messages = build.ask().unwrap_or_default();
    let targets: Vec<String> = messages
        .lines()
        .filter_map(|line| bench::executable(line, poison::TARGET))
        .collect();
    if targets.len() != crates {
        let found = targets.len();
        return Err(format!("`{build}` names {found} test programs, not {crates}").into());
    }
    let mut count = 0;
    for target in targets {
        count += poison::check(&Cmd::new(target), ADDRESS_SANITIZER, |_| true)?;
    }
    Ok(poison::note(count))
}

/// The step of `ThreadSanitizer`: data races.
pub(super) fn tsan(workspace: &Workspace) -> Step {
    let threaded = workspace.names(|own| THREADED.contains(&own.name.as_str()));
    let cmd = thread(workspace, &threaded).words(ALL_TESTS);
    step("tsan", cmd.args(["--", "--skip", FORKING]))
}

/// Tests of some crates under `ThreadSanitizer`, up to the words that say which.
pub(super) fn thread(workspace: &Workspace, crates: &[&str]) -> Cmd {
    command(workspace, "tsan", "thread", "TSAN_OPTIONS", crates)
}

fn step(name: &'static str, cmd: Cmd) -> Step {
    Step::run(name, cmd).needs(NEEDS)
}

/// Tests of some crates under one sanitizer, up to the words that say which.
fn command(
    workspace: &Workspace,
    name: &'static str,
    sanitizer: &str,
    options: &'static str,
    crates: &[&str],
) -> Cmd {
    // A target of its own keeps the flags from build scripts; line tables are all that a report needs.
    Cmd::cargo("+nightly test -Zbuild-std --target")
        .args([host()])
        .packages(crates.iter().copied())
        .words("--features nightly,std --no-fail-fast --config")
        .args([OPTIMISED_DEPENDENCIES])
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        .env(options, HUGE_REQUESTS_ERR)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .target_dir(&workspace.target(name))
}

#[cfg(test)]
mod tests {
    use super::{ASAN, TSAN};
    use crate::args::Args;
    use crate::workspace::Workspace;

    #[test]
    fn every_threaded_crate_exists() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let known = |name: &&str| workspace.find_crate(name).is_some();
        assert!(super::THREADED.iter().all(known));
        assert_eq!((TSAN.plan)(&workspace, &Args::default())?.names(), ["tsan"]);
        let asan = (ASAN.plan)(&workspace, &Args::default())?;
        assert_eq!(asan.names(), ["asan", "asan: faulty programs"]);
        Ok(())
    }
}
