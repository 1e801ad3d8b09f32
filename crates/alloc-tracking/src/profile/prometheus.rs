//! Counters for Prometheus, in its text format, version 0.0.4.

use std::format;
use std::io::{self, BufWriter, Write};
use std::string::String;
use std::vec::Vec;

use crate::Stats;

/// The [`Stats`] of one or more allocators, as a page that Prometheus reads.
///
/// Made anew for each request: the numbers are those of the moment when the stats were taken. What
/// only grows is a counter, the rest are gauges. [Resetting](crate::Tracking::reset_stats) the stats is
/// to Prometheus a restart of the program.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use alloc_tracking::profile::Exposition;
/// use alloc_tracking::{Tracking, alloc_core::{Global, boxed::Box}};
///
/// let heap = Tracking::new(Global);
/// let kept = Box::new_in([0_u8; 100], &heap);
///
/// let mut page = Exposition::new("parser");
/// page.add(&heap.stats(), &[("allocator", "global")]);
/// let mut out = Vec::new();
/// page.write_to(&mut out)?;
/// let text = String::from_utf8_lossy(&out);
/// assert!(text.contains("\nparser_live_bytes{allocator=\"global\"} 100\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Exposition {
    prefix: String,
    rows: Vec<(String, Stats)>,
    fault: Option<String>,
}

struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&Stats) -> usize,
}

const FAMILIES: [Family; 13] = [
    counter("allocations_total", "Blocks handed out.", |s| s.allocations),
    counter("deallocations_total", "Blocks handed back.", |s| {
        s.deallocations
    }),
    counter("grows_total", "Blocks grown, in place or by moving.", |s| {
        s.grows
    }),
    counter(
        "shrinks_total",
        "Blocks shrunk, in place or by moving.",
        |s| s.shrinks,
    ),
    counter("failures_total", "Requests that were refused.", |s| {
        s.failures
    }),
    counter(
        "forgotten_total",
        "Blocks that are gone although nobody handed them back.",
        |s| s.forgotten,
    ),
    counter(
        "allocated_bytes_total",
        "Bytes of all allocations and growths.",
        |s| s.total_bytes,
    ),
    gauge("live_bytes", "Bytes that are currently allocated.", |s| {
        s.live_bytes
    }),
    gauge("live_blocks", "Blocks that are currently allocated.", |s| {
        s.live_blocks
    }),
    gauge(
        "peak_bytes",
        "The most bytes that were allocated at one time.",
        |s| s.peak_bytes,
    ),
    gauge(
        "peak_blocks",
        "The most blocks that were allocated at one time.",
        |s| s.peak_blocks,
    ),
    gauge(
        "peak_within_bytes",
        "By how many bytes the peak may be too high or too low.",
        |s| s.peak_bytes_within,
    ),
    gauge(
        "peak_within_blocks",
        "By how many blocks the peak may be too high or too low.",
        |s| s.peak_blocks_within,
    ),
];

const fn counter(name: &'static str, help: &'static str, value: fn(&Stats) -> usize) -> Family {
    Family {
        name,
        kind: "counter",
        help,
        value,
    }
}

const fn gauge(name: &'static str, help: &'static str, value: fn(&Stats) -> usize) -> Family {
    Family {
        name,
        kind: "gauge",
        help,
        value,
    }
}

impl Exposition {
    /// Makes a page without rows. The names on it begin with `prefix` and `_`, as in
    /// `parser_live_bytes`.
    pub fn new(prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        let fault =
            (!is_name(&prefix)).then(|| format!("{prefix:?} cannot be in the name of a metric"));
        Self {
            prefix,
            rows: Vec::new(),
            fault,
        }
    }

    /// Adds the stats of one allocator. If there is more than one, labels tell them apart.
    pub fn add(&mut self, stats: &Stats, labels: &[(&str, &str)]) {
        let wrong = labels
            .iter()
            .find(|label| !is_name(label.0) || label.0.starts_with("__"));
        if let Some((name, _)) = wrong {
            self.fault = Some(format!("{name:?} cannot be the name of a label"));
        }
        let mut labels: Vec<_> = labels.to_vec();
        labels.sort_unstable();
        if labels.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            self.fault = Some(format!("a label is given twice in {labels:?}"));
        }
        let label = |(name, value): &(&str, &str)| format!("{name}=\"{}\"", escaped(value));
        let labels: Vec<_> = labels.iter().map(label).collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        if self.rows.iter().any(|row| row.0 == labels) {
            self.fault = Some(format!("two allocators have the labels {labels:?}"));
        }
        self.rows.push((labels, *stats));
    }

    /// Writes the page.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the prefix or the name of a label is not one for Prometheus (letters, digits and
    /// `_`, not beginning with a digit), or if two rows have the same labels, and nothing is written.
    /// Else those of `out`.
    pub fn write_to(&self, out: impl Write) -> io::Result<()> {
        if let Some(fault) = &self.fault {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, fault.clone()));
        }
        let mut out = BufWriter::new(out);
        let prefix = &self.prefix;
        for Family {
            name,
            kind,
            help,
            value,
        } in &FAMILIES
        {
            writeln!(out, "# HELP {prefix}_{name} {help}")?;
            writeln!(out, "# TYPE {prefix}_{name} {kind}")?;
            for (labels, stats) in &self.rows {
                writeln!(out, "{prefix}_{name}{labels} {}", value(stats))?;
            }
        }
        out.flush()
    }
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(word) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// What the format asks for in the values of labels.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
