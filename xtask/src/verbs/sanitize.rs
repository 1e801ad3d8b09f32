//! `asan` and `tsan`: the tests under the sanitizers, with a standard library built for them.

use super::Verb;
use crate::args::Operands;
use crate::command::Cmd;
use crate::need::{Need, host};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const ASAN: Verb = Verb {
    name: "asan",
    line: "runs every crate's tests under AddressSanitizer (nightly)",
    more: "",
    flags: &[],
    operands: Operands::None,
    plan: |workspace, _| Ok(Plan::of(asan(workspace))),
};

pub(super) const TSAN: Verb = Verb {
    name: "tsan",
    line: "runs the tests with threads under ThreadSanitizer (nightly)",
    more: "",
    flags: &[],
    operands: Operands::None,
    plan: |workspace, _| Ok(Plan::of(tsan(workspace))),
};

/// A request too large is answered by an error, as the laws want it, and does not end the process.
pub(super) const HUGE_REQUESTS_ERR: &str = "allocator_may_return_null=1";

/// Optimises what the tests lean on, the standard library too, as otherwise they take minutes; our own
/// crates stay as written, so that the compiler removes no request that a test makes.
const OPTIMISED_DEPENDENCIES: &str = r#"profile.dev.package."*".opt-level=1"#;

/// In the names of tests that fork while threads run. `ThreadSanitizer` does not follow those of such a
/// child, and takes what the parent's threads did before for a race with it.
const FORKING: &str = "children";

/// In the names of tests that run the whole suite once for each broken allocator: a minute and more
/// under `ThreadSanitizer`, and no thread in it that the suite of a healthy allocator has not.
const REPEATED: &[&str] = &["_fault_is_found_", "_law_has_a_fault", "_law_passes_an_"];

/// The crates whose tests share allocators between threads.
const THREADED: &[&str] = &[
    "alloc-sync-pool",
    "alloc-tracking",
    "alloc-compose",
    "alloc-conformance",
];

/// The step of `AddressSanitizer`: memory used after it was given back, out of bounds, or leaked.
pub(super) fn asan(workspace: &Workspace) -> Step {
    let all = workspace.names(|_| true);
    step(
        "asan",
        command(workspace, "asan", "address", "ASAN_OPTIONS", &all),
    )
}

/// The step of `ThreadSanitizer`: data races.
pub(super) fn tsan(workspace: &Workspace) -> Step {
    let threaded = workspace.names(|own| THREADED.contains(&own.name.as_str()));
    let cmd = command(workspace, "tsan", "thread", "TSAN_OPTIONS", &threaded);
    let skipped = REPEATED.iter().flat_map(|name| ["--skip", name]);
    step("tsan", cmd.args(["--", "--skip", FORKING]).args(skipped))
}

fn step(name: &'static str, cmd: Cmd) -> Step {
    Step::run(name, cmd).needs([Need::Nightly, Need::RustSrc])
}

/// The tests of some crates under one sanitizer.
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
        .words("--features nightly,std --lib --tests --no-fail-fast --config")
        .args([OPTIMISED_DEPENDENCIES])
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        .env(options, HUGE_REQUESTS_ERR)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .target_dir(&workspace.target(name))
}

#[cfg(test)]
mod tests {
    use super::TSAN;
    use crate::args::Args;
    use crate::workspace::Workspace;

    #[test]
    fn every_threaded_crate_exists() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let known = |name: &&str| workspace.find_crate(name).is_some();
        assert!(super::THREADED.iter().all(known));
        assert_eq!((TSAN.plan)(&workspace, &Args::default())?.names(), ["tsan"]);
        Ok(())
    }
}
