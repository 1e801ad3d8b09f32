//! What a case takes of its upstream, and of the machine.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Stdio};

use alloc_benches::instruments::resident;
use alloc_benches::record::{Measure, Row};
use alloc_benches::registry::Case;

use crate::HEAP;
use crate::cli::{case, myself};

/// How often a case is weighed: what is counted is the same each time, what is resident is not.
const TIMES: usize = 5;
/// The kernel counts resident pages in batches; of less than this, in bytes, it says nothing.
const LEAST_RESIDENT: u64 = 1 << 20;

/// The rows of a case, measured in processes of its own.
///
/// # Errors
///
/// A process failed: a sentence.
pub(crate) fn rows(case: &Case) -> Result<Vec<Row>, String> {
    let mut samples: BTreeMap<Measure, Vec<f64>> = BTreeMap::new();
    for _ in 0..TIMES {
        for (measure, value) in weighed(case)? {
            samples.entry(measure).or_default().push(value);
        }
    }
    let rows = samples.iter_mut();
    Ok(rows
        .map(|(measure, samples)| Row::of_samples(case, *measure, samples))
        .collect())
}

/// What one process says.
fn weighed(case: &Case) -> Result<Vec<(Measure, f64)>, String> {
    let output = Command::new(myself()?)
        .args(["weigh", &case.place(), case.subject])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{case:?} failed: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(lines
        .filter_map(|(measure, value)| Some((measure.parse().ok()?, value.parse().ok()?)))
        .collect())
}

/// Whether memory says something about a case.
pub(crate) fn is_weighed(case: &Case) -> bool {
    case.live > 0 && case.threads == 1
}

/// Counts the memory of the first iteration of one case: what runs in a process of its own.
pub(crate) fn weigh(place: &str, subject: &str) -> Result<ExitCode, String> {
    let case = case(place, subject)?;
    let tells = resident::begin_peak();
    let before = resident::now();
    let ((), counts) = HEAP.count(|| {
        case.start()(1);
    });
    if case.live >= LEAST_RESIDENT
        && let (true, Some(before), Some(peak)) = (tells, before, resident::peak())
    {
        let grown = peak.saturating_sub(before);
        println!("{}\t{grown}", Measure::PeakResident);
    }
    if case.upstream {
        println!("{}\t{}", Measure::Reserved, ratio(counts.peak, case.live));
        println!("{}\t{}", Measure::UpstreamCalls, counts.calls);
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::cast_precision_loss, reason = "bytes are far below 2^53")]
fn ratio(reserved: usize, requested: u64) -> f64 {
    reserved as f64 / requested as f64
}
