//! The trackers, and what they are to say of a program.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use alloc_core::{AllocError, Allocator, Global, Layout};
use alloc_tracking::profile::{Amount, Profile};
use alloc_tracking::{Exact, Profiler, SiteProfiler, Stats, Tracking};

use super::WORKERS;
use super::world::{Part, Random, TAGS, World};

/// The global allocator, but for each 16th request.
#[derive(Default)]
pub(crate) struct Flaky(AtomicU64);

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

/// Something that allocates, and what it says of what was done.
pub(crate) trait Subject: Allocator + Sync {
    fn check(&self, world: &World);

    /// Begins a new account. Returns whether it has.
    fn reset(&self) -> bool {
        false
    }
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

/// What is known of each tag, and what was live at the peak, if that is exact.
fn check_sites(world: &World, profile: &Profile, blocks_too: bool) {
    let mut found = BTreeMap::new();
    for site in &profile.sites {
        let tag = site.tag.as_deref().unwrap_or_default();
        assert!(found.insert(tag, site).is_none(), "{tag} twice");
    }
    for (tag, part) in TAGS.iter().zip(&world.parts) {
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

impl Subject for Tracking<Flaky> {
    fn check(&self, world: &World) {
        let (found, truth) = (check_counts(self.stats(), world), &world.stats);
        let off = found.peak_bytes.abs_diff(truth.peak_bytes);
        assert!(off <= found.peak_bytes_within, "{found:?}, {truth:?}");
        let off = found.peak_blocks.abs_diff(truth.peak_blocks);
        assert!(off <= found.peak_blocks_within, "{found:?}, {truth:?}");
    }

    fn reset(&self) -> bool {
        self.reset_stats();
        true
    }
}

impl Subject for Tracking<Flaky, Exact> {
    fn check(&self, world: &World) {
        assert_eq!(self.stats(), world.stats);
        assert_eq!(self.histogram().blocks(), world.stats.allocations);
    }

    fn reset(&self) -> bool {
        self.reset_stats();
        true
    }
}

/// With places, of which there is one if the program has no frame pointers.
impl Subject for Profiler<Flaky> {
    fn check(&self, world: &World) {
        check_counts(self.stats(), world);
        let totals = self.profile().totals();
        let sum = |of: fn(&Part) -> Amount| {
            let parts = world.parts.iter().map(of);
            parts.fold(Amount::default(), Amount::saturating_add)
        };
        assert_eq!(totals.total, sum(|part| part.total));
        assert_eq!(totals.at_end, sum(|part| part.live));
        assert_eq!(totals.at_peak, sum(|part| part.at_peak));
        let mut leaks: Vec<_> = self.leaks();
        leaks.sort_unstable_by_key(|leak| leak.address);
        let leaks = leaks.iter().map(|leak| (leak.address, leak.layout));
        let blocks = world.blocks.iter();
        let blocks = blocks.map(|block| (block.start.addr().get(), block.layout));
        let mut blocks: Vec<_> = blocks.filter(|block| block.1.size() > 0).collect();
        blocks.sort_unstable_by_key(|block| block.0);
        assert!(leaks.eq(blocks));
        assert_eq!(self.fault_counts().total(), 0);
    }
}

impl Subject for SiteProfiler<Flaky> {
    fn check(&self, world: &World) {
        check_sites(world, &self.profile(), false);
        let (peak, truth) = (self.peak_bytes(), world.stats.peak_bytes as u64);
        // A thread that works once has a seat that was another's, or none and tells everything.
        assert!(peak.abs_diff(truth) <= (WORKERS as u64 + 2) * (64 << 10));
        assert_eq!(self.live_bytes(), world.live().bytes);
        assert_eq!(self.fault_counts().total(), 0);
    }
}

/// What finds its peaks exactly.
pub(crate) struct ExactSites(pub(crate) SiteProfiler<Flaky>);

/// Each over the other, and over the table of all blocks.
pub(crate) struct All(pub(crate) Tracking<SiteProfiler<Profiler<Flaky>>, Exact>);

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
        check_sites(world, &self.0.profile(), true);
        assert_eq!(self.0.peak_bytes(), world.stats.peak_bytes as u64);
        assert_eq!(self.0.fault_counts().total(), 0);
    }
}

impl Subject for All {
    fn check(&self, world: &World) {
        assert_eq!(self.0.stats(), world.stats);
        let sites = self.0.inner();
        check_sites(world, &sites.profile(), true);
        let table = sites.inner();
        let mut stats = table.stats();
        assert_eq!(stats.live_blocks, world.stats.live_blocks);
        stats.allocations -= world.stats.allocations;
        // Blocks whose header has another place in the new one are moved by hand.
        assert_eq!(
            stats.deallocations,
            world.stats.deallocations + stats.allocations
        );
        assert_eq!(table.report().lifetimes.count(), stats.deallocations);
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
