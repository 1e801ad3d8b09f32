//! How steps ended, and the summary.

use std::process::ExitCode;
use std::time::Duration;

use crate::command::Failure;
use crate::need::Missing;
use crate::table;

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    /// With a note for the summary.
    Passed(String),
    Failed(Failure),
    Skipped(Missing),
}

/// What is remembered of a step.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) ending: Ending,
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    /// From the first step to the last.
    pub(crate) took: Duration,
}

impl Report {
    /// The line that counts: `27 passed, 0 failed, 2 skipped`.
    fn count(&self) -> String {
        let count =
            |is: fn(&Ending) -> bool| self.outcomes.iter().filter(|o| is(&o.ending)).count();
        let passed = count(|ending| matches!(ending, Ending::Passed(_)));
        let failed = count(|ending| matches!(ending, Ending::Failed(_)));
        let skipped = count(|ending| matches!(ending, Ending::Skipped(_)));
        let tail = if skipped == 0 {
            String::new()
        } else {
            format!(", {skipped} skipped")
        };
        format!("{passed} passed, {failed} failed{tail}")
    }

    /// What ran, how long each took, what was skipped and why; the last line counts.
    pub(crate) fn text(&self) -> String {
        if let [only] = self.outcomes.as_slice() {
            return ending_line(only) + "\n";
        }
        let rows: Vec<_> = self.outcomes.iter().map(row).collect();
        let table = table::render(&["step", "result", "time", "note"], &rows);
        let bad = self
            .outcomes
            .iter()
            .filter(|o| !matches!(o.ending, Ending::Passed(_)));
        let bad: String = bad.map(|outcome| ending_line(outcome) + "\n").collect();
        format!("{table}\n{bad}took {}\n{}\n", time(self.took), self.count())
    }

    /// Zero if something passed and nothing failed. A run of one command has the code of that command.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let failed = |outcome: &Outcome| matches!(outcome.ending, Ending::Failed(_));
        let passed = |outcome: &Outcome| matches!(outcome.ending, Ending::Passed(_));
        if let [
            Outcome {
                ending:
                    Ending::Failed(Failure {
                        code: Some(code), ..
                    }),
                ..
            },
        ] = self.outcomes.as_slice()
        {
            return ExitCode::from(u8::try_from(*code).unwrap_or(1));
        }
        let good = self.outcomes.iter().any(passed) && !self.outcomes.iter().any(failed);
        if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// How one step ended, in a line.
pub(crate) fn ending_line(outcome: &Outcome) -> String {
    let name = &outcome.name;
    match &outcome.ending {
        Ending::Passed(note) if note.is_empty() => {
            format!("{name}: passed in {}", time(outcome.took))
        }
        Ending::Passed(note) => format!("{name}: passed in {}: {note}", time(outcome.took)),
        Ending::Failed(failure) => format!("FAILED: {name}: {}", failure.what),
        Ending::Skipped(missing) => {
            format!("skipped: {name}: {}: {}", missing.why, missing.command)
        }
    }
}

/// The row of one step in the summary.
fn row(outcome: &Outcome) -> Vec<String> {
    let (result, took, note) = match &outcome.ending {
        Ending::Passed(note) => ("passed", time(outcome.took), note.as_str()),
        Ending::Failed(_) => ("FAILED", time(outcome.took), ""),
        Ending::Skipped(_) => ("skipped", String::new(), ""),
    };
    vec![
        outcome.name.clone(),
        result.to_owned(),
        took,
        note.to_owned(),
    ]
}

/// A duration in seconds, with the unit.
fn time(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Ending, Outcome, Report};
    use crate::command::Failure;
    use crate::need::Missing;
    use std::process::ExitCode;
    use std::time::Duration;

    fn outcome(name: &str, ending: Ending) -> Outcome {
        Outcome {
            name: name.to_owned(),
            took: Duration::from_millis(1300),
            ending,
        }
    }

    fn passed() -> Outcome {
        outcome("good", Ending::Passed("3 things".to_owned()))
    }

    fn failed(code: Option<i32>) -> Outcome {
        outcome(
            "bad",
            Ending::Failed(Failure {
                what: "`x` ended".to_owned(),
                code,
            }),
        )
    }

    fn skipped() -> Outcome {
        let (why, command) = ("no tool".to_owned(), "get tool".to_owned());
        outcome("extra", Ending::Skipped(Missing { why, command }))
    }

    fn report(outcomes: Vec<Outcome>) -> Report {
        Report {
            outcomes,
            took: Duration::from_secs(2),
        }
    }

    #[test]
    fn the_summary_tells_what_ran_and_what_did_not() {
        let expected = "\
step   result    time  note
-----  -------  -----  --------
good   passed   1.3 s  3 things
bad    FAILED   1.3 s
extra  skipped

FAILED: bad: `x` ended
skipped: extra: no tool: get tool
took 2.0 s
1 passed, 1 failed, 1 skipped
";
        assert_eq!(
            report(vec![passed(), failed(Some(7)), skipped()]).text(),
            expected
        );
    }

    #[test]
    fn a_single_step_is_told_in_a_line() {
        assert_eq!(
            report(vec![passed()]).text(),
            "good: passed in 1.3 s: 3 things\n"
        );
        assert_eq!(
            report(vec![failed(None)]).text(),
            "FAILED: bad: `x` ended\n"
        );
        assert_eq!(
            report(vec![skipped()]).text(),
            "skipped: extra: no tool: get tool\n"
        );
    }

    #[test]
    fn the_exit_code_says_whether_something_ran_and_all_of_it_passed() {
        let code = |outcomes| report(outcomes).exit_code();
        assert_eq!(code(vec![passed(), skipped()]), ExitCode::SUCCESS);
        assert_eq!(code(vec![passed(), failed(Some(7))]), ExitCode::FAILURE);
        assert_eq!(code(vec![skipped(), skipped()]), ExitCode::FAILURE);
        assert_eq!(
            code(vec![failed(Some(7))]),
            ExitCode::from(7),
            "as its one command"
        );
        assert_eq!(code(vec![failed(None)]), ExitCode::FAILURE);
    }
}
