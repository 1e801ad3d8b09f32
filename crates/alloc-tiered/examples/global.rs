//! Counts the words of its input with `GlobalTiered` as the program's allocator, and shows which classes that took.
//!
//! ```sh
//! cargo run -p alloc-tiered --features std --example global < README.md
//! ```

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use alloc_tiered::GlobalTiered;

#[global_allocator]
static HEAP: GlobalTiered = GlobalTiered::new();

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in text.split(|letter: char| !letter.is_alphabetic()) {
        if !word.is_empty() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    println!(
        "{} words, {} different ones",
        counts.values().sum::<u64>(),
        counts.len()
    );
    println!("bytes a block   in use   memory for");
    for class in HEAP.classes().filter(|class| class.capacity != 0) {
        println!(
            "{:13} {:8} {:12}",
            class.block.size(),
            class.in_use,
            class.capacity
        );
    }
    Ok(())
}
