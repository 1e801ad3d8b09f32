//! What callers did wrong, in words.

use core::alloc::Layout;
use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::lock::{Recover, SpinLock};
use super::memory::{Late, Zeroed};
use super::stack::CallStack;
use super::text::Age;

/// How many faults are kept: the first ones, which usually explain the later ones. All are counted.
pub const FAULTS_KEPT: usize = 64;

/// What was wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// The block was freed, or moved by a growth, not long ago.
    DoubleFree,
    /// No block at this address is known, nor was one freed there lately.
    UnknownPointer,
    /// The block is live, but was asked for with another size or alignment.
    WrongLayout,
    /// The inner allocator handed out an address that is still live: it freed the block behind the
    /// profiler's back, or it is broken.
    HandedOutTwice,
    /// What is in front of the block is not what a [`SiteProfiler`](crate::SiteProfiler) put there:
    /// the block has another layout or was freed, or the pointer is of no block.
    Mismatch,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::DoubleFree => "double free",
            Self::UnknownPointer => "unknown pointer",
            Self::WrongLayout => "wrong layout",
            Self::HandedOutTwice => "handed out twice",
            Self::Mismatch => "mismatch",
        })
    }
}

/// What was asked for when a fault was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// A new block.
    Allocate,
    /// To free a block.
    Deallocate,
    /// To grow a block, or a `realloc` to no smaller size.
    Grow,
    /// To shrink a block, or a `realloc` to a smaller size.
    Shrink,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allocate => "allocate",
            Self::Deallocate => "deallocate",
            Self::Grow => "grow",
            Self::Shrink => "shrink",
        })
    }
}

/// A request that was wrong, and was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// What was wrong.
    pub kind: FaultKind,
    /// What was asked for.
    pub operation: Operation,
    /// The address of the block.
    pub address: usize,
    /// The layout that the block has or, if it was freed, had. `None` for an unknown pointer.
    pub expected: Option<Layout>,
    /// The layout that was given for it.
    pub given: Layout,
    /// For how long the block had been live or, at a double free, freed. `None` for an unknown pointer.
    pub age: Option<Duration>,
    /// The [number](crate::thread_number) of the thread that asked.
    pub thread: u32,
    /// Where it asked. Empty, as is `origin`, if the profiler takes no call stacks.
    pub stack: CallStack,
    /// Where the block was allocated or, at a double free, freed before.
    pub origin: CallStack,
}

/// One sentence.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, align) = (self.given.size(), self.given.align());
        write!(
            f,
            "{}: thread {} asked to {} {:#x} as {size} bytes aligned to {align}",
            self.kind, self.thread, self.operation, self.address
        )?;
        let Some(expected) = self.expected else {
            return Ok(());
        };
        let (size, align) = (expected.size(), expected.align());
        let state = match self.kind {
            FaultKind::DoubleFree => "freed",
            _ => "allocated",
        };
        write!(f, "; {size} bytes aligned to {align} were {state}")?;
        match self.age {
            Some(age) => write!(f, " there {} before", Age(age)),
            None => write!(f, " there"),
        }
    }
}

/// How many faults of each kind were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultCounts {
    /// Of [`FaultKind::DoubleFree`].
    pub double_free: usize,
    /// Of [`FaultKind::UnknownPointer`].
    pub unknown_pointer: usize,
    /// Of [`FaultKind::WrongLayout`].
    pub wrong_layout: usize,
    /// Of [`FaultKind::HandedOutTwice`].
    pub handed_out_twice: usize,
    /// Of [`FaultKind::Mismatch`].
    pub mismatch: usize,
}

impl FaultCounts {
    /// How many faults of any kind were found.
    pub fn total(&self) -> usize {
        let Self {
            double_free,
            unknown_pointer,
            wrong_layout,
            handed_out_twice,
            mismatch,
        } = *self;
        double_free
            .saturating_add(unknown_pointer)
            .saturating_add(wrong_layout)
            .saturating_add(handed_out_twice)
            .saturating_add(mismatch)
    }
}

