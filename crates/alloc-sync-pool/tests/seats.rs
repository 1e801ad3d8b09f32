//! What a pool keeps for threads with the feature `std`: threads that end, pools that are dropped
//! or reset, many of either, and upstreams that come back.
#![cfg(not(loom))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, ArcHandle, Global, Layout, boxed::Box};
use alloc_sync_pool::SyncPool;

const BLOCK: Layout = Layout::new::<[u64; 4]>();

/// A block on its way to another thread.
struct Block(NonNull<u8>);
// SAFETY: plain memory, with one owner.
unsafe impl Send for Block {}

fn take(pool: &impl Allocator, n: usize) -> Vec<Block> {
    let take = |_| Block(pool.allocate(BLOCK).unwrap().cast());
    (0..n).map(take).collect()
}

fn give(pool: &impl Allocator, blocks: Vec<Block>) {
    for Block(block) in blocks {
        // SAFETY: taken from this pool.
        unsafe { pool.deallocate(block, BLOCK) };
    }
}

/// Gives back what it took, in a thread of its own that has ended when this returns.
fn pairs_elsewhere<A: Allocator + Sync>(pool: &SyncPool<A>, n: usize) {
    thread::scope(|scope| {
        let pairs = scope.spawn(|| give(pool, take(pool, n)));
        pairs.join().unwrap();
    });
}

#[test]
fn a_pair_needs_no_other_block() {
    let pool = SyncPool::new(BLOCK);
    let Block(first) = take(&pool, 1).pop().unwrap();
    for _ in 0..100 {
        give(&pool, vec![Block(first)]);
        assert_eq!(pool.in_use(), 0);
        assert_eq!(
            take(&pool, 1)[0].0,
            first,
            "the last one in is the first one out"
        );
    }
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn threads_begin_in_different_words() {
    let pool = SyncPool::with_capacity_in(BLOCK, 1024, Global);
    let barrier = Barrier::new(4);
    let firsts: Vec<usize> = thread::scope(|scope| {
        let threads = [(); 4].map(|()| {
            scope.spawn(|| {
                let block = take(&pool, 1);
                // Nobody ends, and leaves a magazine to others.
                barrier.wait();
                let first = block[0].0.addr().get();
                give(&pool, block);
                first
            })
        });
        let firsts = threads.map(|thread| thread.join().unwrap());
        firsts.into()
    });
    let apart = usize::BITS as usize * BLOCK.size();
    let words: HashSet<_> = firsts
        .iter()
        .map(|first| (first - firsts.iter().min().unwrap()) / apart)
        .collect();
    assert_eq!(words.len(), firsts.len(), "{firsts:x?}");
}

#[test]
fn thousands_of_threads_come_and_go() {
    let threads = if cfg!(miri) { 8 } else { 3_000 };
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 8, upstream.clone());
    for _ in 0..threads {
        pairs_elsewhere(&pool, 3);
    }
    assert_eq!(pool.in_use(), 0);
    // Seats are used again, by other tests too: a few magazines serve them all.
    assert!(upstream.calls() < 2 * 64, "{}", upstream.calls());
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn more_threads_than_the_first_index_has() {
    let threads = if cfg!(miri) { 10 } else { 100 };
    let upstream = Upstream::new();
    let pool = SyncPool::new_in(BLOCK, upstream.clone());
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let blocks = take(&pool, 2);
                barrier.wait();
                give(&pool, blocks);
                give(&pool, take(&pool, 2));
            });
        }
    });
    assert_eq!(pool.in_use(), 0);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn thousands_of_pools_in_one_thread() {
    let pools = if cfg!(miri) { 12 } else { 2_000 };
    let upstream = Upstream::new();
    let mut living = Vec::new();
    for _ in 0..pools {
        living.push(SyncPool::with_capacity_in(BLOCK, 4, upstream.clone()));
        // All of them in turn, and some are dropped with what rests in their magazines.
        for pool in living.iter().rev().take(10) {
            give(pool, take(pool, 2));
        }
        if living.len() > 50 {
            living.swap_remove(7);
        }
    }
    assert!(living.iter().all(|pool| pool.in_use() == 0));
    drop(living);
    upstream.assert_all_returned();
}

#[test]
fn a_pool_where_another_one_was_is_another_one() {
    let mut place = None;
    let mut seen = HashSet::new();
    for _ in 0..10 {
        let upstream = Upstream::new();
        let pool = place.insert(SyncPool::with_capacity_in(BLOCK, 4, upstream.clone()));
        let blocks = take(pool, 4);
        assert_eq!((pool.in_use(), pool.capacity()), (4, 4));
        seen.extend(blocks.iter().map(|block| block.0));
        give(pool, blocks);
        place = None;
        upstream.assert_all_returned();
    }
    assert!(!seen.is_empty());
}

