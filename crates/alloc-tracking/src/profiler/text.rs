//! Durations as people read them.

use core::fmt;
use std::time::Duration;

use crate::profile::{Clock, Span};

/// A duration in the unit that fits it, with two digits or more: `350 us`, `1.2 s`, `3.4 min`.
pub(super) struct Age(pub(super) Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX);
        Span(Clock::Nanoseconds, nanos).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Age;
    use std::string::ToString;
    use std::time::Duration;

    #[test]
    fn every_unit() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_200, "1.2 us"),
            (350_000, "350 us"),
            (9_999_999, "9.9 ms"),
            (1_200_000_000, "1.2 s"),
            (59_000_000_000, "59 s"),
            (204_000_000_000, "3.4 min"),
            (36_000_000_000_000, "10 h"),
        ] {
            assert_eq!(Age(Duration::from_nanos(nanos)).to_string(), text);
        }
        assert_eq!(std::format!("{:>8}|", Age(Duration::ZERO)), "    0 ns|");
    }
}
