//! Takes times and counts of a job: times without counters, counts without a clock.

use std::time::{Duration, Instant};

use crate::input::Input;
use crate::jobs::{Counts, Job, Side};

/// How often a job runs.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds with each allocator at least.
    pub least: usize,
    /// Rounds with each allocator at most.
    pub most: usize,
    /// After this time no further round begins, once the least number is done.
    pub time: Duration,
}

impl Plan {
    /// For a measurement.
    pub const FULL: Self = Self {
        least: 3,
        most: 9,
        time: Duration::from_secs(4),
    };
    /// For a look.
    pub const QUICK: Self = Self {
        least: 1,
        most: 3,
        time: Duration::from_millis(300),
    };
}

/// What was found out about one allocator in one job.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The allocator's name.
    pub allocator: &'static str,
    /// What it computed.
    pub answer: u64,
    /// The median of its times.
    pub time: Duration,
    /// What it asked for, in a run of its own.
    pub counts: Counts,
}

/// What was found out about a job.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The job's name.
    pub job: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Rounds with each allocator.
    pub rounds: usize,
    /// Our allocator.
    pub ours: Measured,
    /// The system's.
    pub system: Measured,
}

impl Outcome {
    /// Our time by the system's: less than 1 if ours is faster.
    pub fn ratio(&self) -> f64 {
        self.ours.time.as_secs_f64() / self.system.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Tells whether all runs gave one answer.
    pub fn agrees(&self) -> bool {
        let answer = self.system.answer;
        [
            self.ours.answer,
            self.ours.counts.answer,
            self.system.counts.answer,
        ] == [answer; 3]
    }
}

/// Runs a job in turns with either allocator, then once more with each to count. Calls `progress`
/// with the part that is done.
pub fn measure(job: &Job, input: &Input, plan: Plan, mut progress: impl FnMut(f64)) -> Outcome {
    let start = Instant::now();
    let (mut ours, mut system) = (Series::new(&job.ours), Series::new(&job.system));
    let mut rounds = 0;
    while rounds < plan.least || (rounds < plan.most && start.elapsed() < plan.time) {
        ours.round(input);
        system.round(input);
        rounds += 1;
        let by_rounds = part(rounds, plan.most);
        let by_time = start.elapsed().as_secs_f64() / plan.time.as_secs_f64();
        progress(
            0.9 * by_rounds
                .max(by_time.min(part(rounds, plan.least)))
                .min(1.0),
        );
    }
    let outcome = Outcome {
        job: job.name,
        about: job.about,
        rounds,
        ours: ours.finish(input),
        system: system.finish(input),
    };
    progress(1.0);
    outcome
}

/// `done` by `all`, for small numbers.
#[expect(clippy::cast_precision_loss, reason = "numbers of rounds")]
fn part(done: usize, all: usize) -> f64 {
    done as f64 / all as f64
}

/// The rounds of one allocator.
struct Series<'j> {
    side: &'j Side,
    times: Vec<Duration>,
    answers: Vec<u64>,
}

impl<'j> Series<'j> {
    fn new(side: &'j Side) -> Self {
        Self {
            side,
            times: Vec::new(),
            answers: Vec::new(),
        }
    }

    fn round(&mut self, input: &Input) {
        let (answer, time) = self.side.run(input);
        self.times.push(time);
        self.answers.push(answer);
    }

    /// Counts, and sums up. A round that differs from the others becomes the answer, so that it is noticed.
    fn finish(mut self, input: &Input) -> Measured {
        let counts = self.side.count(input);
        let other = self.answers.iter().find(|&&answer| answer != counts.answer);
        Measured {
            allocator: self.side.allocator,
            answer: *other.unwrap_or(&counts.answer),
            time: median(&mut self.times),
            counts,
        }
    }
}

/// The middle one of some times, or the mean of the two in the middle.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let half = times.len() / 2;
    match times {
        [] => Duration::ZERO,
        _ if times.len() % 2 == 1 => times[half],
        _ => (times[half - 1] + times[half]) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::JOBS;

    #[test]
    fn a_median_ignores_the_order_and_the_far_ones() {
        let median = |times: &[u64]| {
            let mut times: Vec<_> = times.iter().map(|&ms| Duration::from_millis(ms)).collect();
            median(&mut times)
        };
        assert_eq!(median(&[]), Duration::ZERO);
        assert_eq!(median(&[9_000, 2, 1]), Duration::from_millis(2));
        assert_eq!(median(&[4, 9_000, 2, 1]), Duration::from_millis(3));
    }

    #[test]
    fn rounds_keep_to_the_plan() {
        let input = Input::of_texts(["fn a() {}"]);
        let mut parts = Vec::new();
        let plan = Plan {
            least: 2,
            most: 5,
            time: Duration::ZERO,
        };
        let outcome = measure(&JOBS[0], &input, plan, |part| parts.push(part));
        assert_eq!(outcome.rounds, 2);
        assert!(outcome.agrees());
        assert!(parts.is_sorted() && parts.last() == Some(&1.0), "{parts:?}");
    }

    #[test]
    fn a_different_answer_is_noticed() {
        let input = Input::of_texts(["fn a() {}"]);
        let mut outcome = measure(&JOBS[0], &input, Plan::QUICK, |_| ());
        outcome.ours.answer ^= 1;
        assert!(!outcome.agrees());
    }
}
