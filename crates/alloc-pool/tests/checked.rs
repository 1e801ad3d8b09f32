//! What memory checkers must not report: blocks that change hands in every way there is, used by whoever has them.
//!
//! Worth running under Miri and `AddressSanitizer`; the faulty twins are in `poison.rs`.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use alloc_pool::alloc_core::Global;
use alloc_pool::{AllocError, Allocator, HardenedPool, InlinePool, Layout, Pool, Sealed, Strict};

/// What blocks are for.
const REQUEST: Layout = Layout::new::<[u64; 3]>();

/// How often a thing is done that takes an interpreter long.
const ROUNDS: usize = if cfg!(miri) { 1 } else { 4 };

/// A block, all of it written to.
#[derive(Debug)]
struct Block {
    start: NonNull<[u8]>,
    layout: Layout,
}

impl Block {
    fn new(pool: &impl Allocator) -> Self {
        let start = pool.allocate(REQUEST).expect("there is room");
        let layout = REQUEST;
        Self { start, layout }.filled(1)
    }

    /// Writes to each byte, those beyond what was asked for included.
    fn filled(self, byte: u8) -> Self {
        // SAFETY: the block is this value's alone.
        unsafe { self.start.cast::<u8>().write_bytes(byte, self.start.len()) };
        self
    }

    /// Whether each byte is what it was filled with.
    fn is_full_of(&self, byte: u8) -> bool {
        // SAFETY: as above, and all bytes are initialised.
        let bytes = unsafe { self.start.as_ref() };
        bytes == vec![byte; bytes.len()]
    }

    fn free(self, pool: &impl Allocator) {
        // SAFETY: a block of this pool with this layout.
        unsafe { pool.deallocate(self.start.cast(), self.layout) };
    }

    /// The same block for so many bytes, which keeps what it contains.
    fn resized(self, pool: &impl Allocator, len: usize) -> Self {
        let (old, block) = (self.layout, self.start.cast());
        let layout = Layout::from_size_align(len, old.align()).expect("a small layout");
        let start = if len >= old.size() {
            // SAFETY: a block of this pool with this layout, and a larger one.
            unsafe { pool.grow(block, old, layout) }
        } else {
            // SAFETY: a block of this pool with this layout, and a smaller one.
            unsafe { pool.shrink(block, old, layout) }
        };
        let start = start.expect("a block serves it");
        Self { start, layout }
    }
}

/// Takes so many blocks.
fn take(pool: &impl Allocator, n: usize) -> Vec<Block> {
    (0..n).map(|_| Block::new(pool)).collect()
}

/// Frees these blocks.
fn give(pool: &impl Allocator, blocks: impl IntoIterator<Item = Block>) {
    for block in blocks {
        block.free(pool);
    }
}

/// Blocks are taken, given back in an order of their own, and taken again; those that stay keep what they contain.
fn change_hands(pool: &impl Allocator) {
    let mut held = take(pool, if cfg!(miri) { 9 } else { 25 });
    for round in 0..3 {
        for index in (0..held.len()).rev().filter(|index| index % 3 == round) {
            held.swap_remove(index).free(pool);
        }
        assert!(held.iter().all(|block| block.is_full_of(1)));
        held.extend(take(pool, 7));
    }
    let zeroed = Block {
        start: pool.allocate_zeroed(REQUEST).expect("there is room"),
        layout: REQUEST,
    };
    assert!(zeroed.is_full_of(0));
    give(pool, held);
    zeroed.free(pool);
}

#[test]
fn blocks_change_hands() {
    change_hands(&Pool::new(REQUEST));
    change_hands(&Pool::new(REQUEST).with_chunk_limit(7 * 24));
    change_hands(&Pool::learning());
    change_hands(&HardenedPool::new(REQUEST));
    change_hands(&HardenedPool::<_, Strict>::new_in(REQUEST, Global));
    change_hands(&&InlinePool::<[u64; 3], 64>::new());
}

#[test]
fn a_block_that_stays_in_place_keeps_what_it_contains() {
    fn check(pool: &impl Allocator) {
        let (mut block, next) = (Block::new(pool).filled(5), Block::new(pool));
        for len in [1, 24, 8, 24] {
            block = block.resized(pool, len);
            assert!(block.is_full_of(5));
        }
        assert!(next.is_full_of(1));
        let nothing = block.resized(pool, 0);
        let again = nothing.resized(pool, 24).filled(6);
        assert!(again.is_full_of(6) && next.is_full_of(1));
        again.free(pool);
        next.free(pool);
    }
    check(&Pool::new(REQUEST));
    check(&HardenedPool::new(REQUEST));
    check(&&InlinePool::<[u64; 3], 2>::new());
}

#[test]
fn what_does_not_fit_leaves_the_block_as_it_was() {
    fn check(pool: &impl Allocator) {
        let block = Block::new(pool).filled(5);
        let too_large = Layout::new::<[u64; 9]>();
        // SAFETY: a block of this pool with this layout, and a larger one.
        let grown = unsafe { pool.grow(block.start.cast(), block.layout, too_large) };
        assert_eq!(grown, Err(AllocError));
        assert!(block.is_full_of(5));
        block.filled(6).free(pool);
    }
    check(&Pool::new(REQUEST));
    check(&HardenedPool::new(REQUEST));
    check(&&InlinePool::<[u64; 3], 2>::new());
}

