//! `loom --mutants`: which mistakes the models notice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::loom::{self, MODELS};
use crate::command::{Cmd, Failure};
use crate::mutants::score::{self, Outcome, Verdict};
use crate::mutants::{self, Mutant};
use crate::step::Step;
use crate::workspace::{Crate, Workspace};

/// Where the table is kept, in the top folder.
const KEPT: &str = "docs/LOOM-MUTANTS.md";

/// How long a model may take with a mistake in it: so long, and so many times what it takes without.
const PATIENCE: (Duration, u32) = (Duration::from_secs(30), 10);

/// A model that takes longer than this without a mistake may end too late with one for no other reason than that there is
/// more to explore: that it is not through tells nothing.
const QUICK: Duration = Duration::from_secs(1);

/// How long a build may take.
const BUILD: Duration = Duration::from_secs(1_200);

/// The step: all mutants, or those whose name contains the filter.
pub(super) fn step(filter: Option<String>) -> Step {
    Step::check("loom mutants", move |workspace| {
        run(workspace, filter.as_deref())
    })
}

/// The crates that have models.
fn crates(workspace: &Workspace) -> impl Iterator<Item = &Crate> {
    let modelled = |own: &&Crate| MODELS.iter().any(|(test, _)| own.has_test(test));
    workspace.crates.iter().filter(modelled)
}

fn run(workspace: &Workspace, filter: Option<&str>) -> Result<String, Failure> {
    let folder = workspace.root.join(workspace.target("mutants"));
    let copy = folder.join("workspace");
    copied(&workspace.root, &copy)
        .map_err(|error| format!("the workspace cannot be copied: {error}"))?;
    let mut outcomes = Vec::new();
    for own in crates(workspace) {
        let mut mutants = mutants::of(own)?;
        mutants.retain(|mutant| filter.is_none_or(|filter| mutant.name.contains(filter)));
        if !mutants.is_empty() {
            let bench = Bench::new(own, &copy, &folder)?;
            outcomes.extend(bench.try_all(mutants)?);
        }
    }
    if outcomes.is_empty() {
        return Err("no mutant has such a name".to_owned().into());
    }
    keep(workspace, &folder, &outcomes, filter)?;
    let objections: Vec<_> = outcomes.iter().filter_map(Outcome::objection).collect();
    for objection in &objections {
        println!("{objection}");
    }
    let score = score::score(&outcomes);
    if objections.is_empty() {
        return Ok(score);
    }
    Err(format!(
        "{score}; {} of them not as expected, each named above",
        objections.len()
    )
    .into())
}

/// Writes the table where builds are and, if all were tried, where it is kept.
fn keep(
    workspace: &Workspace,
    folder: &Path,
    outcomes: &[Outcome],
    filter: Option<&str>,
) -> Result<(), String> {
    let table = format!(
        "{}, {}.\n\n{}",
        score::score(outcomes),
        score::today(),
        score::table(outcomes)
    );
    let write = |path: &Path, text: &str| {
        println!("written: {}", path.display());
        fs::write(path, text)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    };
    write(&folder.join("table.md"), &table)?;
    if filter.is_some() {
        return Ok(());
    }
    let kept = workspace.root.join(KEPT);
    let file =
        fs::read_to_string(&kept).map_err(|error| format!("{KEPT} cannot be read: {error}"))?;
    let file = score::written(&file, &table).map_err(|what| format!("{KEPT}: {what}"))?;
    write(&kept, &file)
}

/// Copies a folder to where there is nothing afterwards but that; nothing that was built, and nothing hidden.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copied(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// A test target with models.
#[derive(Debug)]
struct Target {
    build: Cmd,
    /// The program without a mistake.
    program: Vec<u8>,
}

/// A model, by its name in a target.
#[derive(Debug)]
struct Model {
    target: usize,
    name: String,
    /// How long it takes without a mistake.
    takes: Duration,
}

/// Where mutants of a crate are built and tried.
#[derive(Debug)]
struct Bench {
    /// The crate's folder in the copy.
    dir: PathBuf,
    targets: Vec<Target>,
    /// The quick ones first.
    models: Vec<Model>,
}

