//! The text that the jobs run over where figures have to stay comparable: the same in each run.
//!
//! Words are made of syllables. How often each stands in the text falls with its rank, as in texts
//! that people write (Zipf, *Human Behavior and the Principle of Least Effort*, 1949).

use std::iter;

use crate::input::Input;
use crate::workloads::Numbers;

/// How many files there are.
const FILES: usize = 64;
/// How long each of them is, in bytes; a word may go beyond.
const FILE: usize = 4 << 10;
/// How many different words there are, as a power of two.
const WORDS_LOG2: u32 = 13;
/// What words are made of.
const SYLLABLES: [&str; 16] = [
    "al", "lo", "ca", "te", "re", "fer", "in", "dex", "node", "po", "ol", "ar", "e", "na", "siz",
    "_",
];

/// The text, of 256 KiB in 64 files.
pub fn text() -> Input {
    let mut numbers = Numbers::new(0x5EED);
    let files: Vec<_> = iter::repeat_with(|| file(&mut numbers))
        .take(FILES)
        .collect();
    Input::of_texts(files.iter().map(String::as_str))
}

/// Lines of a few words each.
fn file(numbers: &mut Numbers) -> String {
    let mut text = String::with_capacity(FILE + 32);
    while text.len() < FILE {
        for _ in 0..=numbers.below(12) {
            push_word(&mut text, rank(numbers));
            text.push_str([" ", " ", " ", ", ", ".", " = "][numbers.below(6)]);
        }
        text.push('\n');
    }
    text
}

/// The rank of a word, from 1: half as likely to be each of twice as many, so that its likelihood
/// falls with the rank.
fn rank(numbers: &mut Numbers) -> usize {
    let first = 1 << numbers.below(WORDS_LOG2 as usize);
    first + numbers.below(first)
}

/// Adds the word of a rank: the digits of its number are its syllables.
fn push_word(text: &mut String, rank: usize) {
    let mut rest = rank;
    while rest > 0 {
        text.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{hash, words};
    use std::collections::HashMap;

    #[test]
    fn the_text_is_the_same_in_each_run() {
        let text = text();
        assert_eq!(text.files.len(), FILES);
        let sum = text.files.iter().map(|file| hash(file.text.as_bytes()));
        let sum = sum.fold(0, |sum: u64, hash| sum.rotate_left(1) ^ hash);
        assert_eq!((text.bytes(), sum), (263_981, 12_667_160_435_689_149_822));
    }

    #[test]
    fn few_words_are_most_of_the_text() {
        let text = text();
        let mut counts = HashMap::new();
        for word in text.files.iter().flat_map(|file| words(&file.text)) {
            *counts.entry(word).or_insert(0_usize) += 1;
        }
        let all: usize = counts.values().sum();
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable();
        let top: usize = counts.iter().rev().take(100).sum();
        assert!(counts.len() > 4_000, "{} words", counts.len());
        assert!(top * 2 > all, "{top} of {all}");
    }
}
