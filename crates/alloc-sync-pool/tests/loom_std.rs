//! Models of what threads have of their own with the feature `std`: seats, and the magazines that
//! a pool keeps for them. `RUSTFLAGS="--cfg loom" cargo test -p alloc-sync-pool --features std
//! --test loom_std --release`, or `cargo xtask loom`.
//!
//! Under loom there are 2 seats, the first index has 1, a word of a bitmap holds 2 blocks and a
//! magazine 4. Each thread ends within the model, its thread-local values with it.
#![cfg(any(loom, shuttle))]

mod models;

use std::sync::atomic::{AtomicUsize, Ordering};

use alloc_core::{Allocator, Owns};
use alloc_sync_pool::SyncPool;

use models::{Arc, BLOCK, Counting, World, model, spawn};

type Pool = SyncPool<Counting>;

/// A growing pool with `blocks` blocks.
fn pool(blocks: usize, upstream: &Counting) -> Pool {
    let pool = SyncPool::with_capacity_in(BLOCK, blocks, upstream.clone());
    pool.try_reserve(blocks).unwrap();
    pool
}

/// Takes a block and gives it back.
fn pair(world: &World<Pool>) {
    let block = world.ledger.take(&world.pool).unwrap();
    assert!(world.pool.owns(block.0, BLOCK), "of another pool");
    world.ledger.give(&world.pool, block);
}

/// Drops a world that nobody else has, and tells what its upstream misses.
fn end(world: Arc<World<Pool>>, upstream: &Counting) {
    assert_eq!(world.pool.in_use(), 0);
    drop(world);
    assert_eq!(upstream.0.load(Ordering::Relaxed), 0);
}

#[test]
fn a_seat_changes_hands() {
    model("a seat changes hands", Some(2), || {
        // The second thread may sit where the first one sat: then it finds the first one's block,
        // and nothing but the seat orders the two.
        let upstream = Counting::default();
        let world = World::new(pool(2, &upstream));
        let threads = [spawn(&world, pair), spawn(&world, pair)];
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        end(world, &upstream);
    });
}

#[test]
fn what_a_thread_leaves_is_collected() {
    model("what a thread leaves is collected", None, || {
        // One block: whoever finds none takes it from a thread that ended, or has the pool grow. A
        // handle takes no seat, so that nothing but the collection orders the two.
        let upstream = Counting::default();
        let world = World::new(pool(1, &upstream));
        let other = spawn(&world, pair);
        let local = world.pool.local();
        let block = world.ledger.take(&local).unwrap();
        world.ledger.give(&local, block);
        drop(local);
        other.join().unwrap();
        assert!(matches!(world.pool.capacity(), 1 | 3));
        end(world, &upstream);
    });
}

#[test]
fn what_a_living_thread_has_is_not_collected() {
    model("what a living thread has is not collected", Some(2), || {
        let upstream = Counting::default();
        let world = World::new(pool(1, &upstream));
        pair(&world);
        let other = spawn(&world, pair);
        pair(&world);
        other.join().unwrap();
        assert_eq!(world.pool.capacity(), 3);
        end(world, &upstream);
    });
}

#[test]
fn two_collect_what_a_thread_leaves() {
    model("two collect what a thread leaves", Some(2), || {
        let upstream = Counting::default();
        let world = World::new(pool(1, &upstream));
        spawn(&world, pair).join().unwrap();
        // It need not have given its seat up yet.
        let collect = |world: &World<Pool>| {
            let local = world.pool.local();
            let block = world.ledger.take(&local).unwrap();
            world.ledger.give(&local, block);
        };
        let other = spawn(&world, collect);
        collect(&world);
        other.join().unwrap();
        end(world, &upstream);
    });
}

#[test]
fn what_a_thread_leaves_is_found() {
    /// Executions in which the pool did not grow.
    static FOUND: AtomicUsize = AtomicUsize::new(0);
    model("what a thread leaves is found", None, || {
        // A thread that was joined need not have given its seat up, so that the pool may grow. But
        // it must not in all executions.
        let upstream = Counting::default();
        let world = World::new(pool(1, &upstream));
        spawn(&world, pair).join().unwrap();
        let local = world.pool.local();
        world.ledger.take(&local).unwrap();
        FOUND.fetch_add(usize::from(world.pool.capacity() == 1), Ordering::Relaxed);
    });
    assert_ne!(FOUND.load(Ordering::Relaxed), 0);
}

