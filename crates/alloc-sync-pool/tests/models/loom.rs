//! How loom runs a model: every execution that there is.

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
pub(crate) use loom::sync::{Arc, atomic};
pub(crate) use loom::thread;

/// Runs `f` in every execution that there is, or in those with at most `preemptions`, and prints
/// how many.
pub(crate) fn model(name: &str, preemptions: Option<usize>, f: impl Fn() + Send + Sync + 'static) {
    let executions = StdArc::new(AtomicUsize::new(0));
    let count = StdArc::clone(&executions);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        f();
    });
    let bound = preemptions.map_or(String::new(), |n| format!(", at most {n} preemptions"));
    println!(
        "loom: {name}: {} executions{bound}",
        executions.load(Ordering::Relaxed)
    );
}

/// What a block holds.
#[derive(Default)]
pub(crate) struct Content(UnsafeCell<usize>);

impl Content {
    /// Writes to it.
    pub(crate) fn write(&self) {
        // SAFETY: loom reports it if somebody else uses the cell.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }
}
