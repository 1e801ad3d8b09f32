//! Counts the words of a file with `GlobalTiered` as the program's allocator, and shows which classes that took.
//!
//! ```text
//! cargo run -p alloc-tiered --features std --example whole_program README.md
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::collections::BTreeMap;
use std::{env, fs, io};

use alloc_tiered::GlobalTiered;

#[global_allocator]
static HEAP: GlobalTiered = GlobalTiered::new();

/// What is read if no file is named.
const TEXT: &str = include_str!("../README.md");

fn main() -> io::Result<()> {
    let text = match env::args_os().nth(1) {
        Some(path) => fs::read_to_string(path)?,
        None => TEXT.to_owned(),
    };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in text.split(|letter: char| !letter.is_alphabetic()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    let words: u64 = counts.values().sum();
    println!("{words} words, {} different ones", counts.len());

    println!("bytes a block   in use   memory for");
    let mut in_use = 0;
    for class in HEAP.classes().filter(|class| class.capacity != 0) {
        let bytes = class.block.size();
        println!("{bytes:13} {:8} {:12}", class.in_use, class.capacity);
        in_use += class.in_use;
    }
    assert!(in_use >= counts.len(), "each word is a block");
    Ok(())
}
