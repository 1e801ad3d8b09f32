//! What a block counts for.

use super::UNIT;

/// Blocks and bytes that a block stands for: 1 and its size, or more if it is a sample of many.
///
/// Blocks are counted in parts of one: [`UNIT`] of them are a block. Sums wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

impl Weight {
    /// Of a block that stands for itself.
    #[inline]
    pub(super) fn whole(size: usize) -> Self {
        Self {
            blocks: UNIT,
            bytes: size as u64,
        }
    }

    /// Of a sample, see [`chance`].
    #[cold]
    pub(super) fn of_sample(size: usize, mean: u64) -> Self {
        let one_in = 1.0 / chance(size, mean);
        Self {
            blocks: rounded(one_in * rounded_to_float(UNIT)),
            bytes: rounded(one_in * rounded_to_float(size as u64)),
        }
    }

    /// The one with more bytes; this one, if they are equal. What is less than nothing has fewer.
    #[must_use]
    pub(super) fn or_larger(self, other: Self) -> Self {
        if other.bytes.wrapping_sub(self.bytes).cast_signed() > 0 {
            other
        } else {
            self
        }
    }

    /// The sum.
    #[must_use]
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.wrapping_add(other.blocks),
            bytes: self.bytes.wrapping_add(other.bytes),
        }
    }

    /// The difference.
    #[must_use]
    #[inline]
    pub(super) fn less(self, other: Self) -> Self {
        Self {
            blocks: self.blocks.wrapping_sub(other.blocks),
            bytes: self.bytes.wrapping_sub(other.bytes),
        }
    }
}

/// The probability that a block is a sample, if one byte in `mean` is on average and each has the
/// same chance: 1 − e^(−size/mean).
fn chance(size: usize, mean: u64) -> f64 {
    let chance = -(-rounded_to_float(size as u64) / rounded_to_float(mean)).exp_m1();
    // For a block of no bytes, which is never one.
    chance.max(f64::MIN_POSITIVE)
}

/// The variance of the bytes that a sample stands for: size² (1 − p) / p², where p is its chance.
pub(super) fn variance(size: usize, mean: u64) -> f64 {
    let (size, chance) = (rounded_to_float(size as u64), chance(size, mean));
    (size / chance).powi(2) * (1.0 - chance)
}

/// How many bytes to go on to the next sample, from a number in which each bit is as likely as not.
///
/// A way of d bytes ends in byte number ⌈d⌉. So it ends in the next s bytes with just the [`chance`] of a
/// block of that size; rounded to the nearest number it would do so too often.
pub(super) fn distance(random: u64, mean: u64) -> i64 {
    // From 0 to 1, but not 0.
    let fraction = (rounded_to_float(random >> 11) + 1.0) / rounded_to_float(1 << 53);
    let distance = -fraction.ln() * rounded_to_float(mean);
    i64::try_from(rounded(distance.ceil())).unwrap_or(i64::MAX)
}

/// What the lots of a desk begin with: not 0, and another number for each desk of each profiler, also where
/// the memory of one was that of an earlier one.
pub(super) fn seed(desk: usize, profiler: u64) -> u64 {
    // The function that ends SplitMix64 (Steele, Lea and Flood 2014): close numbers become distant ones.
    let mut seed = (desk as u64).wrapping_add(profiler.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    seed = (seed ^ seed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    seed = (seed ^ seed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    (seed ^ seed >> 31) | 1
}

#[allow(
    clippy::cast_precision_loss,
    reason = "an estimate is no better than 53 bits anyway"
)]
pub(super) fn rounded_to_float(n: u64) -> f64 {
    n as f64
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and is given no negative numbers"
)]
pub(super) fn rounded(x: f64) -> u64 {
    x.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_block_stands_for_itself_and_a_small_one_for_many() {
        let mean = 1 << 19;
        assert_eq!(
            Weight::of_sample(1 << 26, mean),
            Weight {
                blocks: UNIT,
                bytes: 1 << 26
            }
        );
        let small = Weight::of_sample(64, mean);
        assert!(small.bytes.abs_diff(mean + 32) <= 1, "{small:?}");
        assert!((small.blocks / UNIT).abs_diff(mean / 64) <= 1, "{small:?}");
        assert!(Weight::of_sample(0, mean).bytes == 0);
    }

    #[test]
    fn distances_have_the_mean_that_was_asked_for() {
        let mean = 1000;
        let (mut random, mut sum) = (1_u64, 0);
        for _ in 0..if cfg!(miri) { 100 } else { 100_000 } {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            sum += distance(random, mean);
        }
        if !cfg!(miri) {
            assert!((sum / 100_000).abs_diff(1000) < 15, "{sum}");
        }
        assert!(distance(u64::MAX, mean) == 0 && distance(0, mean) > 30_000);
    }
}
