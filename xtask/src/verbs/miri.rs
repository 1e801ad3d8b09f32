//! `miri`: the tests under Miri, crate by crate.

use super::Verb;
use super::poison::{self, Checker};
use crate::args::{Args, Flag, Operands};
use crate::command::Cmd;
use crate::need::Need;
use crate::step::{Plan, Step};
use crate::workspace::{Crate, Workspace};

pub(super) const VERB: Verb = Verb {
    name: "miri",
    line: "runs every crate's tests, or the named ones', under Miri (nightly)",
    more: "\nUnit and integration tests; documentation tests are left to `test`. Of the crates that tell Miri what\n\
           they do, the faulty programs in tests/poison.rs as well: Miri must report each of them.\n",
    flags: &[
        Flag {
            name: "--tree-borrows",
            value: None,
            line: "under Tree Borrows, not Stacked Borrows",
        },
        Flag {
            name: "--all-models",
            value: None,
            line: "under both, one after the other",
        },
        Flag {
            name: "--many-seeds",
            value: Some("N"),
            line: "only tests with threads, each with N seeds, and so N ways for them to meet",
        },
    ],
    operands: Operands::Words("CRATE..."),
    plan,
};

/// The aliasing rules that Miri holds programs to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Model {
    StackedBorrows,
    TreeBorrows,
}

impl Model {
    /// What Miri is to be told.
    fn flags(self) -> String {
        let common = "-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check";
        match self {
            Self::StackedBorrows => common.to_owned(),
            Self::TreeBorrows => format!("{common} -Zmiri-tree-borrows"),
        }
    }
}

const BOTH: &[Model] = &[Model::StackedBorrows, Model::TreeBorrows];

/// All tests of a crate but those of its documentation.
const ALL_TESTS: &str = "--lib --tests";

/// What `ci` runs under Tree Borrows as well: of the crates whose blocks are reached by more than one
/// pointer, the tests that do so most. All the rest would take minutes more.
const ALSO_TREE: &[(&str, &str)] = &[
    (
        "alloc-arena",
        "--test panics --test peers_bugs --test reentry --test scopes",
    ),
    ("alloc-aligned", "--test containers --test raise"),
];

/// Where threads meet, in seconds a seed, of the crates that have that; of the others it is all tests. `seats` is not
/// in it, as it takes longer than these together, and `torture` has threads that come and go.
const THREADED: &[(&str, &str)] = &[(
    "alloc-sync-pool",
    "--test collected --test threads --test torture",
)];

const MIRI: Checker = Checker {
    report: "error: Undefined Behavior: ",
    place: "-->",
};

/// In the names of the faulty programs that are none under Tree Borrows, where a pointer may leave its block.
const ONLY_STACKED: &str = "out_of_its_block";

/// How the names of the faulty programs begin that `ci` runs under Tree Borrows as well: where the pointer is the
/// fault, and not what is read.
const ALSO_TREE_PROGRAMS: [&str; 2] = ["write_", "stale_"];

fn plan(workspace: &Workspace, args: &Args) -> Result<Plan, String> {
    let crates = chosen(workspace, &args.operands)?;
    let models = if args.has("--all-models") {
        BOTH
    } else if args.has("--tree-borrows") {
        &BOTH[1..]
    } else {
        &BOTH[..1]
    };
    let seeds = args.number("--many-seeds", 0)?;
    if seeds != 0 {
        let steps = models.iter().flat_map(|model| {
            let seeded = |own: &&Crate| seeded(*model, own, seeds);
            crates.iter().map(seeded)
        });
        return Ok(side_by_side(steps));
    }
    let with_programs = || crates.iter().filter(|own| poison::has_programs(own));
    let steps = models.iter().flat_map(|model| {
        let tests = crates.iter().map(|own| step(*model, own, ALL_TESTS));
        tests.chain(with_programs().map(|own| programs(*model, own, |_| true)))
    });
    Ok(side_by_side(steps))
}

