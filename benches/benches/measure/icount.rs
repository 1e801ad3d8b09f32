//! Instructions, by callgrind.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use alloc_benches::evidence::{gate, is_hot, terminal};
use alloc_benches::instruments::callgrind;
use alloc_benches::progress::Progress;
use alloc_benches::record::{Measure, Record, Row};
use alloc_benches::registry::{Case, Origin};

use crate::cli::{Chosen, Icount, myself};
use crate::run::{self, Halt};
use crate::store;

/// How much more instructions than in the kept records are too many.
const TOLERANCE: f64 = 0.03;

/// Counts instructions, and then shows, keeps or judges them.
pub(crate) fn icount(told: &Icount) -> Result<ExitCode, String> {
    let all = Chosen::cases(&told.chosen)?;
    let cases: Vec<Case> = all
        .into_iter()
        .filter(|case| is_counted(case, told))
        .collect();
    if cases.is_empty() {
        return Err("none of that can be counted: callgrind wants workloads of one thread, and snmalloc and heaptrack do not run there".to_owned());
    }
    callgrind::is_there()?;
    let halt = Halt::on_interrupt();
    let mut record = Record::here(false);
    let mut faults = count(&cases, &mut record, &halt);
    let path = store::fresh(&record);
    run::finish(&mut record, &halt, &path)?;
    println!("{}", terminal(&record, run::colored()));
    println!("record: {}", path.display());
    if halt.is_set() {
        return Ok(run::interrupted(&record, &path));
    }
    if told.gate {
        match judge(&record) {
            Ok(sentence) => println!("{sentence}"),
            Err(sentence) => faults.push(sentence),
        }
    } else if told.keep {
        println!("kept: {}", store::keep(&record)?.display());
    }
    Ok(run::ending(&faults))
}

/// Whether a case is counted.
fn is_counted(case: &Case, told: &Icount) -> bool {
    let ours = !told.ours || case.origin == Origin::Ours;
    let hot = is_hot(case.origin, case.threads, &case.place(), case.subject);
    callgrind::can_count(case) && case.group != "memory" && ours && (hot || !told.gate)
}

/// Compares with the kept records.
fn judge(now: &Record) -> Result<String, String> {
    let Some(committed) = store::kept()? else {
        return Err("no record is kept yet: `cargo xtask icount --keep` makes one".to_owned());
    };
    let (then, here) = (&committed.environment, &now.environment);
    if (&then.compiler, &then.target) != (&here.compiler, &here.target) {
        return Ok(format!(
            "NOT JUDGED: the kept record is of {} for {}, this is {} for {}",
            then.compiler, then.target, here.compiler, here.target
        ));
    }
    gate(&committed, now, TOLERANCE)
}

/// Counts as many cases at once as there are processors; returns a sentence for each that failed.
fn count(cases: &[Case], record: &mut Record, halt: &Halt) -> Vec<String> {
    let program = match myself() {
        Ok(program) => program,
        Err(sentence) => return vec![sentence],
    };
    let progress = Mutex::new(Progress::new(cases.len()));
    let next = AtomicUsize::new(0);
    let counts = Mutex::new(Vec::new());
    let work = || {
        while !halt.is_set() {
            let place = next.fetch_add(1, Relaxed);
            let Some(case) = cases.get(place) else { break };
            let once = ["once".to_owned(), case.place(), case.subject.to_owned()];
            let count = callgrind::instructions(&program, &once, case);
            let _ = progress
                .lock()
                .map(|mut progress| progress.end(&format!("{case:?}")));
            let _ = counts.lock().map(|mut counts| counts.push((place, count)));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut counts = counts.into_inner().unwrap_or_default();
    counts.sort_by_key(|(place, _)| *place);
    let mut faults = Vec::new();
    for (place, count) in counts {
        match count {
            Ok(count) => record.add(Row::exact(&cases[place], Measure::Instructions, count)),
            Err(_) if halt.is_set() => {}
            Err(sentence) => faults.push(sentence),
        }
    }
    faults
}
