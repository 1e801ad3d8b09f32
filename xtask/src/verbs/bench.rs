//! `bench` and `icount`: the measurements, beside the peers.

use std::path::Path;

use super::Verb;
use crate::args::Operands;
use crate::command::{Cmd, Failure, Output};
use crate::need::Need;
use crate::step::{Plan, Step};
use crate::workspace::{BENCHES, Workspace};

pub(super) const BENCH: Verb = Verb {
    name: "bench",
    line: "measures every allocator beside the peers that people would pick instead",
    more: "\nEnds with a table, and a page with charts. The words after it choose workloads by parts\n\
           of their names, such as `arena/u64`, and `--subject NAME` chooses subjects.\n\
           \n  --quick           one short round, in two minutes: a coarse look\
           \n  --rounds N        so many rounds, instead of 5\
           \n  --memory          takes no times: memory only\
           \n  --keep            keeps the record among those that are committed\
           \n  --out FILE        where the page goes, instead of target/bench.html\
           \n  --list            lists the names of all groups, workloads and subjects\
           \n  --show A          shows a record again, as a table and a page\
           \n  --compare A B     tells what moved between two records: files, or dates of kept ones\
           \n  --docs            brings the tables of docs/PERFORMANCE.md up to date\
           \n  --test            runs everything once, and measures nothing\n",
    flags: &[],
    operands: Operands::PassedOn("WORKLOADS AND FLAGS"),
    plan: |_, args| Ok(plan("bench", bench_words(&args.operands), [Need::Cxx])),
};

pub(super) const ICOUNT: Verb = Verb {
    name: "icount",
    line: "counts the instructions of every workload of one thread, exactly",
    more: "\nUnder callgrind, a tool of valgrind. The words after it choose workloads and subjects\n\
           as for `bench`.\n\
           \n  --ours            counts only our own subjects\
           \n  --keep            keeps the record among those that are committed\
           \n  --gate            fails if a path of ours takes 3 % more than the kept records say\n",
    flags: &[],
    operands: Operands::PassedOn("WORKLOADS AND FLAGS"),
    plan: |_, args| {
        Ok(plan(
            "icount",
            words("icount", &args.operands),
            [Need::Cxx, Need::Valgrind],
        ))
    },
};

/// A plan whose one step measures, in place of this program: what it prints at last is its own, and
/// the terminal's interrupt reaches nobody else.
fn plan<const N: usize>(name: &str, words: Vec<String>, needs: [Need; N]) -> Plan {
    let step = Step::check(name, move |workspace| {
        let program = build(workspace)?;
        Err(Cmd::new(program).args(words).become_it())
    });
    Plan::of(step.needs(needs).required())
}

/// The steps of `ci`: every case once, and the gate.
pub(super) fn steps() -> [Step; 2] {
    let run = |words: &'static [&'static str]| {
        move |workspace: &Workspace| {
            let program = build(workspace)?;
            let lines = Cmd::new(program).args(words).run(&Output::Keep)?;
            Ok(lines.last().cloned().unwrap_or_default())
        }
    };
    [
        Step::check("every benchmark once", run(&["test"])).needs([Need::Cxx]),
        Step::check("instructions", run(&["icount", "--gate"])).needs([Need::Cxx, Need::Valgrind]),
    ]
}

/// The words for the program: `--compare A B` of the verb is its command `compare`, and so on.
fn bench_words(operands: &[String]) -> Vec<String> {
    let other = ["--compare", "--docs", "--list", "--show", "--test"];
    match operands.split_first() {
        Some((first, rest)) if other.contains(&first.as_str()) => {
            words(first.trim_start_matches('-'), rest)
        }
        _ => words("bench", operands),
    }
}

fn words(command: &str, operands: &[String]) -> Vec<String> {
    let command = [command.to_owned()];
    command.iter().chain(operands).cloned().collect()
}

/// Builds the program that measures, and finds it.
fn build(workspace: &Workspace) -> Result<String, Failure> {
    let cmd = Cmd::cargo("bench")
        .packages([BENCHES])
        .words("--features heapscope --ignore-rust-version --bench measure --no-run");
    cmd.clone().dir(&workspace.root).run(&Output::Inherit)?;
    let messages = cmd
        .words("--message-format json")
        .dir(&workspace.root)
        .ask()
        .unwrap_or_default();
    let program = messages
        .lines()
        .find_map(|line| executable(line, "measure"));
    program.ok_or_else(|| {
        "cargo does not say where it built the program"
            .to_owned()
            .into()
    })
}

/// The executable that a message of cargo names, if it is the one of this program.
pub(super) fn executable(message: &str, program: &str) -> Option<String> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    let path = path.replace("\\\\", "\\");
    let name = Path::new(&path).file_name()?.to_string_lossy().into_owned();
    name.starts_with(program).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::{bench_words, executable};

    fn read(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        bench_words(&words)
    }

    #[test]
    fn flags_that_measure_nothing_are_commands() {
        assert_eq!(read(&[]), ["bench"]);
        assert_eq!(read(&["arena", "--quick"]), ["bench", "arena", "--quick"]);
        assert_eq!(read(&["--compare", "a", "b"]), ["compare", "a", "b"]);
        assert_eq!(read(&["--test"]), ["test"]);
    }

    #[test]
    fn the_program_is_found_in_the_messages() {
        let line = r#"{"reason":"compiler-artifact","executable":"/t/release/deps/measure-1a","fresh":true}"#;
        assert_eq!(
            executable(line, "measure").as_deref(),
            Some("/t/release/deps/measure-1a")
        );
        assert_eq!(
            executable(&line.replace("measure-", "demo-"), "measure"),
            None
        );
        assert_eq!(executable(r#"{"executable":null}"#, "measure"), None);
    }
}
