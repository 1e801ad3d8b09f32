//! How long blocks lived.

use core::fmt;
use std::time::Duration;

use super::text::Age;
use crate::math::{CLASSES, class_of};

/// How long the blocks lived that were freed: extremes, mean, and a histogram by decades.
///
/// A block lives from the call that allocated it to the one that frees it; growing and shrinking
/// are part of its life. Zero-size blocks do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    count: usize,
    shortest: u64,
    longest: u64,
    /// Nanoseconds in two words: no program lives long enough for them to overflow.
    sum: u128,
    classes: [usize; CLASSES],
}

impl Lifetimes {
    pub(super) const fn new() -> Self {
        Self {
            count: 0,
            shortest: u64::MAX,
            longest: 0,
            sum: 0,
            classes: [0; CLASSES],
        }
    }

    pub(super) fn add(&mut self, nanos: u64) {
        self.count = self.count.saturating_add(1);
        self.shortest = self.shortest.min(nanos);
        self.longest = self.longest.max(nanos);
        self.sum = self.sum.saturating_add(u128::from(nanos));
        let class = &mut self.classes[class_of(nanos)];
        *class = class.saturating_add(1);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.shortest = self.shortest.min(other.shortest);
        self.longest = self.longest.max(other.longest);
        self.sum = self.sum.saturating_add(other.sum);
        for (class, more) in self.classes.iter_mut().zip(other.classes) {
            *class = class.saturating_add(more);
        }
    }

    /// How many blocks were freed.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The shortest life, or `None` if no block was freed.
    pub fn min(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.shortest))
    }

    /// The mean of all lives, or `None` if no block was freed.
    pub fn mean(&self) -> Option<Duration> {
        let mean = self.sum.checked_div(self.count as u128)?;
        Some(Duration::from_nanos(
            u64::try_from(mean).unwrap_or(u64::MAX),
        ))
    }

    /// The longest life, or `None` if no block was freed.
    pub fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.longest))
    }

    /// The histogram: for each class the time that its lives are shorter than, and how many there were.
    ///
    /// The classes are the decades from 1 us to 1000 s, each without what the ones before it hold;
    /// the last one, without a bound, is `Duration::MAX`. The counts add up to
    /// [`count`](Self::count).
    pub fn histogram(&self) -> impl Iterator<Item = (Duration, usize)> + '_ {
        let mut bound = Some(1000_u64);
        self.classes.iter().enumerate().map(move |(i, &count)| {
            let below = match bound {
                Some(nanos) if i + 1 < CLASSES => Duration::from_nanos(nanos),
                _ => Duration::MAX,
            };
            bound = bound.and_then(|nanos| nanos.checked_mul(10));
            (below, count)
        })
    }
}

/// The extremes and the mean in one line, then a line per class that is not empty.
impl fmt::Display for Lifetimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(min), Some(mean), Some(max)) = (self.min(), self.mean(), self.max()) else {
            return write!(f, "lifetimes: no block was freed");
        };
        let (min, mean, max) = (Age(min), Age(mean), Age(max));
        let count = self.count;
        write!(
            f,
            "lifetimes of {count} freed: min {min}, mean {mean}, max {max}"
        )?;
        for (below, count) in self.histogram().filter(|class| class.1 > 0) {
            if below == Duration::MAX {
                write!(f, "\n  {:<13} {count:>12}", "longer")?;
            } else {
                write!(f, "\n  under {:<7} {count:>12}", Age(below))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Lifetimes;
    use std::string::ToString;
    use std::time::Duration;

    #[test]
    fn extremes_mean_and_classes() {
        let mut lives = Lifetimes::new();
        assert_eq!((lives.min(), lives.mean(), lives.max()), (None, None, None));
        lives.add(500);
        let mut others = Lifetimes::new();
        others.add(2_000_000);
        others.add(999_500);
        lives.merge(&others);
        assert_eq!(lives.count(), 3);
        assert_eq!(lives.min(), Some(Duration::from_nanos(500)));
        assert_eq!(lives.mean(), Some(Duration::from_millis(1)));
        assert_eq!(lives.max(), Some(Duration::from_millis(2)));
        assert_eq!(lives.histogram().map(|class| class.1).sum::<usize>(), 3);
        assert_eq!(
            lives.to_string(),
            "lifetimes of 3 freed: min 500 ns, mean 1.0 ms, max 2.0 ms\
             \n  under 1.0 us             1\
             \n  under 1.0 ms             1\
             \n  under 10 ms              1"
        );
    }

    #[test]
    fn the_last_class_has_no_bound() {
        let mut lives = Lifetimes::new();
        lives.add(u64::MAX);
        assert_eq!(lives.histogram().last(), Some((Duration::MAX, 1)));
    }
}
