//! Whether there are budgets, as a type.

/// Whether a [`SiteProfiler`](crate::SiteProfiler) honours budgets: [`Budgeted`] or [`Unbudgeted`].
///
/// Nobody else can implement it.
pub trait Budgeting: sealed::Sealed {}

/// No [`Budget`](crate::Budget) is looked at, which costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unbudgeted;

/// The [`Budget`](crate::Budget) of the thread is charged.
///
/// It costs a look at a thread-local where no budget is entered, and another one, at each end of a block,
/// into the account that the block belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budgeted;

impl Budgeting for Unbudgeted {}
impl Budgeting for Budgeted {}

pub(crate) mod sealed {
    /// What a profiler wants to know of a [`Budgeting`](super::Budgeting).
    pub trait Sealed {
        /// Whether budgets are looked at.
        const ON: bool;
    }

    impl Sealed for super::Unbudgeted {
        const ON: bool = false;
    }

    impl Sealed for super::Budgeted {
        const ON: bool = true;
    }
}
