//! Which run of which program it was, and how it was watched.

use std::ffi::OsString;
use std::string::String;
use std::time::SystemTime;
use std::vec::Vec;

/// What the times of a profile count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// Nanoseconds.
    #[default]
    Nanoseconds,
    /// Instructions that were executed.
    Instructions,
    /// Blocks that were allocated: the time that an allocator has for nothing.
    Blocks,
    /// Bytes that were allocated.
    Bytes,
}

/// How blocks were chosen, if not all of them were recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sampling {
    /// After how many bytes, on average, a block was chosen.
    pub distance: u64,
    /// How many blocks were chosen in all.
    pub samples: u64,
}

impl Sampling {
    /// Says that `samples` blocks were chosen, one in `distance` bytes on average.
    pub const fn new(distance: u64, samples: u64) -> Self {
        Self { distance, samples }
    }
}

/// The run of a program that a profile is of.
///
/// Times count from the start of the recording, in units of `clock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Run {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The id of the process.
    pub pid: u32,
    /// When the recording began, if there was a clock to tell.
    pub started: Option<SystemTime>,
    /// What the times count.
    pub clock: Clock,
    /// When the most bytes were live.
    pub peak: u64,
    /// When the recording ended. It is 0 if nobody read a clock; then no time of the profile is known, and
    /// all are 0.
    pub end: u64,
    /// How blocks were chosen, or `None` if each was recorded. The amounts of a sampled profile are
    /// estimates for all blocks, not counts of those chosen.
    pub sampling: Option<Sampling>,
    /// Blocks that should have been recorded and were not, for want of memory. No site has them.
    pub unrecorded: u64,
}

impl Run {
    /// Describes this process: its command line and its id.
    pub fn of_this_process() -> Self {
        Self {
            command: std::env::args_os().collect(),
            pid: std::process::id(),
            ..Self::default()
        }
    }

    /// Makes the run of a command that is not known otherwise.
    pub fn new<S: Into<OsString>>(command: impl IntoIterator<Item = S>, pid: u32) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            pid,
            ..Self::default()
        }
    }

    /// Sets when the heap was largest, and when the recording ended.
    #[must_use]
    pub fn times(mut self, peak: u64, end: u64) -> Self {
        (self.peak, self.end) = (peak, end);
        self
    }

    /// The command as one string, its parts separated by spaces. What is not UTF-8 becomes `�`.
    pub fn command_line(&self) -> String {
        let words: Vec<_> = self.command.iter().map(|s| s.to_string_lossy()).collect();
        words.join(" ")
    }
}
