//! A program whose every allocation is known in advance, for comparing heap profilers.
//!
//! It has places of all kinds: blocks that are freed at once, kept to the end, grown, shrunk, zeroed,
//! freed by another function, by another thread, or in no order. What it does depends on nothing. Each
//! place is a function whose name begins with `place_`, and is found by that in a call stack: `black_box`
//! keeps it there, where its last call could replace it.
#![allow(
    clippy::vec_box,
    reason = "blocks of their own are what the program is about"
)]

use std::alloc::{self, Layout};
use std::collections::{BTreeMap, VecDeque};
use std::hint::black_box;
use std::thread;

use crate::workloads::Numbers;

/// What is kept until the program ends.
#[derive(Debug)]
pub struct Kept {
    _map: BTreeMap<u32, String>,
    _names: Vec<Box<str>>,
    _blocks: Vec<Box<[u8; 24]>>,
}

/// Runs the program. What it returns is live while somebody has it.
#[inline(never)]
#[must_use]
pub fn work() -> Kept {
    for round in 0..40 {
        black_box(place_at_once(round));
    }
    let grown = place_grown(3_000);
    let shrunk = place_shrunk(grown);
    let map = place_nodes();
    let zeroed = place_zeroed();
    let kept = place_kept();
    place_exchanged();
    drop(shrunk);
    drop(zeroed);
    thread::scope(|scope| {
        let worker = scope.spawn(|| place_handed_over(500));
        if let Ok(blocks) = worker.join() {
            drop(blocks);
        }
    });
    Kept {
        _map: map,
        _names: place_names(),
        _blocks: kept,
    }
}

/// Blocks that are freed at once.
#[inline(never)]
fn place_at_once(round: usize) -> usize {
    let block = black_box(vec![0xA5_u8; 100 + round]);
    block.len()
}

/// A vector that grows step by step.
#[inline(never)]
fn place_grown(len: u64) -> Vec<u64> {
    let mut grown = Vec::new();
    for value in 0..len {
        grown.push(value);
    }
    black_box(grown)
}

/// The same vector, smaller.
#[inline(never)]
fn place_shrunk(mut grown: Vec<u64>) -> Box<[u64]> {
    grown.truncate(700);
    black_box(grown.into_boxed_slice())
}

/// A map of strings, half of which are taken out again.
#[inline(never)]
fn place_nodes() -> BTreeMap<u32, String> {
    let mut map = BTreeMap::new();
    for number in 0..600_u32 {
        map.insert(
            number.reverse_bits(),
            "word ".repeat(1 + number as usize % 7),
        );
    }
    for number in (0..600_u32).step_by(2) {
        map.remove(&number.reverse_bits());
    }
    black_box(map)
}

/// Memory that is zeroed by the system.
#[inline(never)]
fn place_zeroed() -> Vec<u8> {
    black_box(vec![0; 300_000])
}

/// Blocks that nobody frees before the end.
#[inline(never)]
fn place_kept() -> Vec<Box<[u8; 24]>> {
    black_box((0..200).map(|number| Box::new([number; 24])).collect())
}

/// Blocks that replace one another in no order.
#[inline(never)]
fn place_exchanged() {
    let mut slots: VecDeque<_> = (0..64).map(|_| None).collect();
    let mut numbers = Numbers::new(7);
    for _ in 0..2_000 {
        let (slot, size) = (numbers.below(64), 1 + numbers.below(400));
        slots[slot] = Some(vec![1_u8; size]);
    }
}

/// Blocks of a thread that another one frees.
#[inline(never)]
fn place_handed_over(count: usize) -> Vec<Box<u64>> {
    black_box((0..count as u64).map(Box::new).collect())
}

/// Over-aligned memory, and names.
#[inline(never)]
fn place_names() -> Vec<Box<str>> {
    let names = (0..50).map(|number| format!("name {number}").into_boxed_str());
    let names = names.collect();
    let Ok(layout) = Layout::from_size_align(500, 256) else {
        return names;
    };
    // SAFETY: the size is not zero.
    let block = unsafe { alloc::alloc(layout) };
    if !black_box(block).is_null() {
        // SAFETY: just allocated, with this layout.
        unsafe { alloc::dealloc(block, layout) };
    }
    black_box(names)
}
