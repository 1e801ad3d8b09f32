//! Programs on combinators over real strategies: blocks that come from two places, and move between them.
#![no_main]

use std::mem::MaybeUninit;

use alloc_arena::FixedArena;
use alloc_compose::{Fallback, Limit, Segregate};
use alloc_conformance::{Limits, Program, Upstream, run_bytes};
use alloc_core::Layout;
use alloc_pool::Pool;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&which, program)) = data.split_first() else {
        return;
    };
    let limits = Limits::any();
    let block = Layout::new::<[u64; 8]>();
    match which % 4 {
        0 => run_bytes(
            |up| Fallback::new(Pool::fixed_in(block, 8, up.clone()), up),
            program,
            &limits,
        ),
        1 => fixed_arena_then_heap(program),
        2 => run_bytes(
            |up| Segregate::<64, _, _>::new(Pool::new_in(block, up.clone()), up),
            program,
            // What is small enough for the pool may be aligned too much for it.
            &limits.blocks(0),
        ),
        _ => run_bytes(|up| Limit::new(up, 10_000), program, &limits.bytes(10_000)),
    }
    .unwrap_or_else(|violation| panic!("{violation}"));
});

/// A buffer on the stack, and the heap when it is full.
fn fixed_arena_then_heap(program: &[u8]) -> Result<(), alloc_conformance::Violation> {
    let mut buffer = [MaybeUninit::uninit(); 500];
    let upstream = Upstream::new().over_returning().least_aligned();
    let both = Fallback::new(
        FixedArena::<8>::with_min_align(&mut buffer),
        upstream.clone(),
    );
    Program::from_bytes(program).run(&&both, &Limits::any())?;
    drop(both);
    upstream.check()
}
