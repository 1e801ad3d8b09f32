//! What `ci` looks at without running anything: style, warnings, features, dependencies.

use std::collections::BTreeSet;

use crate::command::{Cmd, Failure, Output};
use crate::need::Need;
use crate::step::Step;
use crate::tidy;
use crate::workspace::{BENCHES, Crate, GROUND, SUITE, Workspace};

/// A platform without an operating system.
const BARE_METAL: &str = "thumbv7em-none-eabihf";
/// The one package from outside that a user of a crate gets.
const OUTSIDE: &str = "allocator-api2";

/// All steps, the quick ones first.
pub(super) fn steps(workspace: &Workspace) -> Vec<Step> {
    let tidy = Step::check("tidy", |workspace| {
        tidy::check(workspace).map_err(Failure::from)
    });
    let mut steps = vec![tidy];
    steps.extend(formatting(workspace));
    steps.push(Step::check("dependencies", dependencies));
    steps.extend(clippy(workspace));
    steps.push(clippy_of_peers());
    steps.push(bare_metal(workspace));
    steps.push(oldest_compiler(workspace));
    steps
}

fn formatting(workspace: &Workspace) -> Vec<Step> {
    // The fuzz targets are a workspace of their own.
    let fuzz = format!("crates/{SUITE}/fuzz/Cargo.toml");
    let mut steps = vec![Step::run("formatting", Cmd::cargo("fmt --all --check"))];
    if workspace.root.join(&fuzz).is_file() {
        let cmd = Cmd::cargo("fmt --check --manifest-path").args([fuzz]);
        steps.push(Step::run("formatting of the fuzz targets", cmd));
    }
    steps
        .into_iter()
        .map(|step| step.needs([Need::Rustfmt]).required())
        .collect()
}

fn clippy(workspace: &Workspace) -> Vec<Step> {
    let no_std = workspace.names(Crate::is_no_std);
    let stable = Cmd::cargo("clippy --workspace --all-targets --features std -- -D warnings");
    let nightly = Cmd::cargo("clippy")
        .packages(workspace.names(|_| true))
        .words("--all-targets --features nightly,std -- -D warnings")
        .env("RUSTC_BOOTSTRAP", "1")
        .target_dir(&workspace.target("nightly-trait"));
    let bare = Cmd::cargo("clippy")
        .packages(no_std)
        .words("--lib --no-default-features -- -D warnings");
    [
        Step::run("clippy", stable),
        Step::run("clippy, nightly trait", nightly),
        Step::run("clippy, no features", bare),
    ]
    .into_iter()
    .map(|step| step.needs([Need::Clippy]).required())
    .collect()
}

/// The measurements with the peers, some of which need a compiler of another language.
fn clippy_of_peers() -> Step {
    // In the profile of the measurements, so that what is built for the peers is built once.
    let peers = Cmd::cargo("clippy")
        .packages([BENCHES])
        .words("--all-targets --features heapscope,oracle --ignore-rust-version --profile bench")
        .words("-- -D warnings");
    Step::run("clippy, peers", peers).needs([Need::Clippy, Need::Cxx])
}

/// The crates that need no operating system, built for a machine that has none.
fn bare_metal(workspace: &Workspace) -> Step {
    let cmd = Cmd::cargo("check")
        .packages(workspace.names(Crate::is_no_std))
        .words("--lib --no-default-features --features alloc --target")
        .args([BARE_METAL]);
    Step::run("bare metal", cmd).needs([Need::Target(BARE_METAL)])
}

/// The crates built with the oldest compiler promised.
fn oldest_compiler(workspace: &Workspace) -> Step {
    let version = workspace.msrv().unwrap_or_default();
    let cmd = Cmd::cargo(&format!("+{version} check"))
        .packages(workspace.names(|_| true))
        .words("--lib --features std")
        .target_dir(&workspace.target("msrv"));
    Step::run(format!("Rust {version}"), cmd).needs([Need::Toolchain(version)])
}

/// The allocators that are made of others, which come along.
const MADE_OF: &[(&str, &[&str])] = &[("alloc-tiered", &["alloc-pool", "alloc-sync-pool"])];

/// Whoever uses one allocator gets three packages: that crate, the contract, and allocator-api2.
fn dependencies(workspace: &Workspace) -> Result<String, Failure> {
    let crates = workspace.names(|own| own.is_strategy() || own.name == GROUND);
    for name in &crates {
        let cmd = Cmd::cargo("tree")
            .packages([*name])
            .words("-e normal --prefix none");
        let lines = cmd.dir(&workspace.root).run(&Output::Keep)?;
        let mut expected = BTreeSet::from([*name, GROUND, OUTSIDE]);
        let others = MADE_OF.iter().filter(|(whole, _)| whole == name);
        expected.extend(others.flat_map(|(_, parts)| *parts));
        let found = packages(&lines);
        if found != expected {
            let list = found.into_iter().collect::<Vec<_>>().join(", ");
            let expected = expected.into_iter().collect::<Vec<_>>().join(", ");
            return Err(format!("{name} brings {list}; it may bring {expected}").into());
        }
    }
    Ok(format!(
        "{} crates, three packages each at most, and the parts of those that are made of others",
        crates.len()
    ))
}

/// The names in the output of `cargo tree --prefix none`.
fn packages(lines: &[String]) -> BTreeSet<&str> {
    lines
        .iter()
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn packages_are_read_from_a_tree() {
        let lines = [
            "alloc-arena v0.1.0 (/src/crates/alloc-arena)".to_owned(),
            "alloc-core v0.1.0 (/src/crates/alloc-core)".to_owned(),
            "allocator-api2 v0.2.21".to_owned(),
            "allocator-api2 v0.2.21 (*)".to_owned(),
            String::new(),
        ];
        let expected = ["alloc-arena", "alloc-core", "allocator-api2"];
        assert!(packages(&lines).into_iter().eq(expected));
    }
}