#[test]
fn what_a_reset_took_is_handed_out_again() {
    let mut pool = Pool::new(REQUEST).with_chunk_limit(7 * 24);
    let mut hardened = HardenedPool::<_, Strict>::new_in(REQUEST, Global);
    let mut inline = InlinePool::<[u64; 3], 64>::new();
    for _ in 0..3 {
        change_hands(&pool);
        change_hands(&hardened);
        change_hands(&&inline);
        let _lost = [
            Block::new(&pool),
            Block::new(&hardened),
            Block::new(&&inline),
        ];
        pool.reset();
        hardened.reset();
        inline.reset();
    }
}

#[test]
fn lists_that_were_looked_at_are_as_good_as_before() {
    let mut pool = Pool::new(REQUEST).with_chunk_limit(7 * 24);
    let mut hardened = HardenedPool::<_, Sealed>::new_in(REQUEST, Global).with_chunk_limit(7 * 32);
    for kept in 1..=ROUNDS {
        let (lost, sealed) = (take(&pool, kept), take(&hardened, kept));
        change_hands(&pool);
        change_hands(&hardened);
        assert_eq!((pool.in_use(), hardened.in_use()), (kept, kept));
        assert_eq!(pool.live_blocks().count(), kept);
        assert_eq!(hardened.live_blocks().count(), kept);
        pool.release_empty_chunks();
        hardened.release_empty_chunks();
        assert!(lost.iter().chain(&sealed).all(|block| block.is_full_of(1)));
        give(&pool, lost);
        give(&hardened, sealed);
    }
}

#[test]
fn who_visits_live_blocks_may_look_into_them() {
    fn sum(blocks: impl Iterator<Item = NonNull<[u8]>>) -> usize {
        // SAFETY: blocks in use, all of them filled, and nobody else looks.
        let bytes = blocks.map(|block| usize::from(unsafe { block.as_ref() }[23]));
        bytes.sum()
    }
    let mut pool = Pool::new(REQUEST);
    let mut hardened = HardenedPool::new(REQUEST);
    let mut inline = InlinePool::<[u64; 3], 9>::new();
    for round in 1..=ROUNDS {
        Block::new(&pool);
        Block::new(&hardened);
        Block::new(&&inline);
        Block::new(&pool).free(&pool);
        Block::new(&hardened).free(&hardened);
        Block::new(&&inline).free(&&inline);
        assert_eq!(sum(pool.live_blocks()), round);
        assert_eq!(sum(hardened.live_blocks()), round);
        assert_eq!(sum(inline.live_blocks()), round);
    }
}

/// Words of a buffer.
const WORDS: usize = 400;

/// An upstream over a buffer of its owner, for one chunk.
struct Buffer {
    start: NonNull<u8>,
    taken: Cell<bool>,
}

impl Buffer {
    fn of(words: &mut [MaybeUninit<u64>; WORDS]) -> Self {
        Self {
            start: NonNull::from(words).cast(),
            taken: Cell::new(false),
        }
    }
}

// SAFETY: the one block is the buffer, and it stays where it is.
unsafe impl Allocator for &Buffer {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let fits = layout.size() <= 8 * WORDS && layout.align() <= 8 && !self.taken.replace(true);
        let block = NonNull::slice_from_raw_parts(self.start, 8 * WORDS);
        fits.then_some(block).ok_or(AllocError)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {
        self.taken.set(false);
    }
}

/// Runs `f` on a pool over a buffer, of which all is used afterwards.
fn over_a_buffer(f: impl FnOnce(&Buffer)) {
    let mut words = [MaybeUninit::uninit(); WORDS];
    f(&Buffer::of(&mut words));
    words.fill(MaybeUninit::new(9));
    // SAFETY: initialised just now.
    assert_eq!(unsafe { words[WORDS - 1].assume_init() }, 9);
}

#[test]
fn memory_is_its_owners_again_after_the_pool() {
    over_a_buffer(|buffer| {
        let pool = Pool::fixed_in(REQUEST, 64, buffer);
        change_hands(&pool);
        Block::new(&pool);
    });
    over_a_buffer(|buffer| {
        let pool = HardenedPool::<_, Strict>::fixed_in(REQUEST, 64, buffer);
        change_hands(&pool);
    });
    over_a_buffer(|buffer| {
        let pool = Pool::fixed_in(REQUEST, 64, buffer);
        change_hands(&pool);
        assert!(pool.release_empty_chunks() > 0);
        // Not even the drop of the pool is needed.
        std::mem::forget(pool);
    });
}

#[test]
fn memory_goes_back_to_a_pool_and_is_used_there() {
    let outer = Pool::new(Layout::new::<[u64; 100]>());
    for _ in 0..ROUNDS {
        let inner = Pool::new_in(REQUEST, &outer).with_chunk_limit(7 * 24);
        change_hands(&inner);
        inner.release_empty_chunks();
        give(&outer, take(&outer, 3));
        change_hands(&inner);
        drop(inner);
        give(&outer, take(&outer, 3));
    }
}

#[test]
fn an_inline_pool_moves_with_what_is_free_and_what_was_forgotten() {
    let mut pool = InlinePool::<[u64; 3], 64>::new();
    for round in 0..3 {
        change_hands(&&pool);
        Block::new(&&pool);
        let moved = Box::new(pool);
        change_hands(&&*moved);
        pool = *moved;
        assert_eq!(pool.in_use(), round + 1);
    }
    // Where it was, something else may be.
    let place = std::hint::black_box([7_u64; 64 * 3]);
    assert_eq!(place.iter().sum::<u64>(), 7 * 64 * 3);
}
