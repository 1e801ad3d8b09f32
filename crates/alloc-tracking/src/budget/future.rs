//! A future with a budget.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Budget;

/// A future that has a [`Budget`] whenever it is polled. Made by [`Budget::wrap`].
///
/// When it is dropped, what it holds is dropped without the budget; that changes nothing, as a block
/// belongs to the budget in which it was allocated.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct InBudget<F> {
    budget: &'static Budget,
    /// Pinned if the whole is: it is never moved out, there is no `Drop`, and `Unpin` is as the compiler
    /// derives it.
    future: F,
}

impl<F> InBudget<F> {
    pub(super) const fn new(budget: &'static Budget, future: F) -> Self {
        Self { budget, future }
    }

    /// The budget.
    pub const fn budget(&self) -> &'static Budget {
        self.budget
    }
}

impl<F: Future> Future for InBudget<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _guard = self.budget.enter();
        // SAFETY: `future` is pinned if the whole is, as said there.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        future.poll(context)
    }
}
