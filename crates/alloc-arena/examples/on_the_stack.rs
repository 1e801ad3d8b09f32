//! An arena over a buffer on the stack: no heap, and an error instead of a surprise when it is
//! full.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::MaybeUninit;

use alloc_arena::{AllocError, FixedArena};

/// Splits a line into words that live in the arena.
fn words<'a>(line: &str, arena: &'a FixedArena<'_>) -> Result<&'a mut [&'a str], AllocError> {
    let count = line.split_whitespace().count();
    let words = arena.try_alloc_slice_fill_copy(count, "")?;
    for (slot, word) in words.iter_mut().zip(line.split_whitespace()) {
        *slot = arena.try_alloc_str(word)?;
    }
    Ok(words)
}

fn main() {
    let mut buffer = [MaybeUninit::uninit(); 256];
    let mut arena = FixedArena::new(&mut buffer);
    println!("{} bytes on the stack", arena.capacity());

    let long = "word ".repeat(40);
    for line in ["no heap was asked for these words", &long, "and on we go"] {
        let result = words(line, &arena);
        assert_eq!(result.is_err(), line.len() > 100);
        match result {
            Ok(words) => println!("{} words: {words:?}", words.len()),
            Err(AllocError) => println!("a line of {} bytes does not fit", line.len()),
        }
        arena.reset();
    }
    assert_eq!(arena.available(), arena.capacity());
}
