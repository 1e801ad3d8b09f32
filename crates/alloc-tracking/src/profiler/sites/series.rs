//! What was live over time.
//!
//! A curve of at most [`MOST`] points, as valgrind's Massif keeps it: when there is no room for another
//! one half of them go, those that are nearest to the one before, and from then on they are taken half as
//! often. So the points are spread over the whole run however long it is, and after the first [`MOST`] of
//! them half as many are taken each time that the run has doubled.
//!
//! A point is looked for where a thread tells by how much its live bytes have changed. As long as no
//! thread has anything to tell, the curve is flat. A point that is due adds up all tallies: its bytes and
//! blocks are exact, up to what threads are doing at that moment.
//!
//! # Time
//!
//! With stamps it is that of their clock. Without them it is the number of bytes that were allocated. To
//! know that takes a look at all tallies too; between two points it is estimated, from below, by what
//! was known at the last one and by how much threads have told since that their live bytes rose.

use core::sync::atomic::{AtomicU64, Ordering};

use alloc_core::{System, vec::Vec as VecIn};

use super::Sites;
use super::report::amounts;
use super::stamps::Stamps;
use super::weight::Weight;
use crate::profile::{Amount, Point};
use crate::profiler::lock::{Recover, SpinLock};
use crate::profiler::memory::{Late, Zeroed};

/// How many points are kept at most.
const MOST: usize = if cfg!(miri) { 16 } else { 256 };
/// What is between the first points: in nanoseconds, and in bytes.
const FIRST_NANOS: u64 = 1 << 16;
const FIRST_BYTES: u64 = 1 << 10;

/// The points, and when the next one is due. Takes no memory before the first.
pub(super) struct Series {
    pub(super) on: bool,
    /// When the next point is due.
    due: AtomicU64,
    /// What is to be between two points, once some had to go.
    interval: AtomicU64,
    /// By how much threads told that their live bytes rose.
    risen: AtomicU64,
    /// The number of bytes that were allocated, less `risen`, when the last point was taken.
    ahead: AtomicU64,
    points: Late<SpinLock<Points>>,
}

/// What is kept.
///
/// - P1: `len` is at most [`MOST`].
#[derive(Clone, Copy)]
struct Points {
    len: usize,
    /// Time, blocks and bytes.
    all: [(u64, u64, u64); MOST],
}

// SAFETY: a free lock, no points, and integers.
unsafe impl Zeroed for SpinLock<Points> {}

impl Recover for Points {
    fn recover(&mut self) {
        self.len = 0;
    }
}

impl Points {
    /// Adds a point. If others had to go for it, says what is between those that are left.
    fn push(&mut self, time: u64, live: Amount) -> Option<u64> {
        let interval = (self.len == MOST).then(|| self.thin());
        // P1: there is one.
        if let Some(place) = self.all.get_mut(self.len) {
            *place = (time, live.blocks, live.bytes);
            self.len += 1;
        }
        interval
    }

    /// Keeps the first point and each that comes long enough after the one before: of points that are
    /// evenly apart every second one. Says what is to be between points from now on.
    fn thin(&mut self) -> u64 {
        let first = self.all[0].0;
        let last = self.all.iter().fold(first, |last, point| last.max(point.0));
        let span = last - first;
        // So no more than this and one fit into the span, as times are whole: P1. It is more than half of
        // them, since what is twice as far apart as before shall stay.
        let apart = span.div_ceil(MOST as u64 * 2 / 3).max(1);
        let mut kept = 1;
        for next in 1..MOST {
            if self.all[next].0.saturating_sub(self.all[kept - 1].0) >= apart {
                self.all[kept] = self.all[next];
                kept += 1;
            }
        }
        self.len = kept;
        span.div_ceil(MOST as u64 / 2)
    }
}

impl Series {
    pub(super) const fn new() -> Self {
        Self {
            on: false,
            due: AtomicU64::new(0),
            interval: AtomicU64::new(0),
            risen: AtomicU64::new(0),
            ahead: AtomicU64::new(0),
            points: Late::new(),
        }
    }

    /// A thread told by how much its live bytes have changed.
    pub(super) fn rise(&self, change: i64) {
        let risen = change.max(0).unsigned_abs();
        self.risen.fetch_add(risen, Ordering::Relaxed);
    }

    /// About how many bytes were allocated: no more than were.
    pub(super) fn bytes(&self) -> u64 {
        // Relaxed, as all here: the numbers guard nothing.
        let ahead = self.ahead.load(Ordering::Relaxed);
        self.risen.load(Ordering::Relaxed).wrapping_add(ahead)
    }

    /// Notes how many bytes were allocated.
    fn set_bytes(&self, bytes: u64) {
        let risen = self.risen.load(Ordering::Relaxed);
        self.ahead
            .store(bytes.wrapping_sub(risen), Ordering::Relaxed);
    }

    /// Whether a point is due at this time and the calling thread is the one to take it.
    fn claim(&self, time: u64, first: u64) -> bool {
        let due = self.due.load(Ordering::Relaxed);
        let interval = self.interval.load(Ordering::Relaxed).max(first);
        let next = time.saturating_add(interval);
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        time >= due
            && self
                .due
                .compare_exchange(due, next, success, failure)
                .is_ok()
    }

    fn push(&self, time: u64, live: Amount) {
        let Some(points) = self.points.get_or_make() else {
            return;
        };
        let interval = points.lock().push(time, live);
        if let Some(interval) = interval {
            self.interval.store(interval, Ordering::Relaxed);
        }
    }

