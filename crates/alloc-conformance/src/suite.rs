//! How laws are run, and the macro that makes a test of each.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Limits, Upstream, Violation};

/// The upstreams that each law runs over, and what they are called. Under Miri it is the second one alone: it asks more
/// of whoever stands on it, and the first one would take as long again.
fn upstreams() -> impl Iterator<Item = (Upstream, &'static str)> {
    let hostile = Upstream::new().over_returning().least_aligned();
    let both = [
        (Upstream::new(), ""),
        (hostile, "; over an over-returning, least-aligned upstream"),
    ];
    both.into_iter().skip(usize::from(cfg!(miri)))
}

/// Runs a law on a new allocator over each upstream, and looks whether the upstream has everything back.
fn run<V>(
    make: impl Fn(Upstream) -> V,
    law: impl Fn(V) -> Result<(), Violation>,
) -> Result<(), Violation> {
    for (upstream, context) in upstreams() {
        let value = make(upstream.clone());
        no_unwinding(|| law(value))
            .and_then(|()| upstream.check())
            .map_err(|violation| violation.with_context(context))?;
    }
    Ok(())
}

/// Turns unwinding, which no method may do, into a violation.
///
/// # Errors
///
/// That violation, or the law's.
pub fn no_unwinding(law: impl FnOnce() -> Result<(), Violation>) -> Result<(), Violation> {
    catch_unwind(AssertUnwindSafe(law)).unwrap_or_else(|payload| {
        Err(Violation::new(
            "no_unwinding",
            format!("a method unwound: {}", words(&*payload)),
        ))
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

/// Runs a law that looks at one allocator by reference.
///
/// # Errors
///
/// The first violation.
pub fn shared<V, L>(make: impl Fn(Upstream) -> V, limits: &Limits, law: L) -> Result<(), Violation>
where
    L: Fn(&V, &Limits) -> Result<(), Violation>,
{
    run(make, |value| law(&value, limits))
}

/// Runs a law that changes one allocator.
///
/// # Errors
///
/// The first violation.
pub fn exclusive<V, L>(
    make: impl Fn(Upstream) -> V,
    limits: &Limits,
    law: L,
) -> Result<(), Violation>
where
    L: Fn(&mut V, &Limits) -> Result<(), Violation>,
{
    run(make, |mut value| law(&mut value, limits))
}

/// Runs a law that takes an allocator away.
///
/// # Errors
///
/// The first violation.
pub fn owned<V, L>(make: impl Fn(Upstream) -> V, limits: &Limits, law: L) -> Result<(), Violation>
where
    L: Fn(V, &Limits) -> Result<(), Violation>,
{
    run(make, |value| law(value, limits))
}

/// Runs a law that looks at two allocators.
///
/// # Errors
///
/// The first violation.
pub fn pair<V, L>(make: impl Fn(Upstream) -> V, limits: &Limits, law: L) -> Result<(), Violation>
where
    L: Fn(&V, &V, &Limits) -> Result<(), Violation>,
{
    run(&make, |value| {
        let upstream = Upstream::new();
        let other = make(upstream.clone());
        let result = law(&value, &other, limits);
        drop(other);
        result.and_then(|()| upstream.check())
    })
}

/// Turns a violation into the panic that a test fails with.
///
/// # Panics
///
/// With the violation.
#[track_caller]
pub fn test(result: Result<(), Violation>) {
    if let Err(violation) = result {
        panic!("{violation}");
    }
}

/// The names of all laws, group by group, with the way in which each is run: the one list of them.
///
/// `__laws! { group => callback!(args) }` expands to `callback! { (args) [way: law law] [way: law] }`.
#[doc(hidden)]
#[macro_export]
macro_rules! __laws {
    (basic => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*)
            [shared: alignment]
            [shared: size]
            [shared: zero_size]
            [shared: fit]
            [shared: disjoint]
            [shared: contents]
            [shared: zeroed]
            [shared: grow]
            [shared: grow_zeroed]
            [shared: shrink]
            [shared: realign]
            [shared: err_keeps_block]
            [shared: huge]
            [shared: no_unwinding]
            [shared: returns_all]
            [shared: upstream_contract]
            [made: failing_upstream]
            [made: programs]
            [shared: vec]
            [shared: boxed]
            [shared: hash_map]
            [shared: hash_set]
        }
    };
    (owns => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [pair: owns] }
    };
    (reset => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [exclusive: reset] [made: returns_leaked] }
    };
    (clones => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [owned: clones] }
    };
    (eq => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [pair: eq] }
    };
    (threads => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [shared: threads] }
    };
    (send => $callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) [owned: send] }
    };
}

/// The laws for containers of the standard library, which need its unstable trait: none without the feature.
#[cfg(not(feature = "nightly"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __std_laws {
    ($callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*) }
    };
}

/// The laws for containers of the standard library.
#[cfg(feature = "nightly")]
#[doc(hidden)]
#[macro_export]
macro_rules! __std_laws {
    ($callback:ident!($($args:tt)*)) => {
        $crate::$callback! { ($($args)*)
            [shared: vec_deque]
            [shared: linked_list]
            [shared: b_tree_map]
            [shared: rc]
            [shared: arc]
        }
    };
}

