//! Counts blocks by the place in the program that allocated them.
//!
//! ```text
//!  Sites ──▶ directory, by seat ──▶ Desk of a thread ──▶ cache: 512 places, by hash of the stack ─┐
//!    │                                │                                                         ▼
//!    │ epoch, published live bytes    └─▶ buckets: lists of all tallies ─────────────────────▶ Tally
//!    ▼                                                                                          ▲
//!  a new peak is a new epoch                       header or record of each live block ─────────┘
//! ```
//!
//! # One writer
//!
//! Each thread has a [`seat`], and for each profiler a [`Desk`] that belongs to that seat. What is
//! allocated at a desk is counted in its tallies, with plain loads and stores: there is nothing that
//! two threads write to, but for a block that is freed on another thread, see [`tally`]. A thread
//! without a seat (the 4,097th at one time, or one that is running its last destructors) counts in a
//! common tally, under that tally's lock.
//!
//! # The peak
//!
//! Nobody can copy all tallies whenever there is more live than ever before. Instead a new peak
//! increments `epoch`, and each tally copies itself when it is next changed and sees that the epoch
//! is not the one of its copy: what was not changed since is still as it was at the peak.
//!
//! The live bytes of all threads are a sum that they would all have to write to. Instead each desk
//! keeps its drift, and publishes it when it exceeds a limit: 1/64 of the peak so far, but not less
//! than 1 KiB nor more than 64 KiB. So a peak is found when the true one is passed by less than that
//! per thread. If the peak is to be exact
//! there is no limit, and all threads share the sum.

mod count;
mod desk;
mod labels;
mod peak;
mod report;
mod reset;
mod seat;
mod series;
mod stamps;
mod tally;
mod weight;

use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use super::clock::Clock;
use super::stack::{self, CallStack};
use desk::Desk;
pub(super) use labels::{ElementType, Labels};
use peak::Level;
pub(crate) use seat::give_up as give_up_seat;
use series::Series;
pub use stamps::Stamps;
pub(super) use stamps::TICK_BITS;
use tally::Tally;

/// How many parts a block is counted in: enough for samples that stand for 1.58 blocks, say.
const UNIT: u64 = 1 << 16;

/// A desk for each seat.
type Directory = [AtomicPtr<Desk>; seat::SEATS];

/// Where something happened in the program, or `NOWHERE`.
///
/// - I1: null, or the tally of a call stack, of the `Sites` that made this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(*mut Tally);

// SAFETY: I1: tallies are shared by threads.
unsafe impl Send for Place {}

/// What is kept of a live block: where it was allocated and is counted, and when it was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) place: Place,
    ticks: u64,
}

/// How blocks are counted: what the short ways of [`Sites::born_at_once`] have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All of them, without call stacks or stamps.
    Plain,
    /// Samples.
    Sampled,
    /// All of them, with one or the other.
    Full,
}

/// The counters of all call stacks.
///
/// - I2: `directory` and its desks, and `common`, are null or memory that this owns until it is dropped.
/// - I3: no two of these have the same `id`, but for 0, which one has that never had a desk.
#[repr(C)]
pub(super) struct Sites {
    epoch: AtomicU64,
    id: AtomicU64,
    on: AtomicBool,
    way: Way,
    /// The clock of births and deaths.
    stamps: Stamps,
    /// That of the beginning, the peak and the end.
    moments: Stamps,
    exact: bool,
    tags: bool,
    unwinder: bool,
    depth: usize,
    mean: u64,
    directory: AtomicPtr<Directory>,
    /// For threads without a seat.
    common: AtomicPtr<Tally>,
    /// How many blocks were not counted for want of memory.
    missed: AtomicU64,
    /// When the first block came, in nanoseconds on the clock of the moments.
    start: AtomicU64,
    clock: Clock,
    level: Level,
    series: Series,
}

impl Place {
    pub(super) const NOWHERE: Self = Self(ptr::null_mut());

    /// As a pointer.
    #[inline]
    pub(super) fn into_raw(self) -> *mut () {
        self.0.cast()
    }

    /// The place that a pointer stands for.
    ///
    /// # Safety
    ///
    /// It is that of a place.
    #[inline]
    pub(super) unsafe fn from_raw(place: *mut ()) -> Self {
        Self(place.cast())
    }
}

impl Mark {
    /// Of a block that is not counted.
    pub(super) const NONE: Self = Self::new(Place::NOWHERE, 0);

    #[inline]
    pub(super) const fn new(place: Place, ticks: u64) -> Self {
        Self { place, ticks }
    }

    /// The time in it: below 2 to the [`TICK_BITS`].
    #[inline]
    pub(super) fn ticks(self) -> u64 {
        self.ticks
    }
}

impl Sites {
    pub(super) const fn new() -> Self {
        Self {
            epoch: AtomicU64::new(0),
            id: AtomicU64::new(0),
            on: AtomicBool::new(true),
            way: Way::Plain,
            stamps: Stamps::None,
            moments: Stamps::None,
            exact: false,
            tags: false,
            unwinder: false,
            depth: 0,
            mean: 0,
            directory: AtomicPtr::new(ptr::null_mut()),
            common: AtomicPtr::new(ptr::null_mut()),
            missed: AtomicU64::new(0),
            start: AtomicU64::new(0),
            clock: Clock::new(),
            level: Level::new(),
            series: Series::new(),
        }
    }

    /// Takes call stacks of at most so many frames.
    pub(super) const fn set_depth(&mut self, depth: usize) {
        let most = stack::MAX_DEPTH;
        self.depth = if depth < most { depth } else { most };
        self.set_way();
    }

    /// Takes call stacks by tables where there are no frame pointers.
    #[cfg(feature = "unwind")]
    pub(super) const fn set_unwinder(&mut self) {
        self.unwinder = true;
    }

