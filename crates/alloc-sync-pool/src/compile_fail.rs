//! Programs that must not compile, each after one that does and differs in one line.

/// A local handle belongs to one thread at a time: it can be moved to another one, but not shared.
///
/// ```
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let pool = SyncPool::new(Layout::new::<u64>());
/// let local = pool.local();
/// std::thread::scope(|scope| {
///     scope.spawn(move || local.flush());
/// });
/// ```
///
/// ```compile_fail,E0277
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let pool = SyncPool::new(Layout::new::<u64>());
/// let local = pool.local();
/// std::thread::scope(|scope| {
///     scope.spawn(|| local.flush());
/// });
/// ```
struct LocalIsNotShared;

/// A block does not outlive its pool.
///
/// ```
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let pool = SyncPool::new(Layout::new::<u64>());
/// let value = Box::new_in(1_u64, &pool);
/// assert_eq!(*value, 1);
/// drop(value);
/// drop(pool);
/// ```
///
/// ```compile_fail,E0505
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let pool = SyncPool::new(Layout::new::<u64>());
/// let value = Box::new_in(1_u64, &pool);
/// drop(pool);
/// assert_eq!(*value, 1);
/// drop(value);
/// ```
struct BlocksDoNotOutliveThePool;

/// A pool is not reset while a handle has blocks of it.
///
/// ```
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let mut pool = SyncPool::new(Layout::new::<u64>());
/// let local = pool.local();
/// drop(local);
/// pool.reset();
/// ```
///
/// ```compile_fail,E0502
/// use alloc_sync_pool::{Layout, SyncPool};
///
/// let mut pool = SyncPool::new(Layout::new::<u64>());
/// let local = pool.local();
/// pool.reset();
/// drop(local);
/// ```
struct HandlesPreventReset;

/// An inline pool does not move while a block is alive.
///
/// ```
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::InlineSyncPool;
///
/// let pool = InlineSyncPool::<u64, 4>::new();
/// let value = Box::new_in(1_u64, &pool);
/// drop(value);
/// let moved = pool;
/// ```
///
/// ```compile_fail,E0505
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::InlineSyncPool;
///
/// let pool = InlineSyncPool::<u64, 4>::new();
/// let value = Box::new_in(1_u64, &pool);
/// let moved = pool;
/// drop(value);
/// ```
struct InlineBlocksPinThePool;

/// An inline pool is an allocator by reference only.
///
/// ```
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::InlineSyncPool;
///
/// let pool = InlineSyncPool::<u64, 4>::new();
/// let value = Box::new_in(1_u64, &pool);
/// ```
///
/// ```compile_fail,E0277
/// use alloc_core::boxed::Box;
/// use alloc_sync_pool::InlineSyncPool;
///
/// let pool = InlineSyncPool::<u64, 4>::new();
/// let value = Box::new_in(1_u64, pool);
/// ```
struct InlineIsByReference;

/// A pool over an upstream that is not `Sync` is not `Sync` either.
///
/// ```
/// use alloc_core::Global;
/// use alloc_sync_pool::SyncPool;
///
/// fn shared<T: Sync>() {}
/// shared::<SyncPool<Global>>();
/// ```
///
/// ```compile_fail,E0277
/// use alloc_core::{Global, RcHandle};
/// use alloc_sync_pool::SyncPool;
///
/// fn shared<T: Sync>() {}
/// shared::<SyncPool<RcHandle<Global>>>();
/// ```
struct SyncNeedsASyncUpstream;
