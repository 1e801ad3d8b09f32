//! Subjects and workloads, which are data: what is measured, and how.
//!
//! A *workload* is a function that is generic over an allocator; it returns a number that every
//! allocator must agree on. A *subject* is a line that says how an allocator is made. A *group* of
//! both has a benchmark of its own, and is measured pair by pair, first of all with the system
//! allocator. To add a workload, write the function and its name in a group; to add a subject,
//! write the line.

mod groups;
pub mod threads;
pub mod workloads;

pub use groups::{GROUPS, cases};

/// One round of a workload over one subject; returns the workload's number.
pub type Round = Box<dyn FnMut() -> u64>;

/// A workload over a subject.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The group, which is also the name of its benchmark.
    pub group: &'static str,
    /// The workload's name.
    pub workload: &'static str,
    /// The subject's name.
    pub subject: &'static str,
    start: fn() -> Round,
}

impl Case {
    /// Makes the subject, and returns what runs the workload over it as often as it is called.
    pub fn start(&self) -> Round {
        (self.start)()
    }
}
