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

/// The crates whose tests share allocators between threads.
const THREADED: &[&str] = &[
    "alloc-sync-pool",
    "alloc-tracking",
    "alloc-compose",
    "alloc-conformance",
];

/// The step of `AddressSanitizer`: memory used after it was given back, out of bounds, or leaked.
pub(super) fn asan(workspace: &Workspace) -> Step {
    step(
        workspace,
        "asan",
        "address",
        "ASAN_OPTIONS",
        &workspace.names(|_| true),
    )
}

/// The step of `ThreadSanitizer`: data races.
pub(super) fn tsan(workspace: &Workspace) -> Step {
    let threaded = workspace.names(|own| THREADED.contains(&own.name.as_str()));
    step(workspace, "tsan", "thread", "TSAN_OPTIONS", &threaded)
}

fn step(
    workspace: &Workspace,
    name: &'static str,
    sanitizer: &str,
    options: &'static str,
    crates: &[&str],
) -> Step {
    // A target of its own keeps the flags from build scripts; line tables are all that a report needs.
    let cmd = Cmd::cargo("+nightly test -Zbuild-std --target")
        .args([host()])
        .packages(crates.iter().copied())
        .words("--features nightly,std --lib --tests --no-fail-fast --config")
        .args([OPTIMISED_DEPENDENCIES])
        .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"))
        .env(options, HUGE_REQUESTS_ERR)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .target_dir(&workspace.target(name));
    Step::run(name, cmd).needs([Need::Nightly, Need::RustSrc])
}
