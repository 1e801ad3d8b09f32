//! Computes a dot product over aligned blocks, sixteen accumulators wide, and checks that no
//! register was loaded off its boundary.
//!
//! ```text
//! cargo run -p alloc-aligned --example simd_sum
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_aligned::{Simd, is_aligned_to};
use alloc_core::{Global, vec::Vec};

/// How many `f32` fill the 64 bytes of one block.
const LANES: usize = 16;

/// The dot product of two aligned vectors of equal length, block by block; the compiler turns the
/// inner loop into vector code.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        assert!(
            is_aligned_to(a, 64) && is_aligned_to(b, 64),
            "a block off its boundary"
        );
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

fn main() {
    let mut ones = Vec::new_in(Simd::new(Global));
    let mut steps = Vec::new_in(Simd::new(Global));
    for i in 0..1003_u16 {
        // Each push may move the vector; the new place is aligned as the old one was.
        ones.push(1.0_f32);
        steps.push(f32::from(i % 4));
    }
    println!(
        "1003 values: {} aligned blocks of {LANES}, and {} more",
        1003 / LANES,
        1003 % LANES
    );

    let sum = dot(&ones, &steps);
    let expected: f32 = steps.iter().sum();
    println!("dot product: {sum}");
    assert!(
        (sum - expected).abs() < f32::EPSILON,
        "the lanes and the plain loop disagree"
    );

    steps.truncate(10);
    steps.shrink_to_fit();
    assert!(is_aligned_to(steps.as_ptr(), 64));
    println!("after shrinking to 10 values the data is still aligned to 64 bytes");
}
