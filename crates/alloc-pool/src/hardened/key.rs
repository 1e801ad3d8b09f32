//! Numbers that nobody can guess, as far as a program without an operating system can have them.

/// Mixes the bits of a number (Steele and others, *Fast Splittable Pseudorandom Number Generators*, 2014).
pub(super) const fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Makes a key, which is not zero. The addresses differ from one run of a program to the next where
/// the system lays memory out at random.
#[allow(clippy::cast_possible_truncation)] // All bits are mixed.
pub(super) fn fresh(addresses: [usize; 2]) -> usize {
    let [a, b] = addresses.map(|address| address as u64);
    let seed = mix(a) ^ mix(b.rotate_left(32)) ^ outside();
    mix(seed) as usize | 1 << (usize::BITS - 1)
}

/// The next number after `state`, which is not zero (Marsaglia, *Xorshift RNGs*, 2003).
#[inline]
pub(super) const fn next(state: u64) -> u64 {
    let mut next = state;
    next ^= next << 13;
    next ^= next >> 7;
    next ^= next << 17;
    next
}

/// Randomness of the operating system. Where it has none, or the thread is so near to its end that
/// there is no way to it, `RandomState` panics: an allocator must not, and the addresses have to do.
#[cfg(feature = "std")]
fn outside() -> u64 {
    use core::hash::{BuildHasher, Hasher};
    let state = std::panic::catch_unwind(std::hash::RandomState::new);
    state.map_or(0, |state| state.build_hasher().finish())
}

/// A number that differs from one call to the next.
#[cfg(all(not(feature = "std"), target_has_atomic = "ptr"))]
fn outside() -> u64 {
    use core::sync::atomic::{AtomicUsize, Ordering};
    static CALLS: AtomicUsize = AtomicUsize::new(1);
    mix(CALLS.fetch_add(1, Ordering::Relaxed) as u64)
}

/// Nothing.
#[cfg(all(not(feature = "std"), not(target_has_atomic = "ptr")))]
fn outside() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_zero_and_differ() {
        let keys = [fresh([0, 0]), fresh([0, 0]), fresh([8, 0]), fresh([0, 8])];
        for (index, key) in keys.iter().enumerate() {
            assert!(*key != 0 && !keys[..index].contains(key));
        }
    }

    #[test]
    fn numbers_do_not_get_stuck() {
        let mut seen = [false; 16];
        let mut state = fresh([1, 2]) as u64;
        for _ in 0..1000 {
            state = next(state);
            assert!(state != 0);
            seen[(state % 16) as usize] = true;
        }
        assert_eq!(seen, [true; 16]);
    }
}