/// Runs one law in its way.
#[doc(hidden)]
#[macro_export]
macro_rules! __run {
    (shared, $law:ident, $factory:expr, $limits:expr) => {
        $crate::suite::shared($factory, &$limits, |alloc, limits| {
            $crate::laws::$law(&alloc, limits)
        })
    };
    (exclusive, $law:ident, $factory:expr, $limits:expr) => {
        $crate::suite::exclusive($factory, &$limits, |alloc, limits| {
            $crate::laws::$law(alloc, limits)
        })
    };
    (owned, $law:ident, $factory:expr, $limits:expr) => {
        $crate::suite::owned($factory, &$limits, |alloc, limits| {
            $crate::laws::$law(alloc, limits)
        })
    };
    (pair, $law:ident, $factory:expr, $limits:expr) => {
        $crate::suite::pair($factory, &$limits, |alloc, other, limits| {
            $crate::laws::$law(&alloc, &other, limits)
        })
    };
    (made, $law:ident, $factory:expr, $limits:expr) => {
        $crate::suite::no_unwinding(|| $crate::laws::$law($factory, &$limits))
    };
}

/// Makes a test of each law.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (($factory:expr, $limits:expr) $([$way:ident: $law:ident])*) => {
        $(
            #[test]
            fn $law() {
                $crate::suite::test($crate::__run!($way, $law, $factory, $limits));
            }
        )*
    };
}

/// Makes a module of tests, one per law, for one configuration of an allocator.
///
/// ```text
/// suite!(NAME, FACTORY, [CAPABILITIES]);
/// suite!(NAME, FACTORY, [CAPABILITIES], limits = LIMITS);
/// ```
///
/// - `NAME` is the name of the module.
/// - `FACTORY` is an expression that makes an allocator `V` from an [`Upstream`], for instance a
///   closure. It must make a new one each time, not equivalent to any other, and it must not fail.
///   The laws share `&V`, so an allocator that is one by reference only will do.
/// - `CAPABILITIES` are what the allocator can do beyond the trait: each adds laws.
/// - `LIMITS`, of type [`Limits`], say what must be served: [`Limits::any()`] if absent.
///
/// | capability | asks for | adds |
/// | --- | --- | --- |
/// | `owns` | `&V: Owns` | [`owns`](crate::laws::owns) |
/// | `reset` | `V: Reset` | [`reset`](crate::laws::reset), [`returns_leaked`](crate::laws::returns_leaked) |
/// | `clones` | `V: AllocatorClone` | [`clones`](crate::laws::clones) |
/// | `eq` | `&V: AllocatorEq` | [`eq`](crate::laws::eq) |
/// | `threads` | `V: Sync` | [`threads`](crate::laws::threads) |
/// | `send` | `V: Send` | [`send`](crate::laws::send) |
///
/// # Examples
///
/// ```
/// use alloc_core::ArcHandle;
///
/// // In tests/conformance.rs:
/// alloc_conformance::suite!(shared, |up| ArcHandle::new(up), [owns, clones, eq, threads, send]);
/// ```
#[macro_export]
macro_rules! suite {
    ($name:ident, $factory:expr, [$($capability:ident),* $(,)?] $(,)?) => {
        $crate::suite! { $name, $factory, [$($capability),*], limits = $crate::Limits::any() }
    };
    ($name:ident, $factory:expr, [$($capability:ident),* $(,)?], limits = $limits:expr $(,)?) => {
        #[allow(clippy::redundant_closure)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $crate::__laws! { basic => __tests!($factory, $limits) }
            $crate::__std_laws! { __tests!($factory, $limits) }
            $( $crate::__laws! { $capability => __tests!($factory, $limits) } )*
        }
    };
}

/// Pushes the violation of each law to a vector.
#[doc(hidden)]
#[macro_export]
macro_rules! __collect {
    (($found:ident, $factory:expr, $limits:expr) $([$way:ident: $law:ident])*) => {
        $(
            if let Err(violation) = $crate::__run!($way, $law, $factory, $limits) {
                $found.push((stringify!($law), violation));
            }
        )*
    };
}

/// Runs every law and returns what each found: a vector of the law that ran and its [`Violation`].
///
/// The arguments are those of [`suite!`] without the name. The law that ran and the law that was
/// broken differ where, for example, a block was lost under the law `grow`: the violation then is
/// one of `returns_all`.
///
/// # Examples
///
/// ```
/// use alloc_core::ArcHandle;
///
/// let found = alloc_conformance::violations!(|up| ArcHandle::new(up), [owns, clones, eq]);
/// assert!(found.is_empty());
/// ```
#[macro_export]
macro_rules! violations {
    ($factory:expr, [$($capability:ident),* $(,)?] $(,)?) => {
        $crate::violations!($factory, [$($capability),*], limits = $crate::Limits::any())
    };
    ($factory:expr, [$($capability:ident),* $(,)?], limits = $limits:expr $(,)?) => {{
        let mut found: ::std::vec::Vec<(&'static str, $crate::Violation)> = ::std::vec::Vec::new();
        $crate::__laws! { basic => __collect!(found, $factory, $limits) }
        $crate::__std_laws! { __collect!(found, $factory, $limits) }
        $( $crate::__laws! { $capability => __collect!(found, $factory, $limits) } )*
        found
    }};
}

/// Runs each law, and returns the first violation from the function around it.
#[doc(hidden)]
#[macro_export]
macro_rules! __check {
    (($factory:expr, $limits:expr) $([$way:ident: $law:ident])*) => {
        $( $crate::__run!($way, $law, $factory, $limits)?; )*
    };
}

/// Makes a slice of the names of laws.
#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    (() $([$way:ident: $law:ident])*) => { &[$(stringify!($law)),*] };
}
