//! What a program does, and its account of that.

use std::ptr::NonNull;

use alloc_core::{Allocator, Layout};
use alloc_tracking::profile::Amount;
use alloc_tracking::{Stats, Tag};

use super::common::layout;
use super::subjects::Subject;

pub(crate) const TAGS: [&str; 4] = ["", "random: a", "random: b", "random: c"];

/// Numbers that look random and are the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % end
    }

    fn byte(&mut self) -> u8 {
        self.below(256).to_le_bytes()[0]
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

/// A block of the program.
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    pub(crate) layout: Layout,
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
pub(crate) struct Part {
    /// With a resized block as a new one.
    pub(crate) total: Amount,
    pub(crate) live: Amount,
    pub(crate) at_peak: Amount,
    /// The most bytes at one time.
    pub(crate) max: u64,
}

/// What the program has and had.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) blocks: Vec<Block>,
    pub(crate) parts: [Part; TAGS.len()],
    pub(crate) stats: Stats,
}

impl World {
    pub(crate) fn live(&self) -> Amount {
        let parts = self.parts.iter();
        parts.fold(Amount::default(), |sum, part| sum.saturating_add(part.live))
    }

    /// Begins a new account of what is done.
    pub(crate) fn reset(&mut self) {
        let Stats {
            live_blocks,
            live_bytes,
            ..
        } = self.stats;
        self.stats = Stats::default();
        (self.stats.live_blocks, self.stats.live_bytes) = (live_blocks, live_bytes);
        (self.stats.peak_blocks, self.stats.peak_bytes) = (live_blocks, live_bytes);
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
        stats.live_blocks = stats.live_blocks + usize::from(new > 0) - usize::from(old > 0);
        stats.live_bytes = stats.live_bytes + new - old;
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
        let stamp = random.byte();
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

    pub(crate) fn free(&mut self, heap: &impl Allocator, random: &mut Random) {
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
    pub(crate) fn turn(&mut self, heap: &impl Subject, seed: u64, steps: usize, has_left: bool) {
        let mut random = Random(seed);
        let tag = random.below(TAGS.len());
        // Waves, so that there is a peak now and then.
        let (rises, some) = (random.below(2), 30 + random.below(200));
        let _tag = Tag::new(TAGS[tag]).enter();
        let tag = if has_left { 0 } else { tag };
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
}
