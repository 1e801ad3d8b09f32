//! Budgets of the global allocator.
//!
//! Not under Miri, for the reason that `global_by_site.rs` gives.
#![cfg(all(feature = "std", not(miri)))]

use std::alloc::System;
use std::hint::black_box;
use std::process::Command;

use alloc_tracking::{Budget, Budgeted, SiteProfiler};

#[global_allocator]
static HEAP: SiteProfiler<System, Budgeted> = SiteProfiler::budgeted(System)
    .with_call_stacks(16)
    .with_exit_hook(report);

static REQUEST: Budget = Budget::new(1 << 20);

#[test]
fn what_is_over_it_fails_and_what_was_made_is_given_back() {
    let lines = REQUEST.run(|| {
        let mut lines: Vec<String> = Vec::new();
        while lines.try_reserve(1).is_ok() {
            let mut line = String::new();
            if line.try_reserve_exact(1000).is_err() {
                break;
            }
            lines.push(line);
        }
        // There is no room for a report, which is made all the same.
        let totals = HEAP.profile().totals();
        assert!(totals.at_end.bytes >= REQUEST.live_bytes() as u64);
        lines
    });
    assert!((900..1049).contains(&lines.len()), "{}", lines.len());
    assert!(REQUEST.live_bytes() > (1 << 20) - 50_000);
    // Outside of the scope there is room.
    drop(black_box(vec![0_u8; 4 << 20]));
    std::thread::spawn(move || drop(lines)).join().unwrap();
    assert_eq!(REQUEST.live_bytes(), 0);
    assert!(REQUEST.peak_bytes() <= REQUEST.limit());
    assert_eq!(HEAP.fault_counts().total(), 0);
}

/// Less than what a report takes.
static SMALL: Budget = Budget::new(100);

/// Says that a process is a program that ends in a budget.
const PROGRAM: &str = "GLOBAL_BUDGET_PROGRAM";

extern "C" fn report() {
    if std::env::var_os(PROGRAM).is_some() {
        HEAP.report();
    }
}

/// What the program does: as a test, it does nothing.
#[test]
fn the_program() {
    if std::env::var_os(PROGRAM).is_some() {
        SMALL.run(|| std::process::exit(3));
    }
}

/// There is no room for a report in it, which would abort the program.
#[test]
fn a_program_that_ends_in_a_budget_has_its_report() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_program"])
        .env(PROGRAM, "1")
        .env_remove("HEAP_PROFILE")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(" by bytes at the peak"), "{said}");
}
