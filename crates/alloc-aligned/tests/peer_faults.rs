//! The faults that aligned-vec was reported for, shown to be absent here.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::rc::Rc;

use alloc_aligned::{Aligned, CacheLine, Page, is_aligned_to};
use alloc_conformance::Upstream;
use alloc_core::{Global, boxed::Box, vec::Vec};

/// Its issues 7 and 12: `AVec::<u8>::with_capacity(4096, n)` takes an alignment and ignores it.
///
/// Here the alignment is part of the type and nothing is passed beside it.
#[test]
fn a_vector_of_bytes_starts_a_page() {
    let capacity = if cfg!(miri) { 5000 } else { 24_576 };
    let mut bytes: Vec<u8, Page> = Vec::with_capacity_in(capacity, Page::new(Global));
    assert!(is_aligned_to(bytes.as_ptr(), 4096));
    bytes.resize(capacity + 1, 0);
    assert!(is_aligned_to(bytes.as_ptr(), 4096));
}

/// Its issue 27 and pull request 28: `extend_from_slice` copies values bit by bit, which then are
/// dropped twice.
#[test]
fn values_that_are_copied_are_cloned() {
    let heap = Upstream::new();
    let value = Rc::new(5);
    let mut values = Vec::new_in(CacheLine::new(heap.clone()));
    values.extend_from_slice(&[value.clone(), value.clone()]);
    values.extend_from_slice(core::slice::from_ref(&value));
    assert_eq!(Rc::strong_count(&value), 4);
    drop(values);
    assert_eq!(Rc::strong_count(&value), 1);
    heap.assert_all_returned();
}

/// Pull request 28: a boxed slice whose memory could not be made shorter is freed as if it had been.
///
/// Here the block that a container frees fits its layout, in either form and between them.
#[test]
fn boxed_slices_are_freed_as_long_as_they_are() {
    for (len, capacity) in [(10, 20), (10, 2000), (1000, 2000), (0, 2000)] {
        let heap = Upstream::new().over_returning().least_aligned();
        let mut bytes = Vec::with_capacity_in(capacity, Aligned::<64, _, 0>::new(heap.clone()));
        bytes.resize(len, 7_u8);
        let slice: Box<[u8], _> = bytes.into_boxed_slice();
        assert!(slice.len() == len && slice.iter().all(|&byte| byte == 7));
        drop(slice);
        heap.assert_all_returned();
    }
}

/// Issue 27: a safe function that reads what a raw pointer of the caller points to.
///
/// No safe function here reads through a raw pointer; those that take one look at its address.
#[test]
fn the_safe_functions_read_no_memory() {
    let nowhere = core::ptr::without_provenance::<u64>(4096);
    assert!(is_aligned_to(nowhere, 4096));
    assert_eq!(
        alloc_aligned::misalignment(nowhere.wrapping_byte_add(3), 64),
        3
    );
    assert!(is_aligned_to(core::ptr::null::<u8>(), 64));
}
