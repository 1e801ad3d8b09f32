//! Budgets: how much may be live of what a part of the program allocates.
//!
//! ```text
//! thread ──▶ current budget ──▶ live bytes, limit
//!                                   ▲
//! block ──▶ header ──▶ tally ───────┘  credited by whoever frees the block
//! ```
//!
//! The budget of a thread is a pointer in a thread-local with a constant value and no destructor, so that
//! an allocator can read it at any time.

mod future;
mod mark;

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use future::InBudget;
pub use mark::{Budgeted, Budgeting, Unbudgeted};

#[cfg(doc)]
use crate::SiteProfiler;
use crate::profiler::AbortOnUnwind;

std::thread_local! {
    static CURRENT: Cell<Option<&'static Budget>> = const { Cell::new(None) };
}

/// How many bytes may be live at one time of what is allocated in a scope.
///
/// A budget is a `static`. A thread enters it for a [scope](Self::enter), for a [call](Self::run), or for
/// each poll of a [future](Self::wrap), and any number of threads may be in it at one time. It is honoured
/// by a [`SiteProfiler`] that was [made for it](SiteProfiler::budgeted), also as the global allocator.
/// A request that does not fit is refused: `allocate` errs, `GlobalAlloc` returns null, and what can fail
/// gracefully (`Vec::try_reserve`, a server's request) does. Or it is granted, and somebody is
/// [called](Self::on_overrun).
///
/// # What counts
///
/// - The bytes that were asked for, of live blocks: a block of non-zero size is charged when it is allocated
///   and credited when it is freed, and what is freed makes room for what comes.
/// - A block belongs to the budget in which it was allocated, for its whole life: whoever resizes or frees
///   it, on whichever thread, in whichever scope, changes that one. So a vector that was made outside and
///   grows inside is not limited, and one that was made inside and grows outside is.
/// - What is still live when its profiler is [reset](SiteProfiler::reset) or dropped, as blocks of an arena
///   are that nobody frees one by one, is credited then.
/// - Scopes nest: the budget of the innermost one counts, and it is no part of the outer one's.
/// - A thread that is spawned begins without a budget. Work that shall have that of whoever hands it over
///   takes it along, see [`current`](Self::current).
/// - The account is exact with any number of threads. Live bytes are never above the limit (but by what a
///   callback lets pass), and a request is refused only if there is no room for it at that moment.
/// - Blocks of a budget are all recorded by the profiler, also those that its
///   [samples](SiteProfiler::with_samples) or its [switch](SiteProfiler::switch) would leave out.
/// - Not charged are blocks of threads without a seat (see [`SiteProfiler`]), of a thread that met too many
///   call stacks, those for which there is no memory to note it, and what a profile allocates for itself.
///
/// `Tracking` keeps nothing of a block, so that it could not tell whom to credit. A budgeted `SiteProfiler`
/// without call stacks is next to it in price.
///
/// # Examples
///
/// ```
/// use alloc_tracking::{Budget, SiteProfiler, alloc_core::{Global, vec::Vec}};
///
/// static REQUEST: Budget = Budget::new(1000);
///
/// let heap = SiteProfiler::budgeted(Global);
/// let mut words: Vec<u64, _> = Vec::new_in(&heap);
/// let fits = REQUEST.run(|| words.try_reserve_exact(100));
/// assert!(fits.is_ok());
/// assert_eq!(REQUEST.live_bytes(), 800);
///
/// // The scope is left, but the block is still of that budget.
/// assert!(words.try_reserve_exact(200).is_err());
/// drop(words);
/// assert_eq!(REQUEST.live_bytes(), 0);
/// ```
///
/// # Complexity
///
/// To enter and to leave is a few instructions. To charge is a compare-and-exchange on a number that all
/// threads in the budget share, which is tried again as long as others come first; to credit is a
/// subtraction.
pub struct Budget {
    limit: usize,
    /// B1: the bytes of all live blocks that are charged, and of those that are about to be allocated. It
    /// does not wrap.
    live: AtomicUsize,
    peak: AtomicUsize,
    overruns: AtomicU64,
    on_overrun: Option<fn(&Overrun)>,
}

