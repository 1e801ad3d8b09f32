//! Subjects and workloads, which are data: what is measured, and beside what.
//!
//! A *workload* is a small function that is generic over what it needs of a subject. A *subject* is
//! a type of [`subjects`](crate::subjects). A *group* has a file of this folder, with tables that
//! say which subjects run which workloads: to add a workload, write the function and its line; to
//! add a subject, write the type and its name. Each pair is a [`Case`], and both instruments, the
//! memory measure, the records and the page work on cases alone.

#[macro_use]
mod table;

mod aligned;
mod arena;
mod compose;
mod jobs;
mod memory;
mod pool;
mod sync_pool;
mod tiered;
mod tracking;

use std::fmt;
use std::time::Duration;

/// Runs so many iterations of a workload over its subject.
pub type Round = Box<dyn FnMut(u64) -> Ran>;

/// What a round was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How long the iterations took, without what was prepared before and taken down after them.
    pub time: Duration,
    /// What the last iteration computed: the same with every subject and in every iteration. 0 where
    /// a workload computes nothing.
    pub answer: u64,
}

/// Whose a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// An allocator of this workspace.
    Ours,
    /// What a program has that depends on nothing.
    System,
    /// Somebody else's.
    Peer,
    /// The cost of the measurement itself: the workload without an allocator.
    Floor,
}

/// A workload over a subject, with a number of threads.
#[derive(Clone, Copy)]
pub struct Case {
    /// The group.
    pub group: &'static str,
    /// The workload's name.
    pub workload: &'static str,
    /// What the workload stands for: a sentence.
    pub about: &'static str,
    /// The subject's name.
    pub subject: &'static str,
    /// Whose it is.
    pub origin: Origin,
    /// How many threads run the workload.
    pub threads: usize,
    /// Operations in one iteration, of all threads together.
    pub ops: u64,
    /// Whether the subject takes its memory from the program's global allocator.
    pub upstream: bool,
    /// The most bytes that an iteration has requested at one time; 0 where memory says nothing.
    pub live: u64,
    start: fn(usize) -> Round,
}

impl Case {
    /// Makes the subject, and returns what runs the workload over it.
    pub fn start(&self) -> Round {
        (self.start)(self.threads)
    }

    /// The workload with its group: `arena/u64`, and `sync_pool/own pairs/2` with two threads.
    pub fn place(&self) -> String {
        place(self.group, self.workload, self.threads)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {}", self.place(), self.subject)
    }
}

/// Names a workload with its group, and with its number of threads if that is not one.
pub fn place(group: &str, workload: &str, threads: usize) -> String {
    match threads {
        1 => format!("{group}/{workload}"),
        _ => format!("{group}/{workload}/{threads}"),
    }
}

/// Every case, group by group and workload by workload.
pub fn cases() -> Vec<Case> {
    let tables: [fn(&mut Vec<Case>); 9] = [
        arena::add,
        pool::add,
        sync_pool::add,
        tiered::add,
        aligned::add,
        tracking::add,
        compose::add,
        jobs::add,
        memory::add,
    ];
    let mut cases = Vec::new();
    for add in tables {
        add(&mut cases);
    }
    cases
}

/// The names of all groups.
pub fn groups(cases: &[Case]) -> Vec<&'static str> {
    let mut groups = Vec::new();
    for case in cases {
        if !groups.contains(&case.group) {
            groups.push(case.group);
        }
    }
    groups
}
