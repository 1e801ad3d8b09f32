//! A block comes, changes its size, goes.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::desk::Desk;
use super::stamps::{self, NANOS_IN_TICK_LOG2, Stamps};
use super::tally::Tally;
use super::weight::{self, Weight};
use super::{ElementType, Labels, Mark, Place, Sites, Way, seat};
use crate::profiler::stack::{self, Frames, Registers};
use crate::tag::Tag;

impl Sites {
    /// A block was allocated: does what [`born`](Self::born) does, if there is a short way to do it.
    ///
    /// It calls nothing, so that whoever it is inlined into has nothing to save.
    #[inline]
    pub(in crate::profiler) fn born_at_once(&self, size: usize) -> Option<Mark> {
        if !self.on.load(Ordering::Relaxed) {
            return Some(Mark::NONE);
        }
        let desk = self.last_desk()?;
        match self.way {
            Way::Full => None,
            Way::Sampled => desk.skips(size).then_some(Mark::NONE),
            Way::Plain => self.count_at_once(desk, desk.root(), Weight::whole(size), 0),
        }
    }

    /// A block is about to be freed: does what [`died`](Self::died) does, and says so, if there is a
    /// short way to do it. It calls nothing.
    #[inline]
    pub(in crate::profiler) fn died_at_once(&self, mark: Mark, size: usize) -> bool {
        if mark.place == Place::NOWHERE {
            return true;
        }
        self.way == Way::Plain && self.end_at_once(mark.place, Weight::whole(size), 0)
    }

    /// A block was allocated.
    #[inline]
    pub(in crate::profiler) fn born(&self, size: usize) -> Mark {
        self.born_with(size, Labels::NONE)
    }

    /// A block with labels was allocated. One that has a budget is counted even if this is off or takes
    /// samples, so that it is known whose it is when it is freed.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the walk begins at this frame")]
    pub(super) fn born_with(&self, size: usize, labels: Labels) -> Mark {
        let charged = labels.budget.is_some();
        if !self.on.load(Ordering::Relaxed) && !charged {
            return Mark::NONE;
        }
        // Read first: this is the one thing in here that takes long enough to be called.
        let ticks = self.stamps.now(&self.clock);
        let Some(desk) = self.desk() else {
            return self.born_standing(size, ticks);
        };
        if self.mean > 0 && !charged {
            return if desk.draws(size, self.mean) {
                self.born_sample(desk, size, ticks, labels)
            } else {
                Mark::NONE
            };
        }
        let Some(tally) = self.tally(desk, labels) else {
            return Mark::NONE;
        };
        let weight = Weight::whole(size);
        let mark = self.count_at_once(desk, tally, weight, ticks);
        mark.unwrap_or_else(|| self.count(desk, tally, weight, ticks))
    }

    /// Counts a block in a tally of this thread's desk, if it makes nothing necessary.
    #[inline]
    fn count_at_once(
        &self,
        desk: &Desk,
        tally: NonNull<Tally>,
        weight: Weight,
        ticks: u64,
    ) -> Option<Mark> {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let drift = desk.drift_within(weight.bytes.cast_signed())?;
        // SAFETY: I2: a tally of a desk of this.
        let done = unsafe { tally.as_ref() }.born_at_once(epoch, weight);
        done.then(|| {
            desk.set_drift(drift);
            Mark::new(Place(tally.as_ptr()), ticks)
        })
    }

    /// Counts a block in a tally of this thread's desk.
    #[cold]
    fn count(&self, desk: &Desk, tally: NonNull<Tally>, weight: Weight, ticks: u64) -> Mark {
        // SAFETY: I2: a tally of a desk of this.
        let counter = unsafe { tally.as_ref() };
        counter.born(self.epoch.load(Ordering::Relaxed), weight);
        self.drift(desk, weight.bytes.cast_signed());
        Mark::new(Place(tally.as_ptr()), ticks)
    }

