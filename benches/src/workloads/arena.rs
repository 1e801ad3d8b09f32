//! Workloads of an arena.

use std::hint::black_box;

use super::alone;
use crate::registry::Round;
use crate::subjects::arenas::Put;

/// How many values an iteration puts.
pub const VALUES: u64 = 10_000;

/// A value that can be told from others by the number it is made of.
pub trait Value: Copy + 'static {
    /// Makes one.
    fn of(number: u64) -> Self;
}

impl Value for u8 {
    #[inline]
    fn of(number: u64) -> Self {
        number.to_le_bytes()[0]
    }
}

impl Value for u64 {
    #[inline]
    fn of(number: u64) -> Self {
        number
    }
}

impl<const N: usize> Value for [u64; N] {
    #[inline]
    fn of(number: u64) -> Self {
        [number; N]
    }
}

/// Values of one type, one after the other, and their end.
pub fn singles<S: Put<T>, T: Value>() -> Round {
    let mut arena = S::fresh();
    alone(move || {
        for number in 0..VALUES {
            black_box(arena.put(T::of(number)));
        }
        arena.end();
    })
}
