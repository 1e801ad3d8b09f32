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
    if number < 10_000 {
        return format!("{number} B");
    }
    large(float(number))
}

/// A measured number of bytes, likewise.
pub fn measured_bytes(number: f64) -> String {
    if number < 9_999.5 {
        return format!("{number:.0} B");
    }
    large(number)
}

/// Bytes in a unit above bytes.
fn large(number: f64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = number / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number with its digits in groups of three.
pub fn count(number: usize) -> String {
    grouped(&number.to_string())
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
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

/// A measured value with three digits or more.
pub fn figure(value: f64) -> String {
    match value {
        value if !value.is_finite() => "∞".to_owned(),
        value if value.abs() >= 99.95 => grouped(&format!("{value:.0}")),
        value if value.abs() >= 9.995 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        value if value.abs() < 0.0995 => format!("{value:.3}"),
        _ => format!("{value:.2}"),
    }
}

/// A measured number of nanoseconds, in a fitting unit.
pub fn nanoseconds(value: f64) -> String {
    match Duration::try_from_secs_f64(value / 1e9) {
        Ok(long) if value >= 10_000.0 => time(long),
        _ => format!("{} ns", figure(value)),
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
    fn measured_values_keep_three_digits() {
        let all = [0.554, 9.53, 10.0, 186.4, 23_687.0, f64::INFINITY].map(figure);
        assert_eq!(all, ["0.55", "9.53", "10.0", "186", "23 687", "∞"]);
        assert_eq!([0.0, 0.0441, 0.1].map(figure), ["0", "0.044", "0.10"]);
        let all = [0.554, 9_999.0, 12_345.0, 12.3e6].map(nanoseconds);
        assert_eq!(all, ["0.55 ns", "9 999 ns", "12.3 µs", "12 ms"]);
        let all = [0.0, 9_999.0, 10_240.0].map(measured_bytes);
        assert_eq!(all, ["0 B", "9999 B", "10.0 KiB"]);
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
