//! `Profiler`: a record of every live block.

mod alloc;
mod by_site;
mod clock;
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
mod coarse;
mod fault;
mod history;
mod hooks;
mod lifetimes;
mod lock;
mod memory;
mod process;
mod report;
mod sites;
mod slots;
mod stack;
mod table;
mod text;

pub use by_site::{SiteProfiler, Typed, Watched};
pub use clock::thread_number;
pub use fault::{FAULTS_KEPT, Fault, FaultCounts, FaultKind, Operation};
pub use lifetimes::Lifetimes;
pub use report::{LeakRecord, Report};
pub use sites::Stamps;
pub(crate) use sites::give_up_seat;
pub use stack::CallStack;
#[cfg(feature = "unwind")]
pub use stack::learn_libraries;

pub(crate) use hooks::AbortOnUnwind;

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::vec::Vec;

use alloc_core::{DefaultUpstream, Reset, System, vec::Vec as VecIn};

use crate::Stats;
use crate::counters::Counters;
use crate::profile::Profile;
use clock::Clock;
use fault::Faults;
use sites::Sites;
use table::Table;

/// Records every live block of an allocator, and finds what is wrong with those that are freed.
///
/// Each block has a record with its address, size, alignment, thread, sequence number and time of
/// birth. From these come the list of leaks with their ages, the lifetimes of the blocks that were
/// freed, and a check of every pointer that is handed back:
///
/// | given to `deallocate`, `grow`, `shrink` | becomes |
/// | --- | --- |
/// | a block that was freed lately | a fault, [`DoubleFree`](FaultKind::DoubleFree) |
/// | a pointer of no block | a fault, [`UnknownPointer`](FaultKind::UnknownPointer) |
/// | a live block with another size or alignment | a fault, [`WrongLayout`](FaultKind::WrongLayout); the block stays as it is |
///
/// None of these reaches the inner allocator: `deallocate` does nothing, `grow` and `shrink` err.
/// What is so kept from being freed is in the list of leaks. "Lately" is the last 64 blocks of each
/// of 32 shards; after that a double free is an unknown pointer. All of this is a net under
/// programs that break a `# Safety` contract. It makes none of it correct.
///
/// Blocks are trimmed to the asked size, as those of [`Tracking`](crate::Tracking), so that one
/// layout alone fits, and the check of it is exact. A zero-size request is answered without the
/// inner allocator: such pointers repeat and cannot be told apart, so they have no record and are not
/// counted. To grow one is an allocation, and to shrink a block to nothing is a deallocation. To hand
/// one back is never a fault, unless its address is that of a live block or of one that was freed
/// lately.
///
/// # In a hook
///
/// It may be the `#[global_allocator]`. Nothing it does there allocates through itself: the table
/// lives in memory from [`System`]. It takes no lock of the standard library, prints nothing and
/// does not unwind. Its thread-locals have constant values and no destructors; on targets without
/// native thread-locals those of the standard library are lazy all the same, and may allocate.
///
/// Its own spin locks, one per shard, are never held while an allocator or code of yours is called.
/// They know no priorities: under a real-time scheduler a thread that waits for one of lower priority
/// on the same core may wait for ever. It must not be used from signal handlers, as no allocator may.
///
/// A child of `fork` takes over a lock that was held at that moment; the records of that shard are
/// then lost, which the [`Report`] says, and its blocks are freed unchecked. A child that was made
/// past the C library, with a bare system call, does the same if the thread that made it had used a
/// profiler before and it starts no threads. A
/// child that shares memory with its parent, as after `vfork`, must not use the profiler.
///
/// If there is no memory for a record, the block is handed out all the same, and counted as
/// [`untracked`](Report::untracked). As long as such a block may be live, an unknown pointer in its
/// shard is taken for it.
///
/// # Examples
///
/// ```
/// use alloc_tracking::{Profiler, alloc_core::{Global, boxed::Box}};
///
/// let heap = Profiler::new(Global);
/// let kept = Box::new_in([0_u8; 24], &heap);
/// drop(Box::new_in(1_u64, &heap));
///
/// let report = heap.report();
/// assert_eq!(report.leaks.len(), 1);
/// assert_eq!(report.leaks[0].address, kept.as_ptr().addr());
/// assert_eq!(report.lifetimes.count(), 1);
/// println!("{report}");
/// ```
///
/// # Complexity
///
/// Constant on average per request: besides the counters a reading of the clock and one locked look
/// into a hash table. The table takes between 64 and 128 bytes per live block once it has outgrown
/// its first 176 KiB, and does not become smaller before it is dropped.
///
/// The idea of the records is that of valgrind's DHAT and of heaptrack; they differ in that this
/// works over any allocator.
pub struct Profiler<A = DefaultUpstream> {
    counters: Counters,
    table: Table,
    faults: Faults,
    clock: Clock,
    stamps: Stamps,
    sequence: AtomicU64,
    sites: Sites,
    on_fault: Option<fn(&Fault)>,
    inner: A,
}

