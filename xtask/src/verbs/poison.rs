//! The faulty programs: the ignored tests of `tests/poison.rs`, each of which a memory checker must end.

use crate::command::{Cmd, Failure};
use crate::workspace::Crate;

/// The test target that has them, in the crates that tell memory checkers what they do.
pub(super) const TARGET: &str = "poison";

/// How a checker's reports are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checker {
    /// What the line says that a report begins with.
    pub(super) report: &'static str,
    /// What stands in the line that says where the fault is.
    pub(super) place: &'static str,
}

/// Whether a crate has such programs.
pub(super) fn has_programs(own: &Crate) -> bool {
    own.has_test(TARGET)
}

/// Runs each program for which `wanted` holds in a process of its own; answers how many there are. `target` runs the
/// test target, with the words for the test harness added to it.
///
/// # Errors
/// There is none, or one of them is not ended by the checker with a report on itself.
pub(super) fn check(
    target: &Cmd,
    checker: Checker,
    wanted: impl Fn(&str) -> bool,
) -> Result<usize, Failure> {
    let list = target.clone().words("--ignored --list");
    let (listed, output) = list.watch()?;
    let names = output
        .lines()
        .filter_map(|line| line.strip_suffix(": test"));
    let programs: Vec<&str> = names.filter(|name| wanted(name)).collect();
    if !listed || programs.is_empty() {
        println!("{output}");
        return Err(format!("`{list}` lists no program").into());
    }
    let mut unseen = Vec::new();
    for name in &programs {
        let run = target.clone().words("--ignored --exact").args([name]);
        let (passed, output) = run.watch()?;
        if passed || !reports(&output, checker) {
            println!("{output}");
            unseen.push(*name);
        }
    }
    if unseen.is_empty() {
        return Ok(programs.len());
    }
    let unseen = unseen.join(", ");
    Err(format!("a fault was not reported where it is: {unseen}").into())
}

/// Whether the output has a report, on a line of the programs themselves or of the suite's `poison.rs`, which reads and writes for them.
fn reports(output: &str, checker: Checker) -> bool {
    let mut lines = output.lines();
    let begins = lines.any(|line| line.contains(checker.report));
    let place = lines.find(|line| line.contains(checker.place));
    begins && place.is_some_and(|line| line.contains(TARGET))
}

/// The note of a step that passed.
pub(super) fn note(count: usize) -> String {
    format!("{count} faults reported")
}

#[cfg(test)]
mod tests {
    use super::{Checker, check, has_programs, reports};
    use crate::command::Cmd;
    use crate::workspace::Workspace;

    const CHECKER: Checker = Checker {
        report: "error: Fault",
        place: "-->",
    };

    /// A test target: two programs, and what each does.
    fn target(program: &str) -> Cmd {
        let script = format!(
            "case $2 in --list) echo 'one: test'; echo 'two: test';; *) name=$3; {program};; esac"
        );
        Cmd::new("sh").args(["-c", &script, "sh"])
    }

    const SEEN: &str = "echo 'error: Fault: bad' >&2; echo ' --> tests/poison.rs:1' >&2; exit 1";

    #[test]
    fn each_program_must_be_reported() {
        assert_eq!(check(&target(SEEN), CHECKER, |_| true), Ok(2));
        assert_eq!(check(&target(SEEN), CHECKER, |name| name == "two"), Ok(1));
    }

    #[test]
    fn one_that_ends_without_a_report_fails() {
        for bad in ["exit 0", "exit 1", "echo 'error: Fault: bad'; exit 1"] {
            let program = format!("if [ $name = two ]; then {bad}; fi; {SEEN}");
            let failure = check(&target(&program), CHECKER, |_| true).unwrap_err();
            assert!(failure.what.ends_with(": two"), "{}", failure.what);
        }
    }

    #[test]
    fn a_report_of_one_that_passes_is_none() {
        let program = SEEN.replace("exit 1", "exit 0");
        let failure = check(&target(&program), CHECKER, |_| true).unwrap_err();
        assert!(failure.what.ends_with(": one, two"), "{}", failure.what);
    }

    #[test]
    fn where_there_is_no_program_nothing_was_shown() {
        let none = check(&target(SEEN), CHECKER, |_| false).unwrap_err();
        assert!(none.what.ends_with(" lists no program"), "{}", none.what);
        assert!(check(&Cmd::new("false"), CHECKER, |_| true).is_err());
    }

    #[test]
    fn a_fault_elsewhere_is_not_the_one() {
        let report = |place: &str| format!("x\nerror: Fault: bad\n  {place}\n  |\n");
        assert!(reports(&report("--> tests/poison.rs:3:4"), CHECKER));
        let elsewhere = report("--> src/arena.rs:3:4") + "  --> tests/poison.rs:3:4";
        assert!(!reports(&elsewhere, CHECKER));
        assert!(!reports("  --> tests/poison.rs:3:4", CHECKER));
    }

    #[test]
    fn arenas_and_pools_have_programs() -> Result<(), String> {
        let names = ["alloc-arena", "alloc-pool", "alloc-sync-pool"];
        assert_eq!(Workspace::find()?.names(has_programs), names);
        Ok(())
    }
}
