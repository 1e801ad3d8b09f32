//! What must not compile, each beside what must.

/// The primary of a `Fallback` has to tell its blocks from others, which a heap cannot.
///
/// ```
/// use alloc_compose::{Fallback, Null};
/// let _ = Fallback::new(Null, alloc_core::Global);
/// ```
/// ```compile_fail,E0277
/// use alloc_compose::{Fallback, Null};
/// let _ = Fallback::new(alloc_core::Global, Null);
/// ```
struct PrimaryOwns;

/// A clone of a budget would be a second budget.
///
/// ```
/// let budget = alloc_compose::Limit::new(alloc_core::Global, 100);
/// let _ = alloc_core::ArcHandle::new(budget).clone();
/// ```
/// ```compile_fail,E0599
/// let budget = alloc_compose::Limit::new(alloc_core::Global, 100);
/// let _ = budget.clone();
/// ```
struct OneBudget;

/// A part that lives elsewhere has to live as long as the blocks.
///
/// ```
/// use alloc_compose::Fallback;
/// use alloc_core::{Global, Layout, boxed::Box};
/// use alloc_pool::Pool;
///
/// let pool = Pool::fixed(Layout::new::<u64>(), 1);
/// let value = Box::new_in(1_u64, Fallback::new(&pool, Global));
/// drop(value);
/// drop(pool);
/// ```
/// ```compile_fail,E0505
/// use alloc_compose::Fallback;
/// use alloc_core::{Global, Layout, boxed::Box};
/// use alloc_pool::Pool;
///
/// let pool = Pool::fixed(Layout::new::<u64>(), 1);
/// let value = Box::new_in(1_u64, Fallback::new(&pool, Global));
/// drop(pool);
/// drop(value);
/// ```
struct PartsOutliveBlocks;

/// A budget that is in use cannot be reset.
///
/// ```
/// use alloc_compose::{Limit, Null};
/// use alloc_core::vec::Vec;
///
/// let mut budget = Limit::new(Null, 100);
/// let nothing: Vec<u8, _> = Vec::new_in(&budget);
/// drop(nothing);
/// budget.reset();
/// ```
/// ```compile_fail,E0502
/// use alloc_compose::{Limit, Null};
/// use alloc_core::vec::Vec;
///
/// let mut budget = Limit::new(Null, 100);
/// let nothing: Vec<u8, _> = Vec::new_in(&budget);
/// budget.reset();
/// drop(nothing);
/// ```
struct ResetNeedsItAlone;

/// Pools are of one thread, and so is what is made of them.
///
/// ```
/// fn shared(_: impl Sync) {}
/// shared(alloc_compose::Limit::new(alloc_core::Global, 100));
/// ```
/// ```compile_fail,E0277
/// fn shared(_: impl Sync) {}
/// shared(alloc_compose::Limit::new(alloc_pool::Pool::for_value::<u64>(), 100));
/// ```
struct SyncIfThePartsAre;
