//! `asm`: the machine code of the arena's fast path.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Verb;
use crate::args::Operands;
use crate::assembly::straight_path;
use crate::command::{Cmd, Failure, Output};
use crate::step::{Plan, Step};
use crate::workspace::Workspace;

pub(super) const VERB: Verb = Verb {
    name: "asm",
    line: "shows the machine code of the arena's fast path and counts it (x86-64)",
    more: "\nFails if a function of crates/alloc-arena/examples/fast_path.rs takes more instructions\n\
           than the number that stands above it.\n",
    flags: &[],
    operands: Operands::None,
    plan: |_, _| Ok(add(Plan::default())),
};

/// The package with the functions, and the example that they are in.
const PACKAGE: &str = "alloc-arena";
const EXAMPLE: &str = "fast_path";

/// A function, and the instructions that a call of it may take.
#[derive(Debug, PartialEq)]
struct Bound<'a> {
    function: &'a str,
    most: usize,
}

/// The plan with the step added, where the machine is of the kind whose instructions are counted.
pub(super) fn add(plan: Plan) -> Plan {
    if cfg!(target_arch = "x86_64") {
        plan.then([Step::check("assembly of the fast path", check)])
    } else {
        plan.note("not run: assembly of the fast path: it is counted on x86-64".to_owned())
    }
}

/// Compiles the functions, shows the straight path of each, and compares.
fn check(workspace: &Workspace) -> Result<String, Failure> {
    let own = workspace.find_crate(PACKAGE);
    let own = own.ok_or_else(|| format!("there is no crate {PACKAGE}"))?;
    let source = read(&own.dir.join("examples").join(format!("{EXAMPLE}.rs")))?;
    let bounds = bounds(&source)?;
    let text = read(&compile(workspace)?)?;
    let mut counts = Vec::new();
    let mut offences = Vec::new();
    for Bound { function, most } in bounds {
        let path = straight_path(&text, function)?;
        println!("\n{function}: {} instructions, at most {most}", path.len());
        for instruction in &path {
            println!("    {}", instruction.replace('\t', " "));
        }
        counts.push(format!("{function} {}", path.len()));
        if path.len() > most {
            let count = path.len();
            offences.push(format!(
                "{function} takes {count} instructions, at most {most}"
            ));
        }
    }
    if offences.is_empty() {
        Ok(counts.join(", "))
    } else {
        Err(offences.join("; ").into())
    }
}

fn read(file: &Path) -> Result<String, String> {
    let cannot = |error| format!("{} cannot be read: {error}", file.display());
    fs::read_to_string(file).map_err(cannot)
}

/// The functions of the source that other programs can name, each with the number above it.
fn bounds(source: &str) -> Result<Vec<Bound<'_>>, String> {
    let mut bounds = Vec::new();
    let mut number = None;
    for line in source.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["//", "at", "most", most, "instructions"] => number = most.parse().ok(),
            ["pub", "fn", rest, ..] | ["pub", "unsafe", "fn", rest, ..] => {
                let function = rest.split(['(', '<']).next().unwrap_or(rest);
                let most = number.take();
                let most = most.ok_or_else(|| format!("no number stands above `{function}`"))?;
                bounds.push(Bound { function, most });
            }
            _ => {}
        }
    }
    if bounds.is_empty() {
        return Err("there is no function to count".to_owned());
    }
    Ok(bounds)
}

/// Compiles the functions as programs are, and finds the assembly.
fn compile(workspace: &Workspace) -> Result<PathBuf, Failure> {
    let target = workspace.target("asm");
    let folder = workspace.root.join(&target);
    let folder = folder.join("release").join("examples");
    // What is inlined across crates needs no optimisation at link time. Flags of the person's own
    // would change the code.
    Cmd::cargo("rustc --release --features std")
        .packages([PACKAGE])
        .args(["--example", EXAMPLE])
        .words("-- --emit asm -C llvm-args=-x86-asm-syntax=intel")
        .env("RUSTFLAGS", "")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .target_dir(&target)
        .dir(&workspace.root)
        .run(&Output::Inherit)?;
    let files = fs::read_dir(&folder).into_iter().flatten().flatten();
    let written = files.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(EXAMPLE) && name.ends_with(".s")
    });
    // Each compiler writes a file of its own name.
    let newest = written.max_by_key(|path| {
        let about = fs::metadata(path);
        about
            .and_then(|about| about.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    });
    let missing = || format!("no assembly was written in {}", folder.display()).into();
    newest.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::{Bound, bounds, read};
    use crate::workspace::Workspace;

    #[test]
    fn numbers_are_read_with_the_functions_below_them() {
        let source = "/// Puts.\n// at most 7 instructions\n#[unsafe(no_mangle)]\n\
                      pub fn put(arena: &Arena) {}\n\nfn main() {}\n";
        let function = "put";
        assert_eq!(bounds(source), Ok(vec![Bound { function, most: 7 }]));
    }

    #[test]
    fn a_function_without_a_number_is_an_error() {
        let error = "no number stands above `put`";
        assert_eq!(bounds("pub fn put<T>() {}").unwrap_err(), error);
        let two = "// at most 7 instructions\npub fn a() {}\npub fn put() {}\n";
        assert_eq!(bounds(two).unwrap_err(), error);
        assert!(bounds("fn main() {}").is_err());
    }

    #[test]
    fn an_aligned_word_takes_seven() -> Result<(), String> {
        let own = Workspace::find()?;
        let own = own.find_crate(super::PACKAGE).ok_or("no arena")?;
        let source = read(&own.dir.join("examples").join("fast_path.rs"))?;
        let word = bounds(&source)?
            .into_iter()
            .find(|b| b.function == "put_u64");
        assert_eq!(word.map(|bound| bound.most), Some(7));
        Ok(())
    }
}
