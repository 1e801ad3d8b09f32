//! The upstream of the suite: a heap that watches its user, and that can be hostile.

mod alloc;
mod table;

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use alloc_core::{AllocError, Layout, dangling};
use crossbeam_utils::CachePadded;

use crate::Violation;
use table::{Grant, Table};

/// Requests of more bytes fail: no test needs them, and an interpreter has no room for them.
const MOST: usize = 1 << 30;

/// How many complaints are kept word by word.
const COMPLAINTS: usize = 16;

/// An instrumented heap that can be hostile, for allocators that stand on another one.
///
/// It takes its memory from [`System`](std::alloc::System) and knows every block it handed out. It
/// counts calls, blocks and bytes. It notices a block that is freed twice, with a layout that does
/// not fit, or that it never handed out; it notes that down, and [`check`](Self::check) tells.
/// Fresh memory is full of garbage, memory is scribbled over before it is freed, and `grow` and
/// `shrink` always move the block: whatever relies on luck fails here.
///
/// It is a handle: clones share one heap, and what is set on one holds for all. The last clone
/// frees what is left.
///
/// | hostility | what it does | what the contract says |
/// | --- | --- | --- |
/// | [`failing_at`](Self::failing_at), [`failing_from`](Self::failing_from), [`with_budget`](Self::with_budget) | errs | any request may fail |
/// | [`over_returning`](Self::over_returning) | returns more bytes than asked for, an odd number of them | the excess belongs to the caller |
/// | [`least_aligned`](Self::least_aligned) | returns no address that is aligned better than asked for | nobody promises more |
///
/// Under Miri memory is left uninitialised instead of being filled, since Miri sees reads of such
/// memory itself.
///
/// # Examples
///
/// ```
/// use alloc_conformance::Upstream;
/// use alloc_core::{boxed::Box, vec::Vec};
///
/// let heap = Upstream::new().over_returning();
/// let mut numbers = Vec::new_in(heap.clone());
/// for n in 0..100 {
///     numbers.push(n);
/// }
/// assert_eq!(heap.live_blocks(), 1);
/// assert!(heap.calls() > 1);
/// drop(numbers);
/// heap.check()?;
///
/// heap.fail_at(1);
/// assert!(Box::try_new_in(7, heap.clone()).is_err());
/// assert!(Box::try_new_in(7, heap).is_ok());
/// # Ok::<(), alloc_conformance::Violation>(())
/// ```
#[derive(Clone, Default)]
pub struct Upstream(Arc<Shared>);

/// What the clones share.
#[derive(Default)]
struct Shared {
    blocks: Table,
    /// Allocating calls: the order of failures counts by them.
    calls: CachePadded<AtomicUsize>,
    /// Bytes that are allocated, and what they were at most, as asked for.
    live: CachePadded<AtomicUsize>,
    peak: AtomicUsize,
    frees: AtomicUsize,
    failures: AtomicUsize,
    complaints: Mutex<Vec<String>>,
    mode: Mode,
}

/// How hostile it is.
struct Mode {
    over_returning: AtomicBool,
    least_aligned: AtomicBool,
    /// The number of the call that fails.
    fail_at: AtomicUsize,
    /// The number of the call from which on all fail.
    fail_from: AtomicUsize,
    /// Bytes that may be allocated at one time.
    budget: AtomicUsize,
}

impl Default for Mode {
    fn default() -> Self {
        Self {
            over_returning: AtomicBool::new(false),
            least_aligned: AtomicBool::new(false),
            fail_at: AtomicUsize::new(usize::MAX),
            fail_from: AtomicUsize::new(usize::MAX),
            budget: AtomicUsize::new(usize::MAX),
        }
    }
}

impl Upstream {
    /// Makes a heap of its own that serves everything up to 1 GiB.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the `n`-th allocating call from now on fail, counted from 1.
    #[must_use]
    pub fn failing_at(self, n: usize) -> Self {
        self.fail_at(n);
        self
    }

    /// Lets every allocating call from the `n`-th on fail, counted from 1.
    #[must_use]
    pub fn failing_from(self, n: usize) -> Self {
        self.fail_from(n);
        self
    }

    /// Returns more bytes than were asked for.
    ///
    /// A request of `n` bytes gets `n + n / 4 + 1`.
    #[must_use]
    pub fn over_returning(self) -> Self {
        self.0.mode.over_returning.store(true, Relaxed);
        self
    }

    /// Returns addresses that are aligned to what was asked for, and to nothing more.
    #[must_use]
    pub fn least_aligned(self) -> Self {
        self.0.mode.least_aligned.store(true, Relaxed);
        self
    }

    /// Lets at most `bytes` be allocated at one time.
    #[must_use]
    pub fn with_budget(self, bytes: usize) -> Self {
        self.0.mode.budget.store(bytes, Relaxed);
        self
    }

    /// As [`failing_at`](Self::failing_at), on a heap that is in use.
    pub fn fail_at(&self, n: usize) {
        self.0
            .mode
            .fail_at
            .store(self.calls().saturating_add(n), Relaxed);
    }

    /// As [`failing_from`](Self::failing_from), on a heap that is in use.
    pub fn fail_from(&self, n: usize) {
        self.0
            .mode
            .fail_from
            .store(self.calls().saturating_add(n), Relaxed);
    }

    /// Ends every planned failure. A budget stays.
    pub fn heal(&self) {
        self.0.mode.fail_at.store(usize::MAX, Relaxed);
        self.0.mode.fail_from.store(usize::MAX, Relaxed);
    }

