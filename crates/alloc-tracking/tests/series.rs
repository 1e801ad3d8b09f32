//! What was live over time.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::collections::BTreeMap;

use alloc_core::{Global, boxed::Box, vec::Vec as VecIn};
use alloc_tracking::profile::{Clock, Point};
use alloc_tracking::{SiteProfiler, Stamps};

/// The most points that there are.
const MOST: usize = if cfg!(miri) { 16 } else { 256 };

fn block(heap: &SiteProfiler<Global>, size: usize) -> VecIn<u8, &SiteProfiler<Global>> {
    VecIn::with_capacity_in(size, heap)
}

fn in_order(points: &[Point]) -> bool {
    points.is_sorted_by_key(|point| point.time)
}

/// Every point is a state that the heap was in, at the time that it says.
#[test]
fn each_point_is_what_was_live_when_so_many_bytes_had_been_allocated() {
    let heap = SiteProfiler::new(Global).with_series().with_exact_peak();
    let (mut held, mut total, mut live) = (Vec::new(), 0, 0);
    let mut states = BTreeMap::from([(0, std::vec![(0, 0)])]);
    let rounds = if cfg!(miri) { 18 } else { 5000 };
    for round in 0..rounds {
        let size = 200 + round * 7919 % 3000;
        held.push(block(&heap, size));
        (total, live) = (total + size, live + size);
        states
            .entry(total as u64)
            .or_insert_with(Vec::new)
            .push((held.len() as u64, live as u64));
        if round % 3 == 2 || round > rounds * 3 / 4 {
            let freed = held.swap_remove(round * 31 % held.len());
            live -= freed.capacity();
            let state = (held.len() as u64, live as u64);
            states.entry(total as u64).or_default().push(state);
        }
    }
    let profile = heap.profile();
    assert_eq!(profile.run.clock, Clock::Bytes);
    assert_eq!(profile.run.end, total as u64);
    assert!(profile.run.peak > 0 && profile.run.peak <= profile.run.end);
    assert!(profile.series.len() > MOST / 2 && profile.series.len() <= MOST);
    assert!(in_order(&profile.series));
    for point in &profile.series {
        let state = (point.live.blocks, point.live.bytes);
        assert!(states[&point.time].contains(&state), "{point:?}");
    }
    // Spread over the whole of it.
    let gaps = profile
        .series
        .windows(2)
        .map(|pair| pair[1].time - pair[0].time);
    let widest = gaps.max().unwrap();
    assert!(widest < 5 * profile.run.end / MOST as u64, "{widest}");
}

#[test]
fn the_curve_has_the_highest_point_where_the_peak_is() {
    let heap = SiteProfiler::new(Global).with_series().with_exact_peak();
    for size in [10_000, 500_000, 90_000] {
        drop(block(&heap, size));
    }
    let profile = heap.profile();
    let highest = profile.series.iter().max_by_key(|point| point.live.bytes);
    assert_eq!(highest.unwrap().live.bytes, 500_000);
    assert_eq!(
        (highest.unwrap().time, profile.run.peak),
        (510_000, 510_000)
    );
}

/// What lives briefly moves no level, and is known from the next point on.
#[test]
fn the_time_of_the_peak_counts_what_came_and_went() {
    let heap = SiteProfiler::new(Global).with_series();
    let first = block(&heap, 2000);
    let churn = if cfg!(miri) { 10 } else { 1000 };
    for _ in 0..churn {
        drop(block(&heap, 100));
    }
    let more = [block(&heap, 300_000), block(&heap, 300_000)];
    let run = heap.profile().run;
    assert_eq!(run.end, 602_000 + 100 * churn);
    assert_eq!(run.peak, run.end);
    drop((first, more));
}

#[cfg_attr(miri, ignore = "waits, and does nothing that the others do not")]
#[test]
fn with_stamps_its_time_is_that_of_a_clock() {
    let heap = SiteProfiler::new(Global)
        .with_series()
        .with_stamps(Stamps::Precise)
        .with_exact_peak();
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        drop(block(&heap, 100_000));
    }
    let profile = heap.profile();
    assert_eq!(profile.run.clock, Clock::Nanoseconds);
    assert!(profile.series.len() >= 3);
    let (first, last) = (profile.series[0], profile.series[profile.series.len() - 1]);
    assert!(last.time - first.time >= 3_000_000, "{profile:?}");
    assert!(last.time <= profile.run.end);
}

#[test]
fn a_point_is_taken_on_request_and_without_a_series_there_is_none() {
    for (heap, points) in [
        (SiteProfiler::new(Global), 0),
        // Of which the first block has made one.
        (SiteProfiler::new(Global).with_series(), 3),
    ] {
        heap.take_point();
        let small = Box::new_in([0_u8; 10], &heap);
        heap.take_point();
        let series = heap.profile().series;
        assert_eq!(series.len(), points);
        if let [before, .., after] = series[..] {
            assert_eq!((before.time, before.live.bytes), (0, 0));
            assert_eq!(
                (after.time, after.live.blocks, after.live.bytes),
                (10, 1, 10)
            );
        }
        drop(small);
    }
}

/// Threads take points while others allocate, and frees arrive from elsewhere.
#[test]
fn threads_may_take_points_at_one_time() {
    let heap = SiteProfiler::new(Global).with_series().with_call_stacks(4);
    let rounds = if cfg!(miri) { 5 } else { 3000 };
    std::thread::scope(|scope| {
        for thread in 0..if cfg!(miri) { 2 } else { 3 } {
            let heap = &heap;
            scope.spawn(move || {
                let mut held = Vec::new();
                for round in 0..rounds {
                    held.push(block(heap, 4096 + thread));
                    if round % 5 == 4 {
                        held.clear();
                        heap.take_point();
                    }
                }
                std::thread::scope(|scope| {
                    scope.spawn(move || drop(held));
                });
            });
        }
    });
    heap.take_point();
    let profile = heap.profile();
    assert!(in_order(&profile.series));
    // How many are left when some have to go depends on how far apart they are.
    let expected = if cfg!(miri) { 3 } else { MOST / 8 };
    assert!(profile.series.len() > expected && profile.series.len() <= MOST);
    let last = profile.series[profile.series.len() - 1];
    assert_eq!((last.live.blocks, last.live.bytes), (0, 0));
    assert_eq!(last.time, profile.run.end);
    // Less than what three threads hold at most, and what they are in the midst of.
    let most = 3 * 7 * 4100;
    assert!(profile.series.iter().all(|point| point.live.bytes <= most));
}
