//! Why we are behind where we are behind, in words; the chapter must have one for each such row.

use super::super::contest::Contest;
use crate::record::Measure;

/// Why ours is behind the best of the others in some places.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// A place, as [`Case::place`](crate::registry::Case::place) makes it, or how places begin,
    /// followed by `*`.
    pub places: &'static str,
    /// The measure, if it is not for all of them.
    pub measure: Option<Measure>,
    /// The reason: sentences.
    pub why: &'static str,
}

/// The reasons. The first one that speaks of a row is the one that is shown.
pub const REASONS: &[Reason] = &[
    why(
        "arena/dynamic layout",
        None,
        "The check for a size of zero, the rounding of the size and the choice between fast path and alignment stand one \
         after the other; oxc_allocator folds them.",
    ),
    why(
        "arena/Vec<u32>",
        None,
        "A reset begins again with the first and smallest chunk, so that a vector moves through all chunks in each round; \
         the others keep the last and largest one only.",
    ),
    why(
        "arena/vector growth",
        None,
        "As for `Vec<u32>`: a reset begins again with the smallest chunk.",
    ),
    why(
        "arena/*",
        Some(Measure::Reserved),
        "Chunks double from 512 bytes to 1 MiB: up to half of them can be empty when they are small.",
    ),
    why(
        "arena/*",
        Some(Measure::UpstreamCalls),
        "The first chunk is small, so that an arena of a few bytes costs little, and chunks stop doubling at 1 MiB.",
    ),
    why(
        "arena/*",
        None,
        "A reset begins again with the smallest chunk, so that blocks which grow move in each round; the rest is within \
         two instructions.",
    ),
    why(
        "pool/fill, free in no order",
        Some(Measure::Time),
        "A linked list hands blocks out in the order in which they were freed: each pop waits for the cache line of the \
         one before. opool and a magazine of pointers do not.",
    ),
    why(
        "pool/*",
        Some(Measure::Reserved),
        "Chunks double, so that up to half of the last one can be empty, and sizes are rounded up.",
    ),
    why(
        "pool/*",
        Some(Measure::UpstreamCalls),
        "The first chunk is small; chunks double from there.",
    ),
    why(
        "pool/*",
        None,
        "The hand-made list checks nothing and knows its block at compile time; ours compares the layout with that of its \
         blocks on both ways.",
    ),
    why(
        "sync_pool/*",
        None,
        "A flush looks for the blocks of one chunk among all that the magazine holds, and each group costs a \
         read-modify-write. Speed under contention is work to be done.",
    ),
    why(
        "aligned/products",
        None,
        "The blocks are the same, the time is that of the multiplication; what differs is which pages and sets of the cache \
         they fall on.",
    ),
    why(
        "aligned/*",
        None,
        "An over-aligned block that is zeroed or grows is written or copied, as by the system's allocator at the same \
         alignment; the others here ask the system for fresh pages.",
    ),
    why(
        "tracking/*",
        None,
        "Every counter is one for all threads, and each block changes five of them by read-modify-write: stats_alloc and \
         tracking-allocator count less.",
    ),
    why(
        "compose/*",
        None,
        "Requests beyond the threshold of `Segregate` go to the system, which serves them more slowly than mimalloc.",
    ),
    why(
        "jobs/*",
        None,
        "The allocator is a small part of these jobs. What is left is the growth of vectors in an arena after a reset, and \
         the compute job's blocks, which are the system's.",
    ),
    why(
        "memory/*",
        None,
        "Chunks double from 512 bytes to 1 MiB and then stay at 1 MiB: less is reserved than by the others, with more \
         calls.",
    ),
];

/// A reason, in a line.
const fn why(places: &'static str, measure: Option<Measure>, why: &'static str) -> Reason {
    Reason {
        places,
        measure,
        why,
    }
}

impl Reason {
    /// Whether it speaks of a contest.
    pub(super) fn is_for(&self, contest: &Contest<'_>) -> bool {
        let place = contest.rows()[0].place();
        let fits = match self.places.strip_suffix('*') {
            Some(start) => place.starts_with(start),
            None => place == self.places,
        };
        fits && self
            .measure
            .is_none_or(|measure| measure == contest.measure())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{contests, sample};
    use super::*;

    #[test]
    fn a_reason_is_for_its_places_and_measure() {
        let record = sample::record();
        let contests = contests(&record);
        let count = |places, measure| {
            let why = "Because.";
            let reason = Reason {
                places,
                measure,
                why,
            };
            contests
                .iter()
                .filter(|contest| reason.is_for(contest))
                .count()
        };
        assert_eq!(count("arena/u8", None), 2);
        assert_eq!(count("arena/u8", Some(Measure::Time)), 1);
        assert_eq!(count("arena/u*", None), 4);
        assert_eq!(count("sync_pool/own pairs/8", None), 1);
        assert_eq!(count("arena", None), 0);
        assert_eq!(count("*", None), contests.len());
    }
}
