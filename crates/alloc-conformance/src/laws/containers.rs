//! Containers on stable Rust. With the feature `nightly`, `vec` and `boxed` are those of the
//! standard library.
//!
//! A container runs as a whole on every allocator. Its requests inside the limits must be served;
//! those outside, such as a long vector's on a pool, come from a stand-in if the allocator refuses
//! them.

use std::hash::{BuildHasherDefault, DefaultHasher};

use alloc_core::{Allocator, boxed::Box, vec::Vec};
use hashbrown::{HashMap, HashSet};

use super::audit::audited;
use crate::{Limits, Violation};

/// A hasher without a random seed: each run makes the same requests.
type Hasher = BuildHasherDefault<DefaultHasher>;

/// How many elements a container gets.
pub(super) const COUNT: u32 = if cfg!(miri) { 20 } else { 300 };

/// Turns a wrong result of a container into an error.
pub(super) fn expect(right: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if right { Ok(()) } else { Err(otherwise) }
}

/// A `Vec` grows, shrinks, is cloned and emptied.
///
/// # Errors
///
/// The first violation.
pub fn vec<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("vec", alloc, limits, |heap| {
        let mut numbers = Vec::with_capacity_in(2, heap);
        for n in 0..COUNT {
            numbers.push(u64::from(n));
        }
        expect(
            numbers.iter().copied().eq(0..u64::from(COUNT)),
            "a growing vector lost elements",
        )?;
        let mut copy = numbers.clone();
        copy.retain(|n| n % 3 == 0);
        copy.shrink_to_fit();
        expect(
            copy.iter().all(|n| n % 3 == 0),
            "a shrunk vector lost elements",
        )?;
        let mut nested = Vec::new_in(heap);
        for n in 0..10 {
            let mut inner = Vec::new_in(heap);
            inner.resize(n, b'x');
            nested.push(inner);
        }
        expect(
            nested.iter().enumerate().all(|(n, inner)| inner.len() == n),
            "nested vectors differ",
        )?;
        nested.remove(3);
        let mut nothing = Vec::new_in(heap);
        nothing.extend([(); 5]);
        expect(
            nothing.len() == 5,
            "a vector of zero-size elements miscounts",
        )
    })
}

/// A `Box` holds values of many sizes and alignments.
///
/// # Errors
///
/// The first violation.
pub fn boxed<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    /// A value that is aligned more than any number.
    #[repr(align(64))]
    struct Lines([u8; 128]);

    audited("boxed", alloc, limits, |heap| {
        let small = Box::new_in(7_u8, heap);
        let large = Box::new_in([1_u64; 40], heap);
        let lines = Box::new_in(Lines([3; 128]), heap);
        let nothing = Box::new_in((), heap);
        let unsized_: Box<[u16], _> = Vec::from_iter_in(heap).into_boxed_slice();
        expect(
            (&raw const *lines).is_aligned(),
            "a box is not aligned for its value",
        )?;
        expect(
            *small == 7 && *large == [1; 40] && lines.0 == [3; 128],
            "a box lost its value",
        )?;
        expect(*unsized_ == [1, 2, 3], "a boxed slice lost its elements")?;
        drop((small, nothing));
        expect(*large == [1; 40], "dropping a box changed another one")
    })
}

/// Makes the short vector that becomes a boxed slice.
trait FromIterIn<A: Allocator> {
    fn from_iter_in(heap: A) -> Vec<u16, A>;
}

impl<A: Allocator> FromIterIn<A> for Vec<u16, A> {
    fn from_iter_in(heap: A) -> Self {
        let mut numbers = Vec::with_capacity_in(8, heap);
        numbers.extend([1, 2, 3]);
        numbers
    }
}

/// hashbrown's `HashMap` grows, forgets half of its keys and finds the others.
///
/// # Errors
///
/// The first violation.
pub fn hash_map<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("hash_map", alloc, limits, |heap| {
        let mut squares = HashMap::with_hasher_in(Hasher::default(), heap);
        for n in 0..COUNT {
            squares.insert(n, u64::from(n * n));
        }
        squares.retain(|n, _| n % 2 == 0);
        squares.shrink_to_fit();
        let found =
            (0..COUNT).all(|n| (squares.get(&n) == Some(&u64::from(n * n))) == (n % 2 == 0));
        expect(found, "a map lost or found keys")?;
        let copy = squares.clone();
        squares.clear();
        expect(
            copy.len() == COUNT.div_ceil(2) as usize,
            "a cloned map miscounts",
        )
    })
}

/// hashbrown's `HashSet` grows while keys come and go.
///
/// # Errors
///
/// The first violation.
pub fn hash_set<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("hash_set", alloc, limits, |heap| {
        let mut seen = HashSet::with_hasher_in(Hasher::default(), heap);
        for n in 0..COUNT {
            seen.insert(n % 251);
            if n >= 10 {
                seen.remove(&((n - 10) % 251));
            }
        }
        expect(
            (COUNT - 10..COUNT).all(|n| seen.contains(&(n % 251))),
            "a set lost keys",
        )?;
        expect(seen.len() == 10, "a set miscounts")
    })
}
