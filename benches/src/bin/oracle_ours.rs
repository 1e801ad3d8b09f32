//! The program of [`alloc_benches::oracle`] under our profiler, which writes to the file that is named.

use std::alloc::System;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use alloc_benches::oracle;
use alloc_tracking::SiteProfiler;

#[global_allocator]
static HEAP: SiteProfiler<System> = SiteProfiler::new(System)
    .with_call_stacks(32)
    .with_exact_peak();

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("a file to write to")?;
    let kept = std::hint::black_box(oracle::work());
    std::mem::forget(kept);
    let mut profile = HEAP.profile();
    profile.symbolize();
    profile.write_dhat(BufWriter::new(File::create(file)?))?;
    Ok(())
}
