//! Counts instructions with callgrind, a tool of valgrind.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::registry::Case;

/// How many iterations the shorter run has. The first one warms the subject up.
const SHORT: u64 = 2;
/// How many the longer one has.
const LONG: u64 = 4;

/// The package that has callgrind, by the name that Linux distributions and Homebrew give it.
pub const PACKAGE: &str = "valgrind";

/// Parts of the names of subjects that do not run under valgrind 3.19: snmalloc ends the program when
/// it cannot reserve as much address space as it wants, and what is loaded before the C library comes
/// too late there.
const NOT_UNDER_VALGRIND: [&str; 2] = ["snmalloc", "heaptrack"];

/// Whether callgrind can count a case: its subject runs there, and it has one thread, as valgrind runs
/// all threads on one processor in turns.
pub fn can_count(case: &Case) -> bool {
    let runs = |name: &&str| !case.subject.contains(*name);
    case.threads == 1 && NOT_UNDER_VALGRIND.iter().all(runs)
}

/// Whether callgrind can be run.
///
/// # Errors
///
/// A sentence that names the package to install.
pub fn is_there() -> Result<(), String> {
    let version = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match version {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!(
            "instructions are counted with callgrind, which is not installed: it is in the \
             package `{PACKAGE}` (`apt-get install {PACKAGE}`)"
        )),
    }
}

/// Instructions per operation of a case, as the difference between a run of four iterations and one
/// of two: what comes before and after the iterations, and the first of them, falls out.
///
/// `program` with the arguments of `once`, and then a number, runs so many iterations.
///
/// # Errors
///
/// The program cannot be run, or fails: a sentence.
pub fn instructions(program: &Path, once: &[String], case: &Case) -> Result<f64, String> {
    let short = run(program, once, SHORT)?;
    let long = run(program, once, LONG)?;
    Ok(per_operation(short, long, (LONG - SHORT) * case.ops))
}

/// The difference per operation. A workload without instructions would be 0, never less.
fn per_operation(short: u64, long: u64, operations: u64) -> f64 {
    let ratio = |number: u64| {
        // Both are far below 2^53, where a float is still exact.
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let number = number as f64;
        number
    };
    ratio(long.saturating_sub(short)) / ratio(operations.max(1))
}

/// Runs the program under callgrind; returns how many instructions it took in all.
fn run(program: &Path, once: &[String], iterations: u64) -> Result<u64, String> {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(once)
        .arg(iterations.to_string())
        // A longer environment moves the stack, and with it what is aligned and what is not.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last = messages.lines().rev().take(5).collect::<Vec<_>>();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        return Err(format!(
            "{} failed under callgrind: {}\n{last}",
            once.join(" "),
            output.status
        ));
    }
    collected(&messages).ok_or_else(|| format!("callgrind said no count:\n{messages}"))
}

/// The count in callgrind's messages, in the line `==123== Collected : 456`.
fn collected(messages: &str) -> Option<u64> {
    let line = messages.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_found() {
        let messages = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n";
        assert_eq!(collected(messages), Some(1_234_567));
        assert_eq!(collected("==7== nothing"), None);
    }

    #[test]
    fn what_both_runs_have_falls_out() {
        let exactly = |left: f64, right: f64| (left - right).abs() < 1e-12;
        assert!(exactly(per_operation(1_000, 1_180, 20), 9.0));
        assert!(exactly(per_operation(1_000, 999, 20), 0.0));
    }
}
