//! Allocators to stand under and over the trackers: an independent account, a list of calls, and a
//! bump allocator that can be reset.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use alloc_core::{AllocError, Allocator, Global, Layout, Owns, Reset, dangling};
use alloc_tracking::Stats;

/// Whether this was built with frame pointers: by `cargo xtask oracle`, which says so. Another program may
/// have some frames, as a sanitizer's does.
#[cfg(feature = "std")]
pub(crate) fn has_frames() -> bool {
    let built = std::env::var_os("ALLOC_TRACKING_FRAME_POINTERS").is_some();
    assert!(!built || alloc_tracking::SiteProfiler::<Global>::has_call_stacks());
    built
}

/// Keeps an account of its own over another allocator, under a lock and with plain numbers: what a
/// tracker must agree with.
pub(crate) struct Ledger<A> {
    pub(crate) inner: A,
    account: Mutex<Account>,
    /// By how many bytes the total is higher for who takes a block that was resized for a new one.
    renewed: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) allocations: usize,
    pub(crate) deallocations: usize,
    pub(crate) grows: usize,
    pub(crate) shrinks: usize,
    pub(crate) failures: usize,
    pub(crate) total_bytes: usize,
    pub(crate) live_bytes: usize,
    pub(crate) live_blocks: usize,
    pub(crate) peak_bytes: usize,
    pub(crate) peak_blocks: usize,
}

impl Account {
    /// A block of no bytes is no block.
    fn freed(&mut self, layout: Layout) {
        if layout.size() > 0 {
            self.deallocations += 1;
            self.live_bytes -= layout.size();
            self.live_blocks -= 1;
        }
    }
}

impl From<Stats> for Account {
    fn from(stats: Stats) -> Self {
        assert_eq!(stats.forgotten, 0);
        Self {
            allocations: stats.allocations,
            deallocations: stats.deallocations,
            grows: stats.grows,
            shrinks: stats.shrinks,
            failures: stats.failures,
            total_bytes: stats.total_bytes,
            live_bytes: stats.live_bytes,
            live_blocks: stats.live_blocks,
            peak_bytes: stats.peak_bytes,
            peak_blocks: stats.peak_blocks,
        }
    }
}

impl<A> Ledger<A> {
    pub(crate) fn new(inner: A) -> Self {
        Self {
            inner,
            account: Mutex::default(),
            renewed: AtomicUsize::new(0),
        }
    }

    /// Blocks and bytes in all, if each resized block is a new one.
    pub(crate) fn renewed(&self) -> (usize, usize) {
        let account = self.account();
        let blocks = account.allocations + account.grows + account.shrinks;
        (blocks, account.total_bytes + self.renewed.load(Relaxed))
    }

    /// Notes that a block was resized, of which so many bytes were there before.
    fn renew(&self, block: Result<NonNull<[u8]>, AllocError>, old: Layout, new: Layout) {
        if block.is_ok() && old.size() > 0 && new.size() > 0 {
            self.renewed.fetch_add(old.size().min(new.size()), Relaxed);
        }
    }

    pub(crate) fn account(&self) -> Account {
        *self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(
        &self,
        block: Result<NonNull<[u8]>, AllocError>,
        entry: impl FnOnce(&mut Account),
    ) -> Result<NonNull<[u8]>, AllocError> {
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        if block.is_ok() {
            entry(&mut account);
            account.peak_bytes = account.peak_bytes.max(account.live_bytes);
            account.peak_blocks = account.peak_blocks.max(account.live_blocks);
        } else {
            account.failures += 1;
        }
        block
    }
}

fn allocated(layout: Layout) -> impl FnOnce(&mut Account) {
    move |account| {
        if layout.size() == 0 {
            return;
        }
        account.allocations += 1;
        account.total_bytes += layout.size();
        account.live_bytes += layout.size();
        account.live_blocks += 1;
    }
}

fn grown(old: Layout, new: Layout) -> impl FnOnce(&mut Account) {
    move |account| {
        if old.size() == 0 {
            return allocated(new)(account);
        }
        account.grows += 1;
        account.total_bytes += new.size() - old.size();
        account.live_bytes += new.size() - old.size();
    }
}

// SAFETY: the inner allocator's blocks, unchanged.
unsafe impl<A: Allocator> Allocator for Ledger<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.note(self.inner.allocate(layout), allocated(layout))
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.note(self.inner.allocate_zeroed(layout), allocated(layout))
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.deallocate(ptr, layout) };
        let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        account.freed(layout);
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let block = unsafe { self.inner.grow(ptr, old, new) };
        self.renew(block, old, new);
        self.note(block, grown(old, new))
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let block = unsafe { self.inner.grow_zeroed(ptr, old, new) };
        self.renew(block, old, new);
        self.note(block, grown(old, new))
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let block = unsafe { self.inner.shrink(ptr, old, new) };
        self.renew(block, old, new);
        self.note(block, |account| {
            if new.size() == 0 {
                return account.freed(old);
            }
            account.shrinks += 1;
            account.live_bytes -= old.size() - new.size();
        })
    }
}

