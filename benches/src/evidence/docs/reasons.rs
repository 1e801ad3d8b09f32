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
pub const REASONS: &[Reason] = &[];

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
