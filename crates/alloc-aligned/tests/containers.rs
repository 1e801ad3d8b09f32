//! Containers start aligned and stay so while they grow, shrink and are rebuilt.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api, btreemap_alloc))]

use alloc_aligned::{Aligned, CacheLine, Page, Simd, is_aligned_to};
use alloc_core::{Global, boxed::Box, vec::Vec};

#[test]
fn a_vector_stays_aligned_while_it_grows_and_shrinks() {
    let most = if cfg!(miri) { 300 } else { 20_000_u16 };
    let mut samples: Vec<f32, _> = Vec::new_in(Simd::new(Global));
    for i in 0..most {
        samples.push(f32::from(i));
        assert!(is_aligned_to(samples.as_ptr(), 64));
    }
    while samples.len() > 1 {
        samples.truncate(samples.len() / 2);
        samples.shrink_to_fit();
        assert!(is_aligned_to(samples.as_ptr(), 64));
    }
    assert_eq!(samples.first().copied(), Some(0.0));
}

#[test]
fn every_alignment_from_1_byte_to_2_mebibytes() {
    fn check<const ALIGN: usize>() {
        let mut bytes = Vec::new_in(Aligned::<ALIGN, _>::new(Global));
        for i in 0..100_u8 {
            bytes.push(i);
            assert!(is_aligned_to(bytes.as_ptr(), ALIGN), "{ALIGN}");
        }
        assert!(bytes.iter().copied().eq(0..100));
    }
    check::<1>();
    check::<2>();
    check::<32>();
    check::<128>();
    check::<4096>();
    check::<{ 64 << 10 }>();
    check::<{ 2 << 20 }>();
}

#[test]
fn boxes_are_aligned_and_keep_their_value() {
    let page = Box::new_in([7_u8; 3], Page::new(Global));
    assert!(is_aligned_to(&raw const *page, 4096));
    assert_eq!(*page, [7; 3]);
}

#[test]
fn zero_size_elements_take_no_memory() {
    let mut units: Vec<(), _> = Vec::new_in(CacheLine::new(Global));
    units.resize(1000, ());
    units.shrink_to_fit();
    assert_eq!(units.len(), 1000);
    // Containers ask no allocator for what has no size.
    assert_eq!(size_of_val(&*Box::new_in((), CacheLine::new(Global))), 0);
}

#[test]
fn a_huge_vector_is_an_error_and_not_a_panic() {
    let mut bytes: Vec<u8, _> = Vec::new_in(CacheLine::new(Global));
    bytes.push(1);
    assert!(bytes.try_reserve(isize::MAX.unsigned_abs() - 1).is_err());
    assert_eq!(bytes[0], 1);
}

#[test]
fn a_hash_map_works_over_aligned_memory() {
    let mut squares = hashbrown::HashMap::new_in(CacheLine::new(Global));
    let most = if cfg!(miri) { 50_u64 } else { 5000 };
    for i in 0..most {
        squares.insert(i, i * i);
    }
    squares.retain(|i, _| i % 2 == 0);
    squares.shrink_to_fit();
    assert!(
        squares
            .iter()
            .all(|(i, square)| i % 2 == 0 && *square == i * i)
    );
    assert_eq!(squares.len() as u64, most.div_ceil(2));
}

#[cfg(feature = "nightly")]
mod std_collections {
    use super::*;
    use std::collections::{BTreeMap, BinaryHeap, LinkedList, VecDeque};
    use std::{rc::Rc, sync::Arc};

    #[test]
    fn nodes_of_a_list_start_cache_lines() {
        let mut list = LinkedList::new_in(Aligned::<256, _>::new(Global));
        list.extend([1_u8, 2, 3]);
        let first = list.front().unwrap();
        // A node starts at a multiple of 256 and is far smaller, so every value stands at one
        // offset from it.
        let offset = alloc_aligned::misalignment(first, 256);
        assert!(
            list.iter()
                .all(|value| alloc_aligned::misalignment(value, 256) == offset)
        );
        assert!(list.iter().eq(&[1, 2, 3]));
    }

    #[test]
    fn the_other_collections_of_std() {
        let up = CacheLine::new(Global);
        let mut queue = VecDeque::new_in(up);
        queue.extend(0..100_u32);
        assert!(is_aligned_to(queue.as_slices().0.as_ptr(), 64));
        let mut map = BTreeMap::new_in(up);
        map.extend(queue.iter().map(|i| (*i, i + 1)));
        assert_eq!(map.range(50..).next(), Some((&50, &51)));
        let mut heap = BinaryHeap::new_in(up);
        heap.extend(map.into_values());
        assert_eq!(heap.pop(), Some(100));
        assert_eq!(*Rc::new_in(5, up), 5);
        assert_eq!(*Arc::new_in([1_u64; 9], up).clone(), [1; 9]);
    }
}
