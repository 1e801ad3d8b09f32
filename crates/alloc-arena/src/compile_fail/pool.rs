//! The same for pools of arenas.

/// No value lives across a reset of its pool, even if its guard is gone.
///
/// ```compile_fail,E0502
/// let mut pool = alloc_arena::ArenaPool::new();
/// let value = pool.get().alloc(1);
/// pool.reset();
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let mut pool = alloc_arena::ArenaPool::new();
/// let value = pool.get().alloc(1);
/// assert_eq!(*value, 1);
/// pool.reset();
/// ```
struct UseAfterPoolReset;

/// No guard lives across a reset of its pool.
///
/// ```compile_fail,E0502
/// let mut pool = alloc_arena::ArenaPool::new();
/// let arena = pool.get();
/// pool.reset();
/// drop(arena);
/// ```
///
/// ```
/// let mut pool = alloc_arena::ArenaPool::new();
/// let arena = pool.get();
/// drop(arena);
/// pool.reset();
/// ```
struct GuardAcrossPoolReset;

/// No value outlives its pool.
///
/// ```compile_fail,E0597
/// let value;
/// {
///     let pool = alloc_arena::ArenaPool::new();
///     value = pool.get().alloc(1);
/// }
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let value;
/// let pool = alloc_arena::ArenaPool::new();
/// {
///     value = pool.get().alloc(1);
/// }
/// assert_eq!(*value, 1);
/// ```
struct OutlivesPool;

/// A guard is not shared between threads; each gets its own, or one moves.
///
/// ```compile_fail,E0277
/// let pool = alloc_arena::ArenaPool::new();
/// let arena = pool.get();
/// std::thread::scope(|threads| {
///     threads.spawn(|| *arena.alloc(1) += 1);
/// });
/// ```
///
/// ```
/// let pool = alloc_arena::ArenaPool::new();
/// let arena = pool.get();
/// std::thread::scope(|threads| {
///     threads.spawn(move || *arena.alloc(1) += 1);
/// });
/// ```
struct SharedGuard;

/// A container in the arena of a guard does not outlive the guard: it would use the arena while
/// another thread has it.
///
/// ```compile_fail,E0505
/// use alloc_arena::{ArenaPool, alloc_core::vec::Vec};
/// let pool = ArenaPool::new();
/// let arena = pool.get();
/// let mut values = Vec::new_in(&*arena);
/// drop(arena);
/// values.push(1);
/// ```
///
/// ```
/// use alloc_arena::{ArenaPool, alloc_core::vec::Vec};
/// let pool = ArenaPool::new();
/// let arena = pool.get();
/// let mut values = Vec::new_in(&*arena);
/// values.push(1);
/// ```
struct ContainerOutlivesGuard;

/// The arena of a guard is not reset, swapped or taken: there is no `&mut Arena`.
///
/// ```compile_fail,E0596
/// let pool = alloc_arena::ArenaPool::new();
/// let mut arena = pool.get();
/// arena.reset();
/// ```
///
/// ```
/// let pool = alloc_arena::ArenaPool::new();
/// let mut arena = pool.get();
/// arena.scope(|_| ());
/// ```
struct ResetGuard;

/// A value that only one thread may have is not handed to another one.
///
/// ```compile_fail,E0277
/// let pool = alloc_arena::ArenaPool::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| pool.get().alloc(std::rc::Rc::new(1))).join().unwrap();
/// });
/// ```
///
/// ```
/// let pool = alloc_arena::ArenaPool::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| pool.get().alloc(std::sync::Arc::new(1))).join().unwrap();
/// });
/// ```
struct SentFromPool;

/// A pool whose upstream stays in one thread stays there as well.
///
/// ```compile_fail,E0277
/// use alloc_arena::{Arena, ArenaPool};
/// let upstream = Arena::new();
/// let pool = ArenaPool::new_in(&upstream);
/// std::thread::scope(|threads| {
///     threads.spawn(|| *pool.get().alloc(1) += 1);
/// });
/// ```
///
/// ```
/// use alloc_arena::{Arena, ArenaPool};
/// let upstream = Arena::new();
/// let pool = ArenaPool::new_in(&upstream);
/// std::thread::scope(|threads| {
///     *pool.get().alloc(1) += 1;
/// });
/// ```
struct PoolOfOneThread;