impl<A> Profiler<A> {
    /// Wraps `inner`. Takes no memory before the first block.
    pub const fn new(inner: A) -> Self {
        Self::build(inner, None)
    }

    const fn build(inner: A, on_fault: Option<fn(&Fault)>) -> Self {
        Self {
            counters: Counters::new(),
            table: Table::new(),
            faults: Faults::new(),
            clock: Clock::new(),
            stamps: Stamps::Precise,
            sequence: AtomicU64::new(0),
            sites: Sites::new(),
            on_fault,
            inner,
        }
    }

    /// Wraps `inner`, and has `on_fault` called with each fault as it is found, on the thread that caused it.
    ///
    /// It runs inside `deallocate` and its like, without a lock: it may allocate, but with the
    /// profiler as global allocator it must do with what is allowed there. If it unwinds, the
    /// process is aborted.
    pub const fn with_hook(inner: A, on_fault: fn(&Fault)) -> Self {
        Self::build(inner, Some(on_fault))
    }

    /// Takes a call stack of at most `depth` return addresses, the innermost ones, for each block when
    /// it is allocated and when it is freed; 32 is the most that there can be.
    ///
    /// Then [`profile`](Self::profile) knows what each place allocates, [`call_stack`](Self::call_stack)
    /// where a block is from, and a [`Fault`] where it was found and where the block was allocated or
    /// freed before. What is needed for this is said at [`SiteProfiler`](SiteProfiler#call-stacks).
    #[must_use]
    pub const fn with_call_stacks(mut self, depth: usize) -> Self {
        self.sites.set_depth(depth);
        self.sites.set_exact();
        self.sites.set_moments(self.stamps);
        self
    }

    /// Takes the [call stacks](Self::with_call_stacks) by the tables for unwinding if the program keeps no
    /// frame pointers. What that takes is said at [`SiteProfiler`](SiteProfiler#call-stacks).
    #[cfg(feature = "unwind")]
    #[must_use]
    pub const fn with_unwinder(mut self) -> Self {
        self.sites.set_unwinder();
        self
    }

    /// Takes times from another clock than that of [`Instant`](std::time::Instant): a coarse one saves
    /// 20 ns at each end of a block. With none, all ages and lifetimes are 0.
    #[must_use]
    pub const fn with_stamps(mut self, stamps: Stamps) -> Self {
        self.stamps = stamps;
        self.sites.set_moments(stamps);
        self
    }

    /// What each place in the program allocates, since the beginning. Empty without
    /// [call stacks](Self::with_call_stacks).
    ///
    /// # Complexity
    ///
    /// That of [`SiteProfiler::profile`].
    pub fn profile(&self) -> Profile {
        self.sites.profile()
    }

    /// Where a block was allocated. Empty without [call stacks](Self::with_call_stacks).
    ///
    /// # Complexity
    ///
    /// Linear in the number of call stacks.
    pub fn call_stack(&self, leak: &LeakRecord) -> CallStack {
        if leak.site == 0 {
            return CallStack::EMPTY;
        }
        self.sites.stack_with(leak.site)
    }

