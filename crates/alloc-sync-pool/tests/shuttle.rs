//! Programs that are larger than loom's models: threads that do this and that, and others that come
//! when they end. `RUSTFLAGS="--cfg shuttle" cargo test -p alloc-sync-pool --features std --test
//! shuttle --release`, or `cargo xtask shuttle`, which has shuttle run loom's models too.
//!
//! They were tried on pools with the faults of `torture` that are of steps, and noticed each: a claim,
//! or a free, by load and store; a batch that keeps what it has not won; a chunk that is published by a
//! store, or not given back by the loser of that race; a handle dropped without a flush; a flush that
//! clears one bit of a batch; the magazine of a living thread emptied, or used by two; a seat given up
//! by whoever did not get it.
//!
//! shuttle draws executions at random, and what a thread does as well. There are 4 seats, the first
//! index has 1, a word of a bitmap holds 2 blocks and a magazine 4.
#![cfg(shuttle)]

mod models;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use alloc_core::Allocator;
use alloc_sync_pool::{Local, SyncPool};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use models::{BLOCK, Block, Counting, Ledger, model};

/// At one time; as many come when these end.
const THREADS: usize = 5;
const STEPS: usize = 12;
/// Blocks of a thread at most.
const MOST: usize = 3;

type Pool = SyncPool<Counting>;

/// What the threads share.
struct Shared {
    pools: Vec<Pool>,
    ledger: Ledger,
    /// Blocks on their way to other threads, and the pool of each.
    passed: Mutex<Vec<(usize, Block)>>,
    /// Whether threads have handles.
    handles: bool,
    /// That no request may be refused.
    granted: bool,
}

/// What one thread has.
struct Actor<'s> {
    shared: &'s Shared,
    held: Vec<(usize, Block)>,
    local: Option<(usize, Local<'s, Counting>)>,
}

impl<'s> Actor<'s> {
    fn live(shared: &'s Shared) {
        let mut actor = Self {
            shared,
            held: Vec::new(),
            local: None,
        };
        for _ in 0..STEPS {
            match thread_rng().gen_range(0..10) {
                0..4 => actor.take(),
                4..7 => actor.give(),
                7 => shared.passed.lock().unwrap().extend(actor.held.pop()),
                8 => actor.fetch(),
                _ => actor.change_handles(),
            }
        }
        while !actor.held.is_empty() {
            actor.give();
        }
    }

    /// A pool, or the handle if it is one of that pool.
    fn door(&self, pool: usize) -> &dyn Allocator {
        match &self.local {
            Some((of, local)) if *of == pool && thread_rng().gen_bool(0.7) => local,
            _ => &self.shared.pools[pool],
        }
    }

    fn take(&mut self) {
        let pool = thread_rng().gen_range(0..self.shared.pools.len());
        if self.held.len() == MOST {
            return self.give();
        }
        let block = self.shared.ledger.take(&self.door(pool));
        assert!(block.is_ok() || !self.shared.granted, "refused");
        self.held.extend(block.map(|block| (pool, block)));
    }

    fn give(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let index = thread_rng().gen_range(0..self.held.len());
        let (pool, block) = self.held.swap_remove(index);
        self.shared.ledger.give(&self.door(pool), block);
    }

    fn fetch(&mut self) {
        if self.held.len() < MOST {
            self.held.extend(self.shared.passed.lock().unwrap().pop());
        }
    }

    fn change_handles(&mut self) {
        let pool = thread_rng().gen_range(0..self.shared.pools.len());
        if self.shared.handles {
            let local = self
                .local
                .is_none()
                .then(|| self.shared.pools[pool].local());
            self.local = local.map(|local| (pool, local));
        }
    }
}

/// Runs threads, frees what they passed on, and looks for every block.
fn program(pools: Vec<Pool>, upstream: &Counting, handles: bool, granted: bool) {
    let shared = Arc::new(Shared {
        pools,
        ledger: Ledger::default(),
        passed: Mutex::default(),
        handles,
        granted,
    });
    let spawn = |()| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || Actor::live(&shared))
    };
    let first = [(); THREADS].map(spawn);
    let then = first.map(|thread| {
        thread.join().unwrap();
        spawn(())
    });
    then.into_iter().for_each(|thread| thread.join().unwrap());

    let passed = std::mem::take(&mut *shared.passed.lock().unwrap());
    for (pool, block) in passed {
        shared.ledger.give(&shared.pools[pool], block);
    }
    shared.pools.iter().for_each(all_are_there);
    drop(shared);
    assert_eq!(upstream.0.load(Ordering::Relaxed), 0);
}

/// Takes all the blocks that there are; the pool need not grow for that.
fn all_are_there(pool: &Pool) {
    assert_eq!(pool.in_use(), 0, "blocks are lost");
    let (ledger, capacity) = (Ledger::default(), pool.capacity());
    let blocks: Vec<_> = (0..capacity).map(|_| ledger.take(pool).unwrap()).collect();
    assert_eq!((pool.in_use(), pool.capacity()), (capacity, capacity));
    blocks
        .into_iter()
        .for_each(|block| ledger.give(pool, block));
}

#[test]
fn a_growing_pool() {
    model("threads of a growing pool", Some(0), || {
        let upstream = Counting::default();
        let pool = SyncPool::with_capacity_in(BLOCK, 1, upstream.clone());
        program(vec![pool], &upstream, true, true);
    });
}

#[test]
fn two_pools() {
    model("threads of two pools", Some(0), || {
        let upstream = Counting::default();
        let pools = [1, 4].map(|n| SyncPool::with_capacity_in(BLOCK, n, upstream.clone()));
        program(pools.into(), &upstream, true, true);
    });
}

#[test]
fn a_bounded_pool() {
    model("threads of a bounded pool", Some(0), || {
        let upstream = Counting::default();
        let pool = SyncPool::fixed_in(BLOCK, 9, upstream.clone());
        program(vec![pool], &upstream, true, false);
    });
}

#[test]
fn a_bounded_pool_that_is_large_enough() {
    model("threads of a bounded pool, granted", Some(0), || {
        let upstream = Counting::default();
        // What all can have and pass on.
        let all = THREADS * MOST + 2 * THREADS * STEPS;
        let pool = SyncPool::fixed_in(BLOCK, all, upstream.clone());
        pool.try_reserve(all).unwrap();
        program(vec![pool], &upstream, false, true);
    });
}
