//! Random programs of several threads against a plain account of what they did.
//!
//! The threads take turns, so that the account is exact: of each tag what it has, had in all, and had when
//! the whole was largest. Blocks are resized and freed by other threads than those that allocated them,
//! threads end and others take their seats, some work when they have already left theirs, and the
//! allocator underneath refuses one request in 16.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test is a sequence of calls"
)]

mod common;

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use alloc_core::boxed::Box as BoxIn;
use alloc_core::{AllocError, Allocator, Global, Layout};
use alloc_tracking::profile::{Amount, Profile};
use alloc_tracking::{Profiler, SiteProfiler, Stamps, Stats, Tag, Tracking};
use common::layout;

const TAGS: [&str; 4] = ["", "random: a", "random: b", "random: c"];
/// Threads that live as long as a program runs.
const WORKERS: usize = 3;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % end
    }

    fn layout(&mut self) -> Layout {
        let size = match self.below(64) {
            0..4 => 0,
            4..40 => 1 + self.below(100),
            40..62 => 1 + self.below(3000),
            // About what is told to the others at once, and about what is not counted as usual.
            62 => (64 << 10) - 50 + self.below(100),
            _ => (256 << 10) - 50 + self.below(100),
        };
        let align = match self.below(8) {
            0..6 => 1 << self.below(5),
            6 => 1 << self.below(9),
            _ => 4096,
        };
        layout(size, align)
    }
}

/// The global allocator, but for each 16th request.
#[derive(Default)]
struct Flaky(AtomicU64);

impl Flaky {
    fn call(&self) -> Result<(), AllocError> {
        let calls = self.0.fetch_add(1, Relaxed);
        if Random(calls + 99).below(16) == 0 {
            return Err(AllocError);
        }
        Ok(())
    }
}

// SAFETY: the global allocator's blocks, or none.
unsafe impl Allocator for Flaky {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.call()?;
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.call()?;
        // SAFETY: the caller's promise.
        unsafe { Global.grow(ptr, old, new) }
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.call()?;
        // SAFETY: the caller's promise.
        unsafe { Global.shrink(ptr, old, new) }
    }
}

/// A block of the program.
struct Block {
    start: NonNull<u8>,
    layout: Layout,
    tag: usize,
    /// What is in its first and its last byte.
    stamp: u8,
}

// SAFETY: a block has one owner at a time.
unsafe impl Send for Block {}

impl Block {
    fn write(&mut self, stamp: u8) {
        self.stamp = stamp;
        if let Some(last) = self.layout.size().checked_sub(1) {
            // SAFETY: within the block.
            unsafe {
                self.start.write(stamp);
                self.start.add(last).write(stamp);
            }
        }
    }

    /// Whether the block of this size begins, and one of the old size ended, with what was written.
    fn check(&self, size: usize) {
        if let Some(last) = size.checked_sub(1) {
            // SAFETY: within the block.
            unsafe {
                assert_eq!(self.start.read(), self.stamp);
                let whole = size == self.layout.size();
                assert!(!whole || self.start.add(last).read() == self.stamp);
            }
        }
    }
}

/// What a tag has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    /// With a resized block as a new one.
    total: Amount,
    live: Amount,
    at_peak: Amount,
    /// The most bytes at one time.
    max: u64,
}

/// What the program has and had.
#[derive(Default)]
struct World {
    blocks: Vec<Block>,
    parts: [Part; TAGS.len()],
    stats: Stats,
    /// Threads may have had a seat that is another's by now.
    turns: usize,
}

impl World {
    fn live(&self) -> Amount {
        let parts = self.parts.iter();
        parts.fold(Amount::default(), |sum, part| sum.saturating_add(part.live))
    }

    /// A block of a tag has another layout; no bytes are no block.
    fn change(&mut self, tag: usize, old: usize, new: usize) {
        let (part, stats) = (&mut self.parts[tag], &mut self.stats);
        let amount = |size: usize| Amount::new(u64::from(size > 0), size as u64);
        let (from, to) = (amount(old), amount(new));
        part.live.blocks = part.live.blocks + to.blocks - from.blocks;
        part.live.bytes = part.live.bytes + to.bytes - from.bytes;
        part.total += to;
        part.max = part.max.max(part.live.bytes);
        stats.total_bytes += new.saturating_sub(old);
        let live = self.live();
        let stats = &mut self.stats;
        (stats.live_blocks, stats.live_bytes) = (live.blocks as usize, live.bytes as usize);
        stats.peak_blocks = stats.peak_blocks.max(stats.live_blocks);
        if stats.live_bytes > stats.peak_bytes {
            stats.peak_bytes = stats.live_bytes;
            for part in &mut self.parts {
                part.at_peak = part.live;
            }
        }
    }

