//! Misuse of hardened pools at random, after a while of right use: it ends the program with its message.
//!
//! Each program is run in a process of its own, which says what it is about to do wrong. What it does follows from a seed;
//! `ALLOC_POOL_MISUSE_FIRST` is the first one, and `ALLOC_POOL_MISUSES` says how many there are.
#![cfg(not(miri))]
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[path = "random_programs/random.rs"]
#[allow(dead_code)] // It has more than is needed here.
mod random;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command, Stdio};
use std::ptr::NonNull;
use std::{env, mem};

use alloc_pool::alloc_core::{Global, checker};
use alloc_pool::{Allocator, HardenedPool, Hardening, Layout, Pool, Sealed, Strict};
use random::{Random, layout};

const SEED: &str = "ALLOC_POOL_MISUSE_SEED";

enum Zeros {}
impl Hardening for Zeros {
    const ZERO_ON_FREE: bool = true;
}

enum Chance {}
impl Hardening for Chance {
    const RANDOM_ORDER: bool = true;
}

/// What is to be said, a pointer, and a layout.
type Wrong = (&'static str, NonNull<u8>, Layout);

/// A pool and what its user remembers.
struct User<H: Hardening> {
    random: Random,
    pool: HardenedPool<Global, H>,
    block: Layout,
    used: Vec<(NonNull<u8>, Layout)>,
    freed: Vec<(NonNull<u8>, Layout)>,
}

impl<H: Hardening> User<H> {
    fn new(random: Random) -> Self {
        let asked = random.block();
        let pool = match random.below(3) {
            0 => HardenedPool::fixed_in(asked, 4 + random.below(200), Global),
            1 => HardenedPool::new_in(asked, Global).with_chunk_limit(1000),
            _ => HardenedPool::new_in(asked, Global),
        };
        let block = pool.block_layout().expect("it is given");
        Self {
            random,
            pool,
            block,
            used: Vec::new(),
            freed: Vec::new(),
        }
    }

    fn request(&self) -> Layout {
        let align = 1
            << self
                .random
                .below(self.block.align().trailing_zeros() as usize + 1);
        layout(1 + self.random.below(self.block.size()), align)
    }

    fn allocate(&mut self) {
        let request = self.request();
        if let Ok(block) = self.pool.allocate(request) {
            let start = block.cast::<u8>();
            for i in 0..block.len() {
                #[allow(clippy::cast_possible_truncation)] // Any byte will do.
                let byte = self.random.next() as u8;
                // SAFETY: within the block.
                let place = unsafe { start.add(i) };
                // SAFETY: as before; the block is the user's.
                unsafe { place.write(byte) };
            }
            self.freed.retain(|&(freed, _)| freed != start);
            self.used.push((start, request));
        }
    }

    fn free(&mut self) {
        if let Some(at) = self.random.next().checked_rem(self.used.len() as u64) {
            let (block, asked) = self.used.swap_remove(usize::try_from(at).expect("small"));
            // SAFETY: in use, with its layout.
            unsafe { self.pool.deallocate(block, asked) };
            self.freed.push((block, asked));
        }
    }

    /// Lives well for a while.
    fn live(&mut self, most: usize) {
        for _ in 0..self.random.below(most) {
            match self.random.below(40) {
                0 => {
                    self.pool.release_empty_chunks();
                    // Blocks of chunks that went back are nobody's, and not this pool's.
                    let pool = &self.pool;
                    self.freed.retain(|&(block, asked)| {
                        alloc_pool::alloc_core::Owns::owns(pool, block, asked)
                    });
                }
                1 => drop(self.pool.live_blocks()),
                2 => {
                    let _ = self.pool.reserve(self.random.below(30));
                }
                3..=22 => self.allocate(),
                _ => self.free(),
            }
        }
    }

    fn pick(&self, from: &[(NonNull<u8>, Layout)]) -> Option<(NonNull<u8>, Layout)> {
        from.get(self.random.below(from.len().max(1))).copied()
    }

    /// Sins once, if there is an occasion.
    fn sin(&mut self) {
        self.live(150);
        (0..3).for_each(|_| self.allocate());
        if self.used.len() < 2 {
            return;
        }
        if let Some((expected, block, asked)) = self.wrong() {
            eprintln!("expected: {expected}");
            self.pass(block, asked);
            eprintln!("unnoticed");
        }
    }

    /// Passes a block to the pool, in one of the three ways there are.
    fn pass(&self, block: NonNull<u8>, asked: Layout) {
        match self.random.below(4) {
            0 => {
                let new = layout(asked.size() + self.random.below(9), 1);
                // SAFETY: none; that is what it is for.
                let _ = unsafe { self.pool.grow(block, asked, new) };
            }
            1 => {
                let new = layout(1 + self.random.below(asked.size()), 1);
                // SAFETY: none; that is what it is for.
                let _ = unsafe { self.pool.shrink(block, asked, new) };
            }
            // SAFETY: none; that is what it is for.
            _ => unsafe { self.pool.deallocate(block, asked) },
        }
    }

    /// Something to pass to the pool that ought not to be, and what is to be said of it.
    fn wrong(&mut self) -> Option<Wrong> {
        match self.random.below(9) {
            0 | 1 => self.freed(),
            2 => self.too_large(true),
            3 => self.too_large(false),
            4 => self.inside(),
            5 => Some(self.of_another(HardenedPool::<_, H>::new_in(self.block, Global))),
            6 => Some(self.of_another(Pool::new(self.block))),
            7 => Some(self.damaged()),
            _ => self.taken_by_a_reset(),
        }
    }

    /// A block that was freed a while ago.
    fn freed(&mut self) -> Option<Wrong> {
        self.free();
        self.live(60);
        let (block, asked) = self.pick(&self.freed)?;
        Some(("double free", block, asked))
    }

    /// A layout that no block has, for a block in use or one that is freed.
    fn too_large(&mut self, used: bool) -> Option<Wrong> {
        self.free();
        let (block, asked) = self.pick(if used { &self.used } else { &self.freed })?;
        let size = self.block.size() + 1 + self.random.below(1000);
        let expected = if used { "wrong layout" } else { "double free" };
        Some((expected, block, layout(size, asked.align())))
    }

    /// A pointer into a block: to a word, unless the pool looks its blocks up.
    fn inside(&self) -> Option<Wrong> {
        let (block, asked) = self.pick(&self.used)?;
        let step = if cfg!(debug_assertions) { 1 } else { 8 };
        let offset = step * (1 + self.random.below(self.block.size() / step));
        // SAFETY: within the block.
        let inside = (offset < self.block.size()).then(|| unsafe { block.add(offset) })?;
        Some(("foreign pointer", inside, asked))
    }

    /// A block of a pool that is there as long as the program.
    fn of_another(&self, pool: impl Allocator) -> Wrong {
        let blocks = [(); 2].map(|()| pool.allocate(self.block).expect("there is memory"));
        for block in blocks {
            // SAFETY: just allocated.
            unsafe { block.cast::<u8>().write_bytes(7, block.len()) };
        }
        mem::forget(pool);
        // Not the first one of its chunk, so that the word in front of it is memory.
        let last = blocks.into_iter().max_by_key(|block| block.addr());
        let block = last.expect("there are two").cast();
        ("foreign pointer", block, self.request())
    }

    /// A block in front of which somebody has written.
    fn damaged(&mut self) -> Wrong {
        let (block, asked) = self.used.swap_remove(0);
        self.damage(block);
        self.live(60);
        ("overwritten", block, asked)
    }

    /// A block that a reset has taken, and that nobody has got since.
    fn taken_by_a_reset(&mut self) -> Option<Wrong> {
        let (block, asked) = self.pick(&self.used)?;
        self.pool.reset();
        let again = (0..self.random.below(20)).map_while(|_| self.pool.allocate(self.block).ok());
        let again: Vec<NonNull<u8>> = again.map(NonNull::cast).collect();
        let expected = "foreign pointer|double free";
        (!again.contains(&block)).then_some((expected, block, asked))
    }

    /// Writes to some of the eight bytes in front of a block.
    fn damage(&self, block: NonNull<u8>) {
        let (from, to) = (1 + self.random.below(8), 1 + self.random.below(8));
        for i in from.min(to)..=from.max(to) {
            // SAFETY: in the chunk, but not the user's.
            let byte = unsafe { block.sub(i) };
            #[allow(clippy::cast_possible_truncation)] // Any byte will do.
            let change = 1 + self.random.below(255) as u8;
            // SAFETY: as before.
            let before = unsafe { byte.read() };
            // SAFETY: as before.
            unsafe { byte.write(before ^ change) };
        }
    }
}

fn sin(seed: u64) {
    let random = Random::new(seed);
    match random.below(4) {
        0 => User::<Sealed>::new(random).sin(),
        1 => User::<Strict>::new(random).sin(),
        2 => User::<Zeros>::new(random).sin(),
        _ => User::<Chance>::new(random).sin(),
    }
}

/// The number in a variable of the environment.
fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// A process that runs the program of this seed.
fn run(seed: u64) -> Child {
    let mut program = Command::new(env::current_exe().unwrap());
    program
        .args(["--exact", "misuse_ends_the_program", "--nocapture"])
        .env(SEED, seed.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    program.spawn().unwrap()
}

/// Checks that a program has ended as it said. Tells whether it did anything wrong.
fn check(seed: u64, program: Child) -> bool {
    let output = program.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let Some((_, rest)) = said.split_once("expected: ") else {
        assert!(output.status.success(), "{SEED}={seed}: {said}");
        return false;
    };
    let (expected, rest) = rest.split_once('\n').unwrap();
    let told = expected.split('|').any(|part| rest.contains(part));
    assert!(told && !output.status.success(), "{SEED}={seed}: {said}");
    true
}

#[test]
fn misuse_ends_the_program() {
    if let Some(seed) = number(SEED) {
        // Were it to unwind, the test would end well here, and the one that reads would notice.
        let _ = catch_unwind(AssertUnwindSafe(|| sin(seed)));
        return;
    }
    if checker::WATCHED {
        return; // It would see some of it before the pool does.
    }
    let first = number("ALLOC_POOL_MISUSE_FIRST").unwrap_or(0);
    let programs = number("ALLOC_POOL_MISUSES").unwrap_or(20);
    let seeds: Vec<u64> = (first..first + programs).collect();
    let mut misdeeds = 0;
    for some in seeds.chunks(5) {
        let running: Vec<_> = some.iter().map(|&seed| (seed, run(seed))).collect();
        let did = running.into_iter().map(|(seed, child)| check(seed, child));
        misdeeds += did.filter(|&wrong| wrong).count();
    }
    assert!(misdeeds > 0, "nothing was done wrong");
    println!("{misdeeds} misdeeds");
}
