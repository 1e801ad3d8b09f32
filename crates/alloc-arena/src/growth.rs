//! How large the next chunk is.

use core::cell::Cell;

/// The largest chunk that doubling comes to, unless the builder is told otherwise: 1 MiB.
pub(crate) const MAX_CHUNK: usize = 1 << (if usize::BITS < 32 { 12 } else { 20 });

/// The first chunk, unless the builder is told otherwise: 4 KiB.
pub(crate) const FIRST_CHUNK: usize = if usize::BITS < 32 { 256 } else { 4096 };

/// The policy: double with each chunk up to a maximum, whatever the size of the requests was, and
/// stay within the limit.
#[derive(Debug)]
pub(crate) struct Growth {
    /// Bytes of the next chunk, unless a block needs more.
    next: Cell<usize>,
    /// What doubling does not go beyond.
    max: usize,
    /// Bytes that may be reserved in all.
    limit: Cell<usize>,
}

impl Growth {
    /// `smallest` is what neither the first chunk nor the maximum goes below.
    pub(crate) const fn new(
        first: usize,
        max: usize,
        limit: Option<usize>,
        smallest: usize,
    ) -> Self {
        let max = larger(max, smallest);
        let first = larger(first, smallest);
        let next = if first < max { first } else { max };
        let limit = match limit {
            Some(bytes) => bytes,
            None => usize::MAX,
        };
        Self {
            next: Cell::new(next),
            max,
            limit: Cell::new(limit),
        }
    }

    pub(crate) fn limit(&self) -> Option<usize> {
        Some(self.limit.get()).filter(|&bytes| bytes != usize::MAX)
    }

    pub(crate) fn set_limit(&self, limit: Option<usize>) {
        self.limit.set(limit.unwrap_or(usize::MAX));
    }

    /// The bytes that may still be reserved. Zero if the limit was lowered below what is.
    pub(crate) fn room(&self, reserved: usize) -> usize {
        self.limit.get().saturating_sub(reserved)
    }

    /// The bytes to ask for where `need` are needed and `room >= need` are left.
    pub(crate) fn wish(&self, need: usize, room: usize) -> usize {
        self.next.get().min(room).max(need)
    }

    /// A chunk was taken: the next one is twice as large as this one was meant to be.
    pub(crate) fn grown(&self) {
        self.next
            .set(self.next.get().saturating_mul(2).min(self.max));
    }

    /// The upstream refused a larger chunk than this one: no use to ask for more for now.
    pub(crate) fn refused(&self, bytes: usize, smallest: usize) {
        self.next.set(bytes.clamp(smallest, self.max));
    }
}

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::Growth;

    #[test]
    fn doubles_up_to_the_maximum() {
        let growth = Growth::new(100, 350, None, 64);
        for expected in [100, 200, 350, 350] {
            assert_eq!(growth.wish(1, usize::MAX), expected);
            growth.grown();
        }
    }

    #[test]
    fn a_need_beyond_the_maximum_is_met() {
        let growth = Growth::new(100, 200, None, 64);
        assert_eq!(growth.wish(1000, usize::MAX), 1000);
        growth.grown();
        assert_eq!(growth.wish(1, usize::MAX), 200);
    }

    #[test]
    fn bounds_are_kept_whatever_is_asked_for() {
        let growth = Growth::new(0, 0, Some(300), 64);
        assert_eq!(growth.wish(1, growth.room(0)), 64);
        assert_eq!(growth.wish(1, growth.room(250)), 50);
        growth.set_limit(Some(10));
        assert_eq!(growth.room(250), 0);
        growth.set_limit(None);
        assert_eq!(growth.limit(), None);
    }

    #[test]
    fn a_refusal_is_remembered_within_the_bounds() {
        let growth = Growth::new(4096, 8192, None, 64);
        growth.refused(1, 64);
        assert_eq!(growth.wish(1, usize::MAX), 64);
        growth.refused(usize::MAX, 64);
        assert_eq!(growth.wish(1, usize::MAX), 8192);
    }
}
