//! How large the next chunk is.

use core::cell::Cell;

/// The largest regular chunk, unless the builder is told otherwise: 1 MiB.
pub(crate) const MAX_CHUNK: usize = 1 << (if usize::BITS < 32 { 12 } else { 20 });

/// The first chunk, unless the builder is told otherwise: 4 KiB.
pub(crate) const FIRST_CHUNK: usize = if usize::BITS < 32 { 256 } else { 4096 };

/// What a small arena doubles its chunks to: 32 KiB. Larger ones come as a part of what is reserved.
const SMALL_CHUNK: usize = 8 * FIRST_CHUNK;

/// A larger chunk is one in so many bytes of all regular ones: what stays unused at the end of the last
/// chunk is then less than a tenth, with the headers.
const PART: usize = 12;

/// The policy, whatever the size of the requests was: double with each chunk while chunks are small,
/// then grow with the arena, up to a maximum; and stay within the limit.
///
/// What the last chunk leaves unused is so at most 32 KiB in a small arena, and a tenth in a large one.
#[derive(Debug)]
pub(crate) struct Growth {
    /// Bytes of the next chunk, unless a block needs more.
    next: Cell<usize>,
    /// What no regular chunk goes beyond.
    max: usize,
    /// Bytes of all regular chunks that were taken.
    regular: Cell<usize>,
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
            regular: Cell::new(0),
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

    /// A chunk of so many bytes was taken: how large the next one is. A chunk that is larger because
    /// one block needs it changes nothing.
    pub(crate) fn grown(&self, bytes: usize) {
        let next = self.next.get();
        if bytes > next {
            return;
        }
        let regular = self.regular.get().saturating_add(bytes);
        self.regular.set(regular);
        // A first chunk that somebody wants larger is not followed by smaller ones.
        let doubled = next.saturating_mul(2).min(SMALL_CHUNK).max(next);
        self.next.set(doubled.max(regular / PART).min(self.max));
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
    use super::{FIRST_CHUNK, Growth, MAX_CHUNK, PART, SMALL_CHUNK};

    #[test]
    fn doubles_while_small_up_to_the_maximum() {
        let growth = Growth::new(100, 350, None, 64);
        for expected in [100, 200, 350, 350] {
            assert_eq!(growth.wish(1, usize::MAX), expected);
            growth.grown(expected);
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn what_the_last_chunk_can_waste_is_a_tenth() {
        let growth = Growth::new(FIRST_CHUNK, MAX_CHUNK, None, 64);
        let (mut before, mut chunks) = (0_usize, 0);
        while before < 100 << 20 {
            let chunk = growth.wish(1, usize::MAX);
            assert!(
                chunk <= SMALL_CHUNK || chunk <= before / PART + 1,
                "{chunk} after {before}"
            );
            assert!(chunk <= MAX_CHUNK);
            growth.grown(chunk);
            before += chunk;
            chunks += 1;
        }
        assert!(chunks < 160, "{chunks}");
    }

    #[test]
    fn a_chunk_that_somebody_wants_large_is_not_followed_by_smaller_ones() {
        let growth = Growth::new(SMALL_CHUNK * 4, SMALL_CHUNK * 8, None, 64);
        growth.grown(SMALL_CHUNK * 4);
        assert_eq!(growth.wish(1, usize::MAX), SMALL_CHUNK * 4);
    }

    #[test]
    fn a_need_beyond_the_maximum_is_met() {
        let growth = Growth::new(100, 200, None, 64);
        assert_eq!(growth.wish(1000, usize::MAX), 1000);
        growth.grown(1000);
        assert_eq!(growth.wish(1, usize::MAX), 100);
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
