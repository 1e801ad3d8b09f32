//! Where a thread counts: its tallies, and how to find them.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};
use std::alloc::System;

use super::labels::Labels;
use super::tally::Tally;
use super::weight::{distance, seed};
use crate::profiler::stack::{self, CallStack, Unwinding};

/// How many tallies are found at once. An interpreter has to look at each place: it gets few.
const CACHED: usize = if cfg!(miri) { 8 } else { 512 };
/// How many lists the tallies of a desk are in.
const BUCKETS: usize = if cfg!(miri) { 16 } else { 2048 };
/// How many call stacks a desk tells apart. A program has some thousands; deep recursion, or stacks
/// that are misread, could make any number of them.
pub(super) const MOST_SITES: u64 = 1 << 16;

/// The hash of the tally without a stack or a tag.
pub(super) const ROOT: u64 = 0;

/// The tallies of one seat, for one profiler.
///
/// All zero when it is new. The thread that has the seat is the only one that writes here, with
/// plain loads and stores; any thread may read.
///
/// - I1: a pointer in `root`, `cache`, a bucket or `next` of a tally is null or that of a tally that
///   belongs to this desk and lives as long as it. In `cache` and `buckets` are those with a stack.
#[repr(C, align(64))]
pub(super) struct Desk {
    /// By how much the live bytes have changed since the profiler was told, plus half of `span`: it is
    /// told when this is negative or exceeds `span`.
    drift: AtomicI64,
    span: AtomicI64,
    /// How many bytes it is to the next sample.
    remaining: AtomicI64,
    random: AtomicU64,
    sites: AtomicU64,
    /// The one without a call stack.
    root: AtomicPtr<Tally>,
    /// For call stacks by tables.
    pub(super) unwinding: Unwinding,
    cache: [AtomicPtr<Tally>; CACHED],
    buckets: [AtomicPtr<Tally>; BUCKETS],
}

/// Memory of the system for a value. Does not unwind.
pub(super) fn allocate<T>() -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { System.alloc_zeroed(Layout::new::<T>()) }.cast())
}

/// Gives back what [`allocate`] got.
///
/// # Safety
///
/// It was got there for a `T`, and nobody uses it any more.
pub(super) unsafe fn free<T>(memory: NonNull<T>) {
    // SAFETY: the caller's promise.
    unsafe { System.dealloc(memory.as_ptr().cast(), Layout::new::<T>()) };
}

impl Desk {
    /// A new desk for the profiler of this number, with its tally for no stack. One byte in `mean` is to
    /// be a sample, if not 0.
    pub(super) fn new(mean: u64, profiler: u64) -> Option<NonNull<Self>> {
        let memory = allocate::<Self>()?;
        // SAFETY: all zero is a valid desk, and the memory lives until it is freed.
        let desk = unsafe { memory.as_ref() };
        let Some(root) = desk.make(ROOT, &CallStack::EMPTY, Labels::NONE) else {
            // SAFETY: just allocated, and not passed on.
            unsafe { free(memory) };
            return None;
        };
        desk.root.store(root.as_ptr(), Ordering::Relaxed);
        let seed = seed(desk.number(), profiler);
        desk.random.store(seed, Ordering::Relaxed);
        if mean > 0 {
            desk.set_out(mean);
        }
        Some(memory)
    }