    fn allocate(&mut self, heap: &impl Allocator, random: &mut Random, tag: usize) {
        let layout = random.layout();
        let block = match random.below(4) {
            0 => heap.allocate_zeroed(layout),
            _ => heap.allocate(layout),
        };
        let Ok(start) = block else {
            self.stats.failures += 1;
            return;
        };
        let stamp = random.below(256) as u8;
        let mut block = Block {
            start: start.cast(),
            layout,
            tag,
            stamp,
        };
        assert!(block.start.addr().get().is_multiple_of(layout.align()));
        block.write(stamp);
        self.blocks.push(block);
        self.stats.allocations += usize::from(layout.size() > 0);
        self.change(tag, 0, layout.size());
    }

    fn free(&mut self, heap: &impl Allocator, random: &mut Random) {
        let block = self.blocks.swap_remove(random.below(self.blocks.len()));
        block.check(block.layout.size());
        // SAFETY: a block of the heap with this layout.
        unsafe { heap.deallocate(block.start, block.layout) };
        self.stats.deallocations += usize::from(block.layout.size() > 0);
        self.change(block.tag, block.layout.size(), 0);
    }

    fn resize(&mut self, heap: &impl Allocator, random: &mut Random, tag: usize) {
        let index = random.below(self.blocks.len());
        let (old, mut new) = (self.blocks[index].layout, random.layout());
        if random.below(4) > 0 {
            new = layout(new.size(), old.align());
        }
        let block = &mut self.blocks[index];
        let grows = new.size() >= old.size();
        // SAFETY: a block of the heap with this layout; the new one is no smaller, or no larger.
        let resized = unsafe {
            match (grows, random.below(2)) {
                (false, _) => heap.shrink(block.start, old, new),
                (_, 0) => heap.grow(block.start, old, new),
                _ => heap.grow_zeroed(block.start, old, new),
            }
        };
        let Ok(start) = resized else {
            self.stats.failures += 1;
            return block.check(old.size());
        };
        block.start = start.cast();
        assert!(block.start.addr().get().is_multiple_of(new.align()));
        block.check(old.size().min(new.size()));
        block.layout = new;
        block.write(block.stamp.wrapping_add(1));
        if old.size() == 0 {
            block.tag = tag;
        }
        let tag = block.tag;
        let stats = &mut self.stats;
        match (old.size(), new.size()) {
            (0, 0) => {}
            (0, _) => stats.allocations += 1,
            (_, 0) => stats.deallocations += 1,
            _ if grows => stats.grows += 1,
            _ => stats.shrinks += 1,
        }
        self.change(tag, old.size(), new.size());
    }

    /// A turn of a thread. What a thread allocates that has left its seat has no tag.
    fn turn(&mut self, heap: &impl Subject, seed: u64, steps: usize, has_left: bool) {
        let mut random = Random(seed);
        let tag = random.below(TAGS.len());
        // Waves, so that there is a peak now and then.
        let (rises, some) = (random.below(2), 30 + random.below(200));
        let _tag = Tag::new(TAGS[tag]).enter();
        let tag = if has_left { 0 } else { tag };
        self.turns += 1;
        for _ in 0..steps {
            match random.below(8) {
                _ if self.blocks.is_empty() => self.allocate(heap, &mut random, tag),
                0..2 => self.resize(heap, &mut random, tag),
                2..7 if self.blocks.len() < some && rises > 0 => {
                    self.allocate(heap, &mut random, tag);
                }
                2..4 => self.allocate(heap, &mut random, tag),
                _ => self.free(heap, &mut random),
            }
        }
    }

    fn check_sites(&self, profile: &Profile, blocks_too: bool) {
        let mut found = BTreeMap::new();
        for site in &profile.sites {
            let tag = site.tag.as_deref().unwrap_or_default();
            assert!(found.insert(tag, site).is_none(), "{tag} twice");
        }
        for (tag, part) in TAGS.iter().zip(&self.parts) {
            let Some(site) = found.remove(tag) else {
                assert_eq!(*part, Part::default());
                continue;
            };
            assert_eq!((site.total, site.at_end), (part.total, part.live), "{tag}");
            assert!(site.max.bytes >= part.max, "{tag}");
            if blocks_too {
                assert_eq!(site.at_peak, part.at_peak, "{tag}");
            }
        }
        assert!(found.is_empty());
    }
}

/// Something that allocates, and what it says of what was done.
trait Subject: Allocator + Sync {
    fn check(&self, world: &World);
}

