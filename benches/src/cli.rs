//! The demo's command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// How much text the demo takes unless it is told otherwise, in MiB.
pub const DEFAULT_LIMIT_MIB: usize = 32;

/// How much text `--quick` takes unless it is told otherwise, in MiB.
pub const QUICK_LIMIT_MIB: usize = 4;

/// What `--help` prints.
pub const HELP: &str = "\
Runs real jobs over text, each with an allocator of this workspace and with the system's.

Usage: demo [OPTIONS] [PATHS]...

Arguments:
  [PATHS]...     Files or folders of UTF-8 text. Without any: the sources of this workspace
                 and of its dependencies on this machine. In folders, hidden entries, links
                 and Cargo's target folders are passed over.

Options:
      --out FILE     Where the HTML report goes [default: target/demo.html of the workspace]
      --limit MIB    Takes at most this much text [default: 32, or 4 with --quick]
      --quick        Less text and fewer rounds: a look, not a measurement
  -h, --help         Prints this

Exit code: 0 if every job computed the same answer with both allocators; 1 if one did not, if
nothing could be read, or if the report could not be written; 2 for a wrong command line.
";

/// What the user asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Files and folders; empty means the default input.
    pub paths: Vec<PathBuf>,
    /// The HTML file; `None` means the default place.
    pub out: Option<PathBuf>,
    /// The most text that is taken, in bytes.
    pub limit: usize,
    /// Fewer rounds.
    pub quick: bool,
}

/// A parsed command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `--help`.
    Help,
    /// Run the jobs.
    Run(Options),
}

/// Parses the arguments after the program's name.
///
/// # Errors
///
/// A sentence for the user.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut args = args.into_iter();
    let mut paths = Vec::new();
    let mut out = None;
    let mut limit = None;
    let mut quick = false;
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--help" | "-h") => return Ok(Command::Help),
            Some("--quick") => quick = true,
            Some("--out") => out = Some(PathBuf::from(value(&mut args, "--out", "a file")?)),
            Some("--limit") => limit = Some(mib(&value(&mut args, "--limit", "a number of MiB")?)?),
            Some("--") => {
                paths.extend(args.by_ref().map(PathBuf::from));
            }
            Some(flag) if flag.starts_with('-') && flag.len() > 1 => {
                return Err(format!("there is no option `{flag}`; --help lists them"));
            }
            _ => paths.push(PathBuf::from(arg)),
        }
    }
    let limit = limit.unwrap_or(
        if quick {
            QUICK_LIMIT_MIB
        } else {
            DEFAULT_LIMIT_MIB
        } << 20,
    );
    Ok(Command::Run(Options {
        paths,
        out,
        limit,
        quick,
    }))
}

/// The argument of an option.
fn value(
    args: &mut impl Iterator<Item = OsString>,
    option: &str,
    what: &str,
) -> Result<OsString, String> {
    args.next()
        .ok_or_else(|| format!("`{option}` needs {what}"))
}

/// A number of MiB, in bytes.
fn mib(text: &OsString) -> Result<usize, String> {
    text.to_str()
        .and_then(|digits| digits.parse::<usize>().ok())
        .filter(|&mib| mib > 0)
        .and_then(|mib| mib.checked_mul(1 << 20))
        .ok_or_else(|| {
            format!(
                "`--limit` needs a whole number of MiB from 1 up, not `{}`",
                text.display()
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from))
    }

    fn options(args: &[&str]) -> Options {
        match run(args) {
            Ok(Command::Run(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_means_the_defaults() {
        let options = options(&[]);
        assert!(options.paths.is_empty() && options.out.is_none() && !options.quick);
        assert_eq!(options.limit, DEFAULT_LIMIT_MIB << 20);
    }

    #[test]
    fn options_and_paths_mix() {
        let options = options(&["a", "--quick", "--out", "r.html", "b", "--", "--quick"]);
        assert_eq!(options.paths, ["a", "b", "--quick"].map(PathBuf::from));
        assert_eq!(options.out, Some(PathBuf::from("r.html")));
        assert_eq!(options.limit, QUICK_LIMIT_MIB << 20);
    }

    #[test]
    fn a_given_limit_wins_over_quick() {
        assert_eq!(options(&["--limit", "9", "--quick"]).limit, 9 << 20);
    }

    #[test]
    fn help_knows_the_defaults() {
        let words = format!("[default: {DEFAULT_LIMIT_MIB}, or {QUICK_LIMIT_MIB} with --quick]");
        assert!(HELP.contains(&words));
    }

    #[test]
    fn help_wins_over_what_follows() {
        assert_eq!(run(&["--help", "--nonsense"]), Ok(Command::Help));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(run(&["--nonsense"]).unwrap_err().contains("`--nonsense`"));
        assert!(run(&["--out"]).unwrap_err().contains("needs a file"));
        for wrong in [
            "0",
            "-1",
            "many",
            "99999999999999999999",
            "18446744073709551615",
        ] {
            assert!(
                run(&["--limit", wrong]).unwrap_err().contains(wrong),
                "{wrong}"
            );
        }
    }
}
