//! Rules of the house that no other tool checks. Each reads text and answers what breaks it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::workspace::{Crate, Workspace};

/// The most lines that a source file may have.
const MOST_LINES: usize = 500;

/// A source file as the rules see it.
#[derive(Debug)]
struct Source<'a> {
    /// Relative to the top folder.
    path: &'a Path,
    text: &'a str,
}

/// A rule over one source file: answers `(line, what is wrong)` for each offence.
type Rule = fn(&Source<'_>) -> Vec<(usize, String)>;

/// The rules over single files.
const RULES: &[Rule] = &[
    short_enough,
    no_seq_cst,
    loom_in_the_shim,
    checkers_in_one_module,
    nothing_left_to_do,
];

/// Checks the whole workspace; answers how much was looked at.
///
/// # Errors
/// Every offence, one a line, as `path:line: what`.
pub(crate) fn check(workspace: &Workspace) -> Result<String, String> {
    let mut files = Vec::new();
    for folder in ["crates", "benches"] {
        rust_files(&workspace.root.join(folder), &mut files)
            .map_err(|error| format!("{folder} cannot be read: {error}"))?;
    }
    let mut offences = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file)
            .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        let path = file.strip_prefix(&workspace.root).unwrap_or(file);
        let source = Source { path, text: &text };
        for (line, what) in RULES.iter().flat_map(|rule| rule(&source)) {
            offences.push(format!("{}:{line}: {what}", path.display()));
        }
    }
    offences.extend(workspace.crates.iter().flat_map(complete));
    let examples = workspace.examples();
    offences.extend(distinct(
        examples
            .iter()
            .map(|(name, path)| (name.as_str(), path.as_path())),
    ));

    if offences.is_empty() {
        return Ok(format!(
            "{} files, {} crates",
            files.len(),
            workspace.crates.len()
        ));
    }
    for offence in &offences {
        println!("{offence}");
    }
    Err(format!(
        "{} of the rules of the house broken, each named above",
        offences.len()
    ))
}

/// All Rust files below a folder, in order; nothing that was built or found by a fuzzer.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("target") {
                rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The lines of a source without what stands after `//`, counted from one.
fn code<'a>(source: &Source<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    let strip = |line: &'a str| line.split_once("//").map_or(line, |(code, _)| code);
    source
        .text
        .lines()
        .enumerate()
        .map(move |(index, line)| (index + 1, strip(line)))
}

/// Files stay short enough to be read at once.
fn short_enough(source: &Source<'_>) -> Vec<(usize, String)> {
    let lines = source.text.lines().count();
    if lines <= MOST_LINES {
        return Vec::new();
    }
    vec![(lines, format!("{lines} lines; at most {MOST_LINES}"))]
}

/// No access is `SeqCst`: loom weakens it, so what relies on it is not checked.
fn no_seq_cst(source: &Source<'_>) -> Vec<(usize, String)> {
    let used = code(source).filter(|(_, line)| line.contains("SeqCst"));
    used.map(|(line, _)| (line, "SeqCst; loom does not check it".to_owned()))
        .collect()
}

/// The switch between the explorers of models and the real world stands in one file of a crate, and in tests.
fn loom_in_the_shim(source: &Source<'_>) -> Vec<(usize, String)> {
    let shim = source
        .path
        .file_name()
        .is_some_and(|name| name == "sync.rs");
    if shim
        || source
            .path
            .components()
            .any(|part| part.as_os_str() == "tests")
    {
        return Vec::new();
    }
    // Unit tests that loom cannot run.
    let unit_tests = |line: &str| line.trim() == "#[cfg(all(test, not(loom)))]";
    let switched = code(source).filter(|(_, line)| {
        ["loom", "shuttle"].iter().any(|name| switches(line, name)) && !unit_tests(line)
    });
    switched
        .map(|(line, _)| {
            (
                line,
                "cfg(loom) or cfg(shuttle) outside sync.rs and tests".to_owned(),
            )
        })
        .collect()
}