/// The numbers that are exact whatever the peaks are.
fn check_counts(found: Stats, world: &World) -> Stats {
    let Stats {
        peak_bytes,
        peak_blocks,
        peak_bytes_within,
        peak_blocks_within,
        ..
    } = world.stats;
    let mut counts = found;
    (counts.peak_bytes, counts.peak_blocks) = (peak_bytes, peak_blocks);
    (counts.peak_bytes_within, counts.peak_blocks_within) = (peak_bytes_within, peak_blocks_within);
    assert_eq!(counts, world.stats);
    found
}

impl Subject for Tracking<Flaky> {
    fn check(&self, world: &World) {
        let (found, truth) = (check_counts(self.stats(), world), &world.stats);
        let off = found.peak_bytes.abs_diff(truth.peak_bytes);
        assert!(off <= found.peak_bytes_within, "{found:?}, {truth:?}");
        let off = found.peak_blocks.abs_diff(truth.peak_blocks);
        assert!(off <= found.peak_blocks_within, "{found:?}, {truth:?}");
    }
}

impl Subject for Tracking<Flaky, alloc_tracking::Exact> {
    fn check(&self, world: &World) {
        assert_eq!(self.stats(), world.stats);
        assert_eq!(self.histogram().blocks(), world.stats.allocations);
    }
}

impl Subject for SiteProfiler<Flaky> {
    fn check(&self, world: &World) {
        world.check_sites(&self.profile(), false);
        let (peak, truth) = (self.peak_bytes(), world.stats.peak_bytes as u64);
        // A thread that works once has a seat that was another's, or none and tells everything.
        assert!(peak.abs_diff(truth) <= (WORKERS as u64 + 2) * (64 << 10));
        assert_eq!(self.live_bytes(), world.live().bytes);
        assert_eq!(self.fault_counts().total(), 0);
    }
}

/// What finds its peaks exactly.
struct ExactSites(SiteProfiler<Flaky>);

/// Each over the other, and over the table of all blocks.
struct All(Tracking<SiteProfiler<Profiler<Flaky>>, alloc_tracking::Exact>);

macro_rules! forward {
    ($wrapper:ty) => {
        // SAFETY: the blocks of what is inside, unchanged.
        unsafe impl Allocator for $wrapper {
            fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.0.allocate(layout)
            }

            fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
                self.0.allocate_zeroed(layout)
            }

            unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
                // SAFETY: the caller's promise.
                unsafe { self.0.deallocate(ptr, layout) }
            }

            unsafe fn grow(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.0.grow(ptr, old, new) }
            }

            unsafe fn grow_zeroed(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.0.grow_zeroed(ptr, old, new) }
            }

            unsafe fn shrink(
                &self,
                ptr: NonNull<u8>,
                old: Layout,
                new: Layout,
            ) -> Result<NonNull<[u8]>, AllocError> {
                // SAFETY: the caller's promise.
                unsafe { self.0.shrink(ptr, old, new) }
            }
        }
    };
}

forward!(ExactSites);
forward!(All);

impl Subject for ExactSites {
    fn check(&self, world: &World) {
        world.check_sites(&self.0.profile(), true);
        assert_eq!(self.0.peak_bytes(), world.stats.peak_bytes as u64);
        assert_eq!(self.0.fault_counts().total(), 0);
    }
}

impl Subject for All {
    fn check(&self, world: &World) {
        assert_eq!(self.0.stats(), world.stats);
        let sites = self.0.inner();
        world.check_sites(&sites.profile(), true);
        let table = sites.inner();
        let mut stats = table.stats();
        assert_eq!(stats.live_blocks, world.stats.live_blocks);
        stats.allocations -= world.stats.allocations;
        // Blocks whose header has another place in the new one are moved by hand.
        assert_eq!(
            stats.deallocations,
            world.stats.deallocations + stats.allocations
        );
        assert_eq!(table.lifetimes_count(), stats.deallocations);
        let mut leaks = BTreeMap::new();
        for leak in table.leaks() {
            assert!(leaks.insert(leak.address, leak.layout).is_none());
        }
        for block in world.blocks.iter().filter(|block| block.layout.size() > 0) {
            let (start, layout) = (block.start.addr().get(), block.layout);
            let offset = layout.align().max(16);
            let outer = leaks.remove(&(start - offset)).unwrap();
            assert_eq!(outer.size(), layout.size() + offset);
        }
        assert!(leaks.is_empty());
        assert_eq!(
            table.fault_counts().total() + sites.fault_counts().total(),
            0
        );
    }
}

trait LifetimesCount {
    fn lifetimes_count(&self) -> usize;
}

