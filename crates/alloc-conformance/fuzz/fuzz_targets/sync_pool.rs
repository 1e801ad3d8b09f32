//! Programs on a concurrent pool whose block size the input chooses.
#![no_main]

use alloc_conformance::{Limits, run_bytes};
use alloc_core::Layout;
use alloc_sync_pool::SyncPool;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&[size, power], program)) = data.split_first_chunk() else {
        return;
    };
    let (size, align) = (usize::from(size).max(1), 1 << (power % 8));
    let layout = Layout::from_size_align(size, align).expect("a small size");
    run_bytes(
        |up| SyncPool::new_in(layout, up),
        program,
        &Limits::block(size, align),
    )
    .unwrap_or_else(|violation| panic!("{violation}"));
});
