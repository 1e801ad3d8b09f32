//! From tallies to a [`Profile`].

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use alloc_core::{System, vec::Vec as VecIn};

use super::stamps::NANOS_IN_TICK_LOG2;
use super::tally::{Reading, Tally};
use super::weight::{Weight, rounded_to_float};
use super::{Labels, Place, Sites, UNIT, seat};
use crate::profile::{Clock, Element, Profile, Run, Sampling, Site};
use crate::profiler::stack::CallStack;
use crate::tag::Tag;

/// Parts of blocks and bytes, as blocks and bytes. What is negative because it was read while threads
/// were at work is 0.
pub(super) fn amounts(weight: Weight) -> (u64, u64) {
    let blocks = weight.blocks.cast_signed().max(0).cast_unsigned();
    let bytes = weight.bytes.cast_signed().max(0).cast_unsigned();
    // To the nearest one.
    ((blocks + UNIT / 2) / UNIT, bytes)
}

fn site(stack: &CallStack, labels: Labels, reading: &Reading) -> Site {
    let (total, max) = (amounts(reading.total), amounts(reading.max));
    let (at_peak, at_end) = (amounts(reading.at_peak), amounts(reading.live));
    let mut site = Site::new(stack.addresses())
        .total(total.0, total.1)
        .max(max.0, max.1)
        .at_peak(at_peak.0, at_peak.1)
        .at_end(at_end.0, at_end.1)
        .lifetimes(u128::from(reading.lifetimes) << NANOS_IN_TICK_LOG2);
    site.samples = reading.samples;
    if let Some(tag) = Tag::from_number(labels.tag).filter(|tag| *tag != Tag::NONE) {
        site = site.tag(tag.name());
    }
    if let Some(of) = labels.element {
        site = site.element(Element::new((of.name)(), of.size as u64));
    }
    site
}

/// What the tallies of a thread say, in memory that is not counted, in the order of their addresses.
pub(in crate::profiler) struct Here(VecIn<(usize, CallStack, Labels, Reading), System>);

impl Sites {
    /// What the calling thread has counted, of what it has allocated itself. `None` if it has no desk.
    pub(in crate::profiler) fn here(&self) -> Option<Here> {
        let mut readings = VecIn::new_in(System);
        let epoch = self.epoch.load(Ordering::Relaxed);
        self.desk()?.for_each(&mut |tally| {
            let address = tally.addr().get();
            // SAFETY: I2 of `Sites`; it lives as long as this.
            let tally = unsafe { tally.as_ref() };
            readings.push((address, tally.stack, tally.labels, tally.read(epoch)));
        });
        readings.sort_unstable_by_key(|(address, ..)| *address);
        Some(Here(readings))
    }

    /// What a thread has allocated between two looks at what it has counted.
    pub(in crate::profiler) fn difference(
        &self,
        before: Option<&Here>,
        after: Option<&Here>,
    ) -> Profile {
        let _away = seat::leave();
        let mut profile = Profile::new(self.run(self.time()));
        for (address, stack, labels, now) in after.iter().flat_map(|after| &after.0) {
            let was = before.and_then(|Here(before)| {
                let index = before.binary_search_by_key(address, |(address, ..)| *address);
                Some(before.get(index.ok()?)?.3)
            });
            let was = was.unwrap_or_default();
            let reading = Reading {
                total: now.total.less(was.total),
                live: now.live.less(was.live),
                ..Reading::default()
            };
            // Of what was there before, something may have been freed.
            if reading.total != Weight::default() {
                profile.sites.push(site(stack, *labels, &reading));
            }
        }
        profile.merge_sites();
        profile
    }

    /// Whether not all blocks are counted.
    pub(in crate::profiler) fn is_sampled(&self) -> bool {
        self.mean > 0
    }

    /// Calls `look` with each tally.
    pub(super) fn for_each(&self, mut look: impl FnMut(&Tally)) {
        // SAFETY: I2 of `Sites`; each lives as long as this.
        let mut look_at = |tally: NonNull<Tally>| look(unsafe { tally.as_ref() });
        // SAFETY: as above.
        self.for_each_desk(|desk| unsafe { desk.as_ref() }.for_each(&mut look_at));
        // Acquire: partner of the `Release` in `published`.
        if let Some(common) = NonNull::new(self.common.load(Ordering::Acquire)) {
            look_at(common);
        }
    }

