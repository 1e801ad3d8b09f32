//! What must not compile, each beside what must.

/// Threads share the one that is made for it.
///
/// ```
/// let memory = alloc_tiered::SyncTiered::<alloc_core::Global>::new_sync();
/// std::thread::scope(|scope| { scope.spawn(|| memory.classes().len()); });
/// ```
/// ```compile_fail,E0277
/// let memory = alloc_tiered::Tiered::<alloc_core::Global>::new();
/// std::thread::scope(|scope| { scope.spawn(|| memory.classes().len()); });
/// ```
struct OneThread;

/// Blocks do not outlive their allocator.
///
/// ```
/// let memory: alloc_tiered::Tiered = alloc_tiered::Tiered::new();
/// let value = alloc_core::boxed::Box::new_in(1, &memory);
/// drop(value);
/// drop(memory);
/// ```
/// ```compile_fail,E0505
/// let memory: alloc_tiered::Tiered = alloc_tiered::Tiered::new();
/// let value = alloc_core::boxed::Box::new_in(1, &memory);
/// drop(memory);
/// drop(value);
/// ```
struct BlocksEndFirst;

/// There is one set of pools: a copy would free blocks into other pools than theirs.
///
/// ```
/// let memory = alloc_tiered::Tiered::<alloc_core::Global>::new();
/// let _ = (&memory).clone();
/// let _ = alloc_core::RcHandle::new(memory).clone();
/// ```
/// ```compile_fail,E0308
/// let memory = alloc_tiered::Tiered::<alloc_core::Global>::new();
/// let _: alloc_tiered::Tiered = (&memory).clone();
/// ```
struct OneSetOfPools;

/// Only pools whose blocks are all as long as was said can be those of a class.
///
/// ```
/// fn pools(_: impl alloc_tiered::SizedPool<alloc_core::Global>) {}
/// pools(alloc_pool::Pool::new(alloc_core::Layout::new::<u64>()));
/// ```
/// ```compile_fail,E0277
/// fn pools(_: impl alloc_tiered::SizedPool<alloc_core::Global>) {}
/// pools(alloc_core::Global);
/// ```
struct PoolsOfOneSize;

/// There is an end to classes.
///
/// ```
/// let _ = alloc_tiered::Tiered::<alloc_core::Global, 88>::new();
/// ```
/// ```compile_fail,E0080
/// let _ = alloc_tiered::Tiered::<alloc_core::Global, 1000>::new();
/// ```
struct EnoughClasses;
