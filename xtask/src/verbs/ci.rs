//! `ci`: everything.

use super::{
    Verb, asm, bench, demo, doc, fuzz, lint, loom, miri, oracle, sanitize, shuttle, test, torture,
};
use crate::args::{Args, Flag, Operands, parse};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "ci",
    line: "runs everything: style, warnings, tests, Miri, sanitizers, fuzzing, benchmarks, demo",
    more: "\nNightly, its components and cargo-fuzz are installed where they are missing, unless\n\
           XTASK_NO_INSTALL=1 is set. What cannot be had is skipped, with the command that installs it.\n",
    flags: &[
        Flag {
            name: "--skip-test",
            value: None,
            line: "leaves out the steps of `cargo xtask test`",
        },
        Flag {
            name: "--long",
            value: None,
            line: "then tortures the concurrent crates, draws schedules and seeds, and tries mutants: half an hour and more",
        },
    ],
    operands: Operands::None,
    plan,
};

/// What `--long` adds: other verbs, and their words.
const LONGER: &[(Verb, &[&str])] = &[
    (torture::VERB, &["--seconds", "180"]),
    (torture::VERB, &["--seconds", "60", "--tsan"]),
    (shuttle::VERB, &[]),
    (miri::VERB, &["sync-pool", "--many-seeds", "8"]),
    (loom::VERB, &["--mutants"]),
];

/// For how long each fuzz target runs.
const FUZZ_SECONDS: u64 = 5;

/// The steps that take longest, as measured on two processors.
const LONGEST: [&str; 11] = [
    "miri alloc-tracking",
    "asan",
    "miri alloc-pool",
    "miri alloc-arena",
    "miri alloc-sync-pool",
    "tsan",
    "instructions",
    "every benchmark once",
    "miri alloc-aligned",
    "miri alloc-conformance",
    "oracle",
];

fn plan(workspace: &Workspace, args: &Args) -> Result<Plan, String> {
    let mut plan = Plan::default()
        .then(lint::steps(workspace))
        .then([doc::step(false)]);
    if !args.has("--skip-test") {
        plan = test::add(plan, workspace);
    }
    plan = asm::add(plan)
        .then([miri::setup()])
        .then_side_by_side(longest_first(slow_steps(workspace)));
    if args.has("--long") {
        for (verb, words) in LONGER {
            let words: Vec<_> = words.iter().map(ToString::to_string).collect();
            let args = parse(&words, verb.flags, verb.operands)?;
            plan = plan.and((verb.plan)(workspace, &args)?);
        }
    }
    Ok(plan)
}

/// What takes minutes, and leaves a processor idle for much of them.
fn slow_steps(workspace: &Workspace) -> Vec<Step> {
    let mut steps = Vec::from(sanitize::asan(workspace));
    steps.push(sanitize::tsan(workspace));
    steps.extend(miri::all(workspace));
    steps.extend(fuzz::steps(workspace, FUZZ_SECONDS));
    steps.extend(bench::steps());
    steps.push(oracle::step());
    steps.push(demo::small_step(workspace));
    steps
}

/// The long ones first, so that none of them begins when all others are done; then the others as they are.
fn longest_first(mut steps: Vec<Step>) -> Vec<Step> {
    let rank = |step: &Step| LONGEST.iter().position(|name| *name == step.name);
    steps.sort_by_key(|step| rank(step).unwrap_or(LONGEST.len()));
    steps
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, VERB, longest_first, slow_steps};
    use crate::args::{Args, parse};
    use crate::workspace::Workspace;

    #[test]
    fn the_longest_steps_exist_and_begin_first() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let steps = longest_first(slow_steps(&workspace));
        let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names[..LONGEST.len()], LONGEST);
        assert_eq!(steps.len(), slow_steps(&workspace).len());
        Ok(())
    }

    #[test]
    fn the_long_way_goes_on_where_the_short_one_ends() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let short = (VERB.plan)(&workspace, &Args::default())?;
        let args = parse(&["--long".to_owned()], VERB.flags, VERB.operands)?;
        let long = (VERB.plan)(&workspace, &args)?;
        let (short, long) = (short.names(), long.names());
        assert_eq!(long[..short.len()], short);
        for name in [
            "torture",
            "torture under ThreadSanitizer",
            "shuttle models",
            "miri alloc-sync-pool, 8 seeds",
        ] {
            assert!(long[short.len()..].contains(&name), "{name}");
        }
        Ok(())
    }

    #[test]
    fn everything_is_in_it_and_the_tests_can_be_left_out() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let all = (VERB.plan)(&workspace, &Args::default())?;
        let all = all.names();
        for name in [
            "tidy",
            "formatting",
            "clippy",
            "documentation",
            "miri alloc-pool",
            "miri alloc-arena (Tree Borrows)",
            "miri alloc-arena: faulty programs",
            "asan",
            "asan: faulty programs",
        ] {
            assert!(all.contains(&name), "{name} is not in {all:?}");
        }
        let args = parse(&["--skip-test".to_owned()], VERB.flags, VERB.operands)?;
        let rest = (VERB.plan)(&workspace, &args)?;
        let rest = rest.names();
        let left_out: Vec<_> = all
            .into_iter()
            .filter(|name| !rest.contains(name))
            .collect();
        assert_eq!(left_out.len(), 5, "{left_out:?}");
        assert!(left_out.contains(&"loom models"));
        Ok(())
    }
}
