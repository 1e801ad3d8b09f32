//! Workloads whose blocks have to be aligned.

use std::alloc::Layout;
use std::hint::black_box;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use super::{alone, answering};
use crate::registry::{Ran, Round};
use crate::subjects::aligned::{Floats, Lists, Raising};

/// How many blocks or lists an iteration makes, one after the other.
pub const BLOCKS: u64 = 4_000;
/// How many floats are pushed.
pub const PUSHED: u16 = 20_000;
/// How many products an iteration computes.
pub const PRODUCTS: u8 = 64;
/// How long a big block is, in bytes, before it grows to twice of that.
pub const BIG: usize = 64 << 20;

/// A page, in bytes, of which a program touches at least one byte.
const PAGE: usize = 4096;

/// The layout of bytes.
const fn bytes(len: usize) -> Layout {
    match Layout::array::<u8>(len) {
        Ok(layout) => layout,
        Err(_) => panic!("no block is so long"),
    }
}

/// Takes a block, and sees that it is aligned.
fn take<S: Raising>(heap: &S, layout: Layout, zeroed: bool) -> NonNull<u8> {
    let block = if zeroed {
        heap.allocate_zeroed(layout)
    } else {
        heap.allocate(layout)
    };
    let block = block.expect("there is memory").cast::<u8>();
    debug_assert_eq!(block.addr().get() % S::ALIGN, 0, "{}", S::NAME);
    block
}

/// Blocks of `LEN` bytes, each freed before the next one is made.
pub fn pairs<S: Raising, const LEN: usize>() -> Round {
    let heap = S::fresh();
    alone(move || {
        for number in 0..BLOCKS {
            let block = take(&heap, bytes(LEN), false);
            // SAFETY: the block is new, has at least 8 bytes, and is aligned to 16 at least.
            unsafe { block.cast::<u64>().write(number) };
            black_box(block);
            // SAFETY: taken above with this layout.
            unsafe { heap.deallocate(block, bytes(LEN)) };
        }
    })
}

/// A big zeroed block of which one byte is touched.
pub fn zeroed<S: Raising>() -> Round {
    let heap = S::fresh();
    answering(move || {
        let block = take(&heap, bytes(BIG), true);
        // SAFETY: less than the length of the block.
        let byte = unsafe { black_box(block).add(BIG / 2) };
        // SAFETY: the block is zeroed, and nobody else's.
        let byte = unsafe { byte.read() };
        // SAFETY: taken above with this layout.
        unsafe { heap.deallocate(block, bytes(BIG)) };
        u64::from(byte)
    })
}

/// A big block that is in use and becomes twice as long. The time is that of the growth alone.
///
/// # Panics
///
/// A round does if there is no memory.
pub fn growth<S: Raising>() -> Round {
    let heap = S::fresh();
    Box::new(move |iterations| {
        let mut time = Duration::ZERO;
        let mut answer = 0;
        for _ in 0..iterations {
            let block = take(&heap, bytes(BIG), false);
            for page in (0..BIG).step_by(PAGE) {
                // SAFETY: less than the length of the block.
                let byte = unsafe { block.add(page) };
                // SAFETY: the block is nobody else's.
                unsafe { byte.write(1) };
            }
            let start = Instant::now();
            // SAFETY: taken above with this layout; the new one is longer.
            let block = unsafe { heap.grow(block, bytes(BIG), bytes(2 * BIG)) };
            time += start.elapsed();
            let block = block.expect("there is memory").cast::<u8>();
            // SAFETY: the first byte was written before the block grew.
            answer = u64::from(unsafe { black_box(block).read() });
            // SAFETY: grown above to this layout.
            unsafe { heap.deallocate(block, bytes(2 * BIG)) };
        }
        Ran { time, answer }
    })
}

/// Lists with room for 1 KiB, each dropped before the next one is made.
pub fn lists<S: Lists>() -> Round {
    let heap = S::fresh();
    alone(move || {
        for _ in 0..BLOCKS {
            let mut list = heap.list(256);
            list.push(1.0);
            black_box(&*list);
        }
    })
}

/// A list that nobody gave a capacity.
pub fn push<S: Lists>() -> Round {
    let heap = S::fresh();
    answering(move || {
        let mut list = heap.list(0);
        (0..PUSHED).for_each(|number| list.push(f32::from(number)));
        black_box(&*list).len() as u64
    })
}

/// Lists that are filled and multiplied.
pub fn products<S: Lists>() -> Round {
    let heap = S::fresh();
    answering(move || {
        let mut sum = 0.0_f32;
        for factor in 0..PRODUCTS {
            let mut one = heap.list(1_000);
            one.resize(1_000, f32::from(factor));
            let mut other = heap.list(1_000);
            other.resize(1_000, 0.5);
            sum += one.iter().zip(&*other).map(|(a, b)| a * b).sum::<f32>();
        }
        u64::from(sum.to_bits())
    })
}
