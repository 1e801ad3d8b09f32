//! Measures the cases of the registry: `cargo xtask bench` and `cargo xtask icount` run this.
//!
//! Whatever can be disturbed by its neighbours runs in a process of its own, which is this program
//! again with one of the hidden commands: `sample` takes times of one workload, `once` is what
//! callgrind looks at, `weigh` counts memory.

mod cli;
mod icount;
mod memory;
mod run;
mod store;
mod time;

use std::process::ExitCode;

use alloc_benches::instruments::counting::Counting;

/// Counts for `weigh`; otherwise it is the system's allocator.
#[global_allocator]
static HEAP: Counting = Counting::new();

fn main() -> ExitCode {
    cli::main()
}