    /// Takes times.
    pub(super) const fn set_stamps(&mut self, stamps: Stamps) {
        self.stamps = stamps;
        self.set_moments(stamps);
        self.set_way();
    }

    /// Takes the times of the recording alone, for whoever takes those of blocks elsewhere.
    pub(super) const fn set_moments(&mut self, stamps: Stamps) {
        self.moments = stamps;
    }

    /// Counts samples: one byte in `mean`, and the block that it is in. All blocks, if that is 0.
    pub(super) const fn set_mean(&mut self, mean: u64) {
        self.mean = mean;
        self.set_way();
    }

    /// Tells tags apart.
    pub(super) const fn set_tags(&mut self) {
        self.tags = true;
        self.set_way();
    }

    const fn set_way(&mut self) {
        self.way = match (self.mean, self.depth, self.tags, self.stamps) {
            (0, 0, false, Stamps::None) => Way::Plain,
            (0, ..) => Way::Full,
            _ => Way::Sampled,
        };
    }

    /// Finds the peak exactly.
    pub(super) const fn set_exact(&mut self) {
        self.exact = true;
    }

    /// Begins switched off.
    pub(super) const fn set_off(&mut self) {
        self.on = AtomicBool::new(false);
    }

    pub(super) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// The desk of the calling thread, if it has a seat.
    #[inline]
    fn desk(&self) -> Option<&Desk> {
        self.last_desk().or_else(|| self.find_desk())
    }

    /// The desk of the calling thread, if it was at this one when it last was at any.
    #[inline]
    fn last_desk(&self) -> Option<&Desk> {
        let desk = seat::last(self.id.load(Ordering::Relaxed))?;
        // SAFETY: I3: it is one of this, which owns it, I2; `last` knows it from `find_desk`.
        Some(unsafe { desk.as_ref() })
    }

    #[cold]
    fn find_desk(&self) -> Option<&Desk> {
        let seat = seat::take()?;
        let directory = self.directory()?;
        let (place, id) = (&directory[seat], self.id());
        let mut desk = place.load(Ordering::Relaxed);
        if desk.is_null() {
            desk = Desk::new(self.mean, id)?.as_ptr();
            // Release: partner of the `Acquire` in `for_each`. Nobody else writes to this place: it
            // is that of this thread's seat.
            place.store(desk, Ordering::Release);
        }
        let desk = NonNull::new(desk)?;
        seat::remember(id, desk);
        // SAFETY: I2.
        Some(unsafe { desk.as_ref() })
    }

    /// The number of this, which it gets when it is first needed.
    fn id(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let known = self.id.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let now = self.moments.nanos(&self.clock);
        // Relaxed: if that fails, another thread was here just before.
        let (new, relaxed) = (NEXT.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let _ = self.start.compare_exchange(0, now, relaxed, relaxed);
        // Release: partner of the `Acquire` in `run`, which then finds the start.
        let set = self.id.compare_exchange(0, new, Ordering::Release, relaxed);
        set.err().unwrap_or(new)
    }

    fn directory(&self) -> Option<&Directory> {
        let directory = published(&self.directory, desk::allocate)?;
        // SAFETY: I2; all zero is a valid one.
        Some(unsafe { directory.as_ref() })
    }

    fn common(&self) -> Option<NonNull<Tally>> {
        published(&self.common, || {
            let memory = desk::allocate::<Tally>()?;
            // No desk has the number 0.
            // SAFETY: memory for a tally.
            unsafe { memory.write(Tally::new(0, desk::ROOT, &CallStack::EMPTY, Labels::NONE)) };
            Some(memory)
        })
    }

    /// Calls `look` with each desk.
    fn for_each_desk(&self, mut look: impl FnMut(NonNull<Desk>)) {
        // Acquire: partner of the `Release` in `published`.
        let Some(directory) = NonNull::new(self.directory.load(Ordering::Acquire)) else {
            return;
        };
        // SAFETY: I2.
        for place in unsafe { directory.as_ref() } {
            // Acquire: partner of the `Release` in `find_desk`.
            if let Some(desk) = NonNull::new(place.load(Ordering::Acquire)) {
                look(desk);
            }
        }
    }
}

/// What a place points to, or what `new` makes for it, unless somebody else was faster.
fn published<T>(
    place: &AtomicPtr<T>,
    new: impl FnOnce() -> Option<NonNull<T>>,
) -> Option<NonNull<T>> {
    // Acquire: partner of the `Release` below.
    if let Some(known) = NonNull::new(place.load(Ordering::Acquire)) {
        return Some(known);
    }
    let made = new()?;
    // Release: what was made is finished for who finds it. Acquire: partner of that `Release` of
    // another thread.
    let (release, acquire) = (Ordering::Release, Ordering::Acquire);
    match place.compare_exchange(ptr::null_mut(), made.as_ptr(), release, acquire) {
        Ok(_) => Some(made),
        Err(other) => {
            // SAFETY: made by `desk::allocate`, and not passed on.
            unsafe { desk::free(made) };
            NonNull::new(other)
        }
    }
}

impl Drop for Sites {
    fn drop(&mut self) {
        self.credit_all();
        // SAFETY: I2; nobody else has a reference to this, and so none to a desk.
        self.for_each_desk(|desk| unsafe { Desk::destroy(desk) });
        if let Some(directory) = NonNull::new(*self.directory.get_mut()) {
            // SAFETY: I2; as above.
            unsafe { desk::free(directory) };
        }
        if let Some(common) = NonNull::new(*self.common.get_mut()) {
            // SAFETY: I2; as above.
            unsafe { desk::free(common) };
        }
    }
}