    /// Takes a snapshot of the counters.
    ///
    /// A refused request counts as a failure; a faulty `deallocate` counts as a fault and nothing else.
    pub fn stats(&self) -> Stats {
        self.counters.snapshot()
    }

    /// Begins a new account: totals and lifetimes become zero, the peaks become what is live now.
    ///
    /// What is live keeps its record and its age. Faults stay too; they are
    /// [cleared](Self::clear_faults) apart.
    pub fn reset_stats(&self) {
        self.counters.reset();
        self.table.reset_lifetimes();
    }

    /// Forgets the faults that were found.
    pub fn clear_faults(&self) {
        self.faults.clear();
    }

    /// How many faults were found, without making a report.
    pub fn fault_counts(&self) -> FaultCounts {
        self.faults.counts()
    }

    /// The sequence number of the next block.
    ///
    /// Blocks from here on are those in [`leaks`](Self::leaks) with this `sequence` or a higher one.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    /// Lists every live block, the largest first and, of one size, the oldest first.
    ///
    /// Zero-size blocks are not among them. While other threads allocate, a block that lives
    /// through the whole call is in the list, unless it is being resized at that moment; of the
    /// others some are.
    ///
    /// Safe with the profiler as the global allocator: the records are copied to memory from
    /// [`System`] before the list is made.
    ///
    /// # Complexity
    ///
    /// O(n log n) for n live blocks. Each shard is locked while its records are copied.
    pub fn leaks(&self) -> Vec<LeakRecord> {
        let mut blocks = VecIn::new_in(System);
        self.table.copy_to(&mut blocks);
        let now = self.now();
        let leaks = blocks.iter().filter_map(|&(address, record)| {
            Some(LeakRecord {
                address,
                layout: record.layout()?,
                age: Duration::from_nanos(now.saturating_sub(record.birth)),
                sequence: record.sequence,
                thread: record.thread,
                site: self.sites.number_of(record.place),
            })
        });
        let mut leaks: Vec<_> = leaks.collect();
        leaks.sort_unstable_by(|a, b| {
            let by_size = b.layout.size().cmp(&a.layout.size());
            by_size.then(a.sequence.cmp(&b.sequence))
        });
        leaks
    }

    /// Gathers everything that is known.
    ///
    /// # Complexity
    ///
    /// That of [`leaks`](Self::leaks).
    pub fn report(&self) -> Report {
        Report {
            stats: self.stats(),
            leaks: self.leaks(),
            lifetimes: self.table.lifetimes(),
            faults: self.faults.first().collect(),
            fault_counts: self.faults.counts(),
            untracked: self.table.untracked(),
            lost_shards: self.table.lost(),
        }
    }

    /// The wrapped allocator. What is asked of it directly is not recorded.
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Unwraps the allocator; the blocks of non-zero size stay valid, their records are gone.
    ///
    /// Zero-size blocks were never its own: they must not be handed to it.
    pub fn into_inner(self) -> A {
        self.inner
    }
}

impl<A: Reset> Profiler<A> {
    /// Resets the inner allocator. The life of every block ends, and it counts as
    /// [`forgotten`](Stats::forgotten).
    ///
    /// A block that is freed afterwards is a double free or an unknown pointer.
    pub fn reset(&mut self) {
        let now = self.now();
        let sites = &self.sites;
        self.table.end_all(now, |record| {
            let size = record.layout().map_or(0, |layout| layout.size());
            sites.ended(record.place, size, now.saturating_sub(record.birth));
        });
        self.counters.forget_all();
        self.inner.reset();
    }
}

impl<A: Reset> Reset for Profiler<A> {
    fn reset(&mut self) {
        Profiler::reset(self);
    }
}

/// Counters and faults; the live blocks are in the [`Report`].
impl<A: fmt::Debug> fmt::Debug for Profiler<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler")
            .field("stats", &self.stats())
            .field("faults", &self.faults.counts())
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

/// A value equals itself alone: each keeps its own records.
impl<A> PartialEq for Profiler<A> {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A> Eq for Profiler<A> {}
