//! How many blocks of a bounded pool are spoken for.
//!
//! A look at several words in turn cannot tell that a pool is exhausted: a block can be freed in a
//! word already seen while the last one of a word not yet seen is taken. So whoever wants blocks of
//! a bounded pool takes as many from a budget first, and whoever frees blocks frees them first and
//! then adds to the budget.
//!
//! G1: once the pool has its memory, at every instant at least as many blocks are free as there are
//! shares for which no block is claimed yet, plus what is left in the budget. So a caller with
//! shares finds a block for each, and turns each into a block. Shares come back unused only if the
//! upstream refused the pool's memory. So a refusal by the budget means that at that instant every
//! block was with an owner (a magazine is one), on its way to or from one, or promised to a caller
//! who was asking the upstream for it.

use crate::sync::{AtomicUsize, Ordering, const_fn};

/// A count of blocks and its limit, if there is one. Unbounded, it costs a branch.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Blocks spoken for; stays 0 without a limit. It counts up from 0 so that an inline pool is
    /// all zeros, which cost no room in a program file.
    used: AtomicUsize,
    /// Blocks at most.
    limit: Option<usize>,
}

impl Budget {
    const_fn! {
        /// A budget nobody has taken from.
        pub(crate) const fn new(limit: Option<usize>) -> Self {
            Self { used: AtomicUsize::new(0), limit }
        }
    }

    /// The limit.
    pub(crate) const fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Takes up to `want`; 0 if nothing is left.
    pub(crate) fn take(&self, want: usize) -> usize {
        let Some(limit) = self.limit else {
            return want;
        };
        let mut used = self.used.load(Ordering::Relaxed);
        loop {
            let granted = want.min(limit.saturating_sub(used));
            if granted == 0 {
                return 0;
            }
            // Acquire: pairs with the Release in `give`, so that the block freed for this share is
            // seen as free at the first look. The blocks themselves do not need it, their bits
            // order them; nor does the result: without it, a caller looks again.
            match self.used.compare_exchange_weak(
                used,
                used + granted,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return granted,
                Err(now) => used = now,
            }
        }
    }

    /// Adds `count` blocks, which are free already.
    pub(crate) fn give(&self, count: usize) {
        if self.limit.is_some() && count != 0 {
            // Release: pairs with the Acquire in `take`.
            let used = self.used.fetch_sub(count, Ordering::Release);
            debug_assert!(count <= used);
        }
    }

    /// Makes all blocks available. The caller is alone with the pool.
    pub(crate) fn clear(&self) {
        self.used.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn grants_what_is_left() {
        let budget = Budget::new(Some(3));
        assert_eq!((budget.take(2), budget.take(2), budget.take(2)), (2, 1, 0));
        budget.give(1);
        assert_eq!((budget.take(1), budget.take(1)), (1, 0));
        budget.clear();
        assert_eq!(budget.take(usize::MAX), 3);
    }

    #[test]
    fn without_a_limit_grants_everything() {
        let budget = Budget::new(None);
        assert_eq!(budget.take(usize::MAX), usize::MAX);
        budget.give(7);
        assert_eq!(budget.limit(), None);
    }
}
