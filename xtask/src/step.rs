//! Steps as data, and the one runner of them all.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::{Cmd, Failure, Output};
use crate::need::{Missing, Need, Tools};
use crate::table;
use crate::workspace::Workspace;

/// A check that is more than one command; answers a note for the summary.
pub(crate) type Check = Box<dyn FnOnce(&Workspace) -> Result<String, Failure> + Send>;

/// What a step does.
pub(crate) enum Work {
    /// Runs a command.
    Run(Cmd),
    /// Runs code of ours.
    Check(Check),
}

/// One line of a summary: a piece of work that passes, fails or is skipped as a whole.
pub(crate) struct Step {
    name: String,
    work: Work,
    needs: Vec<Need>,
    optional: bool,
}

impl Step {
    /// A step that runs a command.
    pub(crate) fn run(name: impl Into<String>, cmd: Cmd) -> Self {
        Self {
            name: name.into(),
            work: Work::Run(cmd),
            needs: Vec::new(),
            optional: true,
        }
    }

    /// A step that runs code of ours.
    pub(crate) fn check(
        name: impl Into<String>,
        check: impl FnOnce(&Workspace) -> Result<String, Failure> + Send + 'static,
    ) -> Self {
        let work = Work::Check(Box::new(check));
        Self {
            name: name.into(),
            work,
            needs: Vec::new(),
            optional: true,
        }
    }

    /// What must be on the machine; without it the step is skipped.
    pub(crate) fn needs(mut self, needs: impl IntoIterator<Item = Need>) -> Self {
        self.needs.extend(needs);
        self
    }

    /// Without what it needs the step has failed.
    pub(crate) fn required(mut self) -> Self {
        self.optional = false;
        self
    }
}

/// Steps that run in one way.
enum Stage {
    OneByOne(Vec<Step>),
    SideBySide(Vec<Step>),
}

/// The steps of a verb, in order.
#[derive(Default)]
pub(crate) struct Plan {
    stages: Vec<Stage>,
    notes: Vec<String>,
}

impl Plan {
    /// A plan of a single step.
    pub(crate) fn of(step: Step) -> Self {
        Self::default().then([step])
    }

    /// Then these, one after the other.
    pub(crate) fn then(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.stages
            .push(Stage::OneByOne(steps.into_iter().collect()));
        self
    }

    /// Then these, as many at once as the machine has processors.
    pub(crate) fn then_side_by_side(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.stages
            .push(Stage::SideBySide(steps.into_iter().collect()));
        self
    }

    /// A line to print before the summary.
    pub(crate) fn note(mut self, line: String) -> Self {
        self.notes.push(line);
        self
    }

    /// Whether the summary of this plan will be the one line of its one step.
    fn is_single(&self) -> bool {
        matches!(self.stages.as_slice(), [Stage::OneByOne(steps)] if steps.len() == 1)
    }

    /// The names of its steps.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<&str> {
        let steps = self.stages.iter().flat_map(|stage| match stage {
            Stage::OneByOne(steps) | Stage::SideBySide(steps) => steps,
        });
        steps.map(|step| step.name.as_str()).collect()
    }

    /// Runs the steps and prints the summary.
    pub(crate) fn run(self, workspace: &Workspace) -> ExitCode {
        let mut runner = Runner::new(workspace);
        runner.quiet = self.is_single();
        for stage in self.stages {
            match stage {
                Stage::OneByOne(steps) => runner.one_by_one(steps),
                Stage::SideBySide(steps) => runner.side_by_side(steps),
            }
        }
        println!();
        for note in &self.notes {
            println!("{note}");
        }
        let report = runner.report();
        print!("{}", report.text());
        report.exit_code()
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
enum Ending {
    Passed(String),
    Failed(Failure),
    Skipped(Missing),
}

/// What is remembered of a step.
#[derive(Clone, Debug)]
struct Outcome {
    name: String,
    took: Duration,
    ending: Ending,
}

/// Runs steps and remembers how they ended.
#[derive(Debug)]
struct Runner<'w> {
    workspace: &'w Workspace,
    tools: Tools,
    outcomes: Vec<Outcome>,
    started: Instant,
    /// Leaves it to the summary to tell how steps ended.
    quiet: bool,
}

impl<'w> Runner<'w> {
    /// A runner that has run nothing.
    fn new(workspace: &'w Workspace) -> Self {
        let started = Instant::now();
        Self {
            workspace,
            tools: Tools::new(),
            outcomes: Vec::new(),
            started,
            quiet: false,
        }
    }

    /// Runs one step after the other; a failed one does not keep the others from running.
    fn one_by_one(&mut self, steps: Vec<Step>) {
        for step in steps {
            if let Some(step) = self.ready(step) {
                println!("\n== {} ==", step.name);
                let outcome = execute(self.workspace, step, &Output::Inherit);
                self.record(outcome);
            }
        }
    }

