//! The job `compute`: word vectors of files and the cosines between them.
//!
//! Each file is a vector of weighted word counts in a block of its own. In a block that starts a
//! cache line no load of a vector register touches two lines. Registers of 16 bytes, all that
//! x86-64 code may use by default, never do so in a block from `malloc` either: expect a ratio near
//! 1 there, and a gain at most where the compiler is told of wider ones (`-C target-cpu=native`).

use alloc_core::vec::Vec;

use super::Store;
use crate::input::{Input, SourceFile};
use crate::words::{Sum, hash, words};

/// How many components a vector has. Words share them by their hash.
const COMPONENTS: usize = 512;
/// How many files are compared with each other; of more, those at equal distances in the list.
const FILES: usize = 1024;
/// How many sums a product keeps, so that it can be computed by vector instructions.
const LANES: usize = 32;

/// The vector of a file.
type Vector<'s, S> = Vec<f32, &'s S>;

/// Runs the job.
pub fn run<S: Store>(input: &Input, store: &mut S) -> u64 {
    let mut sum = Sum::default();
    let vectors = build(input, &*store);
    for (number, vector) in vectors.iter().enumerate() {
        let (nearest, cosine) = nearest(number, vector, &vectors);
        sum.add(nearest as u64);
        sum.add(u64::from(cosine.to_bits()));
    }
    drop(vectors);
    store.end_phase();
    sum.value()
}

/// The vectors of the chosen files, of length 1.
fn build<'s, S: Store>(input: &Input, store: &'s S) -> Vec<Vector<'s, S>, &'s S> {
    let mut vectors = Vec::new_in(store);
    let step = input.files.len().div_ceil(FILES).max(1);
    vectors.extend(
        input
            .files
            .iter()
            .step_by(step)
            .map(|file| counts(file, store)),
    );
    let weights = weights(&vectors, store);
    for vector in &mut vectors {
        for (component, weight) in vector.iter_mut().zip(&weights) {
            *component *= weight;
        }
        let length = product(vector, vector).sqrt();
        if length > 0.0 {
            for component in vector.iter_mut() {
                *component /= length;
            }
        }
    }
    vectors
}

/// How often each component's words stand in a file.
fn counts<'s, S: Store>(file: &SourceFile, store: &'s S) -> Vector<'s, S> {
    let mut vector = Vec::with_capacity_in(COMPONENTS, store);
    vector.resize(COMPONENTS, 0.0);
    for word in words(&file.text) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only the low bits are used"
        )]
        let hash = hash(word.as_bytes()) as usize;
        vector[hash % COMPONENTS] += 1.0;
    }
    vector
}

/// One over the number of files that have a component: what stands everywhere says little.
fn weights<'s, S: Store>(vectors: &[Vector<'s, S>], store: &'s S) -> Vector<'s, S> {
    let mut weights = Vec::with_capacity_in(COMPONENTS, store);
    weights.resize(COMPONENTS, 1.0_f32);
    for vector in vectors {
        for (weight, component) in weights.iter_mut().zip(vector) {
            *weight += component.min(1.0);
        }
    }
    for weight in &mut *weights {
        *weight = weight.recip();
    }
    weights
}

/// The number and cosine of the vector nearest to another one.
fn nearest<S: Store>(number: usize, vector: &[f32], all: &[Vector<'_, S>]) -> (usize, f32) {
    let mut best = (number, 0.0);
    for (other, candidate) in all.iter().enumerate() {
        let cosine = product(vector, candidate);
        if other != number && cosine > best.1 {
            best = (other, cosine);
        }
    }
    best
}

/// The scalar product. Its order of additions is fixed, so that the result does not depend on where
/// the vectors lie.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (one, _) = one.as_chunks::<LANES>();
    let (other, _) = other.as_chunks::<LANES>();
    for (a, b) in one.iter().zip(other) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_core::System;

    // The products leave no rest.
    const _: () = assert!(COMPONENTS.is_multiple_of(LANES));

    #[test]
    fn the_nearest_file_has_the_same_words() {
        let input = Input::of_texts(["red green blue", "one two three", "blue red green red", ""]);
        let vectors = build(&input, &System);
        assert_eq!(nearest(0, &vectors[0], &vectors).0, 2);
        assert_eq!(nearest(2, &vectors[2], &vectors).0, 0);
        assert_eq!(nearest(3, &vectors[3], &vectors), (3, 0.0));
    }
}
