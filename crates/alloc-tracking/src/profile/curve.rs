//! A curve in one line of a terminal.

use std::string::String;
use std::vec::Vec;

use super::Point;

/// From a little to the most.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many bytes were live in each of `columns` equal parts of the time from 0 to the last point: the
/// most that any point in it says, or what the one before it says if there is none. Points are in order
/// of time.
fn columns(points: &[Point], columns: usize) -> Vec<u64> {
    let end = points.last().map_or(0, |point| point.time);
    let mut highest = std::vec![None; columns];
    for point in points {
        let column = u128::from(point.time) * columns as u128 / (u128::from(end) + 1);
        let Some(column) = usize::try_from(column)
            .ok()
            .and_then(|i| highest.get_mut(i))
        else {
            continue;
        };
        *column = (*column).max(Some(point.live.bytes));
    }
    let last = |column: usize| {
        let end = (column as u128 + 1) * (u128::from(end) + 1);
        let before = |point: &Point| u128::from(point.time) * (columns as u128) < end;
        let before = points.partition_point(before);
        before.checked_sub(1).map_or(0, |i| points[i].live.bytes)
    };
    let filled = highest.into_iter().enumerate();
    filled
        .map(|(column, highest)| highest.unwrap_or_else(|| last(column)))
        .collect()
}

/// The bytes of a curve as bars of eight heights, the highest of which is the most that there is; a
/// space where nothing was live.
pub(super) fn bars(points: &[Point], width: usize) -> String {
    let columns = columns(points, width);
    let most = columns.iter().copied().max().unwrap_or(0);
    let bar = |bytes: u64| {
        let height = (u128::from(bytes) * BARS.len() as u128).div_ceil(u128::from(most.max(1)));
        let below = usize::try_from(height).ok().and_then(|h| h.checked_sub(1));
        below.and_then(|i| BARS.get(i)).copied().unwrap_or(' ')
    };
    columns.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::bars;
    use crate::profile::{Amount, Point};

    fn curve(points: &[(u64, u64)]) -> std::vec::Vec<Point> {
        let point = |&(time, bytes)| Point::new(time, Amount::new(1, bytes));
        points.iter().map(point).collect()
    }

    #[test]
    fn each_bar_is_as_high_as_its_part_of_the_time() {
        let rising = curve(&[
            (0, 1),
            (1, 2),
            (2, 3),
            (3, 4),
            (4, 5),
            (5, 6),
            (6, 7),
            (7, 8),
        ]);
        assert_eq!(bars(&rising, 8), "▁▂▃▄▅▆▇█");
        assert_eq!(bars(&rising, 4), "▂▄▆█");
        // Where there is no point it is as it was before.
        let sparse = curve(&[(0, 0), (3, 100), (6, 50), (9, 0)]);
        assert_eq!(bars(&sparse, 10), "   ███▄▄▄ ");
        // A little is not nothing, and a fall within one part hides no height.
        let spike = curve(&[(0, 1), (1, 1000), (2, 1), (9, 1)]);
        assert_eq!(bars(&spike, 3), "█▁▁");
    }

    #[test]
    fn nothing_and_too_much() {
        assert_eq!(bars(&[], 3), "   ");
        assert_eq!(bars(&curve(&[(0, 0)]), 3), "   ");
        let most = curve(&[(0, u64::MAX), (u64::MAX, u64::MAX)]);
        assert_eq!(bars(&most, 3), "███");
    }
}
