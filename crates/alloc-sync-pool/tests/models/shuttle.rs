//! How shuttle runs a model: some executions, at random. It takes each atomic access for one that is
//! sequentially consistent, so orderings are left to loom.

use std::env;
use std::sync::Arc as StdArc;

use atomic::{AtomicUsize, Ordering};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

pub(crate) use shuttle::sync::{Arc, atomic};
pub(crate) use shuttle::thread;

/// Executions of a model under each scheduler, unless `ALLOC_SHUTTLE_EXECUTIONS` says otherwise.
const EXECUTIONS: usize = 2_000;

/// Preemptions at the worst places, in the schedules that have priorities.
const DEPTH: usize = 4;

/// Runs `f` in executions that are drawn at random, and prints how many.
///
/// Whoever is next is drawn at each step. Where loom has to bound its search, and it is `bounded`,
/// as many executions follow in which priorities are drawn and then changed a few times.
pub(crate) fn model(name: &str, bounded: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    let executions = env::var("ALLOC_SHUTTLE_EXECUTIONS").map_or(EXECUTIONS, |value| {
        value.parse().expect("ALLOC_SHUTTLE_EXECUTIONS is a number")
    });
    let f = StdArc::new(f);
    let one = StdArc::clone(&f);
    let mut ran = run(RandomScheduler::new(executions), move || one());
    if bounded.is_some() {
        ran += run(PctScheduler::new(DEPTH, executions), move || f());
    }
    println!("shuttle: {name}: {ran} executions, at random");
}

fn run(scheduler: impl Scheduler + 'static, f: impl Fn() + Send + Sync + 'static) -> usize {
    let mut config = Config::new();
    // That orderings are not modelled is said above.
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(f)
}

/// What a block holds.
#[derive(Default)]
pub(crate) struct Content(AtomicUsize);

impl Content {
    /// Writes to it, in two steps.
    pub(crate) fn write(&self) {
        let before = self.0.load(Ordering::Relaxed);
        let found = self.0.swap(before + 1, Ordering::Relaxed);
        assert_eq!(found, before, "somebody else wrote to our block");
    }
}