impl<A> LifetimesCount for Profiler<A> {
    fn lifetimes_count(&self) -> usize {
        self.report().lifetimes.count()
    }
}

/// Calls `work` on a thread that has left its seats, where there is such a thing.
#[cfg(all(target_os = "linux", not(miri)))]
fn late<'s, 'e>(scope: &'s thread::Scope<'s, 'e>, work: impl FnOnce(bool) + Send + 's) {
    use std::ffi::{c_int, c_uint, c_void};
    use std::sync::OnceLock;

    type Work<'w> = Box<dyn FnOnce() + Send + 'w>;

    unsafe extern "C" {
        fn pthread_key_create(key: *mut c_uint, end: Option<extern "C" fn(*mut c_void)>) -> c_int;
        fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    }

    extern "C" fn end(work: *mut c_void) {
        // SAFETY: from `into_raw` below.
        let work = unsafe { Box::from_raw(work.cast::<Work<'_>>()) };
        work();
    }

    static KEY: OnceLock<c_uint> = OnceLock::new();
    let sit_down = || {
        drop(BoxIn::new_in(0, Tracking::new(Global)));
        drop(BoxIn::new_in(0, SiteProfiler::new(Global)));
    };
    // The key of the seats is the older one, and its destructor runs first.
    sit_down();
    let key = *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the declaration is that of POSIX; `key` is a valid place.
        assert_eq!(unsafe { pthread_key_create(&raw mut key, Some(end)) }, 0);
        key
    });
    let work: Work<'s> = Box::new(|| work(true));
    let thread = scope.spawn(move || {
        sit_down();
        let work = Box::into_raw(Box::new(work));
        // SAFETY: the declaration is that of POSIX; the key was made above.
        assert_eq!(
            unsafe { pthread_setspecific(key, work.cast_const().cast()) },
            0
        );
    });
    // Returns when the destructors have run.
    thread.join().unwrap();
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn late<'s, 'e>(scope: &'s thread::Scope<'s, 'e>, work: impl FnOnce(bool) + Send + 's) {
    scope.spawn(|| work(false)).join().unwrap();
}

fn run(heap: &impl Subject, seed: u64) {
    let (turns, steps) = if cfg!(miri) { (8, 12) } else { (150, 200) };
    let world = Mutex::new(World::default());
    let lock = || -> MutexGuard<'_, World> { world.lock().unwrap() };
    let mut random = Random(seed);
    thread::scope(|scope| {
        let workers: Vec<Sender<(u64, Sender<()>)>> = (0..WORKERS)
            .map(|_| {
                let (sender, receiver) = channel::<(u64, Sender<()>)>();
                scope.spawn(move || {
                    for (seed, done) in receiver {
                        lock().turn(heap, seed, steps, false);
                        done.send(()).unwrap();
                    }
                });
                sender
            })
            .collect();
        for _ in 0..turns {
            let seed = random.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let work = move |has_left| lock().turn(heap, seed, steps, has_left);
            match random.below(WORKERS + 3) {
                0 => work(false),
                1 => scope.spawn(move || work(false)).join().unwrap(),
                2 => late(scope, work),
                worker => {
                    let (done, is_done) = channel();
                    workers[worker - 3].send((seed, done)).unwrap();
                    is_done.recv().unwrap();
                }
            }
            heap.check(&lock());
        }
    });
    let mut world = lock();
    while !world.blocks.is_empty() {
        world.free(heap, &mut random);
    }
    heap.check(&world);
    assert_eq!(world.live(), Amount::default());
}

fn runs<S: Subject>(make: impl Fn() -> S) {
    for seed in 1..=if cfg!(miri) { 1 } else { 8 } {
        run(&make(), seed * 77_777);
    }
}

#[test]
fn counters_of_several_threads_are_exact() {
    runs(|| Tracking::new(Flaky::default()));
}

#[test]
fn peaks_of_several_threads_are_exact() {
    runs(|| Tracking::exact(Flaky::default()));
}

#[test]
fn sites_of_several_threads_are_exact() {
    runs(|| SiteProfiler::new(Flaky::default()).with_tags());
}

#[test]
fn figures_at_the_exact_peak_are_of_that_moment() {
    let heap = || SiteProfiler::new(Flaky::default()).with_tags();
    runs(|| ExactSites(heap().with_exact_peak().with_stamps(Stamps::Precise)));
}

#[test]
fn all_of_them_agree() {
    runs(|| {
        let sites = SiteProfiler::new(Profiler::new(Flaky::default()));
        All(Tracking::exact(sites.with_tags().with_exact_peak()))
    });
}
