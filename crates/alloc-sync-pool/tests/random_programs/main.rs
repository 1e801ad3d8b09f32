//! Programs at random on several pools at once, in turn by threads that stay and threads that end.
//!
//! One thread at a time takes steps, so that a program follows from its seed, and a model knows every block, every byte
//! and every count; `torture` has threads do so at once. Requests are of many layouts, pools are moved, reset and
//! replaced, handles and blocks forgotten; upstreams err, and come back to their pools in each of their calls.
//! `ALLOC_SYNC_POOL_SEED` begins with the seed that a failure prints, and `ALLOC_SYNC_POOL_PROGRAMS` says how many
//! programs there are, instead of a second's worth.
#![cfg(all(feature = "alloc", not(any(loom, shuttle))))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod held;
mod random;
mod world;

use std::cell::{Cell, RefCell};
use std::sync::mpsc;
use std::{array, env, mem, thread};

use alloc_conformance::Upstream;
use alloc_sync_pool::SyncPool;

use random::Random;
use world::{Inline, Lent, POOLS, Returning, World};

/// A thread that stays: what it is asked to do, and its word that it is done.
struct Worker {
    asked: mpsc::Sender<Lent>,
    done: mpsc::Receiver<()>,
}

impl Worker {
    fn new() -> Self {
        let (asked, tasks) = mpsc::channel::<Lent>();
        let (tell, done) = mpsc::channel();
        thread::spawn(move || {
            for lent in tasks {
                // SAFETY: who asks waits for the word below.
                unsafe { lent.walk() };
                if tell.send(()).is_err() {
                    break;
                }
            }
        });
        Self { asked, done }
    }

    fn walk(&self, lent: Lent) {
        self.asked.send(lent).expect("it is there");
        self.done.recv().expect("what it did was right");
    }
}

/// Says which program it was if it fails.
struct Program(u64);

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("ALLOC_SYNC_POOL_SEED={}", self.0);
        }
    }
}

/// Runs the program of this seed and tells how many steps it had.
fn program(seed: u64, workers: &[Worker]) -> usize {
    let program = Program(seed);
    let random = Random::new(program.0);
    let up = match random.below(3) {
        0 => Upstream::new(),
        1 => Upstream::new().over_returning(),
        _ => Upstream::new().least_aligned(),
    };
    let visited = random.one_in(2);
    let mut pools: [_; POOLS] = array::from_fn(|_| pool(&random, &up));
    let mut inline = Box::new(Inline::new());
    let mut steps = 0;
    for _ in 0..=random.below(4) {
        let leaves = random.one_in(3);
        let world = world(&pools, &inline, &random, &up);
        steps += walk(&world, workers, visited);
        end(world, leaves);
        for place in &mut pools {
            if leaves || random.one_in(4) {
                place.reset();
            }
            if random.one_in(4) {
                *place = pool(&random, &up);
            }
        }
        if leaves {
            inline.reset();
        }
        pools.rotate_left(random.below(POOLS));
        inline = moved(inline);
        assert_eq!(pools.each_ref().map(SyncPool::in_use), [0; POOLS]);
        assert_eq!(inline.in_use(), 0);
    }
    up.heal();
    drop(pools);
    up.assert_all_returned();
    steps
}

/// The pool in another place.
fn moved(pool: Box<Inline>) -> Box<Inline> {
    let pool = *pool;
    Box::new(pool)
}

/// A pool that grows or has a bound. Miri is not made to count the blocks of a chunk of 8 KiB.
fn pool(random: &Random, up: &Upstream) -> SyncPool<Returning> {
    let (block, up) = (random.block(), Returning(up.clone()));
    let blocks = random.below(if cfg!(miri) { 40 } else { 300 });
    match random.below(if cfg!(miri) { 2 } else { 3 }) {
        0 => SyncPool::with_capacity_in(block, blocks, up),
        1 => SyncPool::fixed_in(block, blocks, up),
        _ => SyncPool::new_in(block, up),
    }
}

fn world<'p>(
    pools: &'p [SyncPool<Returning>; POOLS],
    inline: &'p Inline,
    random: &'p Random,
    up: &'p Upstream,
) -> World<'p> {
    let of: [usize; 4] = array::from_fn(|_| random.below(POOLS));
    World {
        pools,
        inline,
        locals: of.map(|of| (of, pools[of].local())).into(),
        held: RefCell::default(),
        random,
        up,
        visits: Cell::new(0),
    }
}

/// Has this thread, one that ends and those that stay take steps in turn. Tells how many.
fn walk(world: &World<'_>, workers: &[Worker], visited: bool) -> usize {
    let random = world.random;
    let mut all = 0;
    for _ in 0..=random.below(12) {
        let steps = random.below(if cfg!(miri) { 8 } else { 60 });
        let lent = world.lend(steps, visited);
        match random.below(4) {
            // SAFETY: the workers wait.
            0 | 1 => unsafe { lent.walk() },
            2 => {
                // SAFETY: this thread and the workers wait.
                let ends = thread::spawn(move || unsafe { lent.walk() });
                ends.join().expect("what it did was right");
            }
            _ => workers[random.below(workers.len())].walk(lent),
        }
        world.count();
        all += steps;
    }
    all
}

/// Gives everything back, or leaves blocks behind and handles, some of which are forgotten.
fn end(world: World<'_>, leaves: bool) {
    if !leaves {
        world.free_all();
        world.count();
    }
    for (_, local) in world.locals {
        if leaves && world.random.one_in(2) {
            mem::forget(local);
        }
    }
}

/// The number in a variable of the environment.
fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

#[test]
fn programs() {
    let first = number("ALLOC_SYNC_POOL_SEED").unwrap_or(0);
    let programs = number("ALLOC_SYNC_POOL_PROGRAMS").unwrap_or(if cfg!(miri) { 4 } else { 20 });
    let workers = [Worker::new(), Worker::new()];
    let seeds = first..first + programs;
    let steps: usize = seeds.map(|seed| program(seed, &workers)).sum();
    println!("{programs} programs of {steps} steps from ALLOC_SYNC_POOL_SEED={first}");
}
