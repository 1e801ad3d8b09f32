//! The suite as a plain function, and the list of its laws.

use alloc_core::Allocator;

use crate::{Limits, Upstream, Violation};

/// The names of the laws in the groups of [`suite!`](crate::suite!).
const LAWS: &[&[&str]] = &[
    crate::__laws! { basic => __names!() },
    crate::__std_laws! { __names!() },
    crate::__laws! { owns => __names!() },
    crate::__laws! { reset => __names!() },
    crate::__laws! { clones => __names!() },
    crate::__laws! { eq => __names!() },
    crate::__laws! { threads => __names!() },
    crate::__laws! { send => __names!() },
];

/// The names of all laws: the basic ones, those of the standard library's containers (with the
/// feature `nightly`), and those that each capability adds.
///
/// # Examples
///
/// ```
/// assert!(alloc_conformance::law_names().any(|law| law == "alignment"));
/// ```
pub fn law_names() -> impl Iterator<Item = &'static str> {
    LAWS.iter().copied().flatten().copied()
}

/// Runs every basic law on allocators that `make` makes, as [`suite!`](crate::suite!) does in tests
/// of their own.
///
/// For a quick look, and for tests that are not written with the macro. `make` is called for each
/// law anew; it may as well return a reference to one allocator that is there already. The
/// capabilities are left out: [`violations!`](crate::violations!) runs their laws.
///
/// # Errors
///
/// The first violation.
///
/// # Examples
///
/// ```
/// use alloc_conformance::{Limits, check};
/// use alloc_core::{Global, RcHandle};
///
/// check(|upstream| RcHandle::new(upstream), &Limits::any())?;
/// check(|_| Global, &Limits::any())?;
/// # Ok::<(), alloc_conformance::Violation>(())
/// ```
pub fn check<V>(make: impl Fn(Upstream) -> V, limits: &Limits) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    crate::__laws! { basic => __check!(&make, *limits) }
    crate::__std_laws! { __check!(&make, *limits) }
    Ok(())
}