#[test]
fn a_pool_moves_while_threads_have_magazines_of_it() {
    let pool = SyncPool::with_capacity(BLOCK, 64);
    let blocks = take(&pool, 3);
    let moved = std::boxed::Box::new(pool);
    give(&*moved, blocks);
    let (pool, blocks) = thread::spawn(move || {
        let blocks = take(&*moved, 64);
        (*moved, blocks)
    })
    .join()
    .unwrap();
    give(&pool, blocks);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_pool_is_dropped_while_its_threads_live() {
    let upstream = Upstream::new();
    let (send, threads): (Vec<_>, Vec<_>) = (0..3)
        .map(|_| {
            let (send, receive) = mpsc::channel::<Arc<SyncPool<Upstream>>>();
            let thread = thread::spawn(move || {
                for pool in receive {
                    give(&*pool, take(&*pool, 5));
                }
            });
            (send, thread)
        })
        .unzip();
    for _ in 0..10 {
        let pool = Arc::new(SyncPool::new_in(BLOCK, upstream.clone()));
        for to in &send {
            to.send(Arc::clone(&pool)).unwrap();
        }
        give(&*pool, take(&*pool, 5));
    }
    drop(send);
    for thread in threads {
        thread.join().unwrap();
    }
    upstream.assert_all_returned();
}

#[test]
fn reset_empties_the_magazines_of_all_threads() {
    let mut pool = SyncPool::with_capacity(BLOCK, 64);
    for _ in 0..3 {
        drop(take(&pool, 5));
        pairs_elsewhere(&pool, 20);
        assert_eq!(pool.in_use(), 5);
        pool.reset();
        let capacity = pool.capacity();
        assert_eq!(pool.in_use(), 0);
        let blocks = take(&pool, capacity);
        let distinct: HashSet<_> = blocks.iter().map(|block| block.0).collect();
        assert_eq!((distinct.len(), pool.capacity()), (capacity, capacity));
        give(&pool, blocks);
    }
}

thread_local! {
    /// Frees its block when the thread's values are dropped, whether the thread still has a seat or
    /// not.
    static LATE: RefCell<Option<Box<u64, ArcHandle<SyncPool>>>> = const { RefCell::new(None) };
    /// Takes and frees one then.
    static LATER: Later = const { Later(RefCell::new(None)) };
}

struct Later(RefCell<Option<ArcHandle<SyncPool>>>);

impl Drop for Later {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            assert_eq!(*Box::new_in(7, pool), 7);
        }
    }
}

#[test]
fn values_of_threads_use_the_pool_late() {
    for pool_first in [false, true] {
        let pool = ArcHandle::new(SyncPool::for_value::<u64>());
        let theirs = pool.clone();
        let thread = thread::spawn(move || {
            // Values are dropped in the order in which they came, or in the other one.
            if pool_first {
                drop(Box::new_in(0, theirs.clone()));
            }
            LATER.with(|later| later.0.replace(Some(theirs.clone())));
            LATE.with(|late| late.replace(Some(Box::new_in(1, theirs.clone()))));
            drop(Box::new_in(2, theirs));
        });
        thread.join().unwrap();
        assert_eq!(pool.in_use(), 0);
        assert!(pool.try_into_inner().is_ok(), "every handle is gone");
    }
}

thread_local! {
    /// Two values that take a block late, one of them after its thread has given its seat up.
    static ONE: Late = const { Late(RefCell::new(None)) };
    static OTHER: Late = const { Late(RefCell::new(None)) };
}

/// Takes a block of this pool when it is dropped, notes which one it is, and gives it back.
struct Late(RefCell<Option<(ArcHandle<SyncPool>, Noted)>>);

type Noted = Arc<Mutex<Vec<usize>>>;

impl Drop for Late {
    fn drop(&mut self) {
        if let Some((pool, noted)) = self.0.take() {
            let blocks = take(&pool, 1);
            noted.lock().unwrap().push(blocks[0].0.addr().get());
            give(&pool, blocks);
        }
    }
}

#[test]
fn a_thread_that_gave_its_seat_up_leaves_its_magazine_alone() {
    let thread = thread::spawn(|| {
        let pool = ArcHandle::new(SyncPool::with_capacity(BLOCK, 200));
        let noted = Noted::default();
        let late = || Some((pool.clone(), noted.clone()));
        // It sits down between the two, so that its seat is given up between them too.
        ONE.with(|value| value.0.replace(late()));
        let blocks = take(&pool, 1);
        let rests = blocks[0].0.addr().get();
        give(&pool, blocks);
        OTHER.with(|value| value.0.replace(late()));
        (rests, noted)
    });
    let (rests, noted) = thread.join().unwrap();
    let noted = noted.lock().unwrap();
    let found = noted.iter().filter(|&&block| block == rests);
    assert_eq!((found.count(), noted.len()), (1, 2));
}

