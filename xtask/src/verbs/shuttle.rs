//! `shuttle`: executions of models too large for loom, drawn at random.

use super::Verb;
use super::loom::Explorer;
use crate::args::{Args, Flag, Operands};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "shuttle",
    line: "draws interleavings of larger models of the concurrent crates at random",
    more: "\nThe models of `loom`, and programs of more threads than loom can search. shuttle takes all atomic\n\
           accesses for sequentially consistent ones: it finds wrong steps, and leaves wrong orderings to loom.\n",
    flags: &[Flag {
        name: "--executions",
        value: Some("N"),
        line: "of each model in each way of drawing (2000)",
    }],
    operands: Operands::None,
    plan,
};

const EXECUTIONS: u64 = 2_000;

fn plan(_: &Workspace, args: &Args) -> Result<Plan, String> {
    let executions = args.number("--executions", EXECUTIONS)?;
    let shuttle = Explorer {
        name: "shuttle",
        models: &[
            ("loom", None),
            ("loom_growth", None),
            ("loom_std", Some("std")),
            ("shuttle", Some("std")),
        ],
        told: Some(("ALLOC_SHUTTLE_EXECUTIONS", executions)),
    };
    let step = Step::check("shuttle models", move |workspace| {
        shuttle.explore(workspace)
    });
    Ok(Plan::of(step))
}
