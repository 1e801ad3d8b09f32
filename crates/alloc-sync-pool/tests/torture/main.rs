//! Threads that come, go, and do everything at random to pools of every kind, with a stamp in each
//! byte of each block that tells whose it is.
//!
//! About a second; as many as `ALLOC_TORTURE_SECONDS` says, or `cargo xtask torture`. What is drawn
//! follows from a seed, which a failure prints; `ALLOC_TORTURE_SEED` begins with that one. How the
//! threads meet does not follow from it.
//!
//! It was tried on pools with faults, and noticed each in its first second, by stamps and counts
//! alone: a claim, or a free, by load and store; a batch that keeps what it has not won; a chunk that
//! is published by a store, or not given back by the loser of that race; a handle dropped without a
//! flush; a flush that clears one bit of a batch, or loses a block; the magazine of a living thread
//! emptied, or used by two; a seat given up by whoever did not get it; magazines that outlive a reset;
//! blocks that overlap; and blocks that grow beyond their size, or change when they grow. Under
//! `ThreadSanitizer` it noticed Relaxed in a claim, in a free, and where a magazine is published.
//!
//! The test is the only one of its program: another one's thread could take the seat of a thread
//! that ended here, and keep the blocks in its magazine.
#![cfg(all(feature = "alloc", not(loom)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod actor;
mod held;
mod random;

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::ops::RangeInclusive;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, io, mem, panic, thread};

use alloc_conformance::Upstream;
use alloc_core::{Allocator, Layout};
use alloc_sync_pool::SyncPool;

use actor::{Actor, Mailbox, POSTED, Shared};
use random::Random;

/// The seed of the round that is under way.
static SEED: AtomicU64 = AtomicU64::new(0);

const MOST_STEPS: usize = if cfg!(miri) { 60 } else { 1_000 };
const MOST_THREADS: usize = if cfg!(miri) { 3 } else { 8 };
/// Of one thread.
const MOST_BLOCKS: usize = if cfg!(miri) { 10 } else { 200 };
const MOST_BYTES: usize = if cfg!(miri) { 32 } else { 600 };
/// Of pools: Miri is not made to count the blocks of a chunk of 8 KiB.
const KINDS: RangeInclusive<usize> = if cfg!(miri) { 4..=7 } else { 0..=7 };

/// The number in a variable of the environment.
fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is a whole number, not `{value}`")))
}

/// Says which seed it was, also where the process is about to abort; not to the harness, which would
/// keep it then.
fn tell_seed_of_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let seed = SEED.load(Ordering::Relaxed);
        let _ = writeln!(io::stderr(), "torture: ALLOC_TORTURE_SEED={seed}");
        before(panic);
    }));
}

#[test]
fn torture() {
    let seconds = number("ALLOC_TORTURE_SECONDS");
    let first = number("ALLOC_TORTURE_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    tell_seed_of_panics();
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1));
    let (mut rounds, mut steps) = (0, 0);
    while rounds == 0 || (Instant::now() < end && !cfg!(miri)) {
        let seed = first.wrapping_add(rounds);
        SEED.store(seed, Ordering::Relaxed);
        steps += round(&mut Random(seed));
        rounds += 1;
    }
    println!("torture: {rounds} rounds of {steps} steps from ALLOC_TORTURE_SEED={first}");
}

/// A pool, threads that use it, and a look at what they leave; tells how many steps they took.
fn round(random: &mut Random) -> usize {
    let upstream = upstream(random);
    let threads = random.within(2..=MOST_THREADS);
    let most = random.within(1..=MOST_BLOCKS);
    let (mut pool, granted) = pool(random, &upstream, threads * most + 2 * POSTED);
    let steps = use_it(random, &pool, threads, most, granted);
    upstream.heal();
    all_are_there(&pool, &upstream);
    if random.one_in(4) {
        leak(random, &mut pool);
        all_are_there(&pool, &upstream);
    }
    drop(pool);
    upstream.assert_all_returned();
    steps
}

/// Has threads use the pool, so many at a time, and frees what they leave.
fn use_it(
    random: &mut Random,
    pool: &SyncPool<Upstream>,
    threads: usize,
    most: usize,
    granted: bool,
) -> usize {
    let shared = Shared {
        pool,
        blocks: [Mailbox::new(), Mailbox::new()],
        locals: Mailbox::new(),
        most,
        granted,
        handles: !granted && !random.one_in(4),
        failures: !granted && random.one_in(2),
    };
    let steps = lives(random, &shared, threads);
    for held in shared.blocks.into_iter().flat_map(Mailbox::drain) {
        held.check();
        // SAFETY: taken from this pool, and nobody else has it.
        unsafe { pool.deallocate(held.ptr, held.asked) };
    }
    steps
}

