//! A hook for the end of the program is registered with whatever comes first: this file runs itself again
//! as programs that begin in different ways.
#![cfg(all(feature = "std", unix, not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::io::Write;
use std::process::{Command, Output};

use alloc_core::{Global, boxed::Box};
use alloc_tracking::{Budget, Budgeted, SiteProfiler};

static HEAP: SiteProfiler<Global, Budgeted> = SiteProfiler::budgeted(Global)
    .with_series()
    .with_exit_hook(hook);
static BUDGET: Budget = Budget::new(1000);

/// Says that a process is the program, and how it begins.
const BEGINNING: &str = "EXIT_HOOK_BEGINNING";

extern "C" fn hook() {
    let _ = writeln!(std::io::stderr(), "the hook was called");
}

/// What the program does: as a test, it does nothing.
#[test]
fn the_program() {
    let Some(beginning) = std::env::var_os(BEGINNING) else {
        return;
    };
    match beginning.to_str() {
        Some("type") => drop(Box::new_in([1_u8; 10], HEAP.of::<u8>())),
        Some("budget") => drop(BUDGET.run(|| Box::new_in([1_u8; 10], &HEAP))),
        Some("point") => HEAP.take_point(),
        Some("watch") => drop(HEAP.watch(|| ())),
        Some("nothing") => return,
        _ => {}
    }
    drop(Box::new_in([1_u8; 10], &HEAP));
}

fn run(beginning: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "the_program", "--nocapture"])
        .env(BEGINNING, beginning);
    command.output().unwrap()
}

#[test]
fn it_is_called_once_whatever_the_program_began_with() {
    for beginning in ["block", "type", "budget", "point", "watch"] {
        let output = run(beginning);
        let said = String::from_utf8_lossy(&output.stderr);
        let calls = said.matches("the hook was called").count();
        assert_eq!(calls, 1, "{beginning}: {output:?}");
    }
}

#[test]
fn without_a_block_there_is_nothing_to_tell() {
    let said = run("nothing").stderr;
    assert!(!String::from_utf8_lossy(&said).contains("the hook"));
}