/// The switch for `AddressSanitizer` stands in one file of the workspace.
fn checkers_in_one_module(source: &Source<'_>) -> Vec<(usize, String)> {
    if source.path.ends_with("alloc-core/src/checker.rs") {
        return Vec::new();
    }
    let switched = code(source).filter(|(_, line)| switches(line, "alloc_asan"));
    switched
        .map(|(line, _)| {
            (
                line,
                "cfg(alloc_asan) outside alloc-core's checker.rs".to_owned(),
            )
        })
        .collect()
}

/// Whether a line of code asks for a cfg of this name.
fn switches(line: &str, name: &str) -> bool {
    let rest = line.find("cfg").map(|at| &line[at..]);
    rest.is_some_and(|rest| words(rest).any(|word| word == name))
}

/// Nothing is left for later, and no debugging aid is left in.
fn nothing_left_to_do(source: &Source<'_>) -> Vec<(usize, String)> {
    const NOTES: &[&str] = &["TODO", "FIXME", "XXX"];
    const MACROS: &[&str] = &["dbg!", "todo!", "unimplemented!"];
    let mut offences = Vec::new();
    for (index, line) in source.text.lines().enumerate() {
        let note = NOTES
            .iter()
            .find(|note| words(line).any(|word| word == **note));
        offences.extend(note.map(|note| (index + 1, format!("{note} left in"))));
    }
    for (number, line) in code(source) {
        let left = MACROS.iter().find(|name| line.contains(*name));
        offences.extend(left.map(|name| (number, format!("{name} left in"))));
    }
    offences
}

/// The identifiers of a line.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// A crate has a README, crate documentation, the lints of the workspace, and if it is a strategy the suite and an example.
fn complete(own: &Crate) -> Vec<String> {
    let read = |file: &str| fs::read_to_string(own.dir.join(file)).unwrap_or_default();
    let has_files = |folder: &str| {
        fs::read_dir(own.dir.join(folder)).is_ok_and(|mut entries| entries.next().is_some())
    };
    let mut offences = Vec::new();
    let mut want = |there: bool, what: &str| {
        if !there {
            offences.push(format!("{}: {what}", own.name));
        }
    };
    want(!read("README.md").trim().is_empty(), "no README.md");
    want(
        has_crate_docs(&read("src/lib.rs")),
        "src/lib.rs does not begin with its documentation",
    );
    want(
        inherits_lints(&read("Cargo.toml")),
        "Cargo.toml does not inherit the lints",
    );
    if own.is_strategy() {
        want(
            read("tests/conformance.rs").contains("suite!"),
            "tests/conformance.rs runs no suite",
        );
        want(has_files("examples"), "no example");
    }
    offences
}

/// Whether the first line that says something is crate documentation.
fn has_crate_docs(lib: &str) -> bool {
    let said = |line: &&str| !line.trim().is_empty() && !line.starts_with("#![");
    lib.lines()
        .find(said)
        .is_some_and(|line| line.starts_with("//! "))
}

/// Whether a manifest takes the lints of the workspace.
fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines.any(|line| line == "[lints]") && lines.next() == Some("workspace = true")
}