    /// Which desk this is, as a number.
    #[inline]
    pub(super) fn number(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// The drift after a change, to be [set](Self::set_drift), if it does not go too far. On the thread
    /// at the desk.
    #[inline]
    pub(super) fn drift_within(&self, change: i64) -> Option<i64> {
        let span = self.span.load(Ordering::Relaxed).cast_unsigned();
        let drift = self.drift.load(Ordering::Relaxed).wrapping_add(change);
        (drift.cast_unsigned() <= span).then_some(drift)
    }

    #[inline]
    pub(super) fn set_drift(&self, drift: i64) {
        self.drift.store(drift, Ordering::Relaxed);
    }

    /// By how much the live bytes have changed, with this last change. Lets the drift begin anew. On
    /// the thread at the desk.
    pub(super) fn end_drift(&self, change: i64) -> i64 {
        let limit = self.span.load(Ordering::Relaxed) / 2;
        let drift = self.drift.load(Ordering::Relaxed).wrapping_add(change);
        self.set_drift(limit);
        drift.wrapping_sub(limit)
    }

    /// Sets how far the drift may go, where it has just begun anew. Not negative.
    pub(super) fn set_limit(&self, limit: i64) {
        self.span.store(limit * 2, Ordering::Relaxed);
        self.set_drift(limit);
    }

    fn make(&self, hash: u64, stack: &CallStack, labels: Labels) -> Option<NonNull<Tally>> {
        let memory = allocate::<Tally>()?;
        let tally = Tally::new(self.number(), hash, stack, labels);
        // SAFETY: memory for a tally.
        unsafe { memory.write(tally) };
        Some(memory)
    }

    /// The tally for blocks without a call stack.
    #[inline]
    pub(super) fn root(&self) -> NonNull<Tally> {
        // SAFETY: `new` put one there.
        unsafe { NonNull::new_unchecked(self.root.load(Ordering::Relaxed)) }
    }

    /// The tally of a stack and labels, or that of neither, if there is none or no room for it. On the
    /// thread at the desk.
    #[inline]
    pub(super) fn tally(
        &self,
        frames: impl Iterator<Item = usize> + Clone,
        labels: Labels,
    ) -> NonNull<Tally> {
        let hash = stack::hash(frames.clone()) ^ labels.hash();
        let place = &self.cache[index(hash, CACHED)];
        let cached = NonNull::new(place.load(Ordering::Relaxed));
        // SAFETY: I1.
        if let Some(tally) = cached.filter(|tally| unsafe { tally.as_ref() }.hash == hash) {
            return tally;
        }
        let Some(tally) = self.find_or_make(hash, labels, || CallStack::of(frames)) else {
            return self.root();
        };
        place.store(tally.as_ptr(), Ordering::Relaxed);
        tally
    }

    /// The tally of the stack and the labels of another desk's tally, if there is one or room for it. On
    /// the thread at the desk.
    #[cold]
    pub(super) fn tally_like(&self, other: &Tally) -> Option<NonNull<Tally>> {
        if other.hash == ROOT {
            return Some(self.root());
        }
        self.find_or_make(other.hash, other.labels, || other.stack)
    }

    #[cold]
    fn find_or_make(
        &self,
        hash: u64,
        labels: Labels,
        stack: impl FnOnce() -> CallStack,
    ) -> Option<NonNull<Tally>> {
        let bucket = &self.buckets[index(hash.rotate_left(32), BUCKETS)];
        let first = bucket.load(Ordering::Relaxed);
        let mut next = first;
        while let Some(tally) = NonNull::new(next) {
            // SAFETY: I1.
            let found = unsafe { tally.as_ref() };
            if found.hash == hash {
                return Some(tally);
            }
            next = found.next.load(Ordering::Relaxed);
        }
        let sites = self.sites.load(Ordering::Relaxed);
        if sites >= MOST_SITES {
            return None;
        }
        let tally = self.make(hash, &stack(), labels)?;
        // SAFETY: I1, just made.
        unsafe { tally.as_ref() }
            .next
            .store(first, Ordering::Relaxed);
        // Release: partner of the `Acquire` in `for_each`, which finds a finished tally.
        bucket.store(tally.as_ptr(), Ordering::Release);
        self.sites.store(sites + 1, Ordering::Relaxed);
        Some(tally)
    }

    /// Whether a block of this size is to be none of the samples; if so, goes on to the next one. On
    /// the thread at the desk.
    #[inline]
    pub(super) fn skips(&self, size: usize) -> bool {
        // Neither is negative, so that the difference is in range. No block has more bytes than this.
        let size = size as u64 & i64::MAX.cast_unsigned();
        let remaining = self.remaining.load(Ordering::Relaxed) - size.cast_signed();
        if remaining > 0 {
            self.remaining.store(remaining, Ordering::Relaxed);
        }
        remaining > 0
    }

    /// Whether a block of this size is to be a sample. On the thread at the desk.
    #[inline]
    pub(super) fn draws(&self, size: usize, mean: u64) -> bool {
        let draws = !self.skips(size);
        if draws {
            // Each byte has the same chance, whatever was before: the way begins anew after this block.
            self.set_out(mean);
        }
        draws
    }

    /// Draws how far it is to the next sample.
    #[cold]
    fn set_out(&self, mean: u64) {
        // xorshift64* (Vigna 2016).
        let mut random = self.random.load(Ordering::Relaxed);
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        self.random.store(random, Ordering::Relaxed);
        let distance = distance(random.wrapping_mul(0x2545_F491_4F6C_DD1D), mean);
        self.remaining.store(distance, Ordering::Relaxed);
    }

    /// Calls `look` with each tally.
    pub(super) fn for_each(&self, look: &mut dyn FnMut(NonNull<Tally>)) {
        look(self.root());
        for bucket in &self.buckets {
            // Acquire: partner of the `Release` in `find_or_make`. The tallies after the first one
            // were released before it, by the same thread or one that had the seat before.
            let mut next = bucket.load(Ordering::Acquire);
            while let Some(tally) = NonNull::new(next) {
                // SAFETY: I1.
                next = unsafe { tally.as_ref() }.next.load(Ordering::Relaxed);
                look(tally);
            }
        }
    }

    /// Whether there were more call stacks than are told apart.
    pub(super) fn is_full(&self) -> bool {
        self.sites.load(Ordering::Relaxed) >= MOST_SITES
    }

    /// Frees a desk and its tallies.
    ///
    /// # Safety
    ///
    /// It is one of [`new`](Self::new), and nobody uses it or a tally of it any more.
    pub(super) unsafe fn destroy(desk: NonNull<Self>) {
        // SAFETY: the caller's promise.
        let this = unsafe { desk.as_ref() };
        // SAFETY: made by `make`; each is passed once and read before that, and by the caller's
        // promise not used afterwards. A tally has no destructor.
        this.for_each(&mut |tally| unsafe { free(tally) });
        // SAFETY: the caller's promise.
        unsafe { this.unwinding.destroy() };
        // SAFETY: the caller's promise.
        unsafe { free(desk) };
    }
}

/// The upper bits of a hash, as a number below `places`, a power of two.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "a number below 2^16")]
fn index(hash: u64, places: usize) -> usize {
    (hash >> 48) as usize & (places - 1)
}

#[cfg(test)]
mod tests {
    use super::{CallStack, Desk, Labels, MOST_SITES, ROOT, Tally};
    use crate::profiler::stack::Frames;

    #[test]
    #[cfg_attr(miri, ignore = "takes 40 MiB")]
    fn a_full_desk_knows_what_it_knew_and_nothing_new() {
        let memory = Desk::new(0, 1).unwrap();
        // SAFETY: just made, and destroyed at the end.
        let desk = unsafe { memory.as_ref() };
        let hash = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let like = |hash| desk.tally_like(&Tally::new(0, hash, &CallStack::EMPTY, Labels::NONE));
        for i in 1..=MOST_SITES {
            assert!(!desk.is_full() && like(hash(i)).is_some());
        }
        assert!(desk.is_full());
        assert_eq!(like(hash(MOST_SITES + 1)), None);
        let labels = Labels {
            tag: 7,
            ..Labels::NONE
        };
        assert_eq!(desk.tally(Frames::NONE, labels), desk.root());
        assert_eq!(like(ROOT), Some(desk.root()));
        // SAFETY: I1 of the desk.
        let known = like(hash(5)).map(|tally| unsafe { tally.as_ref() }.hash);
        assert_eq!(known, Some(hash(5)));
        // SAFETY: nobody uses it any more.
        unsafe { Desk::destroy(memory) };
    }
}
