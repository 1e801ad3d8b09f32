//! The job `intern`: a front end that splits text into lines of tokens and interns their names.
//!
//! All that a phase builds dies together, as it does in a compiler: this is what an arena is for.

use alloc_core::boxed::Box;
use alloc_core::vec::Vec;
use hashbrown::hash_table::{Entry, HashTable};

use super::{Store, discard};
use crate::input::{Input, SourceFile};
use crate::words::{Sum, hash, words};

/// How much text a phase has, in bytes.
const PHASE: usize = 256 << 10;

/// One word of a line.
#[derive(Clone, Copy)]
struct Token {
    /// The number of its name.
    name: u32,
    /// Its length in bytes.
    len: u32,
}

/// A name and its number.
struct Name<'s, S: Store> {
    text: Box<[u8], &'s S>,
    number: u32,
}

/// What a phase builds.
struct Document<'s, S: Store> {
    names: HashTable<Name<'s, S>, &'s S>,
    lines: Vec<Vec<Token, &'s S>, &'s S>,
}

/// Runs the job.
pub fn run<S: Store>(input: &Input, store: &mut S) -> u64 {
    let mut sum = Sum::default();
    for phase in input.phases(PHASE) {
        let document = parse(phase, &*store);
        document.sum_up(&mut sum);
        discard::<S, _>(document);
        store.end_phase();
    }
    sum.value()
}

/// Splits the files of a phase.
fn parse<'s, S: Store>(phase: &[SourceFile], store: &'s S) -> Document<'s, S> {
    let mut document = Document {
        names: HashTable::new_in(store),
        lines: Vec::new_in(store),
    };
    for line in phase.iter().flat_map(|file| file.text.lines()) {
        let mut tokens = Vec::new_in(store);
        for word in words(line) {
            #[expect(clippy::cast_possible_truncation, reason = "a word of 4 GiB is cut")]
            let len = word.len() as u32;
            tokens.push(Token {
                name: document.number_of(word.as_bytes(), store),
                len,
            });
        }
        document.lines.push(tokens);
    }
    document
}

impl<'s, S: Store> Document<'s, S> {
    /// The number of a name, a new one if it is new.
    fn number_of(&mut self, name: &[u8], store: &'s S) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let same = |known: &Name<'s, S>| *known.text == *name;
        match self
            .names
            .entry(hash(name), same, |known| hash(&known.text))
        {
            Entry::Occupied(known) => known.get().number,
            Entry::Vacant(place) => {
                let mut text = Vec::with_capacity_in(name.len(), store);
                text.extend_from_slice(name);
                place.insert(Name {
                    text: text.into_boxed_slice(),
                    number: next,
                });
                next
            }
        }
    }

    /// Adds every token, in order, and the number of names.
    fn sum_up(&self, sum: &mut Sum) {
        for line in &self.lines {
            sum.add(line.len() as u64);
            for token in line {
                sum.add(u64::from(token.name) << 32 | u64::from(token.len));
            }
        }
        sum.add(self.names.len() as u64);
    }
}
