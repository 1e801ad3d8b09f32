//! What a verb does, as data: steps, and the order they run in.

use crate::command::{Cmd, Failure};
use crate::need::Need;
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
    pub(crate) name: String,
    pub(crate) work: Work,
    pub(crate) needs: Vec<Need>,
    /// Whether it is skipped, and has not failed, without what it needs.
    pub(crate) optional: bool,
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
pub(crate) enum Stage {
    /// One after the other.
    OneByOne(Vec<Step>),
    /// As many at once as the machine has processors.
    SideBySide(Vec<Step>),
}

/// The steps of a verb, in order.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) stages: Vec<Stage>,
    pub(crate) notes: Vec<String>,
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

    /// Then those of another plan.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.stages.extend(other.stages);
        self.notes.extend(other.notes);
        self
    }

    /// A line to print before the summary.
    pub(crate) fn note(mut self, line: String) -> Self {
        self.notes.push(line);
        self
    }

    /// Whether the summary of this plan will be the one line of its one step.
    pub(crate) fn is_single(&self) -> bool {
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
}