/// The first faults: bounded, and in memory of the system, taken for the first one.
///
/// - I1: the first `len` are initialised.
struct Log {
    len: usize,
    first: [MaybeUninit<Fault>; FAULTS_KEPT],
}

// SAFETY: no faults at all, and a lock that is free; neither has a destructor.
unsafe impl Zeroed for SpinLock<Log> {}

impl Log {
    fn get(&self, at: usize) -> Option<Fault> {
        let fault = self.first[..self.len].get(at)?;
        // SAFETY: I1.
        Some(unsafe { fault.assume_init() })
    }
}

impl Recover for Log {
    fn recover(&mut self) {
        self.len = 0;
    }
}

/// All that was found: the first faults themselves, and how many there were.
pub(super) struct Faults {
    log: Late<SpinLock<Log>>,
    counts: [AtomicUsize; 5],
}

impl Faults {
    pub(super) const fn new() -> Self {
        Self {
            log: Late::new(),
            counts: [const { AtomicUsize::new(0) }; 5],
        }
    }

    pub(super) fn add(&self, fault: &Fault) {
        let kind = match fault.kind {
            FaultKind::DoubleFree => 0,
            FaultKind::UnknownPointer => 1,
            FaultKind::WrongLayout => 2,
            FaultKind::HandedOutTwice => 3,
            FaultKind::Mismatch => 4,
        };
        // Relaxed: nothing but the number is read because of it.
        self.counts[kind].fetch_add(1, Ordering::Relaxed);
        let Some(log) = self.log.get_or_make() else {
            return;
        };
        let mut log = log.lock();
        let len = log.len;
        if let Some(place) = log.first.get_mut(len) {
            place.write(*fault);
            log.len += 1;
        }
    }

    pub(super) fn counts(&self) -> FaultCounts {
        let [
            double_free,
            unknown_pointer,
            wrong_layout,
            handed_out_twice,
            mismatch,
        ] = [0, 1, 2, 3, 4].map(|kind: usize| self.counts[kind].load(Ordering::Relaxed));
        FaultCounts {
            double_free,
            unknown_pointer,
            wrong_layout,
            handed_out_twice,
            mismatch,
        }
    }

    /// The faults that were kept, in the order in which they were found.
    pub(super) fn first(&self) -> impl Iterator<Item = Fault> + '_ {
        // One at a time, so that the lock is not held while the caller allocates.
        let log = self.log.get();
        let get = move |at| log?.lock().get(at);
        (0..FAULTS_KEPT).map_while(get)
    }

    pub(super) fn clear(&self) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
        if let Some(log) = self.log.get() {
            log.lock().len = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn fault(address: usize) -> Fault {
        Fault {
            kind: FaultKind::DoubleFree,
            operation: Operation::Deallocate,
            address,
            expected: Layout::from_size_align(8, 8).ok(),
            given: Layout::new::<u32>(),
            age: Some(Duration::from_micros(350)),
            thread: 2,
            stack: CallStack::EMPTY,
            origin: CallStack::EMPTY,
        }
    }

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let faults = Faults::new();
        for address in 0..FAULTS_KEPT + 5 {
            faults.add(&fault(address));
        }
        assert_eq!(faults.counts().double_free, FAULTS_KEPT + 5);
        assert_eq!(faults.counts().total(), FAULTS_KEPT + 5);
        let kept = faults.first().map(|fault| fault.address);
        assert!(kept.eq(0..FAULTS_KEPT));
        faults.clear();
        assert_eq!((faults.counts().total(), faults.first().count()), (0, 0));
    }

    #[test]
    fn a_fault_reads_as_a_sentence() {
        assert_eq!(
            fault(0x1000).to_string(),
            "double free: thread 2 asked to deallocate 0x1000 as 4 bytes aligned to 4; \
             8 bytes aligned to 8 were freed there 350 us before"
        );
    }
}