impl Bench {
    /// Builds the models without a mistake and runs each.
    fn new(own: &Crate, copy: &Path, folder: &Path) -> Result<Self, Failure> {
        let dir = copy.join("crates").join(&own.name);
        let (mut targets, mut models) = (Vec::new(), Vec::new());
        for (test, feature) in MODELS {
            if !own.has_test(test) {
                continue;
            }
            let build = loom::build("loom", &[&own.name], test, feature)
                .words("--no-run --message-format json")
                // What a mistake changes is built anew, and nothing else.
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .env("CARGO_INCREMENTAL", "1")
                .target_dir(&folder.join("build"))
                .dir(copy);
            println!("$ {build}");
            let Some(path) = built(&build)? else {
                return Err(format!("`{build}` did not succeed").into());
            };
            let program = read(&path)?;
            models.extend(timed(&path, targets.len())?);
            targets.push(Target { build, program });
        }
        models.sort_by_key(|model| model.takes);
        Ok(Self {
            dir,
            targets,
            models,
        })
    }

    /// Tries each, and tells what became of it.
    fn try_all(&self, mutants: Vec<Mutant>) -> Result<Vec<Outcome>, Failure> {
        let count = mutants.len();
        let mut outcomes = Vec::new();
        for (index, mutant) in mutants.into_iter().enumerate() {
            let started = Instant::now();
            let place = self.dir.join(&mutant.file);
            let original = read(&place)?;
            let write = |text: &[u8]| {
                fs::write(&place, text)
                    .map_err(|error| format!("{} cannot be written: {error}", place.display()))
            };
            write(mutant.text.as_bytes())?;
            let verdict = self.verdict()?;
            write(&original)?;
            let outcome = Outcome { mutant, verdict };
            let (name, words) = (&outcome.mutant.name, outcome.words());
            let (at, took) = (index + 1, started.elapsed().as_secs_f64());
            println!("{at}/{count} {name}: {words} ({took:.1} s)");
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    /// What becomes of the mistake that is in the copy.
    fn verdict(&self) -> Result<Verdict, Failure> {
        let mut paths = Vec::new();
        for target in &self.targets {
            let Some(path) = built(&target.build)? else {
                return Ok(Verdict::DoesNotCompile);
            };
            let differs = read(&path)? != target.program;
            paths.push(differs.then_some(path));
        }
        let mut runs = Vec::new();
        for model in &self.models {
            runs.extend(paths[model.target].as_deref().map(|path| (model, path)));
        }
        if runs.is_empty() {
            return Ok(Verdict::Same);
        }
        // The quickest model that fails, or else one that does not end.
        let mut verdict = Verdict::Missed;
        for ending in side_by_side(&runs) {
            match (ending?, &verdict) {
                (caught @ Verdict::Caught(..), _) => return Ok(caught),
                (late @ Verdict::TimedOut(_), Verdict::Missed) => verdict = late,
                _ => {}
            }
        }
        Ok(verdict)
    }
}

/// Runs models until one fails, as many at once as the machine has processors; answers in the order of the models.
fn side_by_side(runs: &[(&Model, &Path)]) -> Vec<Result<Verdict, Failure>> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let endings = Mutex::new(BTreeMap::new());
    let work = || {
        while !failed.load(Ordering::Relaxed)
            && let index = next.fetch_add(1, Ordering::Relaxed)
            && let Some((model, path)) = runs.get(index)
        {
            let ending = tried(model, path);
            let ends = !matches!(ending, Ok(Verdict::Missed | Verdict::TimedOut(_)));
            failed.fetch_or(ends, Ordering::Relaxed);
            if let Ok(mut endings) = endings.lock() {
                endings.insert(index, ending);
            }
        }
    };
    let jobs = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        (0..jobs).for_each(|_| {
            scope.spawn(work);
        });
    });
    let endings = endings.into_inner().unwrap_or_default();
    endings.into_values().collect()
}

