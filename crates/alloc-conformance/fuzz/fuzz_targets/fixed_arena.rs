//! Programs on an arena in a buffer, which ends in the middle of most of them.
#![no_main]

use std::mem::MaybeUninit;

use alloc_arena::FixedArena;
use alloc_conformance::{Limits, Program};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&offset, program)) = data.split_first() else {
        return;
    };
    let mut buffer = [MaybeUninit::uninit(); 1 << 14];
    // A buffer at any address.
    let arena = FixedArena::new(&mut buffer[usize::from(offset)..]);
    let limits = Limits::any().bytes(1 << 13);
    Program::from_bytes(program)
        .run(&&arena, &limits)
        .unwrap_or_else(|violation| panic!("{violation}"));
});