#[test]
fn pools_in_statics() {
    static POOL: SyncPool = SyncPool::for_value::<[u64; 4]>();
    let threads = if cfg!(miri) { 20 } else { 200 };
    let boxes: Vec<_> = (0..threads).map(|n| Box::new_in([n; 4], &POOL)).collect();
    let threads: Vec<_> = boxes
        .into_iter()
        .map(|block| thread::spawn(move || assert_eq!(block[0], block[3])))
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(POOL.in_use(), 0);
}

#[test]
fn memory_stays_bounded_if_one_thread_takes_and_another_frees() {
    let rounds = if cfg!(miri) { 10 } else { 2_000 };
    let pool = SyncPool::with_capacity(BLOCK, 8);
    let (send, receive) = mpsc::sync_channel::<Vec<Block>>(2);
    thread::scope(|scope| {
        scope.spawn(|| receive.into_iter().for_each(|blocks| give(&pool, blocks)));
        for _ in 0..rounds {
            send.send(take(&pool, 10)).unwrap();
        }
        drop(send);
    });
    assert_eq!(pool.in_use(), 0);
    // 40 on their way, and 128 in each magazine: two doublings of slack.
    assert!(pool.capacity() <= 8 + 16 + 32 + 64 + 128 + 256, "{pool:?}");
}

/// An upstream that comes back to the pool it serves, in each of its calls.
struct Returning {
    depth: Cell<usize>,
    pool: fn() -> &'static SyncPool<Returning>,
    calls: AtomicUsize,
}

// SAFETY: the test has one thread.
unsafe impl Sync for Returning {}

impl Returning {
    fn come_back(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.depth.get() < 2 {
            self.depth.set(self.depth.get() + 1);
            let blocks = take((self.pool)(), 40);
            give((self.pool)(), blocks);
            self.depth.set(self.depth.get() - 1);
        }
    }
}

// SAFETY: the global allocator's blocks.
unsafe impl Allocator for Returning {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.come_back();
        Global.allocate(layout)
    }
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.come_back();
        // SAFETY: the caller's promise, passed on.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

#[test]
fn an_upstream_comes_back_while_a_magazine_is_made_and_filled() {
    static POOL: SyncPool<Returning> = SyncPool::with_capacity_in(
        BLOCK,
        1,
        Returning {
            depth: Cell::new(0),
            pool: || &POOL,
            calls: AtomicUsize::new(0),
        },
    );
    // A full magazine and half of one more, at least.
    let count = if cfg!(miri) { 200 } else { 500 };
    let blocks = take(&POOL, count);
    let distinct: HashSet<_> = blocks.iter().map(|block| block.0).collect();
    assert_eq!((distinct.len(), POOL.in_use()), (count, count));
    give(&POOL, blocks);
    assert_eq!(POOL.in_use(), 0);
    assert!(POOL.upstream().calls.load(Ordering::Relaxed) > 3);
}

#[test]
fn an_upstream_comes_back_while_only_a_magazine_is_made() {
    static POOL: SyncPool<Returning> = SyncPool::with_capacity_in(
        BLOCK,
        300,
        Returning {
            depth: Cell::new(2),
            pool: || &POOL,
            calls: AtomicUsize::new(0),
        },
    );
    POOL.try_reserve(300).unwrap();
    POOL.upstream().depth.set(0);
    give(&POOL, take(&POOL, 1));
    POOL.upstream().depth.set(2);
    // The thread has one magazine, and so finds every block.
    give(&POOL, take(&POOL, 300));
    assert_eq!((POOL.in_use(), POOL.capacity()), (0, 300));
}

#[test]
fn an_upstream_without_room_for_magazines() {
    // It has the first chunk and no more: every block can be had nevertheless, by any thread.
    let upstream = Upstream::new();
    let pool = SyncPool::with_capacity_in(BLOCK, 20, upstream.clone());
    pool.try_reserve(20).unwrap();
    upstream.fail_from(1);
    let blocks = take(&pool, 20);
    assert!(pool.allocate(BLOCK).is_err());
    thread::scope(|scope| {
        scope.spawn(|| give(&pool, blocks)).join().unwrap();
    });
    assert_eq!(pool.in_use(), 0);
    give(&pool, take(&pool, 20));
    let refused = upstream.calls();
    give(&pool, take(&pool, 20));
    assert_eq!(upstream.calls(), refused, "it is not asked for each block");
    upstream.heal();
    give(&pool, take(&pool, 21));
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn a_bounded_pool_keeps_nothing_for_threads() {
    let pool = SyncPool::fixed(BLOCK, 10);
    pairs_elsewhere(&pool, 10);
    let blocks = take(&pool, 10);
    assert!(pool.allocate(BLOCK).is_err());
    thread::scope(|scope| {
        scope.spawn(|| give(&pool, blocks)).join().unwrap();
    });
    give(&pool, take(&pool, 10));
}