    /// All that is known, at this time.
    pub(in crate::profiler) fn profile(&self) -> Profile {
        // What is allocated here would be growth between this profile and the next one.
        let _away = seat::leave();
        let epoch = self.epoch.load(Ordering::Relaxed);
        let end = self.time();
        // First all readings, in memory that is not counted.
        let mut readings = VecIn::new_in(System);
        self.for_each(|tally| {
            let reading = tally.read(epoch);
            if reading != Reading::default() {
                readings.push((tally.stack, tally.labels, reading));
            }
        });
        let sites = readings
            .iter()
            .map(|(stack, labels, reading)| site(stack, *labels, reading));
        let mut profile = Profile::new(self.run(end));
        profile.sites.extend(sites);
        profile.merge_sites();
        profile.series.extend_from_slice(&self.series.points());
        if self.counts_bytes() {
            let total = readings.iter().map(|(.., reading)| reading.total.bytes);
            profile.run.end = total.fold(0, u64::wrapping_add);
        }
        if self.mean > 0 {
            let samples = readings.iter().map(|(.., reading)| reading.samples).sum();
            profile.run.sampling = Some(Sampling::new(self.mean, samples));
        }
        profile
    }

    fn run(&self, end: u64) -> Run {
        let peak = self.level.peak_at.load(Ordering::Relaxed);
        // A peak may have been reached since the end was read.
        let mut run = Run::of_this_process().times(peak.min(end), end);
        if self.counts_bytes() {
            run.clock = Clock::Bytes;
        }
        run.unrecorded = self.missed.load(Ordering::Relaxed);
        run
    }

    /// The call stack of a place of this.
    #[allow(clippy::unused_self, reason = "it is what the tally belongs to")]
    pub(in crate::profiler) fn stack_of(&self, place: Place) -> CallStack {
        // SAFETY: I1 of the place and I2 of `Sites`.
        NonNull::new(place.0).map_or(CallStack::EMPTY, |tally| unsafe { tally.as_ref() }.stack)
    }

    /// A number for a place of this, the same for the same call stack on every thread: 0 for none.
    #[allow(clippy::unused_self, reason = "it is what the tally belongs to")]
    pub(in crate::profiler) fn number_of(&self, place: Place) -> u64 {
        // SAFETY: I1 of the place and I2 of `Sites`.
        NonNull::new(place.0).map_or(0, |tally| unsafe { tally.as_ref() }.hash)
    }

    /// The call stack with a number.
    pub(in crate::profiler) fn stack_with(&self, number: u64) -> CallStack {
        let mut stack = CallStack::EMPTY;
        self.for_each(|tally| {
            if tally.hash == number {
                stack = tally.stack;
            }
        });
        stack
    }

    /// The estimated standard deviation of the total of bytes, if blocks are sampled: 0 otherwise.
    pub(in crate::profiler) fn deviation(&self) -> f64 {
        let mut variance = 0.0;
        self.for_each(|tally| variance += tally.variance());
        variance.sqrt()
    }

    /// How many bytes are live.
    pub(in crate::profiler) fn live_bytes(&self) -> u64 {
        let mut live = 0_u64;
        self.for_each(|tally| live = live.wrapping_add(tally.live().bytes));
        live.cast_signed().max(0).cast_unsigned()
    }

    /// How many bytes were live at most.
    pub(in crate::profiler) fn peak_bytes(&self) -> u64 {
        let peak = self
            .level
            .peak
            .load(Ordering::Relaxed)
            .max(0)
            .cast_unsigned();
        peak.max(self.live_bytes())
    }

    /// Whether some thread met more call stacks than are told apart.
    pub(in crate::profiler) fn is_full(&self) -> bool {
        let mut full = false;
        // SAFETY: I2 of `Sites`.
        self.for_each_desk(|desk| full |= unsafe { desk.as_ref() }.is_full());
        full
    }

    /// The relative error of the total of bytes to be expected (one standard deviation).
    pub(in crate::profiler) fn error(&self) -> f64 {
        let mut total = 0_u64;
        self.for_each(|tally| total = total.wrapping_add(tally.total().bytes));
        if total == 0 {
            0.0
        } else {
            self.deviation() / rounded_to_float(total)
        }
    }
}
