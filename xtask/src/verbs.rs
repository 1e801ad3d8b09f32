//! The verbs, as a table.

mod asm;
mod bench;
mod ci;
mod demo;
mod doc;
mod fuzz;
mod lint;
mod loom;
mod miri;
mod mutants;
mod oracle;
mod poison;
mod sanitize;
mod shuttle;
mod test;
mod torture;

use std::iter;

use crate::args::{Args, Flag, Operands};
use crate::step::Plan;
use crate::workspace::Workspace;

/// Something that a developer does.
#[derive(Debug)]
pub(crate) struct Verb {
    /// The word for it.
    pub(crate) name: &'static str,
    /// What it does, in a line.
    pub(crate) line: &'static str,
    /// More about it, for its help; whole lines, or empty.
    pub(crate) more: &'static str,
    /// The flags it knows.
    pub(crate) flags: &'static [Flag],
    /// What it takes besides.
    pub(crate) operands: Operands,
    /// Which steps it takes. The error is a sentence about the command line.
    pub(crate) plan: fn(&Workspace, &Args) -> Result<Plan, String>,
}

/// Every verb, in the order of the list.
const VERBS: &[Verb] = &[
    demo::VERB,
    test::VERB,
    ci::VERB,
    loom::VERB,
    shuttle::VERB,
    miri::VERB,
    sanitize::ASAN,
    sanitize::TSAN,
    torture::VERB,
    fuzz::VERB,
    bench::BENCH,
    bench::ICOUNT,
    asm::VERB,
    oracle::VERB,
    doc::VERB,
];

/// The verb of this name.
pub(crate) fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name)
}

/// What `cargo xtask` alone prints.
pub(crate) fn list() -> String {
    let lines = VERBS.iter().map(|verb| row(verb.name, verb.line));
    let head = "usage: cargo xtask VERB [...]\n\n".to_owned();
    let tail = "\n`cargo xtask VERB --help` tells more about one of them.\n".to_owned();
    iter::once(head).chain(lines).chain([tail]).collect()
}

/// A word and what it means.
fn row(word: &str, line: &str) -> String {
    format!("  {word:<14} {line}\n")
}

impl Verb {
    /// What `--help` prints.
    pub(crate) fn help(&self) -> String {
        let operands = match self.operands {
            Operands::None => String::new(),
            Operands::Words(label) | Operands::PassedOn(label) => format!(" [{label}]"),
        };
        let flags = if self.flags.is_empty() {
            ""
        } else {
            " [FLAGS]"
        };
        let head = format!(
            "usage: cargo xtask {}{operands}{flags}\n\n{}\n{}\nflags:\n",
            self.name, self.line, self.more
        );
        let rows = self.flags.iter().map(|flag| match flag.value {
            Some(value) => row(&format!("{} {value}", flag.name), flag.line),
            None => row(flag.name, flag.line),
        });
        iter::once(head)
            .chain(rows)
            .chain([row("--help", "tells this")])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{VERBS, list, row};

    #[test]
    fn every_verb_is_listed_once_with_its_line() {
        let names: Vec<_> = VERBS.iter().map(|verb| verb.name).collect();
        let expected = [
            "demo", "test", "ci", "loom", "shuttle", "miri", "asan", "tsan", "torture", "fuzz",
            "bench", "icount", "asm", "oracle", "doc",
        ];
        assert_eq!(names, expected);
        let list = list();
        for verb in VERBS {
            assert_eq!(list.matches(&row(verb.name, verb.line)).count(), 1);
        }
    }

    #[test]
    fn help_names_every_flag() {
        for verb in VERBS {
            let help = verb.help();
            assert!(help.starts_with(&format!("usage: cargo xtask {}", verb.name)));
            assert!(
                verb.flags.iter().all(|flag| help.contains(flag.line)),
                "{help}"
            );
            assert!(help.contains("--help"));
            assert!(
                verb.more.is_empty() || verb.more.ends_with('\n'),
                "{}",
                verb.name
            );
        }
    }
}
