//! Workloads of memory itself: what is reserved, and how much of it is used.
//!
//! Each iteration begins with a fresh subject, and touches all that it requests.

use std::alloc::Layout;
use std::hint::black_box;
use std::ptr::NonNull;

use alloc_core::Allocator;
use alloc_core::vec::Vec;

use super::{alone, answering, observe};
use crate::registry::Round;
use crate::subjects::Lend;

/// 64 bytes of data, of which the program's own is what is after the link.
struct Piece {
    before: Option<NonNull<Piece>>,
    _rest: [u64; 7],
}

/// The bytes of a piece.
pub const PIECE: u64 = size_of::<Piece>() as u64;

/// Pieces that know the one before, so that nothing else need remember them.
struct Chain<A: Allocator> {
    /// From `memory`, initialised, and nobody else's; so is each that it leads to.
    last: Option<NonNull<Piece>>,
    memory: A,
}

impl<A: Allocator> Chain<A> {
    fn new(memory: A) -> Self {
        Self { last: None, memory }
    }

    fn add(&mut self, number: u64) {
        let block = self.memory.allocate(Layout::new::<Piece>());
        let place = block.expect("a small block").cast::<Piece>();
        let piece = Piece {
            before: self.last,
            _rest: [number; 7],
        };
        // SAFETY: the block has the layout of a piece, and is nobody else's.
        unsafe { place.write(piece) };
        self.last = Some(place);
    }
}

impl<A: Allocator> Drop for Chain<A> {
    fn drop(&mut self) {
        while let Some(last) = self.last {
            // SAFETY: a piece of this chain.
            self.last = unsafe { last.as_ref() }.before;
            // SAFETY: allocated with this layout, and forgotten by the chain.
            unsafe { self.memory.deallocate(last.cast(), Layout::new::<Piece>()) };
        }
    }
}

/// Pieces that are all made, then all freed, the last one first.
pub fn in_pieces<S: Lend>(count: u64) -> Round {
    alone(move || {
        let memory = S::fresh();
        let mut chain = Chain::new(memory.lend());
        (0..count).for_each(|number| chain.add(number));
        observe();
    })
}

/// One large block, then pieces.
pub fn one_and_pieces<S: Lend>(large: usize, count: u64) -> Round {
    answering(move || {
        let memory = S::fresh();
        let mut block = Vec::with_capacity_in(large, memory.lend());
        block.resize(large, 1_u8);
        let mut chain = Chain::new(memory.lend());
        (0..count).for_each(|number| chain.add(number));
        black_box(&*block).len() as u64
    })
}

/// A vector that grows by one number at a time.
pub fn one_vector<S: Lend>(len: u32) -> Round {
    answering(move || {
        let memory = S::fresh();
        let mut numbers = Vec::new_in(memory.lend());
        for number in 0..len {
            numbers.push(number);
        }
        black_box(&*numbers).len() as u64
    })
}