    /// Runs steps side by side, each line of output under the name of its step.
    fn side_by_side(&mut self, steps: Vec<Step>) {
        let ready: VecDeque<Step> = steps
            .into_iter()
            .filter_map(|step| self.ready(step))
            .collect();
        let (queue, done) = (Mutex::new(ready), Mutex::new(Vec::new()));
        let workspace = self.workspace;
        let next = || queue.lock().ok()?.pop_front();
        let work = || {
            while let Some(step) = next() {
                let label = Output::Labelled(format!("[{}] ", step.name));
                let outcome = execute(workspace, step, &label);
                if let Ok(mut done) = done.lock() {
                    done.push(outcome);
                }
            }
        };
        let jobs = thread::available_parallelism().map_or(1, usize::from);
        println!();
        thread::scope(|scope| {
            (0..jobs).for_each(|_| {
                scope.spawn(work);
            });
        });
        for outcome in done.into_inner().unwrap_or_default() {
            self.record(outcome);
        }
    }

    /// Looks whether a step can run; remembers it if not.
    fn ready(&mut self, step: Step) -> Option<Step> {
        let missing = step
            .needs
            .iter()
            .find_map(|need| self.tools.ensure(need).err());
        let Some(missing) = missing else {
            return Some(step);
        };
        let ending = if step.optional {
            Ending::Skipped(missing)
        } else {
            let what = format!("{}; `{}` installs it", missing.why, missing.command);
            Ending::Failed(what.into())
        };
        self.record(Outcome {
            name: step.name,
            took: Duration::ZERO,
            ending,
        });
        None
    }

    fn record(&mut self, outcome: Outcome) {
        if !self.quiet {
            println!("{}", ending_line(&outcome));
        }
        self.outcomes.push(outcome);
    }

    /// Ends the run.
    fn report(self) -> Report {
        Report {
            outcomes: self.outcomes,
            took: self.started.elapsed(),
        }
    }
}

/// Runs one step that has all it needs.
fn execute(workspace: &Workspace, step: Step, output: &Output) -> Outcome {
    let started = Instant::now();
    let result = match step.work {
        Work::Run(cmd) => cmd.dir(&workspace.root).run(output).map(|_| String::new()),
        Work::Check(check) => check(workspace),
    };
    let ending = result.map_or_else(Ending::Failed, Ending::Passed);
    Outcome {
        name: step.name,
        took: started.elapsed(),
        ending,
    }
}

/// How a run went.
#[derive(Debug)]
struct Report {
    outcomes: Vec<Outcome>,
    took: Duration,
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
    fn text(&self) -> String {
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
    fn exit_code(&self) -> ExitCode {
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
fn ending_line(outcome: &Outcome) -> String {
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
    use super::{Report, Runner, Step};
    use crate::command::Cmd;
    use crate::need::Need;
    use crate::workspace::Workspace;
    use std::process::ExitCode;

    fn report(steps: Vec<Step>) -> Report {
        let workspace = Workspace::find().unwrap();
        let mut runner = Runner::new(&workspace);
        runner.one_by_one(steps);
        runner.report()
    }

    fn passing() -> Step {
        Step::check("good", |_| Ok("3 things".to_owned()))
    }

    fn exits_with_7() -> Cmd {
        Cmd::new("sh").args(["-c", "exit 7"])
    }

    fn without() -> Need {
        Need::Toolchain("0.1".to_owned())
    }

    #[test]
    fn a_failure_is_named_and_the_rest_still_runs() {
        let failing = Step::run("bad", exits_with_7());
        let report = report(vec![failing, passing()]);
        let text = report.text();
        let line = "FAILED: bad: `sh -c 'exit 7'` ended with exit code 7\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("3 things"), "{text}");
        assert!(text.ends_with("\n1 passed, 1 failed\n"), "{text}");
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
    }

    #[test]
    fn a_step_without_its_tool_is_skipped_with_the_command() {
        let report = report(vec![passing(), passing().needs([without()])]);
        let text = report.text();
        let line = "skipped: good: the toolchain 0.1 is not installed: \
                    rustup toolchain install 0.1 --profile minimal\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("1 passed, 0 failed, 1 skipped\n"), "{text}");
        assert_eq!(report.exit_code(), ExitCode::SUCCESS);
    }

    #[test]
    fn a_required_step_without_its_tool_fails() {
        let report = report(vec![passing().needs([without()]).required()]);
        assert!(
            report
                .text()
                .starts_with("FAILED: good: the toolchain 0.1 is not installed; ")
        );
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
    }

    #[test]
    fn a_run_that_skipped_everything_has_not_passed() {
        let report = report(vec![passing().needs([without()])]);
        assert_eq!(report.exit_code(), ExitCode::FAILURE);
    }

    #[test]
    fn the_code_of_a_single_command_is_passed_on() {
        let report = report(vec![Step::run("bad", exits_with_7())]);
        assert_eq!(report.exit_code(), ExitCode::from(7));
        assert!(report.text().starts_with("FAILED: bad: "));
    }

    #[test]
    fn a_single_step_is_told_in_a_line() {
        let text = report(vec![passing()]).text();
        assert!(text.starts_with("good: passed in "), "{text}");
        assert!(text.ends_with(" s: 3 things\n"), "{text}");
    }

    #[test]
    fn steps_side_by_side_are_all_recorded() {
        let workspace = Workspace::find().unwrap();
        let mut runner = Runner::new(&workspace);
        let version = || Step::run("version", Cmd::cargo("--version"));
        runner.side_by_side(vec![version(), passing(), version()]);
        assert!(runner.report().text().ends_with("3 passed, 0 failed\n"));
    }
}