    /// Where a block is counted that this thread allocates now, and which has these labels and the tag
    /// of the thread. `None` if it is for the unwinder.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the walk begins at this frame")]
    fn tally(&self, desk: &Desk, labels: Labels) -> Option<NonNull<Tally>> {
        let tag = if self.tags {
            Tag::current().number()
        } else {
            0
        };
        if self.depth > 0 {
            let labels = Labels { tag, ..labels };
            if self.unwinder && !stack::available() {
                return self.tally_by_tables(desk, Registers::here(), labels);
            }
            Some(desk.tally(stack::frames(self.depth), labels))
        } else if tag > 0 || !labels.is_none() {
            Some(desk.tally(Frames::NONE, Labels { tag, ..labels }))
        } else {
            Some(desk.root())
        }
    }

    /// Where a block is counted whose call stack the tables for unwinding tell.
    #[inline(never)]
    fn tally_by_tables(
        &self,
        desk: &Desk,
        here: Registers,
        labels: Labels,
    ) -> Option<NonNull<Tally>> {
        let stack = desk.unwinding.stack(here, self.depth)?;
        Some(desk.tally(stack.addresses().iter().copied(), labels))
    }

    #[cold]
    fn born_sample(&self, desk: &Desk, size: usize, ticks: u64, labels: Labels) -> Mark {
        let Some(tally) = self.tally(desk, labels) else {
            return Mark::NONE;
        };
        let weight = Weight::of_sample(size, self.mean);
        let mark = self.count(desk, tally, weight, ticks);
        // SAFETY: I2: a tally of a desk of this.
        unsafe { tally.as_ref() }.sampled(weight::variance(size, self.mean));
        mark
    }

    /// A block is about to be freed.
    #[inline(never)]
    pub(in crate::profiler) fn died(&self, mark: Mark, size: usize) {
        let ticks = match self.stamps {
            Stamps::None => 0,
            stamps => stamps::between(mark.ticks(), stamps.now(&self.clock)),
        };
        self.end(mark.place, size, ticks);
    }

    /// A block that was allocated at a place is about to be freed, and lived for so many nanoseconds.
    pub(in crate::profiler) fn ended(&self, place: Place, size: usize, lived: u64) {
        self.end(place, size, lived >> NANOS_IN_TICK_LOG2);
    }

    #[inline]
    fn end(&self, place: Place, size: usize, ticks: u64) {
        let Some(tally) = NonNull::new(place.0) else {
            return;
        };
        // SAFETY: I1 of the place and I2.
        let tally = unsafe { tally.as_ref() };
        let weight = self.weight(tally, size);
        if self.end_at_once(place, weight, ticks) {
            return;
        }
        self.end_slowly(tally, weight, ticks);
    }

    /// Takes a block off the tally that it is counted in, if that is one of this thread's desk and it
    /// makes nothing necessary. The place is one.
    #[inline]
    fn end_at_once(&self, place: Place, weight: Weight, ticks: u64) -> bool {
        let (Some(tally), Some(desk)) = (NonNull::new(place.0), self.last_desk()) else {
            return false;
        };
        let less = weight.bytes.cast_signed().wrapping_neg();
        let Some(drift) = desk.drift_within(less) else {
            return false;
        };
        // SAFETY: I1 of the place and I2.
        let tally = unsafe { tally.as_ref() };
        let epoch = self.epoch.load(Ordering::Relaxed);
        let done = tally.desk == desk.number() && tally.died_at_once(epoch, weight, ticks);
        if done {
            desk.set_drift(drift);
        }
        done
    }

    #[cold]
    fn end_slowly(&self, tally: &Tally, weight: Weight, ticks: u64) {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let less = weight.bytes.cast_signed().wrapping_neg();
        match self.desk() {
            Some(desk) if desk.number() == tally.desk => {
                tally.died(epoch, weight, ticks);
                self.drift(desk, less);
            }
            desk => {
                tally.away.died(epoch, weight, ticks);
                self.drift_anywhere(desk, less);
            }
        }
    }

