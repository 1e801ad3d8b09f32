//! `SiteProfiler`: what each place in the program allocates.

mod alloc;
mod exit;
mod header;
mod labelled;
mod reset;
mod series;
mod typed;
mod watch;

pub use typed::Typed;
pub use watch::Watched;

use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use std::vec::Vec;

use alloc_core::{DefaultUpstream, Layout};

use super::AbortOnUnwind;
use super::clock::thread_number;
use super::fault::{Fault, FaultCounts, FaultKind, Faults, Operation};
use super::sites::{Mark, Sites, Stamps};
use super::stack::{self, CallStack};
use crate::budget::Unbudgeted;
use crate::profile::Profile;
use exit::AtExit;
use header::Seal;

/// Counts what each call stack allocates, over any allocator, at a small part of the usual price.
///
/// It knows what valgrind's DHAT knows: for each place in the program how many blocks and bytes it
/// allocated in all, how many were live at most, how many when the heap was largest, how many are
/// live now, and how long they lived. All of that is in a [`Profile`], which has the writers for
/// viewers.
///
/// What it is not is a list of blocks: for that, and to be told of every wrong pointer, take
/// [`Profiler`](crate::Profiler).
///
/// | | kept | takes |
/// | --- | --- | --- |
/// | [`new`](Self::new) | one account of all blocks | a header of 16 bytes in front of each block |
/// | [`with_call_stacks`](Self::with_call_stacks) | one per call stack | a walk over frame pointers at each allocation |
/// | `with_unwinder` | the same without frame pointers | a walk by tables: ten times as long |
/// | [`with_tags`](Self::with_tags) | one per [tag](crate::Tag) | a look at a thread-local |
/// | [`with_stamps`](Self::with_stamps) | lifetimes, time of the peak | two readings of a clock |
/// | [`with_series`](Self::with_series) | live bytes and blocks over time | a sum of all accounts, a few hundred to a few thousand times |
/// | [`with_exact_peak`](Self::with_exact_peak) | the peak to the byte | a counter that all threads share |
/// | [`with_samples`](Self::with_samples) | estimates of all this | a subtraction for most blocks |
/// | [`of`](Self::of) | what is in the blocks, by [handles](Typed) for a type | a look for the account of that type |
/// | [`budgeted`](SiteProfiler::budgeted) | [budgets](crate::Budget): what is over them is refused | a look at a thread-local |
/// | [`with_exit_hook`](Self::with_exit_hook) | a [report](Self::report) when the program ends | nothing |
/// | [`switch`](Self::switch) | nothing new while it is off | a look at a flag |
///
/// # Call stacks
///
/// They are lists of return addresses, and nothing is looked up before somebody writes a report.
/// They need a program that keeps frame pointers: `RUSTFLAGS="-C force-frame-pointers=yes"`, on Linux,
/// on x86-64 or 64-bit ARM. Elsewhere all blocks have the same, empty, stack, and
/// [`has_call_stacks`](Self::has_call_stacks) says so. Code in between that keeps none, a signal
/// handler's stack or a coroutine's end a stack early.
///
/// In a program that keeps none, `with_unwinder` (feature `unwind`) takes the same stacks by the tables
/// that the compiler makes for panics, with the crate `framehop`. On one machine 20 frames took 30 ns by
/// frame pointers, 260 ns by tables, and 2,800 ns by the unwinder of libgcc, which the crate `backtrace`
/// calls. So it has to be asked for; where there are frame pointers it does nothing. What it takes besides:
///
/// - 33 KiB per thread, and a copy of the tables of all libraries. Both are memory of the global
///   allocator; if that is this profiler, they are not in its profile.
/// - The lock of the loader, when the first stack is taken. A signal handler must not come first. A
///   child that is forked off while another thread takes the very first stack, or loads a library, may
///   wait for that lock for ever, if it then takes its own first one. A global allocator takes the very
///   first one before `main`; elsewhere a program that forks calls `learn_libraries` at its start.
/// - Stack: up to 30 KiB where an address is met for the first time. Where less than 64 KiB are free
///   call stacks are empty.
///
/// A stack ends at code in no file that has tables, such as what a program has compiled itself. Where only a
/// function of a file has none, as some in assembly, the frame pointer is followed, which may be none.
///
/// A block that is grown or shrunk stays at the place where it was allocated, and counts in the totals
/// as a new one, as it does in DHAT.
///
/// # The header
///
/// It is read when a block comes back. It has a seal of 20 bits, a hash of the block's address, size
/// and alignment. What does not match is a [fault](Self::faults), and is left alone: `deallocate` does
/// nothing, `grow` and `shrink` err. That is a net with holes: one wrong pointer in a million has the
/// right seal by accident, and to look in front of a pointer that is of no block, or of a block that
/// is no longer there, is itself undefined behaviour that the caller has brought about.
///
/// A block with an alignment above 16 has as much as that in front of it.
///
/// So the inner allocator knows a block by another address than its user, and cannot be asked whose a block
/// is: a `SiteProfiler` is no [`Owns`](alloc_core::Owns), and so not the first part of a `Fallback`.
///
/// As the global allocator it is handed back the pointer of a `Box`, and looks in front of it; so it is by the
/// `Box` of allocator-api2, but not by that of `std` with another allocator, nor by a `Vec`. The rules that
/// Miri checks by default (Stacked Borrows) forbid that, those of Tree Borrows (`-Zmiri-tree-borrows`) allow
/// it. The standard library's own allocator does the same on Windows.
///
/// # Threads
///
/// Threads write to no memory in common, but where one frees or resizes what another one allocated. Then the
/// place in question is locked for a few instructions. Everything in [`Profiler`](crate::Profiler)
/// about hooks, signal handlers and `fork` holds here. A child of `fork` may miss the last event of
/// each of its parent's other threads.
///
/// That a thread ends, so that another one may have its place, is learned from the system on Linux, Apple's
/// systems and FreeBSD. Elsewhere the standard library tells, which before Rust 1.93 could end the process
/// if this was the global allocator.
///
/// What a profile says of threads that are at work meanwhile is true up to what they are doing at
/// that moment. The peak is found as soon as it is passed by 64 KiB or 1/64 of itself, whichever is
/// less, but 1 KiB at least, per thread: so far the figures at the peak may be off.
///
/// # Examples
///
/// ```
/// use alloc_tracking::{SiteProfiler, alloc_core::{Global, boxed::Box}};
///
/// let heap = SiteProfiler::new(Global).with_call_stacks(16).with_exact_peak();
/// drop(Box::new_in([0_u8; 100], &heap));
/// let kept = Box::new_in([0_u8; 24], &heap);
///
/// let totals = heap.profile().totals();
/// assert_eq!((totals.total.blocks, totals.total.bytes), (2, 124));
/// assert_eq!((totals.at_peak.bytes, totals.at_end.bytes), (100, 24));
/// # drop(kept);
/// ```
///
/// # Complexity
///
/// Constant per request, and the depth of the call stacks. Per thread with a seat 21 KiB, and 576
/// bytes per call stack that it allocates from. When a thread ends the next one takes over what it
/// has.
pub struct SiteProfiler<A = DefaultUpstream, B = Unbudgeted> {
    sites: Sites,
    faults: Faults,
    on_fault: Option<fn(&Fault)>,
    exit: AtExit,
    inner: A,
    budgets: PhantomData<fn() -> B>,
}

