//! What is live, what went wrong, and how long things lived: the report.

use core::alloc::Layout;
use core::fmt;
use std::time::Duration;
use std::vec::Vec;

use super::fault::{FAULTS_KEPT, Fault, FaultCounts};
use super::lifetimes::Lifetimes;
use super::text::Age;
use crate::Stats;

/// A block that is live: leaked, if its program believes to have freed everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeakRecord {
    /// Where the block begins.
    pub address: usize,
    /// The size in bytes and the alignment that were asked for.
    pub layout: Layout,
    /// For how long it has been live. Growing and shrinking do not make it younger.
    pub age: Duration,
    /// The number of the block, from 0: a block that was allocated after another call returned has a
    /// higher one than the block of that call. Blocks that could not be recorded take numbers too,
    /// and a new one when they are resized; zero-size blocks take none. See
    /// [`Profiler::next_sequence`](crate::Profiler::next_sequence).
    pub sequence: u64,
    /// The [number](crate::thread_number) of the thread that allocated it.
    pub thread: u32,
    /// A number for the call stack that allocated it, which
    /// [`Profiler::call_stack`](crate::Profiler::call_stack) knows: blocks with the same one are from
    /// the same place. 0 without call stacks.
    pub site: u64,
}

/// Everything a [`Profiler`](crate::Profiler) knows, at one time.
///
/// `Display` is the leak report: the largest leaks with their ages, then the faults, lifetimes and
/// counters. It shows ten leaks and ten faults; a precision asks for another number, as in
/// `format!("{report:.3}")`.
///
/// # Examples
///
/// ```
/// use alloc_tracking::{Profiler, alloc_core::{Global, boxed::Box}};
///
/// let heap = Profiler::new(Global);
/// let kept = Box::new_in([0_u64; 16], &heap);
/// let report = heap.report();
/// assert_eq!(report.leaks[0].layout.size(), 128);
/// assert!(report.to_string().starts_with("1 live block, 128 bytes"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The counters.
    pub stats: Stats,
    /// Every live block, the largest first and, of one size, the oldest first.
    pub leaks: Vec<LeakRecord>,
    /// How long the blocks lived that were freed.
    pub lifetimes: Lifetimes,
    /// The first faults, at most [`FAULTS_KEPT`], in the order in which they were found.
    pub faults: Vec<Fault>,
    /// How many faults were found.
    pub fault_counts: FaultCounts,
    /// How many blocks were handed out without being recorded, because there was no memory for the
    /// record. They are counted in `stats` but missing in `leaks` and `lifetimes`. Each counts once,
    /// however often it is resized; [`Profiler::reset`](crate::Profiler::reset) begins again at 0.
    pub untracked: usize,
    /// How many of the parts of the table were lost in a `fork`: 0 but in a child process.
    pub lost_shards: usize,
}

impl Report {
    /// The bytes of all leaks.
    pub fn leaked_bytes(&self) -> usize {
        let sizes = self.leaks.iter().map(|leak| leak.layout.size());
        sizes.fold(0, usize::saturating_add)
    }

    fn fmt_leaks(&self, f: &mut fmt::Formatter<'_>, top: usize) -> fmt::Result {
        let (blocks, bytes) = (Count(self.leaks.len(), "live block"), self.leaked_bytes());
        writeln!(f, "{blocks}, {}", Count(bytes, "byte"))?;
        let shown = &self.leaks[..self.leaks.len().min(top)];
        if !shown.is_empty() {
            let header = ["bytes", "align", "age", "thread", "block", "address"];
            let [bytes, align, age, thread, block, address] = header;
            writeln!(
                f,
                "{bytes:>12} {align:>8} {age:>9} {thread:>7} {block:>10}  {address}"
            )?;
        }
        for leak in shown {
            let (bytes, align) = (leak.layout.size(), leak.layout.align());
            let (age, thread, block) = (Age(leak.age), leak.thread, leak.sequence);
            let address = leak.address;
            writeln!(
                f,
                "{bytes:>12} {align:>8} {age:>9} {thread:>7} {block:>10}  {address:#x}"
            )?;
        }
        fmt_rest(f, self.leaks.len() - shown.len())
    }

    fn fmt_faults(&self, f: &mut fmt::Formatter<'_>, top: usize) -> fmt::Result {
        let total = self.fault_counts.total();
        if total == 0 {
            return writeln!(f, "no faults");
        }
        let counts = self.fault_counts;
        writeln!(
            f,
            "{}: {} double free, {} unknown pointer, {} wrong layout, {} handed out twice",
            Count(total, "fault"),
            counts.double_free,
            counts.unknown_pointer,
            counts.wrong_layout,
            counts.handed_out_twice,
        )?;
        let shown = self.faults.len().min(top);
        for fault in &self.faults[..shown] {
            writeln!(f, "  {fault}")?;
            for (what, stack) in [("asked", fault.stack), ("before", fault.origin)] {
                if !stack.is_empty() {
                    writeln!(f, "    {what}: {stack}")?;
                }
            }
        }
        fmt_rest(f, total.saturating_sub(shown))
    }

    fn fmt_gaps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.untracked > 0 {
            let blocks = Count(self.untracked, "block");
            writeln!(
                f,
                "{blocks} untracked for want of memory: not among the live blocks"
            )?;
        }
        if self.lost_shards > 0 {
            let shards = Count(self.lost_shards, "part");
            writeln!(
                f,
                "{shards} of the table lost in a fork: live blocks may be missing"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let top = f.precision().unwrap_or(10);
        self.fmt_leaks(f, top)?;
        self.fmt_faults(f, top.min(FAULTS_KEPT))?;
        self.fmt_gaps(f)?;
        writeln!(f, "{}", self.lifetimes)?;
        write!(f, "{}", self.stats)
    }
}

fn fmt_rest(f: &mut fmt::Formatter<'_>, rest: usize) -> fmt::Result {
    if rest == 0 {
        return Ok(());
    }
    writeln!(f, "  … and {rest} more")
}

/// A number of things: `1 block`, `2 blocks`.
struct Count(usize, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.0, self.1)
    }
}
