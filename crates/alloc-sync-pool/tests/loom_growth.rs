//! Models of the chunks of a pool: who adds them, who sees them, and what an upstream refuses.
//! `RUSTFLAGS="--cfg loom" cargo test -p alloc-sync-pool --test loom_growth --release`, or `cargo
//! xtask loom`.
#![cfg(any(loom, shuttle))]

mod models;

use std::sync::atomic::Ordering;

use alloc_sync_pool::SyncPool;

use models::{BLOCK, Block, Counting, Scarce, World, model, spawn};

/// Takes a block and keeps it.
fn keep(world: &World<SyncPool>) -> Block {
    world.ledger.take(&world.pool).unwrap()
}

#[test]
fn growth_race() {
    model("growth race", None, || {
        let chunks = Counting::default();
        let world = World::new(SyncPool::with_capacity_in(BLOCK, 1, chunks.clone()));
        let grab = |world: &World<SyncPool<Counting>>| world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, move |world| {
            let block = grab(world);
            world.ledger.give(&world.pool, block);
        });
        let block = grab(&world);
        other.join().unwrap();
        // One block, or one and then two: the loser of the race gave its chunk back.
        assert!(matches!(world.pool.capacity(), 1 | 3));
        assert_eq!(world.pool.in_use(), 1);
        world.ledger.give(&world.pool, block);
        assert_eq!(world.pool.in_use(), 0);
        drop(world);
        assert_eq!(chunks.0.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_new_chunk_is_seen_whole() {
    model("a new chunk is seen whole", None, || {
        let world = World::new(SyncPool::with_capacity(BLOCK, 1));
        let first = world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, |world| {
            let second = world.ledger.take(&world.pool).unwrap();
            world.ledger.give(&world.pool, second);
        });
        let second = world.ledger.take(&world.pool).unwrap();
        world.ledger.give(&world.pool, second);
        world.ledger.give(&world.pool, first);
        other.join().unwrap();
        assert_eq!(world.pool.in_use(), 0);
    });
}

#[test]
fn no_chunk_is_taken_in_vain() {
    model("no chunk is taken in vain", None, || {
        // Two blocks of one word: neither that another thread claims one at the same time nor that
        // it brings the chunk is a reason to grow.
        let chunks = Counting::default();
        let world = World::new(SyncPool::with_capacity_in(BLOCK, 2, chunks.clone()));
        let take =
            |world: &World<SyncPool<Counting>>| drop(world.ledger.take(&world.pool).unwrap());
        let other = spawn(&world, take);
        take(&world);
        other.join().unwrap();
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (2, 2));
    });
}

#[test]
fn every_chunk_is_looked_at() {
    model("every chunk is looked at", None, || {
        // Chunks of 1, 2 and 4 blocks, all taken, and the newest one had a block last.
        let world = World::new(SyncPool::with_capacity(BLOCK, 1));
        let [first, second, ..] = [(); 7].map(|()| keep(&world));
        world.ledger.give(&world.pool, first);
        let other = spawn(&world, move |world| world.ledger.give(&world.pool, second));
        keep(&world);
        other.join().unwrap();
        keep(&world);
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (7, 7));
    });
}

#[test]
fn two_reserve_at_once() {
    model("two reserve at once", None, || {
        let world = World::new(SyncPool::with_capacity(BLOCK, 2));
        let other = spawn(&world, |world| world.pool.try_reserve(2).unwrap());
        world.pool.try_reserve(2).unwrap();
        other.join().unwrap();
        assert_eq!(world.pool.capacity(), 2);
    });
}

#[test]
fn the_last_memory_of_an_upstream() {
    model("the last memory of an upstream", None, || {
        // There is memory for one chunk. Whoever is refused when the other one has added it to the
        // pool finds a block there.
        let upstream = Scarce::new(0..1);
        let world = World::new(SyncPool::with_capacity_in(BLOCK, 2, upstream.clone()));
        let other = spawn(&world, |world| {
            if world.ledger.take(&world.pool).is_ok() {
                world.pool.upstream().announce();
            }
        });
        let taken = world.ledger.take(&world.pool);
        assert!(taken.is_ok() || !upstream.refused_after_announcement());
        other.join().unwrap();
    });
}

#[test]
fn the_last_memory_is_reserved() {
    model("the last memory is reserved", None, || {
        let upstream = Scarce::new(0..1);
        let world = World::new(SyncPool::with_capacity_in(BLOCK, 2, upstream.clone()));
        let other = spawn(&world, |world| {
            if world.pool.try_reserve(2).is_ok() {
                world.pool.upstream().announce();
            }
        });
        let reserved = world.pool.try_reserve(2);
        assert!(reserved.is_ok() || !upstream.refused_after_announcement());
        other.join().unwrap();
    });
}

#[test]
fn a_bounded_pool_is_refused_its_memory() {
    model("a bounded pool is refused its memory", None, || {
        // The first request to the upstream is refused, and the share that it was for comes back.
        let upstream = Scarce::new(1..3);
        let world = World::new(SyncPool::fixed_in(BLOCK, 2, upstream));
        let churn = |world: &World<SyncPool<Scarce>>| {
            if let Ok(block) = world.ledger.take(&world.pool) {
                world.ledger.give(&world.pool, block);
            }
        };
        let other = spawn(&world, churn);
        churn(&world);
        other.join().unwrap();
        let _both = [(); 2].map(|()| world.ledger.take(&world.pool).unwrap());
    });
}

#[test]
fn remote_frees_before_the_pool_is_dropped() {
    model("remote frees before the pool is dropped", None, || {
        let chunks = Counting::default();
        let world = World::new(SyncPool::with_capacity_in(BLOCK, 1, chunks.clone()));
        let first = world.ledger.take(&world.pool).unwrap();
        let second = world.ledger.take(&world.pool).unwrap();
        let others = [first, second]
            .map(|block| spawn(&world, move |world| world.ledger.give(&world.pool, block)));
        drop(world);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(chunks.0.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_flush_frees_blocks_of_two_chunks() {
    model("a flush frees blocks of two chunks", None, || {
        // Of two words of a chunk in turn, and of the first word of another one.
        let world = World::new(SyncPool::with_capacity(BLOCK, 4));
        let [a, b, c, d, e] = [(); 5].map(|()| world.ledger.take(&world.pool).unwrap());
        let other = spawn(&world, move |world| world.ledger.give(&world.pool, d));
        let local = world.pool.local();
        for block in [a, c, b, e] {
            world.ledger.give(&local, block);
        }
        drop(local);
        other.join().unwrap();
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (0, 12));
    });
}