    /// Allocating calls so far: each of the trait's methods but `deallocate`, also those that failed.
    pub fn calls(&self) -> usize {
        self.0.calls.load(Relaxed)
    }

    /// Calls of `deallocate` so far.
    pub fn frees(&self) -> usize {
        self.0.frees.load(Relaxed)
    }

    /// Allocating calls that failed so far.
    pub fn failures(&self) -> usize {
        self.0.failures.load(Relaxed)
    }

    /// Blocks that are allocated now. Those of zero size are not counted.
    pub fn live_blocks(&self) -> usize {
        self.0.blocks.len()
    }

    /// Bytes that are allocated now, as they were asked for.
    pub fn live_bytes(&self) -> usize {
        self.0.live.load(Relaxed)
    }

    /// The most bytes that were allocated at one time.
    pub fn peak_bytes(&self) -> usize {
        self.0.peak.load(Relaxed)
    }

    /// Tells whether `address` lies in one of the blocks that are allocated now.
    pub fn contains(&self, address: usize) -> bool {
        self.0.blocks.contains(address)
    }

    /// Checks that everything is back, and that every block was freed once and as it should be.
    ///
    /// # Errors
    ///
    /// A violation of the law `upstream_contract` if a call broke the contract; else one of
    /// `returns_all` if blocks are missing.
    pub fn check(&self) -> Result<(), Violation> {
        let complaints = self
            .0
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !complaints.is_empty() {
            return Err(Violation::new("upstream_contract", complaints.join("; ")));
        }
        let (blocks, bytes) = (self.live_blocks(), self.live_bytes());
        if blocks > 0 {
            let message =
                format!("{blocks} blocks of {bytes} bytes were not given back to the upstream");
            return Err(Violation::new("returns_all", message));
        }
        Ok(())
    }

    /// As [`check`](Self::check), for tests.
    ///
    /// # Panics
    ///
    /// With the violation that `check` found.
    #[track_caller]
    pub fn assert_all_returned(&self) {
        if let Err(violation) = self.check() {
            panic!("{violation}");
        }
    }

    /// Notes a broken contract down. Unwinding out of `deallocate` is not allowed.
    fn complain(&self, what: impl FnOnce() -> String) {
        let mut complaints = self
            .0
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if complaints.len() < COMPLAINTS {
            complaints.push(what());
        }
    }

    /// Counts an allocating call, and tells whether it is to fail.
    fn enter(&self, layout: Layout) -> Result<(), AllocError> {
        let mode = &self.0.mode;
        let call = self.0.calls.fetch_add(1, Relaxed) + 1;
        let planned = call == mode.fail_at.load(Relaxed) || call >= mode.fail_from.load(Relaxed);
        if planned || layout.size() > MOST || layout.align() > MOST {
            return Err(self.fail());
        }
        Ok(())
    }

    fn fail(&self) -> AllocError {
        self.0.failures.fetch_add(1, Relaxed);
        AllocError
    }

    /// Serves a request that was counted.
    fn serve(&self, layout: Layout, zeroed: bool) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        let size = layout.size();
        let live = self.0.live.fetch_add(size, Relaxed).saturating_add(size);
        let mode = &self.0.mode;
        let extra = if mode.over_returning.load(Relaxed) {
            size / 4 + 1
        } else {
            0
        };
        let least_aligned = mode.least_aligned.load(Relaxed);
        let grant = if live > mode.budget.load(Relaxed) {
            None
        } else {
            Grant::new(layout, size + extra, least_aligned, zeroed)
        };
        let Some(grant) = grant else {
            self.0.live.fetch_sub(size, Relaxed);
            return Err(self.fail());
        };
        self.0.peak.fetch_max(live, Relaxed);
        let block = grant.block();
        self.0.blocks.insert(grant);
        Ok(block)
    }

    /// Checks that `layout` fits the block at `ptr`, and complains if not.
    fn fits(&self, call: &str, ptr: NonNull<u8>, layout: Layout) -> bool {
        let fault = self.0.blocks.fault(ptr, layout);
        if let Some(fault) = &fault {
            self.complain(|| format!("`{call}` of {layout:?} at {ptr:p}: {fault}"));
        }
        fault.is_none()
    }

    /// Takes a block back. It was counted and complained about before.
    fn take_back(&self, ptr: NonNull<u8>) {
        if let Some(grant) = self.0.blocks.remove(ptr) {
            self.0.live.fetch_sub(grant.asked.size(), Relaxed);
            grant.free();
        }
    }

    /// Moves a block to a new place: `grow`, `grow_zeroed` and `shrink`.
    fn relocate(
        &self,
        call: &str,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.enter(new)?;
        if !self.fits(call, ptr, old) {
            return Err(self.fail());
        }
        let block = self.serve(new, call == "grow_zeroed")?;
        let len = old.size().min(new.size());
        // SAFETY: both blocks are in the table with at least these lengths, or `len` is 0; two
        // blocks of the heap do not overlap.
        unsafe { ptr.copy_to_nonoverlapping(block.cast(), len) };
        if old.size() > 0 {
            self.take_back(ptr);
        }
        Ok(block)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("calls", &self.calls())
            .field("frees", &self.frees())
            .field("failures", &self.failures())
            .field("live_blocks", &self.live_blocks())
            .field("live_bytes", &self.live_bytes())
            .field("peak_bytes", &self.peak_bytes())
            .finish_non_exhaustive()
    }
}
