//! Guards of phases.

/// A value of a guarded phase does not outlive the guard.
///
/// ```compile_fail,E0597
/// let mut arena = alloc_arena::Arena::new();
/// let value;
/// {
///     let mut phase = arena.scope_guard();
///     value = phase.scope().alloc(1);
///     assert_eq!(*value, 1);
/// }
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let value;
/// {
///     let mut phase = arena.scope_guard();
///     value = phase.scope().alloc(1);
///     assert_eq!(*value, 1);
/// }
/// ```
struct OutlivesItsGuard;

/// A value of a guarded phase is gone when the guard is reset.
///
/// ```compile_fail,E0499
/// let mut arena = alloc_arena::Arena::new();
/// let mut phase = arena.scope_guard();
/// let value = phase.scope().alloc(1);
/// phase.reset();
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let mut phase = arena.scope_guard();
/// let value = phase.scope().alloc(1);
/// assert_eq!(*value, 1);
/// phase.reset();
/// ```
struct UseAfterGuardReset;

/// The arena waits for the guard.
///
/// ```compile_fail,E0502
/// let mut arena = alloc_arena::Arena::new();
/// let phase = arena.scope_guard();
/// arena.alloc(1);
/// drop(phase);
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let phase = arena.scope_guard();
/// drop(phase);
/// arena.alloc(1);
/// ```
struct ArenaDuringGuard;

/// A container of an outer phase cannot grow while there is an inner guard (GHSA-xhx6-q96x-pf9c).
///
/// ```compile_fail,E0502
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// let mut outer = arena.scope_guard();
/// let mut scope = outer.scope();
/// let mut values = Vec::new_in(&scope);
/// let mut inner = scope.scope_guard();
/// values.push(*inner.scope().alloc(1));
/// ```
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// let mut outer = arena.scope_guard();
/// let mut scope = outer.scope();
/// let mut values = Vec::new();
/// let mut inner = scope.scope_guard();
/// values.push(*inner.scope().alloc(1));
/// ```
struct OuterContainerDuringGuard;
