//! Arithmetic on addresses, table sizes and lifetimes, as pure functions.
#![forbid(unsafe_code)]

/// How many shards a table has: a power of two.
pub(crate) const SHARDS: usize = 32;
/// How many slots the table of a shard begins with: a power of two.
pub(crate) const FIRST_SLOTS: usize = 64;
/// How many classes of lifetimes there are: under 1 us, under 10 us, ... under 1000 s, and the rest.
pub(crate) const CLASSES: usize = 11;

/// Spreads an address over all bits (Fibonacci hashing, Knuth, volume 3, section 6.4). The upper
/// bits are the good ones.
#[inline]
const fn spread(address: usize) -> u64 {
    (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The shard that an address belongs to: below [`SHARDS`].
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "a number below 32")]
pub(crate) const fn shard_of(address: usize) -> usize {
    (spread(address) >> (64 - SHARDS.trailing_zeros())) as usize
}

/// Where the search for an address begins in a table of `slots`, a power of two: below `slots`.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the mask keeps fewer bits than a `usize` has"
)]
pub(crate) const fn home(address: usize, slots: usize) -> usize {
    // The 32 bits under those that chose the shard.
    let hash = spread(address) >> (32 - SHARDS.trailing_zeros());
    hash as usize & (slots - 1)
}

/// Whether a table of `slots` may hold `entries`: at most three in four, so that a search ends soon
/// and always.
#[inline]
pub(crate) const fn has_room(entries: usize, slots: usize) -> bool {
    entries <= slots - slots / 4 && slots > 0
}

/// How many slots a table gets that is too small with `slots`.
pub(crate) const fn next_size(slots: usize) -> usize {
    if slots == 0 {
        FIRST_SLOTS
    } else {
        slots.saturating_mul(2)
    }
}

/// Whether the entry at `at`, whose search begins at `from`, may move to the free slot `hole`
/// (Knuth, algorithm 6.4R): only if that does not put it before its home, going round a table of
/// `slots`.
#[inline]
pub(crate) const fn may_fill(hole: usize, from: usize, at: usize, slots: usize) -> bool {
    let mask = slots - 1;
    at.wrapping_sub(from) & mask >= at.wrapping_sub(hole) & mask
}

/// The class of a lifetime: the number of the decade, from microseconds on.
#[inline]
pub(crate) const fn class_of(nanos: u64) -> usize {
    let decade = match (nanos / 1000).checked_ilog10() {
        None => 0,
        Some(log) => log as usize + 1,
    };
    if decade < CLASSES {
        decade
    } else {
        CLASSES - 1
    }
}

// Not under Miri: it would take long, and nothing here touches memory.
#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn neighbours_go_to_different_shards() {
        let mut hit = [0_usize; SHARDS];
        for i in 0..32 * SHARDS {
            hit[shard_of(usize::MAX / 512 + i * 48)] += 1;
        }
        assert!(hit.iter().all(|&n| n > 8 && n < 128), "{hit:?}");
    }

    #[test]
    fn homes_are_inside_and_spread() {
        let mut hit = [0_usize; 64];
        for i in 0..64 * 64 {
            hit[home(0x1000 + i * 16, 64)] += 1;
        }
        assert!(hit.iter().all(|&n| n > 8), "{hit:?}");
    }

    #[test]
    fn a_table_is_never_full() {
        assert!(!has_room(0, 0) && !has_room(1, 0));
        assert!(has_room(48, 64) && !has_room(49, 64));
        assert_eq!(next_size(0), FIRST_SLOTS);
        assert_eq!(next_size(64), 128);
    }

    #[test]
    fn an_entry_never_moves_before_its_home() {
        // In order: free slot, home of the entry, where it is.
        assert!(may_fill(3, 3, 5, 8));
        assert!(!may_fill(3, 4, 5, 8));
        assert!(may_fill(7, 6, 1, 8));
        assert!(!may_fill(7, 0, 1, 8));
        assert!(may_fill(2, 7, 3, 8));
    }

    #[test]
    fn decades() {
        let second = 1_000_000_000;
        for (nanos, class) in [
            (0, 0),
            (999, 0),
            (1000, 1),
            (9_999, 1),
            (10_000, 2),
            (second, 7),
            (999 * second, 9),
            (1000 * second, 10),
            (u64::MAX, 10),
        ] {
            assert_eq!(class_of(nanos), class, "{nanos}");
        }
    }
}
