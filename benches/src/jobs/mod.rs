//! The real jobs: each is written once, and run with an allocator of this workspace and with the system's.

pub mod compute;
mod desk;
pub mod index;
pub mod intern;
pub mod nodes;
pub mod pipeline;
mod store;
mod text;

use std::time::{Duration, Instant};

use alloc_aligned::Aligned;
use alloc_arena::Arena;
use alloc_core::System;
use alloc_pool::Pool;
use alloc_sync_pool::SyncPool;
use alloc_tracking::{Profiler, Stats, Tracking};

use crate::input::Input;

pub use desk::{Desk, Shared};
pub use store::{Store, discard};
pub use text::text;

/// What a run asked for, and what its allocator asked of the system.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// The answer of the counted run.
    pub answer: u64,
    /// What the job asked its allocator for.
    pub asked: Stats,
    /// What the allocator asked the system for.
    pub upstream: Stats,
}

/// One allocator in one job.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The allocator's name.
    pub allocator: &'static str,
    run: fn(&Input) -> u64,
    count: fn(&Input) -> Counts,
    profile: fn(&Input, &Profiler<System>) -> u64,
}

impl Side {
    /// Runs the job and takes the time, from before the allocator is made until it is gone.
    pub fn run(&self, input: &Input) -> (u64, Duration) {
        let start = Instant::now();
        let answer = (self.run)(input);
        (answer, start.elapsed())
    }

    /// Runs the job with counters between it and its allocator, and between the allocator and the system.
    pub fn count(&self, input: &Input) -> Counts {
        (self.count)(input)
    }

    /// Runs the job with every block that comes from the system on record.
    pub fn profile(&self, input: &Input, profiler: &Profiler<System>) -> u64 {
        (self.profile)(input, profiler)
    }
}

/// A job, with this workspace's allocator for it and with the system's.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// A word.
    pub name: &'static str,
    /// A sentence.
    pub about: &'static str,
    /// With our allocator.
    pub ours: Side,
    /// With the system's.
    pub system: Side,
}

/// Defines a job: its words, its code for any [`Store`], and how its allocator is made over an upstream.
macro_rules! job {
    ($name:literal, $about:literal, $run:path, $allocator:literal, |$up:ident| $make:expr) => {
        Job {
            name: $name,
            about: $about,
            ours: Side {
                allocator: $allocator,
                run: |input| {
                    let $up = System;
                    $run(input, &mut $make)
                },
                count: |input| {
                    let upstream = Tracking::new(System);
                    let $up = &upstream;
                    let (answer, asked) = {
                        let mut store = Tracking::new($make);
                        ($run(input, &mut store), store.stats())
                    };
                    Counts {
                        answer,
                        asked,
                        upstream: upstream.stats(),
                    }
                },
                profile: |input, profiler| {
                    let $up = profiler;
                    $run(input, &mut $make)
                },
            },
            system: Side {
                allocator: "System",
                run: |input| $run(input, &mut System),
                count: |input| {
                    let mut store = Tracking::new(System);
                    let answer = $run(input, &mut store);
                    let stats = store.stats();
                    Counts {
                        answer,
                        asked: stats,
                        upstream: stats,
                    }
                },
                profile: |input, mut profiler| $run(input, &mut profiler),
            },
        }
    };
}

/// Every job of the demo, in the order in which it runs them.
pub const JOBS: &[Job] = &[
    job!(
        "intern",
        "Splits the text into lines of tokens and interns their names, phase by phase.",
        intern::run,
        "Arena",
        |up| Arena::new_in(up)
    ),
    job!(
        "index",
        "Maps each word to the files that have it, and asks the index for pairs of words.",
        index::run,
        "Arena",
        |up| Arena::new_in(up)
    ),
    job!(
        "nodes",
        "Finds repeated passages with chains of boxed nodes, which come and go word by word.",
        nodes::run,
        "Pool",
        |up| Pool::new_in(nodes::layout(), up)
    ),
    job!(
        "pipeline",
        "Sends the text in boxed blocks through threads; the last thread frees what the first made.",
        pipeline::run,
        "SyncPool",
        |up| SyncPool::new_in(pipeline::layout(), up)
    ),
    job!(
        "compute",
        "Compares files by the cosine of their word vectors, in blocks aligned to a cache line.",
        compute::run,
        "Aligned<64>",
        |up| Aligned::<64, _>::new(up)
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Vec<Input> {
        let long =
            "the quick fn brown(fox: &str) -> u32 { jumps + over_the_lazy; 0 }\n".repeat(300);
        vec![
            Input::default(),
            Input::of_texts([""]),
            Input::of_texts(["", "one", "\n\n", "..."]),
            Input::of_texts(["a b a b a b\nc größe 長い", &long, "the end", &long[..999]]),
        ]
    }

    #[test]
    fn both_allocators_give_the_same_answer() {
        for job in JOBS {
            for input in inputs() {
                let (ours, _) = job.ours.run(&input);
                let (system, _) = job.system.run(&input);
                assert_eq!(ours, system, "{}: {} bytes", job.name, input.bytes());
            }
        }
    }

    #[test]
    fn counting_and_profiling_change_no_answer() {
        let input = inputs().remove(3);
        for job in JOBS {
            let (answer, _) = job.ours.run(&input);
            let profiler = Profiler::new(System);
            for side in [&job.ours, &job.system] {
                assert_eq!(side.count(&input).answer, answer, "{}", job.name);
                assert_eq!(side.profile(&input, &profiler), answer, "{}", job.name);
            }
            assert_eq!(profiler.stats().live_blocks, 0, "{}", job.name);
        }
    }

    #[test]
    fn everything_goes_back_to_the_system() {
        let input = inputs().remove(3);
        for job in JOBS {
            for side in [&job.ours, &job.system] {
                let counts = side.count(&input);
                assert_eq!(
                    counts.upstream.live_blocks, 0,
                    "{} {}",
                    job.name, side.allocator
                );
                assert!(
                    counts.upstream.total_bytes > 0,
                    "{} {}",
                    job.name,
                    side.allocator
                );
            }
        }
    }

    #[test]
    fn another_text_gives_another_answer() {
        let inputs = inputs();
        for job in JOBS {
            let answers = [0, 3].map(|i: usize| job.ours.run(&inputs[i]).0);
            assert_ne!(answers[0], answers[1], "{}", job.name);
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, job) in JOBS.iter().enumerate() {
            assert!(JOBS[..i].iter().all(|other| other.name != job.name));
        }
    }
}
