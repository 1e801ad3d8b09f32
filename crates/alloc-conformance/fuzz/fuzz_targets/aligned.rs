//! Programs on raised alignments.
#![no_main]

use alloc_aligned::Aligned;
use alloc_conformance::{Limits, run_bytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&which, program)) = data.split_first() else {
        return;
    };
    let limits = Limits::any();
    match which % 3 {
        0 => run_bytes(Aligned::<1, _>::new, program, &limits),
        1 => run_bytes(Aligned::<64, _>::new, program, &limits),
        _ => run_bytes(Aligned::<4096, _>::new, program, &limits),
    }
    .unwrap_or_else(|violation| panic!("{violation}"));
});
