//! What memory checkers must not report: blocks that change hands in every way there is, used by whoever has them.
//!
//! Worth running under Miri and `AddressSanitizer`; the faulty twins are in `poison.rs`.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use alloc_sync_pool::{AllocError, Allocator, InlineSyncPool, Layout, SyncPool};

/// A block, all of it written to.
#[derive(Debug)]
struct Block {
    start: NonNull<[u8]>,
    layout: Layout,
}

// SAFETY: the memory is this value's alone.
unsafe impl Send for Block {}

impl Block {
    fn new(pool: &impl Allocator, layout: Layout) -> Self {
        let start = pool.allocate(layout).expect("there is room");
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

/// Sizes of blocks. Some of them share units of memory that `AddressSanitizer` cannot tell apart, and Miri can.
const SIZES: &[usize] = if cfg!(miri) { &[20] } else { &[3, 24, 20] };

/// What blocks are for.
fn request(size: usize) -> Layout {
    Layout::array::<u8>(size).expect("a small layout")
}

/// Takes so many blocks.
fn take(pool: &impl Allocator, size: usize, n: usize) -> Vec<Block> {
    (0..n).map(|_| Block::new(pool, request(size))).collect()
}

/// Frees these blocks.
fn give(pool: &impl Allocator, blocks: impl IntoIterator<Item = Block>) {
    for block in blocks {
        block.free(pool);
    }
}

/// Blocks are taken, given back in an order of their own, and taken again; those that stay keep what they contain.
fn change_hands(pool: &impl Allocator, size: usize) {
    let mut held = take(pool, size, if cfg!(miri) { 9 } else { 25 });
    for round in 0..3 {
        for index in (0..held.len()).rev().filter(|index| index % 3 == round) {
            held.swap_remove(index).free(pool);
        }
        assert!(held.iter().all(|block| block.is_full_of(1)));
        held.extend(take(pool, size, 7));
    }
    give(pool, held);
    let block = Block::new(pool, request(size)).filled(5).resized(pool, 1);
    let block = block.resized(pool, size);
    assert!(block.is_full_of(5));
    let zeroed = Block {
        start: pool.allocate_zeroed(request(size)).expect("there is room"),
        layout: request(size),
    };
    assert!(zeroed.is_full_of(0));
    give(pool, [block.resized(pool, 0), zeroed]);
}

#[test]
fn blocks_change_hands() {
    for &size in SIZES {
        let pool = SyncPool::new(request(size));
        change_hands(&pool, size);
        let local = pool.local();
        change_hands(&local, size);
        give(&pool, take(&local, size, 5));
        give(&local, take(&pool, size, 5));
        change_hands(&SyncPool::fixed(request(size), 64), size);
    }
    change_hands(&&InlineSyncPool::<[u8; 24], 64>::new(), 24);
    change_hands(&&InlineSyncPool::<[u8; 3], 64>::new(), 3);
}

#[test]
fn neighbours_change_hands_in_several_threads() {
    const ROUNDS: usize = if cfg!(miri) { 2 } else { 2000 };
    for &size in SIZES {
        let pool = SyncPool::fixed(request(size), 64);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let held = take(&pool, size, 5);
                        assert!(held.iter().all(|block| block.is_full_of(1)));
                        give(&pool, held);
                    }
                });
            }
        });
    }
}

#[test]
fn what_one_thread_frees_another_one_uses() {
    let pool = SyncPool::new(request(24));
    for _ in 0..3 {
        let held = take(&pool, 24, 30);
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(held.iter().all(|block| block.is_full_of(1)));
                give(&pool, held);
                change_hands(&pool, 24);
            });
        });
        change_hands(&pool, 24);
    }
}

#[test]
fn what_a_reset_took_is_handed_out_again() {
    for &size in SIZES {
        let mut pool = SyncPool::new(request(size));
        for _ in 0..3 {
            let _lost = take(&pool, size, 9);
            change_hands(&pool, size);
            pool.reset();
        }
    }
    let mut pool = InlineSyncPool::<[u8; 24], 64>::new();
    for _ in 0..3 {
        let _lost = take(&&pool, 24, 9);
        change_hands(&&pool, 24);
        pool.reset();
    }
}

/// An upstream over a buffer of its owner, for one chunk.
struct Buffer {
    start: NonNull<u8>,
    len: usize,
    taken: AtomicBool,
}

// SAFETY: the one block is the buffer, and it stays where it is.
unsafe impl Allocator for &Buffer {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let fits = layout.size() <= self.len
            && layout.align() <= 256
            && !self.taken.swap(true, Ordering::Relaxed);
        let block = NonNull::slice_from_raw_parts(self.start, self.len);
        fits.then_some(block).ok_or(AllocError)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {
        self.taken.store(false, Ordering::Relaxed);
    }
}

/// Memory aligned as chunks are, on every machine.
#[repr(align(256))]
struct Room([MaybeUninit<u8>; 4096]);

#[test]
fn memory_is_its_owners_again_after_the_pool() {
    let mut room = Room([MaybeUninit::uninit(); 4096]);
    for &size in SIZES {
        let buffer = Buffer {
            start: NonNull::from(&mut room).cast(),
            len: 4096,
            taken: AtomicBool::new(false),
        };
        let pool = SyncPool::fixed_in(request(size), 64, &buffer);
        change_hands(&pool, size);
        let _lost = Block::new(&pool, request(size));
        drop(pool);
        room.0.fill(MaybeUninit::new(9));
        // SAFETY: initialised just now.
        let bytes = unsafe { (&raw const room).cast::<[u8; 4096]>().read() };
        assert_eq!(bytes, [9; 4096]);
    }
}

#[test]
fn memory_goes_back_to_a_pool_and_is_used_there() {
    let outer = SyncPool::for_value::<Room>();
    for &size in SIZES {
        let inner = SyncPool::fixed_in(request(size), 64, &outer);
        change_hands(&inner, size);
        drop(inner);
        give(&outer, take(&outer, 4096, 3));
    }
}

#[test]
fn an_inline_pool_moves_with_what_is_free_and_what_was_forgotten() {
    let mut pool = InlineSyncPool::<[u8; 24], 64>::new();
    for round in 0..3 {
        change_hands(&&pool, 24);
        let _lost = Block::new(&&pool, request(24));
        let moved = Box::new(pool);
        change_hands(&&*moved, 24);
        pool = *moved;
        assert_eq!(pool.in_use(), round + 1);
    }
    // Where it was, something else may be.
    let place = std::hint::black_box([7_u64; 400]);
    assert_eq!(place.iter().sum::<u64>(), 7 * 400);
}