/// A request that did not fit into a budget.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Overrun {
    /// Whose.
    pub budget: &'static Budget,
    /// How many bytes were asked for; of a block that grows, how many more.
    pub bytes: usize,
    /// How many bytes were live before.
    pub live: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            live: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            overruns: AtomicU64::new(0),
            on_overrun: None,
        }
    }

    /// Has each request granted, and `on_overrun` called with those that do not fit.
    ///
    /// It is called within `allocate` and its like, on the thread that asked, before the block is made,
    /// as long as the budget is overrun: at each request. It runs without a lock and in no budget: it may
    /// allocate, but with the profiler as global allocator it must do with what is allowed there. If it
    /// unwinds, the process is aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::{Budget, SiteProfiler, alloc_core::{Global, boxed::Box}};
    ///
    /// static CACHE: Budget = Budget::new(100).on_overrun(|overrun| {
    ///     eprintln!("{overrun}");
    /// });
    ///
    /// let heap = SiteProfiler::budgeted(Global);
    /// let block = CACHE.run(|| Box::new_in([0_u8; 150], &heap));
    /// assert_eq!((CACHE.live_bytes(), CACHE.overruns()), (150, 1));
    /// # drop(block);
    /// ```
    #[must_use]
    pub const fn on_overrun(mut self, on_overrun: fn(&Overrun)) -> Self {
        self.on_overrun = Some(on_overrun);
        self
    }

    /// How many bytes may be live.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes are live, and about to be.
    pub fn live_bytes(&self) -> usize {
        // Relaxed, as all here: the numbers guard nothing.
        self.live.load(Ordering::Relaxed)
    }

    /// How many bytes were live at most.
    pub fn peak_bytes(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// How many requests did not fit.
    pub fn overruns(&self) -> u64 {
        self.overruns.load(Ordering::Relaxed)
    }

    /// The budget of this thread.
    ///
    /// While a thread ends, when its thread-locals are gone, it has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::Budget;
    ///
    /// static REQUEST: Budget = Budget::new(1 << 20);
    ///
    /// let _scope = REQUEST.enter();
    /// let budget = Budget::current();
    /// std::thread::spawn(move || {
    ///     let _scope = budget.map(Budget::enter);
    ///     assert_eq!(Budget::current(), Some(&REQUEST));
    /// })
    /// # .join().unwrap();
    /// ```
    #[inline]
    pub fn current() -> Option<&'static Self> {
        CURRENT.try_with(Cell::get).unwrap_or(None)
    }

    /// Makes this the budget of the thread until the guard is dropped, which makes it what it was again.
    pub fn enter(&'static self) -> BudgetGuard {
        BudgetGuard::new(Some(self))
    }

    /// Calls `work` with this as the budget of the thread.
    pub fn run<R>(&'static self, work: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        work()
    }

    /// A future that has this budget whenever it is polled, on whichever thread that is.
    pub const fn wrap<F>(&'static self, future: F) -> InBudget<F> {
        InBudget::new(self, future)
    }

    /// Lets the thread have no budget until the guard is dropped.
    pub(crate) fn none() -> BudgetGuard {
        BudgetGuard::new(None)
    }

    /// Charges bytes that are about to be allocated, or refuses to. Does not unwind.
    #[must_use]
    pub(crate) fn charge(&'static self, bytes: usize) -> bool {
        match self.add_up_to(bytes, self.limit) {
            Ok(()) => true,
            Err(live) => self.overrun(bytes, live),
        }
    }

    /// Adds to what is live if that is no more than `most` afterwards; else says how much was live.
    ///
    /// It is not an addition that is taken back: others would be refused for what was never there.
    fn add_up_to(&self, bytes: usize, most: usize) -> Result<(), usize> {
        let mut live = self.live.load(Ordering::Relaxed);
        loop {
            let more = live.checked_add(bytes).filter(|more| *more <= most);
            let more = more.ok_or(live)?;
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            match self
                .live
                .compare_exchange_weak(live, more, success, failure)
            {
                Ok(_) => {
                    self.peak.fetch_max(more, Ordering::Relaxed);
                    return Ok(());
                }
                Err(now) => live = now,
            }
        }
    }

    #[cold]
    fn overrun(&'static self, bytes: usize, live: usize) -> bool {
        self.overruns.fetch_add(1, Ordering::Relaxed);
        let Some(on_overrun) = self.on_overrun else {
            return false;
        };
        // What exceeds the address space is refused in any case.
        if self.add_up_to(bytes, usize::MAX).is_err() {
            return false;
        }
        let _none = Self::none();
        let abort = AbortOnUnwind;
        on_overrun(&Overrun {
            budget: self,
            bytes,
            live,
        });
        core::mem::forget(abort);
        true
    }

    /// Gives back what was charged for bytes that are live no longer.
    pub(crate) fn credit(&self, bytes: usize) {
        // B1: they are part of it.
        self.live.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A value equals itself alone: each keeps its own account.
impl PartialEq for Budget {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl Eq for Budget {}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("limit", &self.limit)
            .field("live_bytes", &self.live_bytes())
            .field("peak_bytes", &self.peak_bytes())
            .field("overruns", &self.overruns())
            .finish_non_exhaustive()
    }
}

