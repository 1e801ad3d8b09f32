//! What the jobs take a text for: words, and sums of what was found.

use std::hash::{BuildHasherDefault, Hasher};

/// Whether a byte is part of a word, by value. ASCII letters, digits, `_`, and every byte of a
/// character beyond ASCII.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let value = byte as u8;
        table[byte] = value.is_ascii_alphanumeric() || value == b'_' || value >= 0x80;
        byte += 1;
    }
    table
};

/// The words of a text: runs of letters, digits and underscores, as identifiers are.
#[derive(Clone, Debug)]
pub struct Words<'t> {
    text: &'t str,
    at: usize,
}

/// Splits `text` into words.
///
/// # Examples
///
/// ```
/// let found: Vec<_> = alloc_benches::words::words("let x_1 = f(größe);").collect();
/// assert_eq!(found, ["let", "x_1", "f", "größe"]);
/// ```
pub fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let bytes = self.text.as_bytes();
        let skip = bytes[self.at..]
            .iter()
            .position(|&byte| IN_WORD[usize::from(byte)])?;
        let start = self.at + skip;
        let rest = &bytes[start..];
        let len = rest
            .iter()
            .position(|&byte| !IN_WORD[usize::from(byte)])
            .unwrap_or(rest.len());
        self.at = start + len;
        Some(&self.text[start..self.at])
    }
}

/// A sum over numbers in order: the answer of a job. Not for secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum(u64);

impl Sum {
    /// Adds one number. The order matters.
    #[inline]
    pub fn add(&mut self, number: u64) {
        // The multiplier is 2^64 / phi, as in Fibonacci hashing (Knuth, TAOCP 3, section 6.4).
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// The sum so far.
    #[inline]
    pub fn value(self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// A hash of bytes that is the same in each run.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut sum = Sum(bytes.len() as u64);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        sum.add(u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    sum.add(u64::from_le_bytes(last));
    sum.value()
}

/// Makes hash maps whose order is the same in each run, and so what they do.
pub type Hashes = BuildHasherDefault<FixedHasher>;

/// The hash of [`hash`] for a map.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedHasher(Sum);

impl Hasher for FixedHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.add(hash(bytes));
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.0.add(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0.add(number);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_everything_else() {
        assert_eq!(words("").next(), None);
        assert_eq!(words(" \n\t;").next(), None);
        assert_eq!(words("a").collect::<Vec<_>>(), ["a"]);
        assert_eq!(
            words("a::b_c,42\nd").collect::<Vec<_>>(),
            ["a", "b_c", "42", "d"]
        );
    }

    #[test]
    fn the_order_matters_to_a_sum() {
        let sum = |numbers: [u64; 2]| {
            let mut sum = Sum::default();
            for number in numbers {
                sum.add(number);
            }
            sum.value()
        };
        assert_ne!(sum([1, 2]), sum([2, 1]));
    }

    #[test]
    fn hashes_see_each_byte_and_the_length() {
        let text = b"0123456789abcdef!";
        for len in 0..text.len() {
            assert_ne!(hash(&text[..len]), hash(&text[..=len]));
        }
        assert_ne!(hash(b"12345678\0"), hash(b"12345678"));
    }
}
