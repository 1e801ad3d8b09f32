//! Programs on the two trackers.
#![no_main]

use alloc_conformance::{Limits, run_bytes};
use alloc_tracking::{Profiler, Tracking};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&which, program)) = data.split_first() else {
        return;
    };
    let limits = Limits::any();
    match which % 2 {
        0 => run_bytes(Tracking::new, program, &limits),
        _ => run_bytes(Profiler::new, program, &limits),
    }
    .unwrap_or_else(|violation| panic!("{violation}"));
});