impl<A> SiteProfiler<A> {
    /// Wraps `inner`. Takes no memory before the first block.
    pub const fn new(inner: A) -> Self {
        Self::build(inner)
    }

    /// Whether this program has call stacks to be taken: see [the type](Self#call-stacks).
    pub fn has_call_stacks() -> bool {
        stack::available()
    }
}

impl<A, B> SiteProfiler<A, B> {
    const fn build(inner: A) -> Self {
        Self {
            sites: Sites::new(),
            faults: Faults::new(),
            on_fault: None,
            exit: AtExit::new(None),
            inner,
            budgets: PhantomData,
        }
    }

    /// Tells places apart by call stacks of at most `depth` return addresses, the innermost ones; 32
    /// is the most that there can be.
    #[must_use]
    pub const fn with_call_stacks(mut self, depth: usize) -> Self {
        self.sites.set_depth(depth);
        self
    }

    /// Takes the [call stacks](Self::with_call_stacks) by the tables for unwinding if the program keeps no
    /// frame pointers. See [the type](Self#call-stacks) for what that takes.
    #[cfg(feature = "unwind")]
    #[must_use]
    pub const fn with_unwinder(mut self) -> Self {
        self.sites.set_unwinder();
        self
    }

    /// Tells places apart by the [`Tag`](crate::Tag) of the thread as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Global, vec::Vec}, tag};
    ///
    /// let heap = SiteProfiler::new(Global).with_tags();
    /// let mut words = Vec::new_in(&heap);
    /// {
    ///     let _work = tag("parser");
    ///     words.extend(["a", "b"]);
    /// }
    /// let numbers: Vec<u64, _> = Vec::with_capacity_in(1, &heap);
    /// let profile = heap.profile();
    /// let parser = profile.sites.iter().find(|site| site.tag.as_deref() == Some("parser"));
    /// assert_eq!(parser.map(|site| site.at_end.blocks), Some(1));
    /// assert_eq!(profile.sites.len(), 2);
    /// # drop(numbers);
    /// ```
    #[must_use]
    pub const fn with_tags(mut self) -> Self {
        self.sites.set_tags();
        self
    }

