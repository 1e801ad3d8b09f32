//! Whether samples are what they are said to be: drawn by lot, each byte with the same chance.
//!
//! Of a figure that is drawn anew in each run a test can only say that it is not far off. All bounds here
//! are five standard deviations: of two million runs one fails by chance.
#![cfg(all(feature = "std", not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use alloc_core::{Allocator, Global};
use alloc_tracking::SiteProfiler;
use alloc_tracking::profile::Amount;
use common::layout;

/// Allocates and frees a block of a size.
fn pair(heap: &SiteProfiler<Global>, size: usize) {
    let layout = layout(size, 1);
    let block = heap.allocate(layout).unwrap().cast();
    // SAFETY: allocated above.
    unsafe { heap.deallocate(block, layout) };
}

/// Allocates and frees so many blocks of a size each. Returns how many were samples.
fn samples(heap: &SiteProfiler<Global>, blocks: u32, size: usize) -> u64 {
    (0..blocks).for_each(|_| pair(heap, size));
    heap.profile().run.sampling.unwrap().samples
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn float(n: u64) -> f64 {
    n as f64
}

/// By how many standard deviations `hits` of `tries` are more than such a chance makes expect.
fn deviations(hits: u64, tries: u64, chance: f64) -> f64 {
    let (hits, tries) = (float(hits), float(tries));
    (hits - tries * chance) / (tries * chance * (1.0 - chance)).sqrt()
}

/// A block of s bytes is a sample with the probability 1 − e^(−s/mean), also where there are few bytes on
/// the way to the next one.
#[test]
fn the_chance_of_a_block_is_the_stated_one() {
    for (mean, size) in [
        (1, 1),
        (2, 1),
        (4, 1),
        (8, 5),
        (30, 7),
        (100, 100),
        (1000, 4000),
    ] {
        let heap = SiteProfiler::new(Global).with_samples(mean);
        let blocks = 40_000;
        let hits = samples(&heap, blocks, size);
        let chance = -(-float(size as u64) / float(mean)).exp_m1();
        let off = deviations(hits, blocks.into(), chance);
        assert!(
            off.abs() < 5.0,
            "mean {mean}, size {size}: {hits}, {off} deviations"
        );
        // The estimate is the number of samples divided by their chance.
        let blocks_then = heap.profile().totals().total.blocks;
        let expected = float(hits) / chance;
        assert!((float(blocks_then) / expected - 1.0).abs() < 1e-4);
        assert_eq!(heap.profile().totals().at_end, Amount::default());
    }
}

/// A profiler whose memory lies where that of an earlier one lay draws other lots.
#[test]
fn each_profiler_draws_anew() {
    let tries = 2000;
    let hits = (0..tries).map(|_| {
        let heap = SiteProfiler::new(Global).with_samples(1000);
        samples(&heap, 1, 693)
    });
    let off = deviations(hits.sum(), tries, 0.5);
    assert!(off.abs() < 5.0, "{off} deviations");
}

/// The estimates spread about the truth as widely as is said, and on both sides of it alike.
#[test]
fn estimates_are_as_far_off_as_they_say() {
    let tries = 400;
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..tries {
        let heap = SiteProfiler::new(Global).with_samples(1000);
        let mut truth = 0;
        for i in 0..1500_u32 {
            // One block in 50 is far larger than the mean.
            let size = if i % 50 == 0 { 5000 } else { 1 + i * 7 % 300 };
            pair(&heap, size as usize);
            truth += u64::from(size);
        }
        let estimate = float(heap.profile().totals().total.bytes);
        let deviation = heap.error() * estimate;
        let off = (estimate - float(truth)) / deviation;
        (sum, squares) = (sum + off, squares + off * off);
    }
    let (mean, variance) = (sum / float(tries), squares / float(tries));
    // The mean of 400 deviates by a twentieth, and is a little low: an estimate that is too small believes
    // that it is better than it is.
    assert!(mean.abs() < 0.1 + 5.0 / 20.0, "{mean}");
    assert!(
        (variance - 1.0).abs() < 0.1 + 5.0 * 1.6 / 20.0,
        "{variance}"
    );
}