/// Runs a model of a program with a mistake.
fn tried(model: &Model, path: &Path) -> Result<Verdict, Failure> {
    let limit = PATIENCE.0 + model.takes * PATIENCE.1;
    let (ended, output) = one(path, &model.name).watch_for(limit)?;
    let name = || model.name.clone();
    Ok(match ended {
        Some(false) => Verdict::Caught(name(), complaint(&output)),
        None if model.takes < QUICK => Verdict::TimedOut(name()),
        _ => Verdict::Missed,
    })
}

/// Builds a test target; answers where it is, or nothing if it does not compile.
fn built(build: &Cmd) -> Result<Option<PathBuf>, Failure> {
    let (ended, output) = build.watch_for(BUILD)?;
    let path = || {
        let (_, rest) = output.rsplit_once("\"executable\":\"")?;
        let (path, _) = rest.split_once('"')?;
        Some(PathBuf::from(path.replace(r"\\", r"\")))
    };
    Ok(path().filter(|_| ended == Some(true)))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// One model of a program.
fn one(path: &Path, name: &str) -> Cmd {
    Cmd::new(path.display().to_string()).args(["--exact", name, "--nocapture"])
}

/// The models of a program without a mistake, and how long each takes.
fn timed(path: &Path, target: usize) -> Result<Vec<Model>, Failure> {
    let list = Cmd::new(path.display().to_string()).words("--list");
    let (_, listed) = list.watch()?;
    let names = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let mut models = Vec::new();
    for name in names {
        let run = one(path, name);
        let started = Instant::now();
        let (passed, output) = run.watch()?;
        if !passed {
            println!("{output}");
            return Err(format!("`{run}` fails without a mistake").into());
        }
        models.push(Model {
            target,
            name: name.to_owned(),
            takes: started.elapsed(),
        });
    }
    if models.is_empty() {
        return Err(format!("`{list}` lists no model").into());
    }
    Ok(models)
}

/// What a model that failed says first.
fn complaint(output: &str) -> String {
    const LONGEST: usize = 80;
    let mut lines = output.lines().map(str::trim);
    let panicked = lines.by_ref().any(|line| line.contains("panicked at "));
    let said = lines.find(|line| !line.is_empty()).filter(|_| panicked);
    said.unwrap_or("ended by a signal")
        .chars()
        .take(LONGEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{KEPT, complaint, copied, crates};
    use crate::mutants::{self, score};
    use crate::workspace::Workspace;
    use std::fs;

    #[test]
    fn every_mutant_has_its_row_in_the_table() -> Result<(), String> {
        // Who changes an atomic or a guard tries the mutants again.
        let workspace = Workspace::find()?;
        let kept =
            fs::read_to_string(workspace.root.join(KEPT)).map_err(|error| error.to_string())?;
        let mut rows = score::rows(&kept);
        rows.sort_unstable();
        let mut names = Vec::new();
        for own in crates(&workspace) {
            let mutants = mutants::of(own)?;
            assert!(!mutants.is_empty(), "{}", own.name);
            names.extend(mutants.iter().map(|mutant| score::cell(&mutant.name)));
        }
        names.sort_unstable();
        assert_eq!(rows, names, "run `cargo xtask loom --mutants`");
        Ok(())
    }

    #[test]
    fn what_a_model_says_first_is_kept() {
        let output =
            "\nrunning 1 test\n\nthread 'x' panicked at a.rs:1:2:\nhanded out twice\nnote: x\n";
        assert_eq!(complaint(output), "handed out twice");
        assert_eq!(complaint("running 1 test\n"), "ended by a signal");
        assert_eq!(
            complaint(&format!("panicked at x\n{}", "ö".repeat(100)))
                .chars()
                .count(),
            80
        );
    }

    #[test]
    fn a_copy_has_nothing_built_and_nothing_hidden() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-copy-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        for file in ["a/b.rs", "target/c", ".git/d", "e"] {
            let path = from.join(file);
            fs::create_dir_all(path.parent().unwrap())?;
            fs::write(path, file)?;
        }
        fs::create_dir_all(to.join("old"))?;
        copied(&from, &to)?;
        let there = ["a/b.rs", "target", ".git", "e", "old"].map(|path| to.join(path).exists());
        fs::remove_dir_all(&folder)?;
        assert_eq!(there, [true, false, false, true, false]);
        Ok(())
    }
}
