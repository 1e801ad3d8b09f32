//! Programs at random on pools of every kind, with requests of many layouts to one pool.
//!
//! A model knows of each block where it lies, what is in it, and how many there are. Pools are looked at, reset, moved, and
//! asked for memory ahead and back; their upstreams err, and come back to the pool in each of their calls. What a
//! program does follows from a seed, which a failure prints. `ALLOC_POOL_SEED` begins with that one, and
//! `ALLOC_POOL_PROGRAMS` says how many there are, instead of a second's worth.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod held;
mod random;
mod subject;
mod world;

use std::cell::Cell;
use std::{env, thread};

use alloc_pool::{HardenedPool, Hardening, InlinePool, Pool, Sealed, Strict};
use random::Random;
use world::{Setting, World};

enum Zeros {}
impl Hardening for Zeros {
    const ZERO_ON_FREE: bool = true;
}

enum Chance {}
impl Hardening for Chance {
    const RANDOM_ORDER: bool = true;
}

#[repr(align(64))]
struct Lines(#[allow(dead_code)] [u8; 100]);

/// Says which program it was if it fails.
struct Program {
    seed: u64,
    step: Cell<usize>,
}

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("ALLOC_POOL_SEED={}, step {}", self.seed, self.step.get());
        }
    }
}

/// Pools that there are.
const KINDS: u64 = 16;

/// Runs the program of this seed and tells how many steps it had.
fn program(seed: u64) -> usize {
    let random = Random::new(seed);
    let steps = if cfg!(miri) {
        12
    } else {
        50 + random.below(600)
    };
    let program = Program {
        seed,
        step: Cell::new(0),
    };
    let block = random.block();
    let blocks = random.pick(&[0, 1, 2, 5, 17, 64, 100][..if cfg!(miri) { 4 } else { 7 }]);
    let setting = |bound| Setting {
        random,
        block,
        bound,
        steps,
        step: &program.step,
    };
    // Seven is prime to the number of kinds, so that the first seeds are for different sorts.
    match seed.wrapping_mul(7) % KINDS {
        kind @ 0..=3 => plain(kind, setting, blocks),
        4 => hardened::<Sealed>(setting(None)),
        5 => hardened::<Strict>(setting(None)),
        6 => hardened::<Zeros>(setting(None)),
        7 => hardened::<Chance>(setting(None)),
        8 => hardened_fixed::<Sealed>(setting(Some(blocks)), blocks),
        9 => hardened_fixed::<Strict>(setting(Some(blocks)), blocks),
        10 => hardened_learning::<Sealed>(setting(None)),
        11 => hardened_learning::<Strict>(setting(None)),
        12 => inline::<u64, 7>(setting),
        13 => inline::<Lines, 33>(setting),
        14 => inline::<(), 3>(setting),
        _ => inline::<[u8; 100], 0>(setting),
    }
    steps
}

/// Bytes of a chunk at most, and bytes to add to what is learned from.
fn knobs(random: &Random) -> (usize, usize) {
    let limit = random.pick(&[0, 100, 1000, 5000, 1 << 20]);
    let headroom = random.pick(&[0, 1, 8, 100]);
    (if cfg!(miri) { limit.min(100) } else { limit }, headroom)
}

fn plain<'p>(kind: u64, setting: impl FnOnce(Option<usize>) -> Setting<'p>, blocks: usize) {
    let bound = (kind == 0).then_some(blocks);
    let setting = setting(bound);
    let (block, (limit, headroom)) = (setting.block, knobs(&setting.random));
    World::run(setting, |up| match (bound, kind) {
        (Some(blocks), _) => Pool::fixed_in(block, blocks, up),
        (None, 1) => Pool::learning_in(up)
            .with_headroom(headroom)
            .with_chunk_limit(limit),
        _ => Pool::new_in(block, up).with_chunk_limit(limit),
    });
}

fn hardened<H: Hardening + 'static>(setting: Setting<'_>) {
    let (block, (limit, _)) = (setting.block, knobs(&setting.random));
    let key = setting.random.below(4);
    World::run(setting, |up| {
        let pool = HardenedPool::<_, H>::new_in(block, up);
        pool.with_chunk_limit(limit).with_key(key)
    });
}

fn hardened_fixed<H: Hardening + 'static>(setting: Setting<'_>, blocks: usize) {
    let block = setting.block;
    World::run(setting, |up| {
        HardenedPool::<_, H>::fixed_in(block, blocks, up)
    });
}

fn hardened_learning<H: Hardening + 'static>(setting: Setting<'_>) {
    let (limit, headroom) = knobs(&setting.random);
    World::run(setting, |up| {
        let pool = HardenedPool::<_, H>::learning_in(up);
        pool.with_chunk_limit(limit).with_headroom(headroom)
    });
}

fn inline<'p, T: 'static, const N: usize>(setting: impl FnOnce(Option<usize>) -> Setting<'p>) {
    World::run(setting(Some(N)), |_| InlinePool::<T, N>::new());
}

/// The number in a variable of the environment.
fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

#[test]
fn programs() {
    let first = number("ALLOC_POOL_SEED").unwrap_or(0);
    let most = if cfg!(miri) { 6 } else { 3 * KINDS };
    let programs = number("ALLOC_POOL_PROGRAMS").unwrap_or(most);
    let steps: usize = (first..first + programs).map(program).sum();
    println!("{programs} programs of {steps} steps from ALLOC_POOL_SEED={first}");
}
