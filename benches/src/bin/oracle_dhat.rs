//! The program of [`alloc_benches::oracle`] under dhat-rs, which writes to the file that is named.

use alloc_benches::oracle;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

fn main() {
    let file = std::env::args().nth(1).expect("a file to write to");
    let profiler = dhat::Profiler::builder()
        .file_name(file)
        .trim_backtraces(None)
        .build();
    let kept = std::hint::black_box(oracle::work());
    std::mem::forget(kept);
    drop(profiler);
}
