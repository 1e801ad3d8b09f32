//! How laws are run, and the macro that makes a test of each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_core::Allocator;

use crate::{Limits, Upstream, Violation};

/// The upstreams that each law runs over, and what they are called.
fn upstreams() -> [(Upstream, &'static str); 2] {
    let hostile = Upstream::new().over_returning().least_aligned();
    [(Upstream::new(), ""), (hostile, "; over an over-returning, least-aligned upstream")]
}

/// Runs a law on a new allocator over each upstream, drops the allocator, and looks whether the upstream has everything back.
///
/// # Errors
///
/// The first violation, of this law or of one about upstreams.
pub fn run<V, L>(make: impl Fn(Upstream) -> V, limits: &Limits, law: L) -> Result<(), Violation>
where
    L: Fn(&mut V, &Limits) -> Result<(), Violation>,
{
    for (upstream, context) in upstreams() {
        let mut value = make(upstream.clone());
        let result = no_unwinding(|| law(&mut value, limits));
        drop(value);
        result.and_then(|()| upstream.check()).map_err(|v| v.with_context(context))?;
    }
    Ok(())
}

/// Turns unwinding, which no method may do, into a violation.
pub(crate) fn no_unwinding(law: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    catch_unwind(AssertUnwindSafe(law)).unwrap_or_else(|payload| {
        Err(Violation::new("no_unwinding", format!("a method unwound: {}", words(&*payload))))
    })
}

/// The message of a panic.
fn words(payload: &dyn Any) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

/// For a test: runs a law that looks at an allocator by reference.
///
/// # Panics
///
/// With the violation.
#[doc(hidden)]
#[track_caller]
pub fn test_shared<V, L>(make: impl Fn(Upstream) -> V, limits: &Limits, law: L)
where
    L: Fn(&V, &Limits) -> Result<(), Violation>,
{
    test(run(make, limits, |value, limits| law(value, limits)));
}

#[track_caller]
fn test(result: Result<(), Violation>) {
    if let Err(violation) = result {
        panic!("{violation}");
    }
}

/// The names of all laws, group by group: the one list of them.
///
/// `__laws! { group => callback!(args) }` expands to `callback! { (args) group [law law law] }`.
#[doc(hidden)]
#[macro_export]
macro_rules! __laws {
    (basic => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) shared [
            alignment size zero_size fit
            disjoint contents zeroed
            grow grow_zeroed shrink realign err_keeps_block
            huge
        ] }
    };
    (owns => $($rest:tt)*) => {};
    (reset => $($rest:tt)*) => {};
    (clones => $($rest:tt)*) => {};
    (eq => $($rest:tt)*) => {};
    (threads => $($rest:tt)*) => {};
    (send => $($rest:tt)*) => {};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (($factory:expr, $limits:expr) shared [$($law:ident)*]) => {
        $(
            #[test]
            fn $law() {
                $crate::suite::test_shared($factory, &$limits, |alloc, limits| {
                    $crate::laws::$law(&alloc, limits)
                });
            }
        )*
    };
}

/// Makes a module of tests, one per law, for one configuration of an allocator.
#[macro_export]
macro_rules! suite {
    ($name:ident, $factory:expr, [$($capability:ident),* $(,)?] $(,)?) => {
        $crate::suite! { $name, $factory, [$($capability),*], limits = $crate::Limits::any() }
    };
    ($name:ident, $factory:expr, [$($capability:ident),* $(,)?], limits = $limits:expr $(,)?) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__laws! { basic => __tests!($factory, $limits) }
            $( $crate::__laws! { $capability => __tests!($factory, $limits) } )*
        }
    };
}