    /// Takes the time at the birth and the death of each block.
    #[must_use]
    pub const fn with_stamps(mut self, stamps: Stamps) -> Self {
        self.sites.set_stamps(stamps);
        self
    }

    /// Finds the peak to the byte, as of the moment when it is reached. Threads pay for a counter that
    /// they share.
    #[must_use]
    pub const fn with_exact_peak(mut self) -> Self {
        self.sites.set_exact();
        self
    }

    /// Records samples: one byte in `mean`, drawn by lot, and the block that it is in; 0 means all
    /// blocks.
    ///
    /// Each byte has the same chance, so that a block of s bytes is recorded with the probability
    /// 1 − e^(−s/mean), and stands for the inverse of that many: the figures of a profile are estimates
    /// of the true ones that have no bias. [`error`](Self::error) says how far they may be off. 512 KiB
    /// is what other profilers take.
    ///
    /// A block that is resized counts as a new one. Threads without a seat (those after the 4,096th at
    /// one time, and in their last destructors) draw no samples.
    #[must_use]
    pub const fn with_samples(mut self, mean: u64) -> Self {
        self.sites.set_mean(mean);
        self
    }

    /// Records nothing before [`switch`](Self::switch).
    #[must_use]
    pub const fn switched_off(mut self) -> Self {
        self.sites.set_off();
        self
    }

    /// Has `on_fault` called with each fault as it is found, as
    /// [`Profiler::with_hook`](crate::Profiler::with_hook) does.
    #[must_use]
    pub const fn with_hook(mut self, on_fault: fn(&Fault)) -> Self {
        self.on_fault = Some(on_fault);
        self
    }

    /// Records new blocks from now on, or no longer. Those that are recorded are followed to their end
    /// in either case.
    pub fn switch(&self, on: bool) {
        self.sites.switch(on);
    }

    /// Whether new blocks are recorded.
    pub fn is_on(&self) -> bool {
        self.sites.is_on()
    }

    /// Gathers everything that is known, with a site for each call stack.
    ///
    /// What the calling thread allocates meanwhile is not recorded, by any profiler of this type: so nothing of a
    /// profile is in the next one, and [`&later - &earlier`](crate::profile::Difference) is what the
    /// program did.
    ///
    /// # Complexity
    ///
    /// O(n log n) for n tallies: one per call stack and thread that was there at the same time.
    pub fn profile(&self) -> Profile {
        self.sites.profile()
    }

    /// How many bytes are live, of all recorded blocks.
    ///
    /// # Complexity
    ///
    /// Linear in the number of call stacks.
    pub fn live_bytes(&self) -> u64 {
        self.sites.live_bytes()
    }

