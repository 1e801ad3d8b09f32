//! Bytes that tell blocks apart: written to memory, and looked for later.
//!
//! The pattern of a seed counts modulo a prime, so that neighbouring bytes differ, and so do bytes
//! a power of two apart. It is copied and compared in runs: byte loops would be most of what the
//! suite costs under an interpreter.

use std::ptr::NonNull;
use std::slice;

/// The period of each pattern, a prime.
const PERIOD: usize = 251;
/// The length of a run: a multiple of the period, so that every run of a block looks alike.
const RUN: usize = 16 * PERIOD;

static TABLE: [u8; RUN + PERIOD] = table();
static ZEROES: [u8; RUN] = [0; RUN];

#[allow(clippy::cast_possible_truncation)] // less than 251
const fn table() -> [u8; RUN + PERIOD] {
    let mut table = [0; RUN + PERIOD];
    let mut i = 0;
    while i < table.len() {
        // Never 0, so that zeroed memory is told from every pattern.
        table[i] = (i % PERIOD + 1) as u8;
        i += 1;
    }
    table
}

/// The run that stands for a seed.
fn run(seed: usize) -> &'static [u8] {
    &TABLE[seed % PERIOD..][..RUN]
}

/// Writes the pattern of `seed` to `len` bytes at `start`.
///
/// # Safety
///
/// The bytes are valid for writes.
pub(crate) unsafe fn fill(start: NonNull<u8>, len: usize, seed: usize) {
    let run = run(seed);
    for offset in (0..len).step_by(RUN) {
        let part = NonNull::from(run).cast::<u8>();
        // SAFETY: the offset is inside the bytes that the caller speaks of.
        let to = unsafe { start.add(offset) };
        // SAFETY: what is left is at most the length of the run; the run is a static, and not
        // writable memory of anybody.
        unsafe { to.copy_from_nonoverlapping(part, RUN.min(len - offset)) };
    }
}

/// Finds the first byte that is not as the pattern of `seed` has it.
///
/// # Safety
///
/// The bytes are valid for reads and were written to, and nobody writes to them meanwhile.
pub(crate) unsafe fn mismatch(start: NonNull<u8>, len: usize, seed: usize) -> Option<usize> {
    // SAFETY: the caller's promise.
    unsafe { differs(start, len, run(seed)) }
}

/// Finds the first byte that is not zero.
///
/// # Safety
///
/// As for [`mismatch`].
pub(crate) unsafe fn non_zero(start: NonNull<u8>, len: usize) -> Option<usize> {
    // SAFETY: the caller's promise.
    unsafe { differs(start, len, &ZEROES) }
}

/// Finds the first byte in which memory differs from repetitions of `run`.
///
/// # Safety
///
/// As for [`mismatch`].
unsafe fn differs(start: NonNull<u8>, len: usize, run: &[u8]) -> Option<usize> {
    for offset in (0..len).step_by(RUN) {
        // SAFETY: the offset is inside the bytes that the caller speaks of.
        let part = unsafe { start.add(offset) };
        // SAFETY: the part is inside these bytes, which are readable, written to, and left alone meanwhile.
        let seen = unsafe { slice::from_raw_parts(part.as_ptr(), RUN.min(len - offset)) };
        if seen != &run[..seen.len()] {
            let inside = seen.iter().zip(run).position(|(a, b)| a != b);
            return inside.map(|i| offset + i);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_found_again_and_a_change_is_seen() {
        let mut bytes = vec![0; 3 * RUN + 7];
        let start = NonNull::from(&mut bytes[..]).cast::<u8>();
        let len = 3 * RUN + 7;
        // SAFETY: the vector is that long, initialised, and used by nobody else; so in all that follows.
        assert_eq!(unsafe { non_zero(start, len) }, None);
        // SAFETY: as above.
        unsafe { fill(start, len, 300) };
        // SAFETY: as above.
        let mismatch = |seed| unsafe { mismatch(start, len, seed) };
        assert_eq!((mismatch(300), mismatch(301)), (None, Some(0)));
        // SAFETY: inside the vector.
        let byte = unsafe { start.add(2 * RUN + 5) };
        // SAFETY: as above.
        unsafe { byte.write(0) };
        assert_eq!(mismatch(300), Some(2 * RUN + 5));
        // SAFETY: as above.
        assert_eq!(unsafe { non_zero(start, len) }, Some(0));
    }
}
