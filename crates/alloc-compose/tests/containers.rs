//! Containers whose memory comes from several allocators at one time.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api, btreemap_alloc))]

mod support;

use alloc_arena::FixedArena;
use alloc_compose::{Fallback, Limit, Segregate};
use alloc_conformance::Upstream;
use alloc_core::{ArcHandle, Global, Layout, boxed::Box, vec::Vec};
use alloc_pool::{InlinePool, Pool};
use core::mem::MaybeUninit;

#[test]
fn boxes_over_a_pool_of_two_and_the_heap() {
    let (pool, up) = (Pool::fixed(Layout::new::<[u64; 4]>(), 2), Upstream::new());
    let memory = Fallback::new(&pool, up.clone());
    let boxes: std::vec::Vec<_> = (0..5).map(|i| Box::new_in([i; 4], &memory)).collect();
    assert_eq!((pool.in_use(), up.live_blocks()), (2, 3));
    assert!(
        boxes
            .iter()
            .zip(0_u64..)
            .all(|(value, i)| **value == [i; 4])
    );
    drop(boxes);
    assert_eq!(pool.in_use(), 0);
    up.assert_all_returned();
}

#[test]
fn a_vector_outgrows_a_buffer_on_the_stack() {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 256];
    let arena = FixedArena::new(&mut buffer);
    let up = Upstream::new();
    let memory = Fallback::new(&arena, up.clone());
    let mut numbers: Vec<u32, _> = Vec::new_in(&memory);
    for i in 0..1000 {
        numbers.push(i);
        assert!(
            up.live_blocks() == 0 || numbers.len() > 20,
            "it left the stack too soon"
        );
    }
    assert_eq!(up.live_blocks(), 1);
    assert!(numbers.iter().copied().eq(0..1000));
    drop(numbers);
    up.assert_all_returned();
}

#[test]
fn an_inline_pool_as_the_primary() {
    let pool = InlinePool::<[u64; 2], 3>::new();
    let memory = Fallback::new(&pool, Global);
    let boxes: std::vec::Vec<_> = (0..9_u64).map(|i| Box::new_in([i, i], &memory)).collect();
    assert_eq!(pool.in_use(), 3);
    assert!(boxes.iter().zip(0..).all(|(value, i)| **value == [i, i]));
}

#[test]
fn a_hash_map_within_a_budget() {
    let memory = Limit::new(Global, 4096);
    let mut squares = hashbrown::HashMap::new_in(&memory);
    while squares.try_reserve(1).is_ok() {
        let i = squares.len() as u64;
        squares.insert(i, i * i);
    }
    assert!(squares.len() > 10 && memory.used() <= 4096);
    assert!(squares.iter().all(|(i, square)| *square == i * i));
    drop(squares);
    assert_eq!(memory.used(), 0);
}

#[test]
fn threads_share_one_budget() {
    let budget = ArcHandle::new(Limit::new(Global, 1000));
    let boxes: std::vec::Vec<_> = (0..4_u8)
        .map(|i| {
            let budget = budget.clone();
            std::thread::spawn(move || Box::try_new_in([i; 300], budget))
        })
        .collect::<std::vec::Vec<_>>()
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(boxes.iter().filter(|value| value.is_ok()).count(), 3);
    assert_eq!(budget.used(), 900);
    drop(boxes);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_tower_of_all_of_them() {
    let pool = Pool::fixed(Layout::from_size_align(32, 8).unwrap(), 4);
    let small = Fallback::new(&pool, Limit::new(Global, 64));
    let memory = Limit::new(Segregate::<32, _, _>::new(small, Global), 10_000);
    let boxes: std::vec::Vec<_> = (0..9_u64)
        .map(|i| Box::try_new_in([i; 4], &memory))
        .collect();
    let served = boxes.iter().filter(|value| value.is_ok()).count();
    assert_eq!(
        (served, pool.in_use(), memory.used()),
        (6, 4, 192),
        "4 of the pool, 2 of 64 bytes"
    );
    let large = Box::new_in([0_u8; 5000], &memory);
    assert_eq!(memory.used(), 5192);
    drop((boxes, large));
    assert_eq!((pool.in_use(), memory.used()), (0, 0));
}

#[cfg(feature = "nightly")]
mod std_collections {
    use super::*;
    use std::collections::{BTreeMap, LinkedList, VecDeque};
    use std::{rc::Rc, sync::Arc};

    #[test]
    fn nodes_of_a_list_from_a_pool_that_runs_out() {
        let up = Upstream::new();
        let pool = Pool::fixed(Layout::from_size_align(64, 16).unwrap(), 10);
        let memory = Fallback::new(&pool, up.clone());
        let mut list = LinkedList::new_in(&memory);
        list.extend(0..25_u64);
        assert_eq!((pool.in_use(), up.live_blocks()), (10, 15));
        while list.len() > 5 {
            list.pop_front();
        }
        assert!(list.iter().copied().eq(20..25));
        assert_eq!((pool.in_use(), up.live_blocks()), (0, 5));
        drop(list);
        up.assert_all_returned();
    }

    #[test]
    fn a_tree_whose_leaves_are_small_and_inner_nodes_large() {
        let (small, large) = (Upstream::new(), Upstream::new());
        let memory = Segregate::<128, _, _>::new(small.clone(), large.clone());
        let mut tree = BTreeMap::new_in(&memory);
        let most = if cfg!(miri) { 100_u32 } else { 5000 };
        tree.extend((0..most).map(|i| (i, !i)));
        assert!(small.live_blocks() > 0 && large.live_blocks() > 0);
        assert!(tree.iter().all(|(i, value)| *value == !i));
        drop(tree);
        small.assert_all_returned();
        large.assert_all_returned();
    }

    #[test]
    fn the_other_collections_of_std() {
        let pool = Pool::fixed(Layout::from_size_align(64, 16).unwrap(), 4);
        let memory = Fallback::new(&pool, Limit::new(Global, 1 << 20));
        let mut queue = VecDeque::new_in(&memory);
        for i in 0..100 {
            queue.push_back(i);
            if i % 3 == 0 {
                queue.pop_front();
            }
        }
        assert!(queue.iter().copied().eq(34..100));
        queue.clear();
        queue.shrink_to_fit();
        let shared = Rc::new_in([1_u64; 4], &memory);
        assert_eq!(*shared.clone(), [1; 4]);
        let sent = Arc::new_in([2_u64; 40], &memory);
        assert_eq!((pool.in_use(), memory.secondary().used()), (1, 16 + 320));
        drop((shared, sent, queue));
        assert_eq!((pool.in_use(), memory.secondary().used()), (0, 0));
    }
}