    /// How many bytes were live at most.
    ///
    /// # Complexity
    ///
    /// That of [`live_bytes`](Self::live_bytes).
    pub fn peak_bytes(&self) -> u64 {
        self.sites.peak_bytes()
    }

    /// The error of the total of bytes that is to be expected of [samples](Self::with_samples): one
    /// standard deviation, as a part of the total. Of n samples of small blocks it is 1/√n. Without
    /// sampling it is 0.
    pub fn error(&self) -> f64 {
        self.sites.error()
    }

    /// Whether a thread met more than 65,536 call stacks: those that came later count together, as if
    /// they were empty.
    pub fn is_full(&self) -> bool {
        self.sites.is_full()
    }

    /// The first faults, at most [`FAULTS_KEPT`](crate::FAULTS_KEPT).
    pub fn faults(&self) -> Vec<Fault> {
        self.faults.first().collect()
    }

    /// How many faults were found.
    pub fn fault_counts(&self) -> FaultCounts {
        self.faults.counts()
    }

    /// The wrapped allocator. What is asked of it directly is not recorded.
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Unwraps the allocator. Blocks of this must not be handed to it: they are parts of its own.
    pub fn into_inner(self) -> A {
        self.inner
    }

    #[cold]
    fn fault(&self, kind: FaultKind, operation: Operation, ptr: NonNull<u8>, given: Layout) {
        let fault = Fault {
            kind,
            operation,
            address: ptr.addr().get(),
            expected: None,
            given,
            age: None,
            thread: thread_number(),
            stack: self.sites.stack_of(self.sites.place()),
            origin: CallStack::EMPTY,
        };
        self.faults.add(&fault);
        if let Some(on_fault) = self.on_fault {
            let abort = AbortOnUnwind;
            on_fault(&fault);
            core::mem::forget(abort);
        }
    }

    /// Gives a new block its header.
    ///
    /// # Safety
    ///
    /// The bytes from the block's [`Outer`](header::Outer) up to the block may be written to.
    #[inline]
    unsafe fn dress(&self, block: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        let Some(mark) = self.sites.born_at_once(layout.size()) else {
            // SAFETY: the caller's promise.
            return unsafe { self.dress_slowly(block, layout) };
        };
        // SAFETY: the caller's promise.
        unsafe { header::put(block, layout, mark) };
        block
    }

    /// Does what [`dress`](Self::dress) does. It returns the block so that it can be the last thing
    /// that an allocation does.
    ///
    /// # Safety
    ///
    /// As for `dress`.
    #[inline(never)]
    unsafe fn dress_slowly(&self, block: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        self.exit.prepare();
        let mark = self.sites.born(layout.size());
        // SAFETY: the caller's promise.
        unsafe { header::put(block, layout, mark) };
        block
    }

    /// The mark of a block that is handed back, whose seal is broken from now on. `None` if it must be
    /// left alone.
    ///
    /// # Safety
    ///
    /// The block is one of this, with this layout.
    #[inline]
    unsafe fn undress(
        &self,
        operation: Operation,
        ptr: NonNull<u8>,
        layout: Layout,
    ) -> Option<Mark> {
        // SAFETY: the caller's promise, and `dress` was called for each block.
        let seal = unsafe { header::read(ptr, layout) };
        let kind = match seal {
            Seal::Whole(mark) => {
                // SAFETY: as above.
                unsafe { header::tear(ptr) };
                return Some(mark);
            }
            Seal::Broken => FaultKind::DoubleFree,
            Seal::Foreign => FaultKind::Mismatch,
        };
        self.fault(kind, operation, ptr, layout);
        None
    }
}

/// Bytes and faults; the rest is in the [`Profile`].
impl<A: fmt::Debug, B> fmt::Debug for SiteProfiler<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteProfiler")
            .field("live_bytes", &self.live_bytes())
            .field("peak_bytes", &self.peak_bytes())
            .field("faults", &self.faults.counts())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// A value equals itself alone: each keeps its own account.
impl<A, B> PartialEq for SiteProfiler<A, B> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A, B> Eq for SiteProfiler<A, B> {}
