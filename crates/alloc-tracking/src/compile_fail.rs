//! What must not compile, each beside a twin that does and differs by a line.

/// A reset while a block is in use.
///
/// ```compile_fail,E0502
/// use alloc_tracking::{Tracking, alloc_core::{Allocator, Reset, boxed::Box}};
///
/// fn reset_too_soon(heap: &mut Tracking<impl Allocator + Reset>) {
///     let value = Box::new_in(1, &*heap);
///     heap.reset();
///     drop(value);
/// }
/// ```
///
/// ```
/// use alloc_tracking::{Tracking, alloc_core::{Allocator, Reset, boxed::Box}};
///
/// fn reset_in_time(heap: &mut Tracking<impl Allocator + Reset>) {
///     let value = Box::new_in(1, &*heap);
///     drop(value);
///     heap.reset();
/// }
/// ```
struct ResetInUse;

/// A tracker that is cloned: its clones would keep accounts of their own.
///
/// ```compile_fail,E0277
/// use alloc_tracking::{Tracking, alloc_core::{AllocatorClone, Global}};
///
/// fn shared(_: impl AllocatorClone) {}
/// shared(Tracking::new(Global));
/// ```
///
/// ```
/// use alloc_tracking::{Tracking, alloc_core::{AllocatorClone, Global}};
///
/// fn shared(_: impl AllocatorClone) {}
/// shared(&Tracking::new(Global));
/// ```
struct Cloned;

/// A block that outlives its allocator.
///
/// ```compile_fail,E0505
/// use alloc_tracking::{Tracking, alloc_core::{Global, boxed::Box}};
///
/// let heap = Tracking::new(Global);
/// let value = Box::new_in(1, &heap);
/// drop(heap);
/// drop(value);
/// ```
///
/// ```
/// use alloc_tracking::{Tracking, alloc_core::{Global, boxed::Box}};
///
/// let heap = Tracking::new(Global);
/// let value = Box::new_in(1, &heap);
/// drop(value);
/// drop(heap);
/// ```
struct Outlives;

/// A tracker over an allocator of one thread, shared by two.
///
/// ```compile_fail,E0277
/// use alloc_tracking::{Tracking, alloc_core::{Global, RcHandle}};
///
/// fn share(_: &impl Sync) {}
/// share(&Tracking::new(RcHandle::new(Global)));
/// ```
///
/// ```
/// use alloc_tracking::{Tracking, alloc_core::{Global, ArcHandle}};
///
/// fn share(_: &impl Sync) {}
/// share(&Tracking::new(ArcHandle::new(Global)));
/// ```
struct SharedInner;

/// What needs the feature `std`.
#[cfg(feature = "std")]
mod with_std {
    /// A container that outlives the profiler whose handle it has.
    ///
    /// ```compile_fail,E0505
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Global, boxed::Box}};
    ///
    /// let heap = SiteProfiler::new(Global);
    /// let value = Box::new_in(1_u32, heap.of::<u32>());
    /// drop(heap);
    /// drop(value);
    /// ```
    ///
    /// ```
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Global, boxed::Box}};
    ///
    /// let heap = SiteProfiler::new(Global);
    /// let value = Box::new_in(1_u32, heap.of::<u32>());
    /// drop(value);
    /// drop(heap);
    /// ```
    struct HandleOutlives;

    /// A scope of one thread that ends on another, which would then have the budget of the first.
    ///
    /// ```compile_fail,E0277
    /// use alloc_tracking::Budget;
    ///
    /// static BUDGET: Budget = Budget::new(100);
    /// let scope = BUDGET.enter();
    /// std::thread::spawn(move || drop(scope));
    /// ```
    ///
    /// ```
    /// use alloc_tracking::Budget;
    ///
    /// static BUDGET: Budget = Budget::new(100);
    /// let scope = BUDGET.enter();
    /// drop(scope);
    /// ```
    struct ScopeMoves;

    /// A budget that goes before the blocks that are charged to it.
    ///
    /// ```compile_fail,E0597
    /// use alloc_tracking::Budget;
    ///
    /// let budget = Budget::new(100);
    /// let _scope = budget.enter();
    /// ```
    ///
    /// ```
    /// use alloc_tracking::Budget;
    ///
    /// static BUDGET: Budget = Budget::new(100);
    /// let _scope = BUDGET.enter();
    /// ```
    struct BudgetGoes;
}
