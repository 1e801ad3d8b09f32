//! Models of the shipped code that loom explores: `RUSTFLAGS="--cfg loom" cargo test -p
//! alloc-sync-pool --test loom --release`, or `cargo xtask loom`.
//!
//! Each model prints how many executions it took. All are exhaustive, except where a bound on
//! preemptions is given. Under loom a word of a bitmap holds 2 blocks and a magazine 4. Those of
//! chunks are in `loom_growth.rs`.
#![cfg(any(loom, shuttle))]

mod models;

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloc_core::Allocator;
use alloc_sync_pool::{InlineSyncPool, SyncPool};

use models::{Arc, BLOCK, Block, World, model, spawn};

/// Takes a block if there is one, and frees it.
fn churn(world: &World<SyncPool>) {
    if let Ok(block) = world.ledger.take(&world.pool) {
        world.ledger.give(&world.pool, block);
    }
}

/// Takes all blocks of a bounded pool, of which `n` must be free, and frees them.
fn all_are_free(world: &World<SyncPool>, n: usize) {
    assert_eq!(world.pool.in_use(), 0);
    let blocks: Vec<_> = (0..n)
        .map(|_| world.ledger.take(&world.pool).unwrap())
        .collect();
    assert!(world.pool.allocate(BLOCK).is_err());
    blocks
        .into_iter()
        .for_each(|block| world.ledger.give(&world.pool, block));
}

#[test]
fn hand_over_of_one_block() {
    model("hand-over of one block", None, || {
        let world = World::new(SyncPool::fixed(BLOCK, 1));
        let other = spawn(&world, churn);
        churn(&world);
        other.join().unwrap();
        all_are_free(&world, 1);
    });
}

#[test]
fn two_threads_share_two_words() {
    model("two threads share two words", Some(3), || {
        let world = World::new(SyncPool::fixed(BLOCK, 3));
        world.pool.try_reserve(3).unwrap();
        let other = spawn(&world, |world| {
            churn(world);
            churn(world);
        });
        churn(&world);
        churn(&world);
        other.join().unwrap();
        all_are_free(&world, 3);
    });
}

#[test]
fn three_threads_share_two_blocks() {
    model("three threads share two blocks", Some(3), || {
        let world = World::new(SyncPool::fixed(BLOCK, 2));
        world.pool.try_reserve(2).unwrap();
        let others = [spawn(&world, churn), spawn(&world, churn)];
        churn(&world);
        others.into_iter().for_each(|other| other.join().unwrap());
        all_are_free(&world, 2);
    });
}

#[test]
fn two_blocks_at_once() {
    fn two(world: &World<SyncPool>) {
        let first = world.ledger.take(&world.pool).unwrap();
        let second = world.ledger.take(&world.pool).unwrap();
        world.ledger.give(&world.pool, first);
        world.ledger.give(&world.pool, second);
    }
    model("two blocks at once", Some(3), || {
        let world = World::new(SyncPool::fixed(BLOCK, 4));
        world.pool.try_reserve(4).unwrap();
        let other = spawn(&world, two);
        two(&world);
        other.join().unwrap();
        all_are_free(&world, 4);
    });
}

/// A growing pool that has two words with a block free in each bit, and a chunk to look at first.
fn four_free() -> Arc<World<SyncPool>> {
    let world = World::new(SyncPool::with_capacity(BLOCK, 4));
    churn(&world);
    world
}

/// Takes a block and keeps it.
fn keep(world: &World<SyncPool>) -> Block {
    world.ledger.take(&world.pool).unwrap()
}

/// Has two blocks at once, and gives the first one back. What ABA needs: somebody else who has seen
/// both free meets one that is free again and one that is not.
fn keep_the_second(world: &World<SyncPool>) {
    let [first, _] = [(); 2].map(|()| keep(world));
    world.ledger.give(&world.pool, first);
}

#[test]
fn two_threads_have_two_blocks_each() {
    model("two threads have two blocks each", None, || {
        let world = four_free();
        let other = spawn(&world, |world| {
            let _kept = [(); 2].map(|()| keep(world));
        });
        keep_the_second(&world);
        other.join().unwrap();
        keep(&world);
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (4, 4));
    });
}