/// An upstream, hostile or not.
fn upstream(random: &mut Random) -> Upstream {
    let upstream = Upstream::new();
    match random.below(6) {
        0 => upstream.over_returning(),
        1 => upstream.least_aligned(),
        2 => upstream.with_budget(random.within(1..=1 << 17)),
        _ => upstream,
    }
}

/// A pool, and whether it must serve whoever has its share of `blocks`, what all can have at once.
fn pool(random: &mut Random, upstream: &Upstream, blocks: usize) -> (SyncPool<Upstream>, bool) {
    let size = random.within(1..=MOST_BYTES);
    let block = Layout::from_size_align(size, 1 << random.below(7)).expect("a small one");
    match random.within(KINDS) {
        0..4 => (SyncPool::new_in(block, upstream.clone()), false),
        4 => {
            let first = random.within(0..=MOST_BLOCKS);
            (
                SyncPool::with_capacity_in(block, first, upstream.clone()),
                false,
            )
        }
        5 | 6 => {
            let limit = random.within(1..=blocks);
            (SyncPool::fixed_in(block, limit, upstream.clone()), false)
        }
        _ => {
            let pool = SyncPool::fixed_in(block, blocks, upstream.clone());
            let granted = pool.try_reserve(blocks).is_ok();
            (pool, granted)
        }
    }
}

/// Keeps so many threads alive, while others of them end; tells how many steps they took.
fn lives(random: &mut Random, shared: &Shared<'_>, threads: usize) -> usize {
    let lives = threads + random.below(2 * threads);
    let mut sum = 0;
    thread::scope(|scope| {
        let (ending, ended) = mpsc::channel();
        let mut living: Vec<_> = (0..lives).map(|_| None).collect();
        for life in 0..lives {
            if life >= threads {
                let ended: usize = ended.recv().expect("the threads here have senders");
                let thread: Option<thread::ScopedJoinHandle<()>> = living[ended].take();
                // With its thread-local values, unlike the end of the scope.
                thread
                    .map_or(Ok(()), thread::ScopedJoinHandle::join)
                    .expect("a thread panicked");
            }
            let (seed, steps) = (random.next(), random.within(1..=MOST_STEPS));
            sum += steps;
            let ending = Ending(ending.clone(), life);
            living[life] = Some(scope.spawn(move || {
                let _ending = ending;
                let number = u32::try_from(life).expect("there are few");
                Actor::new(shared, number, seed).live(steps);
            }));
        }
        for thread in living.into_iter().flatten() {
            thread.join().expect("a thread panicked");
        }
    });
    sum
}

/// Tells that a thread ends, also if it panics.
struct Ending(mpsc::Sender<usize>, usize);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

/// Takes all the blocks that there are, while the upstream gives none, and puts them back.
fn all_are_there(pool: &SyncPool<Upstream>, upstream: &Upstream) {
    assert_eq!(pool.in_use(), 0, "blocks are lost");
    let (capacity, block) = (pool.capacity(), pool.block_layout());
    upstream.fail_from(1);
    let mut blocks: Vec<NonNull<u8>> = Vec::new();
    for n in 0..capacity {
        let taken = pool.allocate(block);
        let taken = taken.unwrap_or_else(|_| panic!("{n} of {capacity} blocks are there"));
        blocks.push(taken.cast());
    }
    blocks.sort_unstable();
    assert!(
        blocks.windows(2).all(|two| two[0] != two[1]),
        "handed out twice"
    );
    assert!(pool.allocate(block).is_err(), "more blocks than there are");
    assert_eq!(pool.in_use(), capacity);
    for taken in blocks {
        // SAFETY: taken above.
        unsafe { pool.deallocate(taken, block) };
    }
    assert_eq!(pool.in_use(), 0);
    upstream.heal();
}

/// Loses blocks, and a handle with some of them, and takes all back at once.
fn leak(random: &mut Random, pool: &mut SyncPool<Upstream>) {
    let block = pool.block_layout();
    let local = pool.local();
    for _ in 0..random.below(2 * MOST_BLOCKS) {
        let _ = local.allocate(block);
        let _ = pool.allocate(block);
    }
    mem::forget(local);
    pool.reset();
}