/// A sentence: `150 bytes were asked for, with 0 live of a budget of 100`.
impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            budget,
            bytes,
            live,
        } = self;
        let limit = budget.limit;
        write!(
            f,
            "{bytes} bytes were asked for, with {live} live of a budget of {limit}"
        )
    }
}

/// Gives a thread the budget back that it had. Made by [`Budget::enter`].
///
/// Guards that are dropped in another order than the reverse of that in which they were made leave the
/// budget that the last one dropped has kept.
#[must_use = "the scope ends when the guard is dropped"]
#[derive(Debug)]
pub struct BudgetGuard {
    before: Option<&'static Budget>,
    /// It belongs to its thread.
    _thread: PhantomData<*const ()>,
}

impl BudgetGuard {
    fn new(budget: Option<&'static Budget>) -> Self {
        let before = CURRENT.try_with(|current| current.replace(budget));
        Self {
            before: before.unwrap_or(None),
            _thread: PhantomData,
        }
    }
}

impl Drop for BudgetGuard {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    const ROUNDS: u32 = if cfg!(miri) { 50 } else { 100_000 };

    /// A look and then an addition would let two threads through where there is room for one.
    #[test]
    fn threads_share_what_there_is() {
        static BUDGET: Budget = Budget::new(5);
        // Who has it, for less than the time of the charge.
        let holders = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        if BUDGET.charge(3) {
                            assert_eq!(holders.fetch_add(1, Relaxed), 0);
                            holders.fetch_sub(1, Relaxed);
                            BUDGET.credit(3);
                        }
                    }
                });
            }
        });
        assert_eq!((BUDGET.live_bytes(), BUDGET.peak_bytes()), (0, 3));
    }

    /// An addition that is taken back would be in the way of others. A subtraction from what is left would wrap
    /// below nothing, and let everybody through.
    #[test]
    fn what_is_refused_takes_no_room_from_what_fits() {
        static BUDGET: Budget = Budget::new(1000);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    assert!(!BUDGET.charge(1001));
                }
            });
            for _ in 0..ROUNDS {
                let fits = BUDGET.charge(1000);
                // Before the assertion, or the other thread would go on for ever.
                stop.fetch_or(!fits, Relaxed);
                assert!(fits);
                BUDGET.credit(1000);
            }
            stop.store(true, Relaxed);
        });
        assert_eq!((BUDGET.live_bytes(), BUDGET.peak_bytes()), (0, 1000));
    }

    #[test]
    fn no_sum_wraps() {
        static BUDGET: Budget = Budget::new(usize::MAX);
        static CALLED: Budget = Budget::new(0).on_overrun(|_| {});
        assert!(BUDGET.charge(usize::MAX));
        assert!(!BUDGET.charge(1));
        BUDGET.credit(usize::MAX);
        assert!(CALLED.charge(usize::MAX) && !CALLED.charge(1));
        assert_eq!((CALLED.live_bytes(), CALLED.overruns()), (usize::MAX, 2));
    }
}