    /// The points in order of time.
    pub(super) fn points(&self) -> VecIn<Point, System> {
        let mut points = VecIn::new_in(System);
        if let Some(shared) = self.points.get() {
            // Copied, so that the lock is not held while the vector grows.
            let copy = *shared.lock();
            for &(time, blocks, bytes) in &copy.all[..copy.len] {
                points.push(Point::new(time, Amount::new(blocks, bytes)));
            }
        }
        // Threads may have come to the lock in another order.
        points.sort_by_key(|point| point.time);
        points
    }
}

impl Sites {
    /// Records what is live over time.
    pub(in crate::profiler) const fn set_series(&mut self) {
        self.series.on = true;
    }

    /// Whether times are numbers of bytes that were allocated.
    pub(super) fn counts_bytes(&self) -> bool {
        self.series.on && self.moments == Stamps::None
    }

    /// The present time as a profile tells it: since the beginning, in nanoseconds if there are stamps,
    /// else about how many bytes were allocated, if there is a curve, and else 0.
    pub(super) fn time(&self) -> u64 {
        if self.moments == Stamps::None {
            return self.series.bytes();
        }
        // Acquire: partner of the `Release` in `id`, which finds the start.
        if self.id.load(Ordering::Acquire) == 0 {
            return 0;
        }
        let start = self.start.load(Ordering::Relaxed);
        let nanos = self.moments.nanos(&self.clock).wrapping_sub(start);
        // A thread that notes the start may have read the clock after this one.
        nanos.cast_signed().max(0).cast_unsigned()
    }

    /// Takes a point if one is due.
    #[cold]
    pub(super) fn follow(&self) {
        let first = if self.counts_bytes() {
            FIRST_BYTES
        } else {
            FIRST_NANOS
        };
        if self.series.claim(self.time(), first) {
            self.take_point();
        }
    }

    /// Records what is live now, if it is to be recorded over time.
    pub(in crate::profiler) fn take_point(&self) {
        if !self.series.on {
            return;
        }
        // Before that there is no start to count from.
        self.id();
        let (mut live, mut total) = (Weight::default(), 0_u64);
        self.for_each(|tally| {
            live = live.plus(tally.live());
            total = total.wrapping_add(tally.total().bytes);
        });
        let time = if self.counts_bytes() {
            self.series.set_bytes(total);
            total
        } else {
            self.time()
        };
        let (blocks, bytes) = amounts(live);
        self.series.push(time, Amount::new(blocks, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Series, Sites, Stamps};
    use crate::profile::Amount;
    use core::sync::atomic::Ordering;

    /// What Massif does: the points stay spread over the whole run.
    #[test]
    fn a_long_run_has_points_from_its_beginning_to_its_end() {
        let series = Series::new();
        let end = 100 * MOST as u64;
        let mut taken = 0;
        for time in 0..end {
            if series.claim(time, 1) {
                series.push(time, Amount::new(1, time));
                taken += 1;
            }
        }
        let points = series.points();
        assert!(points.len() > MOST / 2 && points.len() <= MOST);
        assert!(taken < 6 * MOST, "{taken}");
        assert_eq!(points[0].time, 0);
        let widest = points.windows(2).map(|pair| pair[1].time - pair[0].time);
        let widest = widest.max().unwrap();
        assert!(widest <= 256, "{widest}");
        assert!(end - points[points.len() - 1].time <= widest);
        assert!(points.iter().all(|point| point.live.bytes == point.time));
    }

    /// Points that are asked for in a part of the run do not thin out the rest of it.
    #[test]
    fn many_points_at_one_time_leave_the_others() {
        let series = Series::new();
        let most = MOST as u64;
        for time in 0..most {
            series.push(10_000 * time, Amount::new(1, 0));
        }
        let end = 10_000 * most;
        for time in end..end + 20 * most {
            series.push(time, Amount::new(1, 1));
        }
        let points = series.points();
        let early = points.iter().filter(|point| point.live.bytes == 0);
        assert!(early.count() >= MOST / 2);
        // Even if no time passes at all.
        let series = Series::new();
        (0..3 * MOST).for_each(|_| series.push(7, Amount::new(1, 1)));
        assert!(series.points().len() <= MOST);
    }

    #[test]
    fn one_thread_takes_each_point() {
        let series = Series::new();
        assert!(series.claim(5, 10));
        assert!(!series.claim(14, 10));
        assert!(series.claim(15, 10));
    }

    #[test]
    fn between_points_bytes_are_estimated_from_below() {
        let series = Series::new();
        series.set_bytes(100);
        series.rise(7);
        series.rise(-50);
        assert_eq!(series.bytes(), 107);
        series.set_bytes(300);
        assert_eq!(series.bytes(), 300);
    }

    /// Servers run for longer than a lifetime has bits for.
    #[test]
    fn a_run_may_last_for_years() {
        for stamps in [Stamps::Coarse, Stamps::Precise] {
            let mut sites = Sites::new();
            sites.set_stamps(stamps);
            sites.set_series();
            sites.id();
            let (year, now) = (365 * 86_400 * 1_000_000_000, stamps.nanos(&sites.clock));
            sites
                .start
                .store(now.wrapping_sub(3 * year), Ordering::Relaxed);
            sites.take_point();
            let profile = sites.profile();
            assert!(profile.run.end >= 3 * year, "{stamps:?}: {profile:?}");
            assert!(profile.series[0].time >= 3 * year);
        }
    }
}
