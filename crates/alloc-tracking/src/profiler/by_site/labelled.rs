//! Blocks with labels, and the budgets that they are charged to.
//!
//! - L1: a block is charged to the budget of its tally with the size that it has, as long as it is
//!   live.

use core::ptr::NonNull;

use alloc_core::Layout;

use super::super::sites::{ElementType, Labels, Mark};
use super::SiteProfiler;
use super::header::{self, Outer};
use crate::budget::{Budget, Budgeted, Budgeting};

/// What is in a block, if somebody says so.
pub(super) type Element = Option<&'static ElementType>;

impl<A> SiteProfiler<A, Budgeted> {
    /// Wraps `inner`, and holds what is allocated within a [`Budget`](crate::Budget) to it. Takes no
    /// memory before the first block.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::{Budget, Budgeted, SiteProfiler};
    /// use std::alloc::System;
    ///
    /// #[global_allocator]
    /// static HEAP: SiteProfiler<System, Budgeted> = SiteProfiler::budgeted(System);
    /// static INPUT: Budget = Budget::new(1 << 20);
    ///
    /// let mut text = String::new();
    /// let read = INPUT.run(|| text.try_reserve(4 << 20));
    /// assert!(read.is_err());
    /// ```
    pub const fn budgeted(inner: A) -> Self {
        Self::build(inner)
    }
}

impl<A, B: Budgeting> SiteProfiler<A, B> {
    /// Does what [`make`](Self::make) does for a block with labels, which is charged to the budget that
    /// is among them.
    ///
    /// # Safety
    ///
    /// As for `make`.
    pub(super) unsafe fn make_as(
        &self,
        labels: Labels,
        layout: Layout,
        call: impl FnOnce(Layout) -> Option<NonNull<u8>>,
    ) -> Option<NonNull<u8>> {
        let outer = Outer::of(layout)?;
        let size = layout.size();
        let base = within(labels.budget, 0, size, || call(outer.layout))?;
        // SAFETY: the offset is less than the size of the block of `inner`.
        let block = unsafe { base.add(outer.offset) };
        self.exit.prepare();
        let mark = self.sites.born_as(size, labels);
        if let Some(budget) = labels.budget
            && self.sites.budget_of(mark).is_none()
        {
            // L1: it is in a tally without a budget.
            budget.credit(size);
        }
        // SAFETY: all of the block of `inner` is new.
        unsafe { header::put(block, layout, mark) };
        Some(block)
    }

    /// What a block is charged to.
    #[inline]
    pub(super) fn budget_of(&self, mark: Mark) -> Option<&'static Budget> {
        if B::ON {
            self.sites.budget_of(mark)
        } else {
            None
        }
    }
}

/// Calls what gives a block another size, from 0 if it is new, as far as its budget allows, and charges
/// or credits the budget if that succeeds.
#[inline]
pub(super) fn within(
    budget: Option<&'static Budget>,
    old: usize,
    new: usize,
    call: impl FnOnce() -> Option<NonNull<u8>>,
) -> Option<NonNull<u8>> {
    let Some(budget) = budget else {
        return call();
    };
    let (more, less) = (new.saturating_sub(old), old.saturating_sub(new));
    if more > 0 && !budget.charge(more) {
        return None;
    }
    let block = call();
    budget.credit(if block.is_some() { less } else { more });
    block
}
