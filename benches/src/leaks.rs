//! Everything once more with each block on record: what is left over?

use std::mem;

use alloc_core::System;
use alloc_core::boxed::Box;
use alloc_tracking::{Profiler, Report};

use crate::input::Input;
use crate::jobs::JOBS;

/// The size of the block that is leaked on purpose, in bytes.
pub const DELIBERATE: usize = 1_984;

/// What the record says after all jobs.
#[derive(Clone, Debug)]
pub struct Leaks {
    /// The profiler's report.
    pub report: Report,
    /// How much text the jobs ran over, in bytes.
    pub bytes: usize,
    /// Whether each job gave the same answer with both allocators again.
    pub agrees: bool,
}

impl Leaks {
    /// Tells whether the only leak is the deliberate one, and no block was freed wrongly.
    pub fn is_clean(&self) -> bool {
        let sizes: Vec<_> = self
            .report
            .leaks
            .iter()
            .map(|leak| leak.layout.size())
            .collect();
        sizes == [DELIBERATE] && self.report.fault_counts.total() == 0
    }

    /// The report with a word before it.
    pub fn text(&self) -> String {
        let verdict = if self.is_clean() {
            "The jobs left nothing behind."
        } else {
            "There are others, or faults: THIS IS A DEFECT."
        };
        let deliberate = format!(
            "The block of {DELIBERATE} bytes was leaked on purpose before the jobs began,\n\
             so that there is something to see."
        );
        format!("{deliberate} {verdict}\n\n{}\n", self.report)
    }
}

/// Runs all jobs with both allocators over one profiler, and leaks one block on purpose. Calls
/// `progress` with the part that is done.
///
/// Below our allocators the profiler sees their chunks; in place of the system allocator it sees every block.
pub fn profile(input: &Input, mut progress: impl FnMut(f64)) -> Leaks {
    let profiler = Profiler::new(System);
    mem::forget(Box::new_in([0xA5_u8; DELIBERATE], &profiler));
    let mut agrees = true;
    let mut done = 0.0;
    for job in JOBS {
        let [ours, system] = [&job.ours, &job.system].map(|side| side.profile(input, &profiler));
        agrees &= ours == system;
        done += 1.0;
        #[expect(clippy::cast_precision_loss, reason = "a handful of jobs")]
        progress(done / JOBS.len() as f64);
    }
    Leaks {
        report: profiler.report(),
        bytes: input.bytes(),
        agrees,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_leak_is_the_deliberate_one() {
        let input = Input::of_texts(["fn a(b: u8) -> u8 { b + b }\n", "mod c;\n"]);
        let leaks = profile(&input, |_| ());
        assert!(leaks.is_clean() && leaks.agrees, "{leaks:?}");
        assert!(leaks.report.stats.peak_bytes > DELIBERATE);
        assert!(leaks.text().contains("on purpose"));
    }

    #[test]
    fn another_leak_is_a_defect() {
        let mut leaks = profile(&Input::of_texts([""]), |_| ());
        let again = leaks.report.leaks[0];
        leaks.report.leaks.push(again);
        assert!(!leaks.is_clean());
        assert!(leaks.text().contains("DEFECT"));
    }
}
