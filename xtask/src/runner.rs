//! The one runner of every verb's steps.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::command::Output;
use crate::need::Tools;
use crate::report::{Ending, Outcome, Report, ending_line};
use crate::step::{Plan, Stage, Step, Work};
use crate::workspace::Workspace;

/// Runs the steps of a plan and prints the summary.
pub(crate) fn run(plan: Plan, workspace: &Workspace) -> ExitCode {
    let mut runner = Runner::new(workspace);
    runner.quiet = plan.is_single();
    for stage in plan.stages {
        match stage {
            Stage::OneByOne(steps) => runner.one_by_one(steps),
            Stage::SideBySide(steps) => runner.side_by_side(steps),
        }
    }
    println!();
    for note in &plan.notes {
        println!("{note}");
    }
    let report = runner.report();
    print!("{}", report.text());
    report.exit_code()
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
                println!("{}", ending_line(&outcome));
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
        self.outcomes.extend(done.into_inner().unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::Runner;
    use crate::command::Cmd;
    use crate::need::Need;
    use crate::report::Report;
    use crate::step::Step;
    use crate::workspace::Workspace;

    fn report(steps: Vec<Step>) -> Report {
        let workspace = Workspace::find().unwrap();
        let mut runner = Runner::new(&workspace);
        runner.one_by_one(steps);
        runner.report()
    }

    fn passing() -> Step {
        Step::check("good", |_| Ok("3 things".to_owned()))
    }

    fn without() -> Need {
        Need::Toolchain("0.1".to_owned())
    }

    #[test]
    fn a_failure_is_named_and_the_rest_still_runs() {
        let failing = Step::run("bad", Cmd::new("sh").args(["-c", "exit 7"]));
        let text = report(vec![failing, passing()]).text();
        let line = "FAILED: bad: `sh -c 'exit 7'` ended with exit code 7\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("3 things"), "{text}");
        assert!(text.ends_with("\n1 passed, 1 failed\n"), "{text}");
    }

    #[test]
    fn a_step_without_its_tool_is_skipped_with_the_command() {
        let text = report(vec![passing(), passing().needs([without()])]).text();
        let line = "skipped: good: the toolchain 0.1 is not installed: \
                    rustup toolchain install 0.1 --profile minimal\n";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("1 passed, 0 failed, 1 skipped\n"), "{text}");
    }

    #[test]
    fn a_required_step_without_its_tool_fails() {
        let text = report(vec![passing().needs([without()]).required()]).text();
        let start = "FAILED: good: the toolchain 0.1 is not installed; ";
        assert!(text.starts_with(start), "{text}");
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
