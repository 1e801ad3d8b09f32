//! `cargo xtask VERB`: every developer verb of the workspace.
//!
//! A verb is a row of the table in [`verbs`]; what it does is a [`step::Plan`], which the one
//! [`runner`] runs, times and sums up. `cargo xtask` alone lists the verbs.
//!
//! Modules, bottom up: [`table`], [`args`] and [`assembly`] know text; [`command`] runs programs;
//! [`workspace`] reads the crates; [`mutants`] makes mistakes in them; [`need`] finds and installs tools; [`step`] says what is to be done, [`runner`] does it
//! and [`report`] tells how it went; [`tidy`] checks the rules of the house; [`verbs`] puts them together.

mod args;
mod assembly;
mod command;
mod mutants;
mod need;
mod report;
mod runner;
mod step;
mod table;
mod tidy;
mod verbs;
mod workspace;

use std::env;
use std::process::ExitCode;

use verbs::Verb;
use workspace::Workspace;

/// The exit code for a command line that cannot be read.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let words: Vec<String> = env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let Some((name, rest)) = words.split_first() else {
        print!("{}", verbs::list());
        return ExitCode::SUCCESS;
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", verbs::list());
        return ExitCode::SUCCESS;
    }
    let Some(verb) = verbs::find(name) else {
        eprint!("error: there is no verb `{name}`\n\n{}", verbs::list());
        return ExitCode::from(USAGE);
    };
    run(verb, rest)
}

/// Runs one verb with the words after it.
fn run(verb: &Verb, words: &[String]) -> ExitCode {
    if args::asks_for_help(words, verb.operands) {
        print!("{}", verb.help());
        return ExitCode::SUCCESS;
    }
    let outcome = args::parse(words, verb.flags, verb.operands).and_then(|args| {
        let workspace = Workspace::find()?;
        let plan = (verb.plan)(&workspace, &args)?;
        Ok(runner::run(plan, &workspace))
    });
    outcome.unwrap_or_else(|sentence| {
        eprint!("error: {sentence}\n\n{}", verb.help());
        ExitCode::from(USAGE)
    })
}
