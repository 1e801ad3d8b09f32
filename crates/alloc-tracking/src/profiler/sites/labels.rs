//! What a block has besides its call stack.

use core::ptr::{self, NonNull};

use super::{Mark, Sites};
use crate::budget::Budget;

/// What tells tallies of the same call stack apart.
#[derive(Clone, Copy, Debug)]
pub(in crate::profiler) struct Labels {
    /// The number of the tag.
    pub(in crate::profiler) tag: u32,
    /// What the blocks are charged to.
    pub(in crate::profiler) budget: Option<&'static Budget>,
    /// What is in them.
    pub(in crate::profiler) element: Option<&'static ElementType>,
}

/// A type that blocks hold, as a constant.
#[derive(Debug)]
pub(in crate::profiler) struct ElementType {
    pub(in crate::profiler) name: fn() -> &'static str,
    pub(in crate::profiler) size: usize,
}

impl Labels {
    /// No label.
    pub(in crate::profiler) const NONE: Self = Self {
        tag: 0,
        budget: None,
        element: None,
    };

    #[inline]
    pub(super) fn is_none(&self) -> bool {
        self.tag == 0 && self.budget.is_none() && self.element.is_none()
    }

    /// A number that is 0 if there are none, and which few others have.
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        let budget = self.budget.map_or(0, |budget| ptr::from_ref(budget).addr());
        // A type may have several of them, which become one in the profile.
        let element = self.element.map_or(0, |of| ptr::from_ref(of).addr());
        let tag = u64::from(self.tag).wrapping_mul(0xA24B_AED4_963E_E407);
        tag ^ (budget as u64).wrapping_mul(0x9FB2_1C65_1E98_DF25)
            ^ (element as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }
}

impl Sites {
    /// A block with labels was allocated: does what [`born`](Self::born) does.
    #[inline(never)]
    pub(in crate::profiler) fn born_as(&self, size: usize, labels: Labels) -> Mark {
        self.born_with(size, labels)
    }

    /// What a block is charged to.
    #[inline]
    pub(in crate::profiler) fn budget_of(&self, mark: Mark) -> Option<&'static Budget> {
        self.labels_of(mark)?.budget
    }

    /// What is in a block.
    #[inline]
    pub(super) fn element_of(&self, mark: Mark) -> Option<&'static ElementType> {
        self.labels_of(mark)?.element
    }

    /// The labels of a block that is counted.
    #[inline]
    #[allow(clippy::unused_self, reason = "it is what the tally belongs to")]
    fn labels_of(&self, mark: Mark) -> Option<&Labels> {
        // SAFETY: I1 of the place and I2 of `Sites`.
        let tally = unsafe { NonNull::new(mark.place.0)?.as_ref() };
        Some(&tally.labels)
    }
}