#[test]
fn one_of_three_threads_has_two_blocks() {
    model("one of three threads has two blocks", None, || {
        let world = four_free();
        let others = [
            spawn(&world, |world| drop(keep(world))),
            spawn(&world, keep_the_second),
        ];
        others.into_iter().for_each(|other| other.join().unwrap());
        // Whatever the list of free blocks is by now, these are free.
        let _rest = [(); 2].map(|()| keep(&world));
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (4, 4));
    });
}

#[test]
fn three_threads_take_a_block_each() {
    model("three threads take a block each", None, || {
        let world = four_free();
        let others = [(); 2].map(|()| spawn(&world, |world| drop(keep(world))));
        keep(&world);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (3, 4));
    });
}

#[test]
fn exhaustion_has_one_winner() {
    model("exhaustion has one winner", None, || {
        let world = World::new(SyncPool::fixed(BLOCK, 1));
        let won = StdArc::new(AtomicUsize::new(0));
        let attempt = |won: &AtomicUsize, world: &World<SyncPool>| {
            let taken = world.ledger.take(&world.pool).is_ok();
            won.fetch_add(usize::from(taken), Ordering::Relaxed);
        };
        let theirs = StdArc::clone(&won);
        let other = spawn(&world, move |world| attempt(&theirs, world));
        attempt(&won, &world);
        other.join().unwrap();
        assert_eq!(won.load(Ordering::Relaxed), 1);
        assert_eq!((world.pool.in_use(), world.pool.capacity()), (1, 1));
    });
}

#[test]
fn no_false_exhaustion() {
    /// Changes one block for another, and keeps that.
    fn swap(world: &World<SyncPool>, old: Block) {
        world.ledger.give(&world.pool, old);
        world.ledger.take(&world.pool).unwrap();
    }
    model("no false exhaustion", Some(2), || {
        // In each of three words one block stays taken. Three threads have at most one of the
        // others each, so nobody may be refused, although there need not be a block in any word at
        // the moment one looks at it.
        let world = World::new(SyncPool::fixed(BLOCK, 6));
        let [_, a, _, b, _, c] = [(); 6].map(|()| world.ledger.take(&world.pool).unwrap());
        world.ledger.give(&world.pool, c);
        world.ledger.give(&world.pool, a); // so that everybody looks at the first word first
        let a = world.ledger.take(&world.pool).unwrap();
        let others = [a, b].map(|block| spawn(&world, move |world| swap(world, block)));
        world.ledger.take(&world.pool).unwrap();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(world.pool.in_use(), 6);
    });
}

#[test]
fn remote_free_against_allocate() {
    model("remote free against allocate", None, || {
        let world = World::new(SyncPool::fixed(BLOCK, 2));
        let theirs = world.ledger.take(&world.pool).unwrap();
        let ours = world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, move |world| world.ledger.give(&world.pool, theirs));
        churn(&world);
        world.ledger.give(&world.pool, ours);
        other.join().unwrap();
        all_are_free(&world, 2);
    });
}

#[test]
fn local_refill_against_the_pool() {
    model("local refill against the pool", None, || {
        let world = World::new(SyncPool::with_capacity(BLOCK, 2));
        world.pool.try_reserve(2).unwrap();
        let other = spawn(&world, |world| {
            let block = world.ledger.take(&world.pool).unwrap();
            world.ledger.give(&world.pool, block);
        });
        let local = world.pool.local();
        let block = world.ledger.take(&local).unwrap();
        let again = world.ledger.take(&local).unwrap();
        world.ledger.give(&local, block);
        world.ledger.give(&local, again);
        drop(local);
        other.join().unwrap();
        assert_eq!(world.pool.in_use(), 0);
    });
}

#[test]
fn a_refill_keeps_its_shares() {
    model("a refill keeps its shares", Some(2), || {
        // 24 blocks make a magazine of 3 and a batch of 2. Three are free, in a word each.
        let world = World::new(SyncPool::fixed(BLOCK, 24));
        let blocks = [(); 24].map(|()| world.pool.allocate(BLOCK).unwrap().cast::<u8>());
        for word in 0..3 {
            // SAFETY: taken above.
            unsafe { world.pool.deallocate(blocks[2 * word], BLOCK) };
        }
        // The handle takes 2 at once, so 1 is left for the other thread throughout.
        let other = spawn(&world, |world| {
            let block = world.ledger.take(&world.pool).unwrap();
            world.ledger.give(&world.pool, block);
        });
        let local = world.pool.local();
        let first = world.ledger.take(&local).unwrap();
        assert_eq!(local.cached(), 1);
        let second = world.ledger.take(&local).unwrap();
        world.ledger.give(&local, first);
        world.ledger.give(&local, second);
        drop(local);
        other.join().unwrap();
        assert_eq!(world.pool.in_use(), 21);
    });
}

