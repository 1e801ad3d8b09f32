//! Many threads: stamps on blocks, producers and consumers, values dropped elsewhere.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use alloc_conformance::Upstream;
use alloc_core::{
    AllocError, Allocator, ArcHandle, Global, Layout, boxed::Box, vec::Vec as PoolVec,
};
use alloc_sync_pool::{InlineSyncPool, SyncPool};

const ROUNDS: usize = if cfg!(miri) { 40 } else { 20_000 };
const THREADS: u64 = 4;
const BLOCK: Layout = Layout::new::<[u64; 4]>();

/// A generator that needs no crate.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Blocks of one thread, each with a stamp that nobody else writes.
struct Stamped<'a, A: Allocator> {
    alloc: &'a A,
    held: Vec<(NonNull<[u64; 4]>, u64)>,
}

impl<A: Allocator> Stamped<'_, A> {
    fn take(&mut self, stamp: u64) -> bool {
        let Ok(block) = self.alloc.allocate(BLOCK) else {
            return false;
        };
        let block = block.cast::<[u64; 4]>();
        // SAFETY: just allocated, with room for the array.
        unsafe { block.write([stamp; 4]) };
        self.held.push((block, stamp));
        true
    }

    fn give(&mut self, index: usize) {
        let (block, stamp) = self.held.swap_remove(index);
        // SAFETY: ours, and written to when it was taken.
        let found = unsafe { block.read() };
        assert_eq!(found, [stamp; 4], "somebody else wrote to our block");
        // SAFETY: allocated by this allocator.
        unsafe { self.alloc.deallocate(block.cast(), BLOCK) };
    }
}

/// Takes and gives at random, with at most `most` blocks at once; `granted` says that no request
/// may be refused.
fn stress<A: Allocator>(alloc: &A, thread: u64, most: usize, granted: bool) {
    let mut random = Random(thread * 0x9e37_79b9 + 1);
    let mut blocks = Stamped {
        alloc,
        held: Vec::new(),
    };
    for round in 0..ROUNDS {
        if blocks.held.len() < most && random.below(2) == 0 {
            let taken = blocks.take(thread << 32 | round as u64);
            assert!(taken || !granted, "refused");
        } else if !blocks.held.is_empty() {
            let index = random.below(blocks.held.len());
            blocks.give(index);
        }
    }
    while !blocks.held.is_empty() {
        blocks.give(0);
    }
}

#[test]
fn a_block_has_one_owner() {
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 1, upstream.clone());
    thread::scope(|scope| {
        for n in 0..THREADS {
            let pool = &pool;
            scope.spawn(move || {
                if n % 2 == 0 {
                    stress(pool, n, 40, true);
                } else {
                    stress(&pool.local(), n, 200, true);
                }
            });
        }
    });
    assert_eq!(pool.in_use(), 0);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn a_bounded_pool_refuses_nobody_while_there_is_a_block() {
    // 4 threads of 50 blocks at most, in 4 words.
    let pool = SyncPool::fixed(BLOCK, 200);
    let inline = InlineSyncPool::<[u64; 4], 200>::new();
    thread::scope(|scope| {
        for n in 0..THREADS {
            let (pool, inline) = (&pool, &inline);
            scope.spawn(move || {
                stress(pool, n, 50, true);
                stress(&inline, n, 50, true);
            });
        }
    });
    assert_eq!((pool.in_use(), inline.in_use()), (0, 0));
}

#[test]
fn a_refill_refuses_nobody() {
    // Of 512 blocks 33 are free, scattered over all words. The handle takes 32 at once, so there is
    // always one left.
    let pool = SyncPool::fixed(BLOCK, 512);
    let blocks: Vec<_> = (0..512)
        .map(|_| pool.allocate(BLOCK).unwrap().cast::<u8>())
        .collect();
    for index in (0..512).step_by(16).chain([1]) {
        // SAFETY: taken above.
        unsafe { pool.deallocate(blocks[index], BLOCK) };
    }
    thread::scope(|scope| {
        let handle = scope.spawn(|| {
            for _ in 0..ROUNDS.div_ceil(20) {
                let local = pool.local();
                let taken = [(); 32].map(|()| local.allocate(BLOCK).unwrap().cast::<u8>());
                for block in taken {
                    // SAFETY: taken above.
                    unsafe { local.deallocate(block, BLOCK) };
                }
            }
        });
        while !handle.is_finished() {
            let block = pool.allocate(BLOCK).unwrap().cast::<u8>();
            // SAFETY: taken above.
            unsafe { pool.deallocate(block, BLOCK) };
        }
    });
    assert_eq!(pool.in_use(), 512 - 33);
}

/// An upstream with memory for one chunk, in which another thread comes first.
struct LastChunk {
    left: AtomicUsize,
    calls: AtomicUsize,
    pool: fn() -> &'static SyncPool<LastChunk>,
}

impl LastChunk {
    const fn new(pool: fn() -> &'static SyncPool<Self>) -> Self {
        Self {
            left: AtomicUsize::new(1),
            calls: AtomicUsize::new(0),
            pool,
        }
    }
}

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for LastChunk {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let pool = (self.pool)();
        if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            let other = thread::spawn(|| assert!(pool.allocate(BLOCK).is_ok()));
            other.join().unwrap();
        }
        let left = |left: usize| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
            .map_err(|_| AllocError)?;
        Global.allocate(layout)
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.left.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

