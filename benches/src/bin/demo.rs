//! Runs real jobs over text with each allocator and with the system's: `demo --help` says how.

use std::process::ExitCode;

fn main() -> ExitCode {
    alloc_benches::demo::main(std::env::args_os().skip(1))
}