/// As each step is interpreted by a single thread.
fn side_by_side(steps: impl IntoIterator<Item = Step>) -> Plan {
    Plan::default().then([setup()]).then_side_by_side(steps)
}

/// The crates asked for, or all if none was named.
fn chosen<'w>(workspace: &'w Workspace, asked: &[String]) -> Result<Vec<&'w Crate>, String> {
    let known = || workspace.names(|_| true).join(", ");
    let find = |name: &String| {
        let found = workspace.find_crate(name);
        found.ok_or_else(|| format!("there is no crate `{name}`; there are: {}", known()))
    };
    if asked.is_empty() {
        Ok(workspace.crates.iter().collect())
    } else {
        asked.iter().map(find).collect()
    }
}

/// Every crate, and some tests under the other model, for `ci`. After [`setup`], in any order.
pub(super) fn all(workspace: &Workspace) -> Vec<Step> {
    let crates = workspace.crates.iter();
    let tree = ALSO_TREE.iter().filter_map(|(name, tests)| {
        let own = workspace.find_crate(name)?;
        Some(step(Model::TreeBorrows, own, tests))
    });
    let steps = crates.map(|own| step(Model::StackedBorrows, own, ALL_TESTS));
    let faulty = workspace
        .crates
        .iter()
        .filter(|own| poison::has_programs(own))
        .flat_map(|own| {
            let few = |name: &str| {
                ALSO_TREE_PROGRAMS
                    .iter()
                    .any(|start| name.starts_with(start))
            };
            [
                programs(Model::StackedBorrows, own, |_| true),
                programs(Model::TreeBorrows, own, few),
            ]
        });
    steps.chain(tree).chain(faulty).collect()
}

/// Builds the standard library for Miri: once and before all others, as they would each do it.
pub(super) fn setup() -> Step {
    let cmd = Cmd::cargo("+nightly miri setup");
    Step::run("miri: standard library", cmd).needs(NEEDS)
}

const NEEDS: [Need; 3] = [Need::Nightly, Need::Miri, Need::RustSrc];

fn step(model: Model, own: &Crate, tests: &str) -> Step {
    Step::run(name(model, own), command(own, tests, model.flags())).needs(NEEDS)
}

/// The step of the tests that come out one way or the other by the seed, with the first so many.
fn seeded(model: Model, own: &Crate, seeds: u64) -> Step {
    let threaded = THREADED.iter().find(|(name, _)| *name == own.name);
    let tests = threaded.map_or(ALL_TESTS, |(_, tests)| tests);
    let flags = model.flags() + &format!(" -Zmiri-many-seeds=0..{seeds}");
    let cmd = command(own, tests, flags);
    Step::run(format!("{}, {seeds} seeds", name(model, own)), cmd).needs(NEEDS)
}

/// The step of the faulty programs of a crate.
fn programs(model: Model, own: &Crate, wanted: fn(&str) -> bool) -> Step {
    let target = command(own, "--test", model.flags()).args([poison::TARGET, "--"]);
    let wanted = move |name: &str| {
        wanted(name) && (model == Model::StackedBorrows || !name.contains(ONLY_STACKED))
    };
    Step::check(name(model, own) + ": faulty programs", move |workspace| {
        poison::check(&target.dir(&workspace.root), MIRI, wanted).map(poison::note)
    })
    .needs(NEEDS)
}

fn name(model: Model, own: &Crate) -> String {
    match model {
        Model::StackedBorrows => format!("miri {}", own.name),
        Model::TreeBorrows => format!("miri {} (Tree Borrows)", own.name),
    }
}

fn command(own: &Crate, tests: &str, flags: String) -> Cmd {
    Cmd::cargo("+nightly miri test --no-fail-fast")
        .packages([own.name.as_str()])
        .words("--features")
        .args([own.features_of(&["nightly", "std"])])
        .words(tests)
        .env("MIRIFLAGS", flags)
}

