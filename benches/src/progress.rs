//! One line per step while the demo runs.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// Says on standard error how far the demo is.
///
/// On a terminal the line of the current step is rewritten; elsewhere each step has one line, when
/// it is done.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    rewrites: bool,
    steps: usize,
    done: usize,
}

impl Progress {
    /// Begins; there will be so many steps.
    pub fn new(steps: usize) -> Self {
        Self {
            start: Instant::now(),
            rewrites: io::stderr().is_terminal(),
            steps,
            done: 0,
        }
    }

    /// Says that a part of the current step is done.
    pub fn at(&self, part: f64, what: &str) {
        if self.rewrites {
            let line = self.line(part, what);
            // Nothing depends on these lines, so nobody is told if they cannot be written.
            let _ = write!(io::stderr(), "\r\x1b[K{line}");
            let _ = io::stderr().flush();
        }
    }

    /// Ends the current step.
    pub fn end(&mut self, what: &str) {
        self.done += 1;
        let line = self.line(0.0, what);
        let clear = if self.rewrites { "\r\x1b[K" } else { "" };
        let _ = writeln!(io::stderr(), "{clear}{line}");
    }

    #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
    fn line(&self, part: f64, what: &str) -> String {
        let percent = 100.0 * (self.done as f64 + part) / self.steps as f64;
        format!(
            "[{percent:3.0} %] {:5.1} s  {what}",
            self.start.elapsed().as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_count_the_steps() {
        let at = |done| Progress {
            start: Instant::now(),
            rewrites: false,
            steps: 4,
            done,
        };
        assert!(at(0).line(0.5, "x").starts_with("[ 12 %]"));
        assert!(at(1).line(0.0, "x").starts_with("[ 25 %]"));
        assert!(at(4).line(0.0, "x").starts_with("[100 %]"));
        assert!(at(1).line(0.0, "x").ends_with(" s  x"));
    }
}
