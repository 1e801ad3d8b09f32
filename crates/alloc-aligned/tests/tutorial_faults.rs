//! The faults of the C++ originals that concern alignment, each shown to be absent here.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod recorder;

use alloc_aligned::{Aligned, is_aligned_to};
use alloc_core::{AllocError, Allocator, Global, Layout, boxed::Box, vec::Vec};
use recorder::{Call, Recorder};

/// Fault: `aligned_alloc` is called with sizes that are no multiple of the alignment, which C11
/// leaves undefined.
///
/// Here the size is the caller's and any will do. What reaches the inner allocator is a valid
/// `Layout`, whose sizes need not be multiples either.
#[test]
fn aligned_alloc_with_a_size_that_is_no_multiple() -> Result<(), AllocError> {
    let inner = Recorder::default();
    let aligned = Aligned::<64, _>::new(&inner);
    for size in 1..=200 {
        let asked = Layout::from_size_align(size, 1).unwrap();
        let block = aligned.allocate(asked)?;
        assert!(block.len() >= size);
        assert!(is_aligned_to(block.as_ptr(), 64));
        let raised = Layout::from_size_align(size, 64).unwrap();
        assert_eq!(inner.calls().last(), Some(&Call::Allocate(raised)));
        // SAFETY: allocated above with this layout.
        unsafe { aligned.deallocate(block.cast(), asked) };
        assert_eq!(inner.calls().last(), Some(&Call::Deallocate(raised)));
    }
    Ok(())
}

/// Fault: the aligned allocator is a template of its own per element type, so a container's nodes
/// are not aligned by it unless it is rebound.
///
/// Here the layout travels with each request, and one value aligns whatever a container allocates.
#[test]
fn one_value_aligns_every_type() {
    let aligned = Aligned::<64, _>::new(Global);
    let mut bytes = Vec::new_in(&aligned);
    bytes.push(1_u8);
    let mut wide = Vec::new_in(&aligned);
    wide.push(1_u128);
    let single = Box::new_in(1_u16, &aligned);
    assert!(is_aligned_to(bytes.as_ptr(), 64));
    assert!(is_aligned_to(wide.as_ptr(), 64));
    assert!(is_aligned_to(&raw const *single, 64));
}

/// Fault: a u64 after a u8 lands at an address that is 1 above a multiple of 8, because sizes are
/// rounded and addresses are not.
///
/// Here it is the address that is aligned, whatever was allocated before.
#[test]
fn a_u64_after_a_u8() {
    let aligned = Aligned::<16, _>::new(Global);
    let byte = Box::new_in(1_u8, aligned);
    let word = Box::new_in(2_u64, aligned);
    assert!(is_aligned_to(&raw const *byte, 16));
    assert!(is_aligned_to(&raw const *word, 16));
}
