//! Programs with one mistake each, made from a crate's sources: what its loom models have to notice.

mod atomics;
mod code;
mod guards;
pub(crate) mod score;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::workspace::Crate;

/// The list of a crate's guards.
const LIST: &str = "tests/mutants.txt";

/// One mistake.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mutant {
    /// What it is, in words that no other one has.
    pub(crate) name: String,
    /// The file that it is in, relative to the crate.
    pub(crate) file: String,
    /// The line that it begins at.
    pub(crate) line: usize,
    /// The whole file with the mistake in it.
    pub(crate) text: String,
    /// Why no model notices it, if that is known.
    pub(crate) reason: Option<String>,
}

/// All mutants of a crate: those that follow from its atomics, file by file, then those of its list.
///
/// # Errors
/// What is wrong with the list, or with an ordering.
pub(crate) fn of(own: &Crate) -> Result<Vec<Mutant>, String> {
    let mut files = Vec::new();
    let cannot =
        |what: &Path, error: &io::Error| format!("{} cannot be read: {error}", what.display());
    let folder = own.dir.join("src");
    sources(&folder, &mut files).map_err(|error| cannot(&folder, &error))?;
    let mut texts = HashMap::new();
    let mut mutants = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|error| cannot(&path, &error))?;
        let file = path.strip_prefix(&own.dir).unwrap_or(&path);
        let file = file.to_string_lossy().replace('\\', "/");
        mutants.extend(atomics::mutants(&file, &text)?);
        texts.insert(file, text);
    }
    number(&mut mutants);
    let list = fs::read_to_string(own.dir.join(LIST)).unwrap_or_default();
    listed(&list, &texts, &mut mutants).map_err(|what| format!("{}: {LIST}: {what}", own.name))?;
    Ok(mutants)
}

/// All Rust files below a folder, in order.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
    let mut paths: Vec<PathBuf> = entries?.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Adds a number to all but the first of those that have one name.
fn number(mutants: &mut [Mutant]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for mutant in mutants {
        let count = seen.entry(mutant.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            mutant.name = format!("{} ({count})", mutant.name);
        }
    }
}

/// Adds those of a list, and what the list knows of the others.
fn listed(
    list: &str,
    sources: &HashMap<String, String>,
    mutants: &mut Vec<Mutant>,
) -> Result<(), String> {
    for entry in guards::read(list)? {
        let name = entry.name;
        let one = if entry.old.is_empty() {
            let derived = mutants.iter_mut().find(|mutant| mutant.name == name);
            derived.ok_or_else(|| format!("nothing is called `{name}`"))?
        } else {
            let text = sources.get(entry.file);
            let text = text.ok_or_else(|| format!("`{name}`: there is no {}", entry.file))?;
            let (line, span) = guards::find(text, &entry.old).map_err(|what| {
                format!("`{name}`: {} {what} in {}", entry.old.join(" "), entry.file)
            })?;
            let new: String = entry
                .new
                .iter()
                .flat_map(|line| {
                    [
                        line, "
",
                    ]
                })
                .collect();
            mutants.push(Mutant {
                name: format!("{}: {name}", stem(entry.file)),
                file: entry.file.to_owned(),
                line,
                text: replaced(text, &span, &new),
                reason: None,
            });
            let end = mutants.len() - 1;
            &mut mutants[end]
        };
        one.reason = entry.reason;
    }
    let mut names: Vec<_> = mutants.iter().map(|mutant| &mutant.name).collect();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two are called `{}`", pair[0])),
        None => Ok(()),
    }
}

/// A file's name without folder and ending.
fn stem(file: &str) -> &str {
    let name = file.rsplit_once('/').map_or(file, |(_, name)| name);
    name.strip_suffix(".rs").unwrap_or(name)
}

/// The text with something else in the place of a part.
fn replaced(text: &str, span: &Range<usize>, with: &str) -> String {
    [&text[..span.start], with, &text[span.end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{Mutant, listed, number};
    use std::collections::HashMap;

    fn mutant(name: &str) -> Mutant {
        Mutant {
            name: name.to_owned(),
            file: "src/a.rs".to_owned(),
            line: 1,
            text: String::new(),
            reason: None,
        }
    }

    fn add(list: &str) -> Result<Vec<Mutant>, String> {
        let texts = HashMap::from([("src/a.rs".to_owned(), "one\n  two\nthree\n".to_owned())]);
        let mut mutants = vec![mutant("derived")];
        listed(list, &texts, &mut mutants).map(|()| mutants)
    }

    #[test]
    fn names_are_made_different() {
        let mut mutants = ["a", "b", "a"].map(mutant);
        number(&mut mutants);
        assert_eq!(mutants.map(|mutant| mutant.name), ["a", "b", "a (2)"]);
    }

    #[test]
    fn a_guard_is_replaced_in_its_file() {
        let mutants = add("@ src/a.rs\n= x\n- two\n+ 2\n+ 22\n! why\n= derived\n! so\n").unwrap();
        assert_eq!(mutants[0].reason.as_deref(), Some("so"));
        let expected = Mutant {
            line: 2,
            text: "one\n2\n22\nthree\n".to_owned(),
            reason: Some("why".to_owned()),
            ..mutant("a: x")
        };
        assert_eq!(mutants[1], expected);
    }

    #[test]
    fn a_list_that_does_not_fit_the_sources_is_rejected() {
        for (list, what) in [
            ("@ src/a.rs\n= x\n- four\n", "does not occur"),
            ("@ src/b.rs\n= x\n- two\n", "there is no src/b.rs"),
            ("= unknown\n! why\n", "nothing is called"),
            ("@ src/a.rs\n= x\n- two\n= x\n- one\n", "two are called"),
        ] {
            let error = add(list).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }
}
