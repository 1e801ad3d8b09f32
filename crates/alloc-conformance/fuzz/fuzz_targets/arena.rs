//! Programs on an arena.
#![no_main]

use alloc_arena::Arena;
use alloc_conformance::{Limits, run_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    run_bytes(Arena::new_in, data, &Limits::any())
        .unwrap_or_else(|violation| panic!("{violation}"));
});