#[test]
fn local_overflow_against_the_pool() {
    model("local overflow against the pool", None, || {
        let world = World::new(SyncPool::with_capacity(BLOCK, 6));
        let blocks = [(); 6].map(|()| world.ledger.take(&world.pool).unwrap());
        let other = spawn(&world, |world| {
            // A block that came back in a batch, or one of a new chunk.
            let block = world.ledger.take(&world.pool).unwrap();
            world.ledger.give(&world.pool, block);
        });
        let local = world.pool.local();
        let cached = blocks.map(|block| {
            world.ledger.give(&local, block);
            local.cached()
        });
        assert_eq!(cached, [1, 2, 3, 4, 3, 4]);
        other.join().unwrap();
        drop(local);
        assert_eq!(world.pool.in_use(), 0);
    });
}

#[test]
fn two_locals_exchange_blocks() {
    model("two locals exchange blocks", None, || {
        let world = World::new(SyncPool::with_capacity(BLOCK, 4));
        let theirs = world.ledger.take(&world.pool).unwrap();
        let other = spawn(&world, move |world| {
            let local = world.pool.local();
            world.ledger.give(&local, theirs);
            let blocks = [(); 2].map(|()| world.ledger.take(&local).unwrap());
            for block in blocks {
                world.ledger.give(&local, block);
            }
        });
        let local = world.pool.local();
        let block = world.ledger.take(&local).unwrap();
        world.ledger.give(&local, block);
        drop(local);
        other.join().unwrap();
        assert_eq!(world.pool.in_use(), 0);
    });
}

#[test]
fn a_thread_that_ends_gives_its_blocks_back() {
    model("a thread that ends gives its blocks back", None, || {
        let world = World::new(SyncPool::fixed(BLOCK, 1));
        let other = spawn(&world, |world| {
            let local = world.pool.local();
            if let Ok(block) = world.ledger.take(&local) {
                world.ledger.give(&local, block);
            }
        });
        churn(&world);
        other.join().unwrap();
        all_are_free(&world, 1);
    });
}

#[test]
fn no_false_exhaustion_of_an_inline_pool() {
    type Pool = World<InlineSyncPool<usize, 6>>;
    fn swap(world: &Pool, old: Block) {
        world.ledger.give(&&world.pool, old);
        world.ledger.take(&&world.pool).unwrap();
    }
    let name = "no false exhaustion of an inline pool";
    model(name, Some(1), || {
        // As above.
        let world: Arc<Pool> = World::new(InlineSyncPool::new());
        let [_, a, _, b, _, c] = [(); 6].map(|()| world.ledger.take(&&world.pool).unwrap());
        world.ledger.give(&&world.pool, c);
        world.ledger.give(&&world.pool, a);
        let a = world.ledger.take(&&world.pool).unwrap();
        let others = [a, b].map(|block| spawn(&world, move |world| swap(world, block)));
        world.ledger.take(&&world.pool).unwrap();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(world.pool.in_use(), 6);
    });
}

#[test]
fn inline_pool() {
    fn churn(world: &World<InlineSyncPool<usize, 3>>) {
        let block = world.ledger.take(&&world.pool).unwrap();
        world.ledger.give(&&world.pool, block);
    }
    model("inline pool", Some(3), || {
        let world = World::new(InlineSyncPool::new());
        let others = [spawn(&world, churn), spawn(&world, churn)];
        churn(&world);
        others.into_iter().for_each(|other| other.join().unwrap());
        let blocks = [(); 3].map(|()| world.ledger.take(&&world.pool).unwrap());
        assert!((&world.pool).allocate(BLOCK).is_err());
        blocks
            .into_iter()
            .for_each(|block| world.ledger.give(&&world.pool, block));
        assert_eq!(world.pool.in_use(), 0);
    });
}
