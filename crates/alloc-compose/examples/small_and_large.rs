//! Small blocks from an arena, large ones from the heap: a vector grows over the line, and its
//! contents go along.
//!
//! ```text
//! cargo run -p alloc-compose --example small_and_large
//! ```
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_arena::FixedArena;
use alloc_compose::{Fallback, Limit, Segregate};
use alloc_core::{Global, vec::Vec};
use core::mem::MaybeUninit;

fn main() {
    // Blocks of up to 128 bytes from a kibibyte on the stack; larger ones, and small ones when it
    // is full, from the heap.
    let mut buffer = [MaybeUninit::uninit(); 1024];
    let arena = FixedArena::new(&mut buffer);
    let heap = Limit::new(Global, usize::MAX); // refuses nothing, and says how much is used
    let memory = Segregate::<128, _, _>::new(Fallback::new(&arena, &heap), &heap);

    let words = ["small", "blocks", "stay", "on", "the", "stack"];
    let mut letters = std::vec::Vec::new();
    for word in words {
        let mut copy = Vec::new_in(&memory);
        copy.extend_from_slice(word.as_bytes());
        letters.push(copy);
    }
    println!("{} words: {} bytes of the heap", words.len(), heap.used());
    assert_eq!(heap.used(), 0);

    let mut numbers: Vec<u64, _> = Vec::with_capacity_in(16, &memory);
    for i in 0..17 {
        numbers.push(i);
        if i >= 15 {
            println!("{} numbers: {} bytes of the heap", i + 1, heap.used());
        }
    }
    assert!(heap.used() >= 17 * 8);
    assert!(numbers.iter().copied().eq(0..17));

    numbers.truncate(4);
    numbers.shrink_to_fit();
    println!(
        "{} numbers: {} bytes of the heap",
        numbers.len(),
        heap.used()
    );
    assert_eq!(heap.used(), 0);
    assert!(
        letters
            .iter()
            .zip(words)
            .all(|(copy, word)| &copy[..] == word.as_bytes())
    );
}
