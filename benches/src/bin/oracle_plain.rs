//! The program of [`alloc_benches::oracle`], for a profiler that looks at it from outside.

use alloc_benches::oracle;

fn main() {
    let kept = std::hint::black_box(oracle::work());
    // What is live at the end is what it returned.
    std::mem::forget(kept);
}
