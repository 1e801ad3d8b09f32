//! A run: rounds of times, then memory, then what is made of them.

use std::collections::HashMap;
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alloc_benches::evidence::{page, terminal};
use alloc_benches::instruments::preload;
use alloc_benches::progress::Progress;
use alloc_benches::record::{self, Measure, Record, Row};
use alloc_benches::registry::Case;

use crate::cli::Bench;
use crate::time::Effort;
use crate::{memory, store, time};

/// Whether somebody interrupted the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Set by the terminal's interrupt, and by a request to terminate.
    pub(crate) fn on_interrupt() -> Self {
        let halt = Self::default();
        let flag = Arc::clone(&halt.0);
        // Without a handler an interrupt ends the run at once, and what was written stays.
        let _ = ctrlc::set_handler(move || flag.store(true, Relaxed));
        halt
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Takes times and weighs memory.
pub(crate) fn bench(told: &Bench) -> Result<ExitCode, String> {
    let cases = told.chosen.cases()?;
    let mut effort = if told.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    effort.rounds = told.rounds.unwrap_or(effort.rounds);
    let halt = Halt::on_interrupt();
    let mut run = Run::new(told.quick, halt.clone());
    if told.quick {
        eprintln!("--quick: one short round, a coarse look and no measurement");
    }
    if !told.memory {
        for missing in preload::missing(&cases) {
            eprintln!("skipped: {missing}");
        }
        run.times(&cases, effort)?;
    }
    run.memory(&cases)?;
    let Run {
        mut record,
        path,
        faults,
        ..
    } = run;
    finish(&mut record, &halt, &path)?;
    show(&record, told.out.clone())?;
    println!("record: {}", path.display());
    if halt.is_set() {
        return Ok(interrupted(&record, &path));
    }
    if told.keep {
        println!("kept:   {}", store::keep(&record)?.display());
    }
    if told.quick {
        println!(
            "This was a quick run: its figures are coarse, and small differences mean nothing."
        );
    }
    Ok(ending(&faults))
}

/// Prints the table of a record and writes its page.
pub(crate) fn show(record: &Record, out: Option<PathBuf>) -> Result<(), String> {
    println!("{}", terminal(record, colored()));
    let out = out.unwrap_or_else(|| store::target().join("bench.html"));
    fs::write(&out, page(record)).map_err(|error| format!("{}: {error}", out.display()))?;
    println!("page:   {}", out.display());
    Ok(())
}

/// A run that goes on.
struct Run {
    record: Record,
    path: PathBuf,
    halt: Halt,
    faults: Vec<String>,
}

impl Run {
    fn new(quick: bool, halt: Halt) -> Self {
        let record = Record::here(quick);
        let path = store::fresh(&record);
        Self {
            record,
            path,
            halt,
            faults: Vec::new(),
        }
    }

    /// Takes times, round by round; the record on disk has what was measured so far.
    fn times(&mut self, cases: &[Case], effort: Effort) -> Result<(), String> {
        let places = by_place(cases.iter().filter(|case| case.group != "memory"));
        let mut progress = Progress::new(places.len() * effort.rounds as usize);
        let mut samples: HashMap<(String, &str), Vec<f64>> = HashMap::new();
        for turn in 0..effort.rounds as usize {
            for place in &places {
                if self.halt.is_set() {
                    return Ok(());
                }
                let name = place[0].place();
                match time::round(place, effort, turn) {
                    Ok(times) => {
                        for (case, fresh) in times {
                            let all = samples.entry((name.clone(), case.subject)).or_default();
                            all.extend(fresh);
                            self.record.add(Row::of_samples(&case, Measure::Time, all));
                        }
                    }
                    // The interrupt reached that process as well.
                    Err(_) if self.halt.is_set() => return Ok(()),
                    Err(sentence) => self.faults.push(sentence),
                }
                progress.end(&format!("round {} of {}: {name}", turn + 1, effort.rounds));
                self.save()?;
            }
        }
        Ok(())
    }

    /// Weighs memory, case by case.
    fn memory(&mut self, cases: &[Case]) -> Result<(), String> {
        let weighed: Vec<&Case> = cases
            .iter()
            .filter(|case| memory::is_weighed(case))
            .collect();
        let mut progress = Progress::new(weighed.len());
        for case in weighed {
            if self.halt.is_set() {
                break;
            }
            match memory::rows(case) {
                Ok(rows) => rows.into_iter().for_each(|row| self.record.add(row)),
                Err(_) if self.halt.is_set() => break,
                Err(sentence) => self.faults.push(sentence),
            }
            progress.end(&format!("memory: {case:?}"));
        }
        self.save()
    }

    fn save(&self) -> Result<(), String> {
        record::write(&self.record, &self.path).map_err(|fault| fault.to_string())
    }
}

/// The cases of each workload.
fn by_place<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<Vec<Case>> {
    let mut places: Vec<Vec<Case>> = Vec::new();
    for case in cases {
        match places
            .iter_mut()
            .find(|place| place[0].place() == case.place())
        {
            Some(place) => place.push(*case),
            None => places.push(vec![*case]),
        }
    }
    places
}

/// Writes a record that is complete, or as complete as it will be.
pub(crate) fn finish(record: &mut Record, halt: &Halt, path: &Path) -> Result<(), String> {
    if halt.is_set() {
        record.environment.kind += ", interrupted";
    }
    record::write(record, path).map_err(|fault| fault.to_string())
}

/// Says what an interrupted run has.
pub(crate) fn interrupted(record: &Record, path: &Path) -> ExitCode {
    println!(
        "Interrupted. What was measured until then, {} rows, is in {}",
        record.rows.len(),
        path.display()
    );
    ExitCode::from(130)
}

/// The exit code, after a line for each fault.
pub(crate) fn ending(faults: &[String]) -> ExitCode {
    for fault in faults {
        eprintln!("FAILED: {fault}");
    }
    ExitCode::from(u8::from(!faults.is_empty()))
}

/// Whether the table may have colors.
pub(crate) fn colored() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
