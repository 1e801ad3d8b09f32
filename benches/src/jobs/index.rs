//! The job `index`: an inverted index, a map from each word to the files that have it.
//!
//! The index grows as one and dies as one. Its many lists grow in turns, which is where an arena
//! pays: none of them can grow in place.

use alloc_core::vec::Vec;
use hashbrown::HashMap;

use super::{Store, discard};
use crate::input::{Input, SourceFile};
use crate::words::{Hashes, Sum, hash, words};

/// How much text a segment of the index has, in bytes.
const SEGMENT: usize = 4 << 20;
/// One pair of neighbouring words in so many is asked for.
const QUERY_EACH: usize = 61;

/// That a word stands in a file.
#[derive(Clone, Copy)]
struct Posting {
    file: u32,
    count: u32,
}

/// The files of a word, in their order.
type Postings<'s, S> = Vec<Posting, &'s S>;

/// From each word to its files.
type Index<'t, 's, S> = HashMap<&'t str, Postings<'s, S>, Hashes, &'s S>;

/// Runs the job.
pub fn run<S: Store>(input: &Input, store: &mut S) -> u64 {
    let mut sum = Sum::default();
    for segment in input.phases(SEGMENT) {
        let index = build(segment, &*store);
        sum.add(sum_of(&index));
        sum.add(ask(&index, segment));
        discard::<S, _>(index);
        store.end_phase();
    }
    sum.value()
}

/// Indexes the files of a segment.
fn build<'t, 's, S: Store>(segment: &'t [SourceFile], store: &'s S) -> Index<'t, 's, S> {
    let mut index: Index<'t, 's, S> = HashMap::with_hasher_in(Hashes::default(), store);
    for (file, source) in (0..).zip(segment) {
        for word in words(&source.text) {
            let postings = index.entry(word).or_insert_with(|| Vec::new_in(store));
            match postings.last_mut() {
                Some(last) if last.file == file => last.count += 1,
                _ => postings.push(Posting { file, count: 1 }),
            }
        }
    }
    index
}

/// The sum over all entries, which a map has in any order.
fn sum_of<S: Store>(index: &Index<'_, '_, S>) -> u64 {
    let entries = index.iter().map(|(word, postings)| {
        let mut sum = Sum::default();
        sum.add(hash(word.as_bytes()));
        for posting in postings {
            sum.add(u64::from(posting.file) << 32 | u64::from(posting.count));
        }
        sum.value()
    });
    entries.fold(0, u64::wrapping_add)
}

/// Asks for pairs of words that stand side by side: how often do they meet in a file?
fn ask<S: Store>(index: &Index<'_, '_, S>, segment: &[SourceFile]) -> u64 {
    let mut sum = Sum::default();
    for source in segment {
        let pairs = words(&source.text).zip(words(&source.text).skip(1));
        for (one, other) in pairs.step_by(QUERY_EACH) {
            sum.add(meetings(&index[one], &index[other]));
        }
    }
    sum.value()
}

/// Walks two lists side by side and counts what they share.
fn meetings(one: &[Posting], other: &[Posting]) -> u64 {
    let (mut i, mut j, mut sum) = (0, 0, 0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        if a.file == b.file {
            sum += u64::from(a.count.min(b.count));
        }
        i += usize::from(a.file <= b.file);
        j += usize::from(b.file <= a.file);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_core::System;

    #[test]
    fn an_index_knows_its_words() {
        let input = Input::of_texts(["a b a", "b", "a"]);
        let index = build(&input.files, &System);
        let of = |word| -> std::vec::Vec<(u32, u32)> {
            index[word]
                .iter()
                .map(|posting| (posting.file, posting.count))
                .collect()
        };
        assert_eq!(of("a"), [(0, 2), (2, 1)]);
        assert_eq!(of("b"), [(0, 1), (1, 1)]);
        assert_eq!(meetings(&index["a"], &index["b"]), 1);
        assert_eq!(meetings(&index["a"], &index["a"]), 3);
    }
}
