//! Times, by criterion.
//!
//! A run has rounds. In each round every workload gets a process of its own, which lets criterion
//! measure its subjects one after the other, in an order that each round turns by one. So a machine
//! that becomes slower meanwhile does so for all, no subject profits from its place in memory or
//! from what its neighbour left behind, and all samples of a case together show how far one can
//! trust their median.

use std::cell::RefCell;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::time::Duration;

use alloc_benches::instruments::preload::Preload;
use alloc_benches::registry::Case;
use clap::Args;
use criterion::{Criterion, SamplingMode};

use crate::cli::{case, myself};

/// How many samples criterion takes of each case in each round: the least that it accepts.
const SAMPLES: usize = 10;

/// How long criterion measures a case in a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Before the first sample.
    pub(crate) warm_up: Duration,
    /// All samples together.
    pub(crate) samples: Duration,
    /// How often all of that is done.
    pub(crate) rounds: u32,
}

impl Effort {
    /// For a measurement.
    pub(crate) const FULL: Self = Self {
        warm_up: Duration::from_millis(20),
        samples: Duration::from_millis(60),
        rounds: 5,
    };
    /// For a look.
    pub(crate) const QUICK: Self = Self {
        rounds: 1,
        ..Self::FULL
    };
}

/// What a process that takes times is told.
#[derive(Args, Clone, Debug)]
pub(crate) struct Sample {
    /// The workload.
    place: String,
    /// Its subjects, in order.
    subjects: Vec<String>,
    /// Milliseconds before the first sample.
    #[arg(long)]
    warm_up: u64,
    /// Milliseconds of all samples.
    #[arg(long)]
    samples: u64,
    /// Where the samples go.
    #[arg(long)]
    out: PathBuf,
}

/// Nanoseconds per operation of each case of a workload: the samples of one round.
///
/// # Errors
///
/// A process failed: a sentence.
pub(crate) fn round(
    cases: &[Case],
    effort: Effort,
    turn: usize,
) -> Result<Vec<(Case, Vec<f64>)>, String> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let mut order: Vec<Case> = cases.to_vec();
    order.rotate_left(turn % cases.len());
    let (alone, together): (Vec<_>, Vec<_>) = order
        .into_iter()
        .partition(|case| Preload::of(case.subject).is_some());
    let mut samples = measured(&together, effort, &|_| ())?;
    for case in alone {
        // Who is not installed is not measured: the run says so once, before the first round.
        if let Some(Ok(library)) = Preload::of(case.subject).map(Preload::library) {
            samples.extend(measured(&[case], effort, &|command| library.load(command))?);
        }
    }
    Ok(samples)
}

/// The samples of some cases of one workload, in a process that is prepared by `prepare`.
fn measured(
    cases: &[Case],
    effort: Effort,
    prepare: &dyn Fn(&mut Command),
) -> Result<Vec<(Case, Vec<f64>)>, String> {
    let Some(first) = cases.first() else {
        return Ok(Vec::new());
    };
    let out = std::env::temp_dir().join(format!("alloc-benches-{}.samples", std::process::id()));
    let mut command = Command::new(myself()?);
    command
        .args(["sample", &first.place()])
        .args(cases.iter().map(|case| case.subject))
        .args(["--warm-up", &effort.warm_up.as_millis().to_string()])
        .args(["--samples", &effort.samples.as_millis().to_string()])
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    prepare(&mut command);
    let status = command.status().map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&out);
    let _ = fs::remove_file(&out);
    if !status.success() {
        return Err(format!("{} failed: {status}", first.place()));
    }
    let text = text.map_err(|error| format!("{}: {error}", out.display()))?;
    Ok(cases
        .iter()
        .map(|&case| (case, samples_of(&text, case.subject)))
        .collect())
}

/// The samples of a subject in the lines of a process.
fn samples_of(text: &str, subject: &str) -> Vec<f64> {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines
        .filter(|(name, _)| *name == subject)
        .filter_map(|(_, value)| value.parse().ok())
        .collect()
}

/// Takes times of one workload: what runs in a process of its own.
pub(crate) fn sample(sample: &Sample) -> Result<ExitCode, String> {
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(SAMPLES)
        // Criterion's own analysis is not used; it complains below this number.
        .nresamples(1_001)
        .warm_up_time(Duration::from_millis(sample.warm_up.max(1)))
        .measurement_time(Duration::from_millis(sample.samples.max(1)));
    let mut lines = String::new();
    let mut group = criterion.benchmark_group(&sample.place);
    group.sampling_mode(SamplingMode::Flat);
    for subject in &sample.subjects {
        let case = case(&sample.place, subject)?;
        let times = Rc::new(RefCell::new(Vec::new()));
        group.bench_function(subject.as_str(), |bencher| {
            let mut round = case.start();
            bencher.iter_custom(|iterations| {
                let time = round(iterations).time;
                times.borrow_mut().push((iterations, time));
                time
            });
        });
        let times = times.borrow();
        // The first ones were criterion's warm-up.
        for &(iterations, time) in &times[times.len().saturating_sub(SAMPLES)..] {
            let operations = float(iterations) * float(case.ops);
            let value = time.as_secs_f64() * 1e9 / operations;
            // Writing to a `String` cannot fail.
            let _ = writeln!(lines, "{subject}\t{value}");
        }
    }
    group.finish();
    write(&sample.out, &lines)?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Iterations and operations as a factor.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
