//! The suite as a plain function, and the list of its laws.

use alloc_core::Allocator;

use crate::{Limits, Violation};

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

/// The names of all laws: the basic ones, those of the standard library's containers (with the feature `nightly`), and those that each
/// capability adds.
///
/// # Examples
///
/// ```
/// assert!(alloc_conformance::law_names().any(|law| law == "alignment"));
/// ```
pub fn law_names() -> impl Iterator<Item = &'static str> {
    LAWS.iter().copied().flatten().copied()
}

/// Runs those laws on an allocator that look at one allocator by reference.
#[doc(hidden)]
#[macro_export]
macro_rules! __check {
    (($alloc:expr, $limits:expr) $([$way:ident: $law:ident])*) => {
        $( $crate::__check_one!($way, $law, $alloc, $limits); )*
    };
}

/// Runs one such law, and no other one.
#[doc(hidden)]
#[macro_export]
macro_rules! __check_one {
    (shared, $law:ident, $alloc:expr, $limits:expr) => {
        $crate::suite::no_unwinding(|| $crate::laws::$law($alloc, $limits))?
    };
    (made, $law:ident, $alloc:expr, $limits:expr) => {};
}

/// Runs on one allocator every law that one allocator is enough for.
///
/// For a quick look, or where there is no way to make a new one for each law. [`suite!`](crate::suite!) does more: it adds hostile upstreams, random programs and the
/// capabilities, and names each law in a test of its own. All laws share the [`bytes`](Limits::bytes) of one allocator here, so a fixed
/// buffer is better off with the macro.
///
/// # Errors
///
/// The first violation. Blocks may be left allocated then.
///
/// # Examples
///
/// ```
/// use alloc_conformance::{Limits, check};
/// use alloc_core::Global;
///
/// check(&Global, &Limits::any())?;
/// # Ok::<(), alloc_conformance::Violation>(())
/// ```
pub fn check<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    crate::__laws! { basic => __check!(alloc, limits) }
    crate::__std_laws! { __check!(alloc, limits) }
    Ok(())
}
