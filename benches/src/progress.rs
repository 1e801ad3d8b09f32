//! One line per step while something runs that takes its time.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// Says on standard error how far a run is, and about how long it still takes.
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

    fn line(&self, part: f64, what: &str) -> String {
        self.line_after(self.start.elapsed().as_secs_f64(), part, what)
    }

    /// The line after so many seconds. What is left is reckoned as if all steps took the same time.
    #[expect(clippy::cast_precision_loss, reason = "some thousand steps")]
    fn line_after(&self, elapsed: f64, part: f64, what: &str) -> String {
        let done = (self.done as f64 + part) / self.steps.max(1) as f64;
        let left = if done > 0.0 && done < 1.0 {
            format!(", {:.0} s left", elapsed / done * (1.0 - done))
        } else {
            String::new()
        };
        format!("[{:3.0} %] {elapsed:5.1} s{left}  {what}", 100.0 * done)
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
        assert!(at(1).line(0.0, "x").ends_with(" left  x"));
    }

    #[test]
    fn what_is_left_is_reckoned_from_what_is_done() {
        let at = |done| Progress {
            start: Instant::now(),
            rewrites: false,
            steps: 4,
            done,
        };
        assert_eq!(
            at(1).line_after(10.0, 0.0, "x"),
            "[ 25 %]  10.0 s, 30 s left  x"
        );
        assert_eq!(at(0).line_after(10.0, 0.0, "x"), "[  0 %]  10.0 s  x");
        assert_eq!(at(4).line_after(10.0, 0.0, "x"), "[100 %]  10.0 s  x");
    }
}