    /// Whether call stacks are taken.
    #[inline]
    pub(in crate::profiler) fn takes_stacks(&self) -> bool {
        self.depth > 0
    }

    /// Where the calling function is: the place of its call stack.
    #[inline(never)]
    pub(in crate::profiler) fn place(&self) -> Place {
        match self.desk() {
            Some(desk) if self.depth > 0 => {
                let tally = self.tally(desk, Labels::NONE);
                tally.map_or(Place::NOWHERE, |tally| Place(tally.as_ptr()))
            }
            _ => Place::NOWHERE,
        }
    }

    /// A block has another size now. A sample is none any more, and what was none may become one, which
    /// holds what is known of it, or else `of`.
    ///
    /// It stays at its place in the program, and is counted at the desk of this thread from now on: it is
    /// this thread that allocates it anew, and what it has at most is known at one desk alone.
    #[inline]
    pub(in crate::profiler) fn resized(
        &self,
        mark: Mark,
        old: usize,
        new: usize,
        of: Option<&'static ElementType>,
    ) -> Mark {
        if self.mean > 0 && self.budget_of(mark).is_none() {
            let element = self.element_of(mark).or(of);
            self.died(mark, old);
            return self.born_with(
                new,
                Labels {
                    element,
                    ..Labels::NONE
                },
            );
        }
        let Some(tally) = NonNull::new(mark.place.0) else {
            return mark;
        };
        // SAFETY: I1 of the place and I2.
        let tally = unsafe { tally.as_ref() };
        let (from, to) = (Weight::whole(old), Weight::whole(new));
        let epoch = self.epoch.load(Ordering::Relaxed);
        let change = to.less(from).bytes.cast_signed();
        match self.desk() {
            Some(desk) if desk.number() == tally.desk => {
                tally.resized(epoch, from, to);
                self.drift(desk, change);
                mark
            }
            desk => self.resized_elsewhere(desk, tally, mark, (from, to)),
        }
    }

    /// Does what [`resized`](Self::resized) does with a block that is counted at another desk than that of
    /// this thread.
    #[cold]
    fn resized_elsewhere(
        &self,
        desk: Option<&Desk>,
        tally: &Tally,
        mark: Mark,
        (from, to): (Weight, Weight),
    ) -> Mark {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let here = desk.and_then(|desk| desk.tally_like(tally));
        let place = if let Some(here) = here {
            tally.away.died(epoch, from, 0);
            // SAFETY: I2: a tally of a desk of this.
            unsafe { here.as_ref() }.born(epoch, to);
            Place(here.as_ptr())
        } else {
            tally.resized_away(epoch, from, to);
            mark.place
        };
        self.drift_anywhere(desk, to.less(from).bytes.cast_signed());
        Mark::new(place, mark.ticks())
    }

    /// What a block counts for that is counted.
    #[inline]
    fn weight(&self, tally: &Tally, size: usize) -> Weight {
        if self.mean == 0 || tally.labels.budget.is_some() {
            Weight::whole(size)
        } else {
            Weight::of_sample(size, self.mean)
        }
    }

    /// A block of a thread without a seat was allocated. It has no call stack. That of a thread that is
    /// away is not counted.
    #[cold]
    fn born_standing(&self, size: usize, ticks: u64) -> Mark {
        if seat::is_away() {
            return Mark::NONE;
        }
        // Nothing but that the recording has begun.
        self.id();
        let Some(tally) = self.common() else {
            // Relaxed: the number itself is all that is wanted.
            self.missed.fetch_add(1, Ordering::Relaxed);
            return Mark::NONE;
        };
        if self.mean > 0 {
            // These threads have nothing to draw with.
            return Mark::NONE;
        }
        // SAFETY: I2.
        let common = unsafe { tally.as_ref() };
        let weight = Weight::whole(size);
        let epoch = self.epoch.load(Ordering::Relaxed);
        common.away.alone(|| common.born(epoch, weight));
        self.drift_anywhere(None, weight.bytes.cast_signed());
        Mark::new(Place(tally.as_ptr()), ticks)
    }
}
