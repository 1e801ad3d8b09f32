//! Round trips of large blocks through what containers turn them into. Miri is what makes these
//! tests.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_aligned::{Aligned, is_aligned_to};
use alloc_core::{Global, boxed::Box, vec::Vec};

/// Large from 512 bytes on.
type Early = Aligned<64, Global, 0>;

fn bytes(len: usize) -> Vec<u8, Early> {
    let mut bytes = Vec::with_capacity_in(len, Early::new(Global));
    bytes.resize(len, 7);
    bytes
}

#[test]
fn a_vector_and_its_raw_parts() {
    let mut vector = bytes(600);
    vector.extend_from_slice(&[8; 700]);
    // Borrowing the contents takes nothing from the vector's own pointer.
    vector.as_mut_slice()[0] = 9;
    let (start, len, capacity, alloc) = {
        let mut vector = core::mem::ManuallyDrop::new(vector);
        let capacity = vector.capacity();
        (
            vector.as_mut_ptr(),
            vector.len(),
            capacity,
            *vector.allocator(),
        )
    };
    // SAFETY: the parts of a vector that is not dropped; `alloc` is a clone of its allocator.
    let mut vector = unsafe { Vec::from_raw_parts_in(start, len, capacity, alloc) };
    vector.push(1);
    assert!(is_aligned_to(vector.as_ptr(), 64));
    assert_eq!(
        (vector[0], vector[599], vector[600], vector[1300]),
        (9, 7, 8, 1)
    );
}

#[test]
fn a_boxed_slice_and_its_raw_pointer() {
    let mut slice: Box<[u8], Early> = bytes(900).into_boxed_slice();
    slice[899] = 3;
    let (raw, alloc) = Box::into_raw_with_allocator(slice);
    // SAFETY: from a box of this allocator.
    let slice = unsafe { Box::from_raw_in(raw, alloc) };
    assert_eq!((slice[0], slice[899]), (7, 3));
    let mut vector = slice.into_vec();
    vector.push(4);
    assert_eq!(vector[900], 4);
}

#[test]
fn a_value_in_a_box() {
    let mut value = Box::new_in([5_u64; 200], Early::new(Global));
    value[199] = 6;
    assert!(is_aligned_to(&raw const *value, 64));
    assert_eq!((value[0], value[199]), (5, 6));
}

/// A reference may only be used for what it refers to. The header lies outside, so by Stacked
/// Borrows a box that is made of it cannot be freed; by Tree Borrows it can.
///
/// Without the large form the reference is to the whole block.
#[test]
fn a_leaked_box_comes_back_where_there_is_no_large_form() {
    type Plain = Aligned<64, Global, { alloc_aligned::NEVER }>;
    let value = Box::new_in([5_u64; 200], Plain::new(Global));
    let leaked: &mut [u64; 200] = Box::leak(value);
    leaked[0] = 1;
    // SAFETY: leaked above.
    let value = unsafe { Box::from_raw_in(leaked, Plain::new(Global)) };
    assert_eq!(value[0], 1);
}

/// The same with the large form. Stacked Borrows rejects it, as the documentation says; run it under
/// Miri with `-Zmiri-tree-borrows -- --ignored`.
#[test]
#[cfg_attr(miri, ignore = "needs Tree Borrows")]
fn a_leaked_box_comes_back_under_tree_borrows() {
    let value = Box::new_in([5_u64; 200], Early::new(Global));
    let leaked: &mut [u64; 200] = Box::leak(value);
    leaked[0] = 1;
    // SAFETY: leaked above.
    let value = unsafe { Box::from_raw_in(leaked, Early::new(Global)) };
    assert_eq!(value[0], 1);
}
