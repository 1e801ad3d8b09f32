//! The real jobs as workloads, over one text.

use super::answering;
use crate::input::Input;
use crate::jobs::{Store, text};
use crate::registry::Round;
use crate::subjects::Subject;

/// A job, which runs over the text again and again in one store.
pub fn job<S: Subject + Store>(run: fn(&Input, &mut S) -> u64) -> Round {
    let input = text();
    let mut store = S::fresh();
    answering(move || run(&input, &mut store))
}