/// The global allocator with a count of calls per method. May be told to refuse everything.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) allocate: AtomicUsize,
    pub(crate) allocate_zeroed: AtomicUsize,
    pub(crate) deallocate: AtomicUsize,
    pub(crate) grow: AtomicUsize,
    pub(crate) grow_zeroed: AtomicUsize,
    pub(crate) shrink: AtomicUsize,
    pub(crate) refuse: AtomicBool,
}

impl Calls {
    fn call(&self, method: &AtomicUsize) -> Result<(), AllocError> {
        method.fetch_add(1, Relaxed);
        if self.refuse.load(Relaxed) {
            return Err(AllocError);
        }
        Ok(())
    }

    /// Calls of allocate, `allocate_zeroed`, deallocate, grow, `grow_zeroed`, shrink.
    pub(crate) fn counts(&self) -> [usize; 6] {
        [
            &self.allocate,
            &self.allocate_zeroed,
            &self.deallocate,
            &self.grow,
            &self.grow_zeroed,
            &self.shrink,
        ]
        .map(|method| method.load(Relaxed))
    }
}

// SAFETY: the global allocator's blocks, or none.
unsafe impl Allocator for Calls {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.call(&self.allocate)?;
        Global.allocate(layout)
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.call(&self.allocate_zeroed)?;
        Global.allocate_zeroed(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.deallocate.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.call(&self.grow)?;
        // SAFETY: the caller's promise.
        unsafe { Global.grow(ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.call(&self.grow_zeroed)?;
        // SAFETY: the caller's promise.
        unsafe { Global.grow_zeroed(ptr, old, new) }
    }

    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.call(&self.shrink)?;
        // SAFETY: the caller's promise.
        unsafe { Global.shrink(ptr, old, new) }
    }
}

/// The smallest arena: a buffer of 64 KiB and a cursor. Knows its blocks and can be reset.
pub(crate) struct Bump {
    start: NonNull<u8>,
    used: Cell<usize>,
}

impl Bump {
    const BUFFER: Layout = match Layout::from_size_align(1 << 16, 4096) {
        Ok(layout) => layout,
        Err(_) => panic!("4096 is a power of two"),
    };

    pub(crate) fn new() -> Self {
        Self {
            start: Global.allocate(Self::BUFFER).unwrap().cast(),
            used: Cell::new(0),
        }
    }

    /// Invalidates every block behind the back of whoever holds one: the way of a broken arena.
    pub(crate) fn rewind_silently(&self) {
        self.used.set(0);
    }
}

impl Drop for Bump {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and owned.
        unsafe { Global.deallocate(self.start, Self::BUFFER) }
    }
}

// SAFETY: blocks are disjoint parts of the buffer, as long as nobody rewinds.
unsafe impl Allocator for Bump {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        if layout.align() > Self::BUFFER.align() {
            return Err(AllocError);
        }
        let from = self.used.get().next_multiple_of(layout.align());
        let to = from.checked_add(layout.size()).ok_or(AllocError)?;
        if to > Self::BUFFER.size() {
            return Err(AllocError);
        }
        self.used.set(to);
        // SAFETY: `from` is inside the buffer.
        let start = unsafe { self.start.add(from) };
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

// SAFETY: the blocks are those inside the buffer.
unsafe impl Owns for Bump {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let offset = ptr.addr().get().wrapping_sub(self.start.addr().get());
        layout.size() > 0 && offset < Self::BUFFER.size()
    }
}

impl Reset for Bump {
    fn reset(&mut self) {
        self.used.set(0);
    }
}

/// Bytes that look random and are the same in each run.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}

pub(crate) fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}
