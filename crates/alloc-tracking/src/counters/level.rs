//! Quantities that rise and fall, which all threads share.

use core::sync::atomic::{AtomicIsize, Ordering};

/// So many bytes and so many blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) bytes: isize,
    pub(super) blocks: isize,
}

impl Amount {
    pub(super) const NONE: Self = Self {
        bytes: 0,
        blocks: 0,
    };

    /// So many blocks, of so many bytes together.
    #[inline]
    pub(super) const fn of(blocks: u32, bytes: usize) -> Self {
        Self {
            bytes: bytes.cast_signed(),
            blocks: blocks.cast_signed() as isize,
        }
    }

    /// One block.
    #[inline]
    pub(super) const fn block(size: usize) -> Self {
        Self {
            bytes: size.cast_signed(),
            blocks: 1,
        }
    }

    /// Bytes of blocks that are counted already.
    #[inline]
    pub(super) const fn bytes(bytes: usize) -> Self {
        Self {
            bytes: bytes.cast_signed(),
            blocks: 0,
        }
    }

    #[inline]
    pub(super) const fn negative(self) -> Self {
        Self {
            bytes: self.bytes.wrapping_neg(),
            blocks: self.blocks.wrapping_neg(),
        }
    }

    /// The larger one of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.max(other.bytes),
            blocks: self.blocks.max(other.blocks),
        }
    }

    /// The sum. No real memory makes it overflow; if it does, it wraps, and is wrong.
    #[inline]
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.wrapping_add(other.bytes),
            blocks: self.blocks.wrapping_add(other.blocks),
        }
    }
}

/// What all threads have live.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) bytes: Level,
    pub(super) blocks: Level,
}

impl Levels {
    pub(super) const fn new() -> Self {
        Self {
            bytes: Level::new(),
            blocks: Level::new(),
        }
    }

    /// Adds an amount, which may be negative.
    #[inline]
    pub(super) fn tell(&self, amount: Amount) {
        if amount.bytes != 0 {
            self.bytes.change(amount.bytes);
        }
        if amount.blocks != 0 {
            self.blocks.change(amount.blocks);
        }
    }
}

/// A quantity that rises and falls, and the highest value it ever had.
///
/// The peak is exact: `now` has one modification order, and each rise learns its own place in it
/// from `fetch_add`. A load of `now` followed by a store to `peak` would miss what happens between the
/// two.
///
/// - L1: `now` is written by read-modify-writes alone, but for those who have the level exclusively.
///
/// The values have signs, as one thread may tell of its frees before another tells of the
/// allocations.
#[derive(Debug)]
pub(super) struct Level {
    now: AtomicIsize,
    peak: AtomicIsize,
}

impl Level {
    pub(super) const fn new() -> Self {
        Self {
            now: AtomicIsize::new(0),
            peak: AtomicIsize::new(0),
        }
    }

    /// Adds `by`, which may be negative.
    #[inline]
    pub(super) fn change(&self, by: isize) {
        if by < 0 {
            // Relaxed: no new peak.
            self.now.fetch_add(by, Ordering::Relaxed);
            return;
        }
        // Acquire: partner of the `Release` in `restart`. If that comes first, the peak that is
        // loaded next is of the new account, so that no rise of that account is lost.
        let before = self.now.fetch_add(by, Ordering::Acquire);
        self.note(before.wrapping_add(by));
    }

    /// The level was at `value`.
    #[inline]
    pub(super) fn note(&self, value: isize) {
        if value > self.peak() {
            self.raise(value);
        }
    }

    #[cold]
    fn raise(&self, value: isize) {
        self.peak.fetch_max(value, Ordering::Relaxed);
    }

    /// Lets the peak begin again at the present value, to which `apart` is added.
    ///
    /// The new account begins with the read-modify-write of `now`. A change after it in the order
    /// of `now` finds the peak of the new account: see `change`; by L1 each change in between passes
    /// the `Release` on. A change before it is part of the value that it finds.
    pub(super) fn restart(&self, apart: isize) {
        self.peak.swap(0, Ordering::Relaxed);
        // Release: partner of the `Acquire` in `change`.
        let now = self.now.fetch_add(0, Ordering::Release);
        self.note(now.wrapping_add(apart));
    }

    /// Begins again at nothing and keeps the peak, which was at least `peak`.
    pub(super) fn clear(&mut self, peak: isize) {
        *self.now.get_mut() = 0;
        let highest = self.peak.get_mut();
        *highest = peak.max(*highest);
    }

    #[inline]
    pub(super) fn now(&self) -> isize {
        self.now.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn peak(&self) -> isize {
        self.peak.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn the_peak_is_of_the_level_and_not_of_one_rise() {
        let mut level = Level::new();
        level.change(10);
        level.change(5);
        level.change(-12);
        level.change(4);
        assert_eq!((level.now(), level.peak()), (7, 15));
        level.restart(0);
        assert_eq!((level.now(), level.peak()), (7, 7));
        level.clear(3);
        assert_eq!((level.now(), level.peak()), (0, 7));
    }
}
