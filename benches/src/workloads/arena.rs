//! Workloads of an arena.
//!
//! Between two operations [`observe`] stands for the rest of a program. Each iteration reaches its
//! arena by an opaque reference, as a function does that was given one: the cursor is in memory.

use std::alloc::Layout;
use std::hint::black_box;

use alloc_core::Allocator;
use alloc_core::vec::Vec;

use super::{Numbers, alone, answering, observe};
use crate::registry::Round;
use crate::subjects::Lend;
use crate::subjects::arenas::{CopySlice, Frame, Put, PutAll, Take};

/// How many values an iteration puts.
pub const VALUES: u64 = 10_000;

/// How many slices an iteration copies.
pub const SLICES: u64 = 1_000;

/// How many numbers a vector grows to.
pub const PUSHES: u32 = 100_000;

/// How often a block doubles, from 64 bytes to 64 KiB, and how many such blocks there are.
const DOUBLINGS: u64 = 10;
const DOUBLED: u64 = 50;

/// How many times a block doubles in an iteration.
pub const GROWTHS: u64 = DOUBLINGS * DOUBLED;

/// A value that can be told from others by the number it is made of.
pub trait Value: Copy + 'static {
    /// Makes one.
    fn of(number: u64) -> Self;
}

impl Value for u8 {
    #[inline]
    fn of(number: u64) -> Self {
        number.to_le_bytes()[0]
    }
}

impl Value for u64 {
    #[inline]
    fn of(number: u64) -> Self {
        number
    }
}

impl<const N: usize> Value for [u64; N] {
    #[inline]
    fn of(number: u64) -> Self {
        [number; N]
    }
}

/// Work with an arena, and its end.
fn framed<S: Frame>(work: impl Fn(&S) + 'static) -> Round {
    let mut arena = S::fresh();
    alone(move || {
        work(black_box(&arena));
        arena.end();
    })
}

/// Values of one type, one after the other, and their end.
pub fn singles<S: Put<T>, T: Value>() -> Round {
    framed::<S>(|arena| {
        arena.put_each((0..VALUES).map(T::of), |_| observe());
    })
}

/// Values of four types in turns, and their end.
pub fn mix<S: PutAll>() -> Round {
    framed::<S>(|arena| {
        for number in 0..VALUES / 4 {
            arena.put(u8::of(number));
            observe();
            arena.put(u64::of(number));
            observe();
            arena.put(<[u64; 3]>::of(number));
            observe();
            arena.put(<[u64; 8]>::of(number));
            observe();
        }
    })
}

/// Blocks of layouts that are read from a list, with a word in each, and their end.
pub fn layouts<S: Take>() -> Round {
    let mut numbers = Numbers::new(0x5EED);
    let layouts: std::vec::Vec<_> = (0..VALUES).map(|_| layout(&mut numbers)).collect();
    framed::<S>(move |arena| {
        for &layout in &layouts {
            let block = arena.take(layout);
            // SAFETY: the block has at least eight bytes, and is nobody else's.
            unsafe { block.cast::<u64>().write_unaligned(1) };
            observe();
        }
    })
}

/// A layout of 8 to 64 bytes with an alignment of 1 to 8.
fn layout(numbers: &mut Numbers) -> Layout {
    let (size, align) = (8 + numbers.below(57), 1 << numbers.below(4));
    Layout::from_size_align(size, align).expect("a small size")
}

/// Copies of one slice, and their end.
pub fn slices<S: CopySlice>(len: usize, count: u64) -> Round {
    let bytes = vec![1; len];
    framed::<S>(move |arena| {
        let bytes = black_box(&*bytes);
        for _ in 0..count {
            arena.copy(bytes);
            observe();
        }
    })
}

/// Values and texts in no order, and their end.
pub fn frame<S: PutAll + CopySlice>() -> Round {
    let mut numbers = Numbers::new(0x5EED);
    let kinds: std::vec::Vec<_> = (0..VALUES).map(|_| numbers.below(24)).collect();
    framed::<S>(move |arena| {
        for (&kind, number) in kinds.iter().zip(0..) {
            match kind {
                0..6 => drop(arena.put(u64::of(number))),
                6..12 => drop(arena.put(<[u64; 3]>::of(number))),
                12..18 => drop(arena.put(<[u64; 8]>::of(number))),
                text => drop(arena.copy(&b"of up to 24 bytes in all"[..text])),
            }
            observe();
        }
    })
}

/// Blocks of 32 bytes, each freed before the next.
pub fn pairs<S: Lend>() -> Round {
    let arena = S::fresh();
    alone(move || {
        let memory = black_box(&arena).lend();
        for number in 0..VALUES {
            pair(memory, number);
            observe();
        }
    })
}

/// A block that is freed at once.
#[inline]
fn pair(memory: impl Allocator, number: u64) {
    let layout = Layout::new::<[u64; 4]>();
    let block = memory.allocate(layout).expect("a small block").cast();
    // SAFETY: the block has room for four words, and is nobody else's.
    unsafe { block.cast::<u64>().write(number) };
    // By a barrier alone the compiler would not see why a heap's block is needed.
    black_box(block);
    // SAFETY: allocated above with this layout, and not used any more.
    unsafe { memory.deallocate(block, layout) };
}

/// Blocks that double, each freed before the next, where there is room for all that one takes.
pub fn doubling<S: Lend + Frame>() -> Round {
    let mut arena = S::fresh();
    alone(move || {
        let memory = black_box(&arena).lend();
        make_room(memory);
        for _ in 0..DOUBLED {
            double(memory);
        }
        arena.end();
    })
}

/// Takes a block of 256 KiB and frees it, so that what an arena takes from next has that room.
fn make_room(memory: impl Allocator) {
    let layout = Layout::new::<[u64; 32 << 10]>();
    let block = memory.allocate(layout).expect("a block of 256 KiB");
    black_box(block);
    // SAFETY: allocated above with this layout, and not used any more.
    unsafe { memory.deallocate(block.cast(), layout) };
}

/// A block that grows from 64 bytes to 64 KiB.
fn double(memory: impl Allocator) {
    let mut layout = Layout::new::<[u64; 8]>();
    let mut block = memory.allocate(layout).expect("a small block").cast();
    for _ in 0..DOUBLINGS {
        let twice = Layout::from_size_align(2 * layout.size(), layout.align());
        let twice = twice.expect("a small size");
        // SAFETY: allocated with this layout; the new size is larger.
        let grown = unsafe { memory.grow(block, layout, twice) };
        block = grown.expect("a small block").cast();
        layout = twice;
        black_box(block);
    }
    // SAFETY: allocated with this layout, and not used any more.
    unsafe { memory.deallocate(block, layout) };
}

/// A vector that grows by one number at a time.
pub fn pushes<S: Lend + Frame>() -> Round {
    let mut arena = S::fresh();
    answering(move || {
        let mut numbers = Vec::new_in(black_box(&arena).lend());
        for number in 0..PUSHES {
            numbers.push(number);
        }
        let answer = black_box(&*numbers).len() as u64;
        drop(numbers);
        arena.end();
        answer
    })
}