#[test]
fn the_loser_of_a_race_for_the_last_chunk_uses_the_winners() {
    static FIXED: SyncPool<LastChunk> = SyncPool::fixed_in(BLOCK, 4, LastChunk::new(|| &FIXED));
    static GROWING: SyncPool<LastChunk> =
        SyncPool::with_capacity_in(BLOCK, 4, LastChunk::new(|| &GROWING));
    for pool in [&FIXED, &GROWING] {
        assert!(pool.allocate(BLOCK).is_ok(), "refused, of {pool:?}");
        assert_eq!((pool.in_use(), pool.capacity()), (2, 4));
    }
}

#[test]
fn the_loser_of_a_race_to_reserve_uses_the_winners_chunk() {
    static FIXED: SyncPool<LastChunk> = SyncPool::fixed_in(BLOCK, 4, LastChunk::new(|| &FIXED));
    static GROWING: SyncPool<LastChunk> =
        SyncPool::with_capacity_in(BLOCK, 4, LastChunk::new(|| &GROWING));
    for pool in [&FIXED, &GROWING] {
        assert!(pool.try_reserve(4).is_ok(), "refused, of {pool:?}");
        assert!(pool.try_reserve(5).is_err());
        assert_eq!((pool.in_use(), pool.capacity()), (1, 4));
    }
}

#[test]
fn few_blocks_for_many() {
    let pool = SyncPool::fixed(BLOCK, 3);
    thread::scope(|scope| {
        for n in 0..THREADS {
            let pool = &pool;
            scope.spawn(move || {
                if n % 2 == 0 {
                    stress(pool, n, 3, false);
                } else {
                    stress(&pool.local(), n, 3, false);
                }
            });
        }
    });
    assert_eq!((pool.in_use(), pool.capacity()), (0, 3));
}

#[test]
fn producer_to_consumer_needs_bounded_memory() {
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 8, upstream.clone());
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(16);
        let pool = &pool;
        scope.spawn(move || {
            let local = pool.local();
            for n in 0..ROUNDS as u64 {
                let message = Box::leak(Box::new_in([n; 4], &local));
                // The message leaves with its thread's handle; the pool can free it.
                sender.send(Message(NonNull::from(message))).unwrap();
            }
        });
        scope.spawn(move || {
            let local = pool.local();
            for (n, Message(message)) in receiver.into_iter().enumerate() {
                // SAFETY: from a box of an equivalent allocator, leaked and sent to us alone.
                let message = unsafe { Box::from_raw_in(message.as_ptr(), &local) };
                assert_eq!(*message, [n as u64; 4]);
            }
        });
    });
    assert_eq!(pool.in_use(), 0);
    // 16 in the channel, 128 in each magazine, and what is at hand: two doublings of slack.
    assert!(
        pool.capacity() <= 8 + 16 + 32 + 64 + 128 + 256,
        "{}",
        pool.capacity()
    );
    drop(pool);
    upstream.assert_all_returned();
}

/// A message on its way.
struct Message(NonNull<[u64; 4]>);
// SAFETY: plain memory, with one owner.
unsafe impl Send for Message {}

#[test]
fn boxes_are_dropped_by_other_threads() {
    let pool = ArcHandle::new(SyncPool::for_value::<[u64; 4]>());
    let workers: Vec<_> = (0..THREADS)
        .map(|n| {
            let boxes: Vec<_> = (0..10)
                .map(|m| Box::new_in([n, m, 0, 0], pool.clone()))
                .collect();
            thread::spawn(move || boxes.iter().map(|b| b[0] * 10 + b[1]).sum::<u64>())
        })
        .collect();
    let sum: u64 = workers
        .into_iter()
        .map(|worker| worker.join().unwrap())
        .sum();
    assert_eq!(sum, (0..40).sum());
    assert_eq!(pool.in_use(), 0);
    assert!(pool.try_into_inner().is_ok(), "every handle is gone");
}

#[test]
fn a_static_pool_serves_threads() {
    static POOL: InlineSyncPool<[u8; 64], 64> = InlineSyncPool::new();
    static HEAP: SyncPool = SyncPool::for_value::<[u8; 64]>();
    let workers = [(); 3].map(|()| {
        thread::spawn(|| {
            let mut inline = PoolVec::new_in(&POOL);
            let mut heap = PoolVec::new_in(&HEAP);
            for n in 0..64_u8 {
                inline.push(n);
                heap.push(n);
            }
            assert_eq!(inline, heap);
        })
    });
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!((POOL.in_use(), HEAP.in_use()), (0, 0));
}

#[test]
fn a_local_moves_to_another_thread() {
    let pool = SyncPool::new(BLOCK);
    let local = pool.local();
    drop(Box::new_in([1_u64; 4], &local));
    thread::scope(|scope| {
        scope.spawn(move || stress(&local, 1, 10, true));
    });
    assert_eq!(pool.in_use(), 0);
}
