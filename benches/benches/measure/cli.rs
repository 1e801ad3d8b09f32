//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use alloc_benches::instruments::selection::{Selection, names};
use alloc_benches::registry::{Case, cases};
use clap::{Args, Parser, Subcommand};

use crate::{icount, memory, run, store, time};

/// Measures every allocator of the workspace beside its peers.
#[derive(Debug, Parser)]
#[command(name = "measure")]
struct Line {
    #[command(subcommand)]
    command: Option<Command>,
    /// What `cargo bench` adds.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes times and weighs memory; ends with a table and a page.
    Bench(Bench),
    /// Counts instructions under callgrind.
    Icount(Icount),
    /// Tells what moved between two records, and whether their rankings agree.
    Compare {
        /// The record before: a file, or the date of a kept one.
        before: String,
        /// The record after.
        after: String,
    },
    /// Shows a record again: the table and the page.
    Show {
        /// A file, or the date of a kept one.
        record: String,
    },
    /// Brings the tables of docs/PERFORMANCE.md up to date with the kept records.
    Docs,
    /// Lists the names of all groups, workloads and subjects.
    List,
    /// Runs every case once, and measures nothing.
    Test(Chosen),
    /// Takes times of one workload over its subjects.
    #[command(hide = true)]
    Sample(time::Sample),
    /// Runs so many iterations of one case.
    #[command(hide = true)]
    Once {
        place: String,
        subject: String,
        iterations: u64,
    },
    /// Counts the memory that one case takes.
    #[command(hide = true)]
    Weigh { place: String, subject: String },
}

/// Which cases.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Chosen {
    /// Parts of the names of workloads, as in `arena/u64`; without any: all.
    filters: Vec<String>,
    /// A part of a subject's name; may be given several times. Without any: all subjects.
    #[arg(long = "subject", value_name = "NAME")]
    subjects: Vec<String>,
}

impl Chosen {
    /// The cases.
    ///
    /// # Errors
    ///
    /// A name that nothing has: the sentence lists the names that there are.
    pub(crate) fn cases(&self) -> Result<Vec<Case>, String> {
        let selection = Selection {
            places: self.filters.clone(),
            subjects: self.subjects.clone(),
        };
        selection.of(&cases())
    }
}

/// What `bench` is told.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// One short round: a coarse look, in two minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// How many rounds, instead of 5.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: Option<u32>,
    /// Takes no times: memory only.
    #[arg(long)]
    pub(crate) memory: bool,
    /// Keeps the record among those that are committed.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Where the page goes, instead of target/bench.html.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What `icount` is told.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Icount {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Counts only our own subjects.
    #[arg(long)]
    pub(crate) ours: bool,
    /// Keeps the record among those that are committed.
    #[arg(long, conflicts_with = "gate")]
    pub(crate) keep: bool,
    /// Fails if one of our hot paths takes more instructions than the kept records say.
    #[arg(long, conflicts_with_all = ["filters", "subjects"])]
    pub(crate) gate: bool,
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let line = Line::parse();
    let command = line.command.unwrap_or(Command::Bench(Bench::default()));
    let done = match command {
        Command::Bench(bench) => run::bench(&bench),
        Command::Icount(icount) => icount::icount(&icount),
        Command::Compare { before, after } => store::compare(&before, &after),
        Command::Show { record } => store::show(&record),
        Command::Docs => store::docs(),
        Command::List => {
            print!("{}", names(&cases()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Test(chosen) => test(&chosen),
        Command::Sample(sample) => time::sample(&sample),
        Command::Once {
            place,
            subject,
            iterations,
        } => case(&place, &subject).map(|case| {
            case.start()(iterations);
            ExitCode::SUCCESS
        }),
        Command::Weigh { place, subject } => memory::weigh(&place, &subject),
    };
    done.unwrap_or_else(|sentence| {
        eprintln!("{sentence}");
        ExitCode::from(2)
    })
}

/// This program, to be run again with a command that nobody types.
pub(crate) fn myself() -> Result<PathBuf, String> {
    let cannot = |error| format!("this program cannot find itself: {error}");
    std::env::current_exe().map_err(cannot)
}

/// The case of these names.
pub(crate) fn case(place: &str, subject: &str) -> Result<Case, String> {
    let found = cases()
        .into_iter()
        .find(|case| case.place() == place && case.subject == subject);
    found.ok_or_else(|| format!("there is no `{place}` over `{subject}`"))
}

/// Runs each case once.
fn test(chosen: &Chosen) -> Result<ExitCode, String> {
    let chosen = chosen.cases()?;
    for case in &chosen {
        let answer = case.start()(1).answer;
        println!("{case:?}: {answer:#x}");
    }
    println!("{} cases ran", chosen.len());
    Ok(ExitCode::SUCCESS)
}