#[test]
fn a_block_is_freed_elsewhere() {
    model("a block is freed elsewhere", None, || {
        let upstream = Counting::default();
        let world = World::new(pool(2, &upstream));
        let block = world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, move |world| world.ledger.give(&world.pool, block));
        pair(&world);
        other.join().unwrap();
        pair(&world);
        end(world, &upstream);
    });
}

#[test]
fn a_full_magazine_is_flushed_beside_a_refill() {
    model(
        "a full magazine is flushed beside a refill",
        Some(2),
        || {
            let upstream = Counting::default();
            let world = World::new(pool(6, &upstream));
            let blocks = [(); 5].map(|()| world.ledger.take(&world.pool).unwrap());
            let other = spawn(&world, pair);
            blocks
                .into_iter()
                .for_each(|block| world.ledger.give(&world.pool, block));
            other.join().unwrap();
            end(world, &upstream);
        },
    );
}

#[test]
fn a_pool_is_dropped_before_its_threads_end() {
    model("a pool is dropped before its threads end", None, || {
        // Whoever is last drops the pool; the threads' values are dropped after that or before.
        let upstream = Counting::default();
        let world = World::new(pool(2, &upstream));
        let block = world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, move |world| world.ledger.give(&world.pool, block));
        drop(world);
        other.join().unwrap();
        assert_eq!(upstream.0.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_thread_does_not_take_one_pool_for_another() {
    model("a thread does not take one pool for another", None, || {
        let upstream = Counting::default();
        let first = World::new(pool(2, &upstream));
        let second = World::new(pool(2, &upstream));
        pair(&first);
        let other = spawn(&first, pair);
        pair(&second);
        pair(&first);
        drop(first);
        // It may lie where the first one did, and that one may still be there.
        let third = World::new(pool(2, &upstream));
        pair(&third);
        pair(&second);
        other.join().unwrap();
        drop(third);
        end(second, &upstream);
    });
}

#[test]
fn two_pools_are_used_at_once_for_the_first_time() {
    let name = "two pools are used at once for the first time";
    model(name, None, || {
        // Whichever numbers they get, these differ: what this thread remembers of one is not used
        // for the other.
        let upstream = Counting::default();
        let [first, second] = [(); 2].map(|()| World::new(pool(2, &upstream)));
        let other = spawn(&first, pair);
        pair(&second);
        other.join().unwrap();
        pair(&first);
        drop(first);
        end(second, &upstream);
    });
}

#[test]
fn an_index_is_replaced() {
    model("an index is replaced", None, || {
        // Of two pools a thread remembers one, and so finds its magazine of the other in the index,
        // which somebody else replaces.
        let upstream = Counting::default();
        let worlds = [(); 2].map(|()| World::new(pool(4, &upstream)));
        worlds.iter().for_each(|world| pair(world));
        let others = worlds.each_ref().map(|world| spawn(world, pair));
        worlds.iter().for_each(|world| pair(world));
        others.into_iter().for_each(|other| other.join().unwrap());
        for world in &worlds {
            assert_eq!(world.pool.in_use(), 0);
        }
        drop(worlds);
        assert_eq!(upstream.0.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_thread_without_a_seat() {
    model("a thread without a seat", Some(3), || {
        // Three threads, two seats.
        let upstream = Counting::default();
        let world = World::new(pool(4, &upstream));
        pair(&world);
        let others = [spawn(&world, pair), spawn(&world, pair)];
        others.into_iter().for_each(|other| other.join().unwrap());
        end(world, &upstream);
    });
}

#[test]
fn a_bounded_pool_keeps_no_blocks_for_threads() {
    model("a bounded pool keeps no blocks for threads", None, || {
        let world = World::new(SyncPool::fixed(BLOCK, 1));
        let other = spawn(&world, |world| {
            if let Ok(block) = world.ledger.take(&world.pool) {
                world.ledger.give(&world.pool, block);
            }
        });
        other.join().unwrap();
        // The other thread need not have ended.
        let block = world.ledger.take(&world.pool).unwrap();
        assert!(world.pool.allocate(BLOCK).is_err());
        world.ledger.give(&world.pool, block);
    });
}
