//! An index of a text: a map of hashbrown, its keys and its lists, all in one arena.
//!
//! Nothing of it is freed piece by piece. `cargo run -p alloc-arena --example word_index [FILE]`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::io;

use alloc_arena::{Arena, alloc_core::vec::Vec};
use hashbrown::{DefaultHashBuilder, HashMap};

/// A word, and the lines that have it.
type Index<'a> = HashMap<&'a str, Vec<usize, &'a Arena>, DefaultHashBuilder, &'a Arena>;

fn index<'a>(text: &str, arena: &'a Arena) -> Index<'a> {
    let mut index = Index::with_hasher_in(DefaultHashBuilder::default(), arena);
    for (number, line) in text.lines().enumerate() {
        let words = line.split(|c: char| !c.is_alphanumeric());
        for word in words.filter(|word| !word.is_empty()) {
            if let Some(lines) = index.get_mut(word) {
                if lines.last() != Some(&number) {
                    lines.push(number);
                }
            } else {
                // The key is copied once, when the word is new.
                let mut lines = Vec::new_in(arena);
                lines.push(number);
                index.insert(arena.alloc_str(word), lines);
            }
        }
    }
    index
}

fn main() -> io::Result<()> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => include_str!("word_index.rs").to_owned(),
    };
    let arena = Arena::new();
    let index = index(&text, &arena);
    let mut words: std::vec::Vec<_> = index.iter().collect();
    words.sort_by_key(|(word, lines)| (std::cmp::Reverse(lines.len()), **word));
    for (word, lines) in words.iter().take(5) {
        println!(
            "{word:>12} is in {} lines, first in {}",
            lines.len(),
            lines[0] + 1
        );
    }
    println!("{} words, {:?}", index.len(), arena.stats());
    Ok(())
}