/// Examples of different crates are built into one folder, so no two may have the same name.
fn distinct<'a>(examples: impl Iterator<Item = (&'a str, &'a Path)>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut offences = Vec::new();
    for (name, path) in examples {
        if let Some(other) = seen.insert(name, path) {
            let (path, other) = (path.display(), Path::display(other));
            offences.push(format!("{path}: {other} is also an example called {name}"));
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::{
        MOST_LINES, Rule, Source, checkers_in_one_module, complete, distinct, has_crate_docs,
        inherits_lints, loom_in_the_shim, no_seq_cst, nothing_left_to_do, short_enough,
    };
    use crate::workspace::Crate;
    use std::path::{Path, PathBuf};

    /// The lines that a rule objects to.
    fn offences(rule: Rule, path: &str, text: &str) -> Vec<usize> {
        rule(&Source {
            path: Path::new(path),
            text,
        })
        .into_iter()
        .map(|(line, _)| line)
        .collect()
    }

    #[test]
    fn a_long_file_is_rejected() {
        let fits = "x\n".repeat(MOST_LINES);
        assert_eq!(offences(short_enough, "a.rs", &fits), []);
        assert_eq!(
            offences(short_enough, "a.rs", &(fits + "x\n")),
            [MOST_LINES + 1]
        );
    }

    #[test]
    fn seq_cst_is_rejected_in_code_but_not_in_words() {
        assert_eq!(
            offences(no_seq_cst, "a.rs", "x\na.load(Ordering::SeqCst);\n"),
            [2]
        );
        assert_eq!(
            offences(
                no_seq_cst,
                "a.rs",
                "// SeqCst is not used: loom weakens it\n"
            ),
            []
        );
    }

    #[test]
    fn the_switch_for_loom_is_rejected_outside_the_shim() {
        let rule = loom_in_the_shim;
        for bad in [
            "#[cfg(loom)]",
            "#[cfg(not(loom))]",
            "#[cfg(any(loom, shuttle))]",
            "#[cfg(shuttle)]",
            "if cfg!(all(loom, test)) {",
        ] {
            assert_eq!(offences(rule, "crates/a/src/pool.rs", bad), [1], "{bad}");
            assert_eq!(offences(rule, "crates/a/src/sync.rs", bad), []);
            assert_eq!(offences(rule, "crates/a/tests/loom.rs", bad), []);
        }
        assert_eq!(
            offences(
                rule,
                "crates/a/src/pool.rs",
                "//! cfg(loom) stands in sync.rs"
            ),
            []
        );
        assert_eq!(
            offences(rule, "crates/a/src/pool.rs", "use crate::sync::loom_cfg;"),
            []
        );
        let tests = "#[cfg(all(test, not(loom)))]\nmod tests {";
        assert_eq!(offences(rule, "crates/a/src/pool.rs", tests), []);
    }

    #[test]
    fn the_switch_for_address_sanitizer_is_rejected_outside_its_module() {
        let rule = checkers_in_one_module;
        for bad in ["#[cfg(alloc_asan)]", "if cfg!(any(miri, alloc_asan)) {"] {
            assert_eq!(offences(rule, "crates/a/src/pool.rs", bad), [1], "{bad}");
            assert_eq!(offences(rule, "crates/a/tests/pool.rs", bad), [1], "{bad}");
            assert_eq!(offences(rule, "crates/alloc-core/src/checker.rs", bad), []);
        }
        let prose = "//! cfg(alloc_asan) stands in checker.rs";
        assert_eq!(offences(rule, "crates/a/src/pool.rs", prose), []);
    }

    #[test]
    fn what_is_left_for_later_is_rejected() {
        let rule = nothing_left_to_do;
        let bad = [
            "// TODO: grow",
            "// FIXME",
            "/// XXX",
            "dbg!(x);",
            "todo!()",
            "unimplemented!()",
        ];
        for bad in bad {
            assert_eq!(offences(rule, "a.rs", bad), [1], "{bad}");
        }
        assert_eq!(
            offences(rule, "a.rs", "// never call dbg! here\nlet a = \"XXXX\";"),
            []
        );
    }

    #[test]
    fn a_library_without_documentation_is_rejected() {
        assert!(has_crate_docs("#![no_std]\n\n//! Pools.\n"));
        assert!(!has_crate_docs("#![no_std]\nmod pool;\n//! Pools.\n"));
        assert!(!has_crate_docs(""));
    }

    #[test]
    fn a_manifest_with_lints_of_its_own_is_rejected() {
        assert!(inherits_lints("[package]\n\n[lints]\nworkspace = true\n"));
        assert!(!inherits_lints("[lints.rust]\nmissing_docs = \"allow\"\n"));
        assert!(!inherits_lints("[package]\nname = \"x\"\n"));
    }

    #[test]
    fn an_empty_crate_lacks_everything() {
        let dir = PathBuf::from("no-such-folder");
        let empty = Crate {
            name: "alloc-new".to_owned(),
            dir,
            features: Vec::new(),
        };
        assert_eq!(complete(&empty).len(), 5);
    }

    #[test]
    fn two_examples_of_one_name_are_rejected() {
        let (a, b) = (Path::new("a/reset.rs"), Path::new("b/reset.rs"));
        assert_eq!(distinct([("reset", a), ("grow", b)].into_iter()), [""; 0]);
        let expected = "b/reset.rs: a/reset.rs is also an example called reset";
        assert_eq!(
            distinct([("reset", a), ("reset", b)].into_iter()),
            [expected]
        );
    }
}
