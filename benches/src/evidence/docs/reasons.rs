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
        "arena/mixed sizes",
        None,
        "An arena that bumps downwards, as oxc_allocator does, knows its last block by where it starts; one that bumps upwards \
         by where it ends, and so adds the size on every free. Growth in place is what that buys.",
    ),
    why(
        "arena/dynamic layout",
        None,
        "In instructions it is ahead. In time each allocation waits for the cursor that the one before it stored, in all arenas; \
         which of them is first has changed from one record to the next.",
    ),
    why(
        "arena/doubling",
        None,
        "Growth is always a call, so that loops which grow seldom keep their registers: a vector gains more than a block \
         that doubles each time loses.",
    ),
    why(
        "arena/vector growth",
        None,
        "The check of the vector's capacity and its push are the same; the others' loop keeps one more value in a register.",
    ),
    why(
        "arena/Vec<u32>",
        None,
        "Within the noise of a loop of ten instructions.",
    ),
    why(
        "arena/*",
        Some(Measure::Reserved),
        "A small arena doubles its chunks up to 32 KiB, and what is left of the last one counts.",
    ),
    why(
        "arena/*",
        Some(Measure::UpstreamCalls),
        "Chunks are small, so that little is reserved ahead of use: more calls for less memory.",
    ),
    why(
        "arena/*",
        None,
        "A vector that grows while others are alive moves, in all arenas; ours has more and smaller chunks, and moves the \
         cursor between them more often. Elsewhere it is a few tenths of a nanosecond, more or less from one record to the \
         next.",
    ),
    why(
        "pool/fill, free in no order",
        Some(Measure::Time),
        "The links of free blocks stand in the blocks: one has to come before the one after the next is known. opool has an \
         array of pointers, which waits for none.",
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
        "The links skip a block, and the block that was freed last stands beside the list: more instructions than a list made \
         by hand, and less time wherever blocks are taken in turn with frees or come from beyond the nearest cache.",
    ),
    why(
        "sync_pool/*",
        None,
        "Threads that hand blocks to one another move cache lines, and on some machines that is all that is left: *moving \
         lines* is the workload with blocks that each thread keeps in a plain list of its own, without an allocator. A row \
         as slow as that has nothing to gain. Between threads, blocks go in batches of 64 for one read-modify-write at each \
         end. SegQueue, with four read-modify-writes a pair, keeps the threads from quarrelling about the slots.",
    ),
    why(
        "aligned/products",
        None,
        "The blocks are the same, the time is that of the multiplication; what differs is which pages and sets of the cache \
         they fall on.",
    ),
    why(
        "aligned/zeroed 64 MiB",
        Some(Measure::Time),
        "`Mapped` asks the system for a mapping each time and gives it back; jemalloc keeps the addresses.",
    ),
    why(
        "aligned/push",
        None,
        "The vector's loop is an instruction longer, fourteen for thirteen; what it grows by is the system's `realloc` in both.",
    ),
    why(
        "aligned/*",
        None,
        "The others are heaps that know alignments; ours takes its blocks from the system's allocator, and small over-aligned \
         ones from its aligned `malloc`, which is slow.",
    ),
    why(
        "tracking/*",
        None,
        "stats_alloc adds to counters of all threads, each by a locked addition, which counts as one instruction and costs \
         what it costs in time; `Tracking` has more to tell and adds by a load and a store, where no other thread writes.",
    ),
    why(
        "tiered/mixed sizes",
        None,
        "In instructions it is ahead, and in time the quartiles overlap. Of a size that is known only when the program runs, the class takes \
         a look for the highest bit and a shift by it, one after the other.",
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
        "Chunks stay small, so that less is reserved than by the others: more calls for less memory.",
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
