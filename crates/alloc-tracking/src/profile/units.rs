//! Numbers as people read them.

use core::fmt;
use std::format;

use super::Clock;

/// Bytes in the unit that fits them: `640 B`, `4.0 MiB`, `16 EiB`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) u64);

/// By how many bytes something grew or shrank: `+4.0 MiB`, `-12 B`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed(pub(super) i128);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let size = Size(u64::try_from(self.0.unsigned_abs()).unwrap_or(u64::MAX));
        f.pad(&format!("{sign}{size}"))
    }
}

const SIZES: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unit = 0;
        while unit < SIZES.len() && self.0 >> (10 * (unit + 1)) > 0 {
            unit += 1;
        }
        let text = match unit.checked_sub(1) {
            None => format!("{} B", self.0),
            Some(name) => scaled(self.0.into(), 1 << (10 * unit), SIZES[name]),
        };
        f.pad(&text)
    }
}

/// A time or a span of time, in the unit of its clock that fits it: `1.2 ms`, `3.4 Minstr`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(pub(crate) Clock, pub(crate) u64);

/// What a larger unit is called, and how many of the clock's own are in it: the largest first.
type Units = &'static [(u64, &'static str)];

const SECOND: u64 = 1_000_000_000;
const TIMES: Units = &[
    (3600 * SECOND, "h"),
    (60 * SECOND, "min"),
    (SECOND, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
    (1, "ns"),
];
const INSTRUCTIONS: Units = &[
    (1_000_000_000, "Ginstr"),
    (1_000_000, "Minstr"),
    (1, "instrs"),
];
const BLOCKS: Units = &[(1_000_000, "Mblocks"), (1, "blocks")];

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(clock, amount) = *self;
        let units = match clock {
            Clock::Nanoseconds => TIMES,
            Clock::Instructions => INSTRUCTIONS,
            Clock::Blocks => BLOCKS,
            Clock::Bytes => return Size(amount).fmt(f),
        };
        let fits = units.iter().find(|unit| amount >= unit.0 && unit.0 > 1);
        match fits {
            Some(&(unit, name)) => f.pad(&scaled(amount.into(), unit.into(), name)),
            None => f.pad(&format!("{amount} {}", units[units.len() - 1].1)),
        }
    }
}

/// `amount / unit`, rounded down, with one digit after the point if there is one before it.
fn scaled(amount: u128, unit: u128, name: &str) -> std::string::String {
    let tenths = amount * 10 / unit;
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", tenths / 10)
    }
}

/// How much of a whole a part is: `95.2%`. Of nothing it is `-`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share(pub(super) u64, pub(super) u64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(part, whole) = *self;
        let thousandths = (u128::from(part) * 1000).checked_div(whole.into());
        match thousandths {
            Some(share) => f.pad(&format!("{}.{}%", share / 10, share % 10)),
            None => f.pad("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Share, Signed, Size, Span};
    use std::string::ToString;

    #[test]
    fn every_size() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10 * 1024 - 1, "9.9 KiB"),
            (10 * 1024, "10 KiB"),
            (1 << 20, "1.0 MiB"),
            ((1 << 30) - 1, "1023 MiB"),
            (u64::MAX, "15 EiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
        assert_eq!(std::format!("{:>8}|", Size(5)), "     5 B|");
    }

    #[test]
    fn changes_have_a_sign() {
        for (bytes, text) in [
            (0, "+0 B"),
            (-1, "-1 B"),
            (2048, "+2.0 KiB"),
            (i128::from(u64::MAX) * -9, "-15 EiB"),
        ] {
            assert_eq!(Signed(bytes).to_string(), text);
        }
    }

    #[test]
    fn every_clock() {
        for (clock, amount, text) in [
            (Clock::Nanoseconds, 0, "0 ns"),
            (Clock::Nanoseconds, 999, "999 ns"),
            (Clock::Nanoseconds, 1_250, "1.2 us"),
            (Clock::Nanoseconds, 90_000_000_000, "1.5 min"),
            (Clock::Nanoseconds, u64::MAX, "5124095 h"),
            (Clock::Instructions, 7, "7 instrs"),
            (Clock::Instructions, 2_500_000, "2.5 Minstr"),
            (Clock::Blocks, 999_999, "999999 blocks"),
            (Clock::Blocks, 12_000_000, "12 Mblocks"),
            (Clock::Bytes, 2048, "2.0 KiB"),
        ] {
            assert_eq!(Span(clock, amount).to_string(), text);
        }
    }

    #[test]
    fn shares() {
        for (part, whole, text) in [
            (0, 0, "-"),
            (0, 9, "0.0%"),
            (2, 3, "66.6%"),
            (u64::MAX, u64::MAX, "100.0%"),
            (u64::MAX, 1, "1844674407370955161500.0%"),
        ] {
            assert_eq!(Share(part, whole).to_string(), text);
        }
    }
}
