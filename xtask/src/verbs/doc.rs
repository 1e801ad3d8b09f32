//! `doc`: the documentation of every crate, warnings denied.

use std::path::Path;

use super::Verb;
use crate::args::{Flag, Operands};
use crate::command::{Cmd, Failure, Output};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "doc",
    line: "builds the documentation of every crate, warnings denied",
    more: "",
    flags: &[Flag {
        name: "--open",
        value: None,
        line: "opens it in a browser",
    }],
    operands: Operands::None,
    plan: |_, args| Ok(Plan::of(step(args.has("--open")))),
};

/// The step, also of `ci`.
pub(super) fn step(open: bool) -> Step {
    Step::check("documentation", move |workspace| build(workspace, open))
}

/// Builds the documentation; answers where it begins.
fn build(workspace: &Workspace, open: bool) -> Result<String, Failure> {
    let cmd = Cmd::cargo("doc --workspace --no-deps --features std")
        .args(open.then_some("--open"))
        .env("RUSTDOCFLAGS", "-D warnings");
    cmd.dir(&workspace.root).run(&Output::Inherit)?;
    let first = Path::new("alloc_core").join("index.html");
    Ok(workspace.target("doc").join(first).display().to_string())
}
