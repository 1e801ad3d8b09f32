//! Durations as people read them.

use core::fmt;
use std::format;
use std::time::Duration;

/// A duration in the unit that fits it, with two digits or more: `350 us`, `1.2 s`, `3.4 min`.
pub(super) struct Age(pub(super) Duration);

const UNITS: [(u128, &str); 5] = [
    (3600 * 1_000_000_000, "h"),
    (60 * 1_000_000_000, "min"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
];

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let text = match UNITS.iter().find(|unit| nanos >= unit.0) {
            None => format!("{nanos} ns"),
            Some((unit, name)) => {
                let tenths = nanos.saturating_mul(10) / unit;
                if tenths < 100 {
                    format!("{}.{} {name}", tenths / 10, tenths % 10)
                } else {
                    format!("{} {name}", tenths / 10)
                }
            }
        };
        f.pad(&text)
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
