//! What must not compile. Each example stands beside one that compiles and differs from it in one line.

/// A pool is not shared between threads. One that was, by accident, handed one slot out twice
/// (nexus-pool #735).
///
/// ```compile_fail,E0277
/// use alloc_pool::{Layout, Pool};
///
/// let pool = Pool::new(Layout::new::<u64>());
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(pool.in_use(), 0));
/// });
/// ```
///
/// Moved into the thread it may be:
///
/// ```
/// use alloc_pool::{Layout, Pool};
///
/// let pool = Pool::new(Layout::new::<u64>());
/// std::thread::scope(|scope| {
///     scope.spawn(move || assert_eq!(pool.in_use(), 0));
/// });
/// ```
struct Shared;

/// Nor is an inline pool.
///
/// ```compile_fail,E0277
/// use alloc_pool::InlinePool;
///
/// let pool = InlinePool::<u64, 4>::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(pool.in_use(), 0));
/// });
/// ```
///
/// Moved into the thread it may be:
///
/// ```
/// use alloc_pool::InlinePool;
///
/// let pool = InlinePool::<u64, 4>::new();
/// std::thread::scope(|scope| {
///     scope.spawn(move || assert_eq!(pool.in_use(), 0));
/// });
/// ```
struct SharedInline;

/// Nor is a hardened pool.
///
/// ```compile_fail,E0277
/// use alloc_pool::{HardenedPool, Layout};
///
/// let pool = HardenedPool::new(Layout::new::<u64>());
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(pool.in_use(), 0));
/// });
/// ```
///
/// Moved into the thread it may be:
///
/// ```
/// use alloc_pool::{HardenedPool, Layout};
///
/// let pool = HardenedPool::new(Layout::new::<u64>());
/// std::thread::scope(|scope| {
///     scope.spawn(move || assert_eq!(pool.in_use(), 0));
/// });
/// ```
struct SharedHardened;

/// A pool does not change while one looks at its blocks.
///
/// ```compile_fail,E0502
/// use alloc_pool::{Allocator, Layout, Pool};
///
/// let mut pool = Pool::new(Layout::new::<u64>());
/// let mut blocks = pool.live_blocks();
/// let block = pool.allocate(Layout::new::<u64>());
/// assert_eq!(blocks.next(), None);
/// ```
///
/// Before that it may:
///
/// ```
/// use alloc_pool::{Allocator, Layout, Pool};
///
/// let mut pool = Pool::new(Layout::new::<u64>());
/// let block = pool.allocate(Layout::new::<u64>());
/// let mut blocks = pool.live_blocks();
/// assert_eq!(blocks.next(), block.ok());
/// ```
struct ChangedWhileVisited;

/// A block does not outlive its pool.
///
/// ```compile_fail,E0505
/// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
///
/// let pool = Pool::new(Layout::new::<u64>());
/// let value = Box::new_in(7_u64, &pool);
/// drop(pool);
/// assert_eq!(*value, 7);
/// ```
///
/// It may be used as long as the pool is there:
///
/// ```
/// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
///
/// let pool = Pool::new(Layout::new::<u64>());
/// let value = Box::new_in(7_u64, &pool);
/// let _ = &pool;
/// assert_eq!(*value, 7);
/// ```
struct Outlived;

/// A block is not used after a reset.
///
/// ```compile_fail,E0502
/// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
///
/// let mut pool = Pool::new(Layout::new::<u64>());
/// let value = Box::new_in(7_u64, &pool);
/// pool.reset();
/// assert_eq!(*value, 7);
/// ```
///
/// Giving empty chunks back does no harm to it:
///
/// ```
/// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
///
/// let mut pool = Pool::new(Layout::new::<u64>());
/// let value = Box::new_in(7_u64, &pool);
/// pool.release_empty_chunks();
/// assert_eq!(*value, 7);
/// ```
struct UsedAfterReset;

/// An inline pool does not move while a block lives: the block is inside it.
///
/// ```compile_fail,E0505
/// use alloc_pool::{InlinePool, alloc_core::boxed::Box};
///
/// let pool = InlinePool::<u64, 4>::new();
/// let value = Box::new_in(7_u64, &pool);
/// let moved = pool;
/// assert_eq!(*value, 7);
/// ```
///
/// It may be borrowed:
///
/// ```
/// use alloc_pool::{InlinePool, alloc_core::boxed::Box};
///
/// let pool = InlinePool::<u64, 4>::new();
/// let value = Box::new_in(7_u64, &pool);
/// let moved = &pool;
/// assert_eq!(*value, 7);
/// ```
struct Moved;

/// An inline pool by value is no allocator: a container that owned it would move it.
///
/// ```compile_fail,E0277
/// use alloc_pool::{InlinePool, alloc_core::vec::Vec};
///
/// let pool = InlinePool::<u64, 4>::new();
/// let numbers: Vec<u64, _> = Vec::new_in(pool);
/// ```
///
/// A reference to it is one:
///
/// ```
/// use alloc_pool::{InlinePool, alloc_core::vec::Vec};
///
/// let pool = InlinePool::<u64, 4>::new();
/// let numbers: Vec<u64, _> = Vec::new_in(&pool);
/// ```
struct ByValue;