#[cfg(test)]
mod tests {
    use super::{
        ALL_TESTS, ALSO_TREE, ALSO_TREE_PROGRAMS, Model, ONLY_STACKED, THREADED, VERB, all, chosen,
        command, setup,
    };
    use crate::args::parse;
    use crate::workspace::Workspace;

    #[test]
    fn crates_are_chosen_by_name() -> Result<(), String> {
        let workspace = Workspace::find()?;
        assert_eq!(chosen(&workspace, &[])?.len(), workspace.crates.len());
        assert_eq!(
            chosen(&workspace, &["arena".to_owned()])?[0].name,
            "alloc-arena"
        );
        let error = chosen(&workspace, &["heap".to_owned()]).unwrap_err();
        assert!(
            error.starts_with("there is no crate `heap`; there are: alloc-"),
            "{error}"
        );
        Ok(())
    }

    #[test]
    fn each_crate_is_asked_for_the_features_it_has() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let line = |name, model| {
            let own = workspace
                .find_crate(name)
                .ok_or_else(|| format!("no {name}"))?;
            Ok::<_, String>(command(own, ALL_TESTS, Model::flags(model)).to_string())
        };
        let core = line("core", Model::StackedBorrows)?;
        assert!(
            core.contains("-p alloc-core --features nightly,std --lib --tests"),
            "{core}"
        );
        assert!(!core.contains("tree-borrows"));
        let suite = line("conformance", Model::TreeBorrows)?;
        assert!(suite.contains("--features nightly --lib"), "{suite}");
        assert!(suite.contains("-Zmiri-tree-borrows"));
        Ok(())
    }

    #[test]
    fn the_faulty_programs_are_run_under_each_model() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let both = parse(
            &["arena".to_owned(), "--all-models".to_owned()],
            VERB.flags,
            VERB.operands,
        )?;
        let names = [
            "miri: standard library",
            "miri alloc-arena",
            "miri alloc-arena: faulty programs",
            "miri alloc-arena (Tree Borrows)",
            "miri alloc-arena (Tree Borrows): faulty programs",
        ];
        assert_eq!((VERB.plan)(&workspace, &both)?.names(), names);
        let mut all = all(&workspace);
        all.push(setup());
        assert!(
            names
                .iter()
                .all(|name| all.iter().any(|step| step.name == *name))
        );
        Ok(())
    }

    #[test]
    fn many_seeds_are_for_the_tests_with_threads() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let words = ["sync-pool", "--many-seeds", "5"].map(ToOwned::to_owned);
        let args = parse(&words, VERB.flags, VERB.operands)?;
        let names = ["miri: standard library", "miri alloc-sync-pool, 5 seeds"];
        assert_eq!((VERB.plan)(&workspace, &args)?.names(), names);
        Ok(())
    }

    #[test]
    fn the_programs_named_for_one_model_exist() -> Result<(), String> {
        let workspace = Workspace::find()?;
        let own = workspace.find_crate("arena").ok_or("no arena")?;
        let file = own.dir.join("tests").join("poison.rs");
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let starts = ALSO_TREE_PROGRAMS.map(|start| format!("fn {start}"));
        assert!(starts.iter().all(|start| text.contains(start)));
        assert!(text.contains(ONLY_STACKED));
        Ok(())
    }

    #[test]
    fn the_tests_that_are_named_exist() -> Result<(), String> {
        let workspace = Workspace::find()?;
        for (name, tests) in ALSO_TREE.iter().chain(THREADED) {
            let own = workspace.find_crate(name);
            let folder = own.ok_or_else(|| format!("no {name}"))?.dir.join("tests");
            for test in tests.split_whitespace().filter(|word| *word != "--test") {
                let files = [format!("{test}.rs"), format!("{test}/main.rs")];
                let exists = files.iter().any(|file| folder.join(file).is_file());
                assert!(exists, "{name} {test}");
            }
        }
        Ok(())
    }
}
