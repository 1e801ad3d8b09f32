//! A vector that grows in an arena stays where it is while it is the last block, and moves when it
//! is not.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_arena::{Arena, alloc_core::vec::Vec};

/// Pushes a thousand numbers, and returns how often the vector grew and how often it moved.
fn push_all(arena: &Arena, mut between: impl FnMut()) -> (usize, usize) {
    let mut numbers = Vec::with_capacity_in(1, arena);
    let (mut grown, mut moved) = (0, 0);
    for number in 0..1000_u64 {
        let (capacity, place) = (numbers.capacity(), numbers.as_ptr());
        numbers.push(number);
        if numbers.capacity() > capacity {
            grown += 1;
            moved += usize::from(numbers.as_ptr() != place);
            between();
        }
    }
    assert!(
        numbers.iter().copied().eq(0..1000),
        "growth kept the contents"
    );
    (grown, moved)
}

fn main() {
    let mut arena = Arena::with_capacity(64 << 10);

    let (grown, moved) = push_all(&arena, || ());
    println!("alone:         grew {grown} times, moved {moved} times");
    assert!(grown > 5 && moved == 0);
    assert_eq!(
        arena.used(),
        0,
        "the vector was the last block, and gave its memory back"
    );

    let (grown, moved) = push_all(&arena, || *arena.alloc(0_u64) = 1);
    println!(
        "with a rival:  grew {grown} times, moved {moved} times, left {} bytes behind",
        arena.used()
    );
    assert_eq!(moved, grown - 1, "it moves each time but the first");

    arena.reset();
    println!(
        "after a reset: {} bytes used of {} reserved",
        arena.used(),
        arena.reserved()
    );
    assert_eq!(arena.used(), 0);
}
