//! Numbers for people.

use std::time::Duration;

/// A number as a float, for ratios and bars. Beyond 2^53 it is rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "nobody sees the sixteenth digit"
)]
pub fn float(number: usize) -> f64 {
    number as f64
}

/// Bytes in the unit that leaves one to four digits before the point.
pub fn bytes(number: usize) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if number < 10_000 {
        return format!("{number} B");
    }
    let mut value = float(number) / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number with its digits in groups of three.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of things, whose plural ends with an s.
pub fn things(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

/// A time with three digits or so.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        10.0.. => format!("{seconds:.1} s"),
        1.0.. => format!("{seconds:.2} s"),
        0.01.. => format!("{:.0} ms", seconds * 1e3),
        0.000_1.. => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{:.1} µs", seconds * 1e6),
    }
}

/// A ratio to the system's.
pub fn ratio(ratio: f64) -> String {
    format!("{ratio:.2}×")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_fitting_unit() {
        let all = [0, 9_999, 10_240, 1 << 20, 5 << 29, 1 << 40].map(bytes);
        assert_eq!(
            all,
            ["0 B", "9999 B", "10.0 KiB", "1.0 MiB", "2.5 GiB", "1.0 TiB"]
        );
        assert!(
            bytes(usize::MAX).ends_with(if cfg!(target_pointer_width = "64") {
                "PiB"
            } else {
                "GiB"
            })
        );
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1 000", "1 234 567"]
        );
        assert_eq!(
            [1, 2_000].map(|number| things(number, "file")),
            ["1 file", "2 000 files"]
        );
    }

    #[test]
    fn times_keep_their_digits() {
        let all =
            [12_300_000, 1_230_000, 123_000, 1_230, 12].map(|us| time(Duration::from_micros(us)));
        assert_eq!(all, ["12.3 s", "1.23 s", "123 ms", "1.23 ms", "12.0 µs"]);
    }
}
