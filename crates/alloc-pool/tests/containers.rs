//! Containers on pools.
#![cfg_attr(feature = "nightly", feature(allocator_api, btreemap_alloc))]

use alloc_conformance::Upstream;
use alloc_pool::alloc_core::{RcHandle, boxed::Box, vec::Vec};
use alloc_pool::{AllocError, InlinePool, Layout, Pool};

const COUNT: u64 = if cfg!(miri) { 100 } else { 10_000 };

/// A tree of boxes, all nodes from one pool.
struct Tree<'p> {
    key: u64,
    left: Option<Box<Tree<'p>, &'p Pool<Upstream>>>,
    right: Option<Box<Tree<'p>, &'p Pool<Upstream>>>,
}

#[test]
fn a_tree_of_boxes_asks_the_upstream_for_chunks_only() -> Result<(), AllocError> {
    let up = Upstream::new();
    let pool = Pool::new_in(Layout::new::<Tree<'_>>(), up.clone());
    let mut root = None;
    for n in 0..COUNT {
        let key = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut place: &mut Option<Box<Tree<'_>, _>> = &mut root;
        while let Some(node) = place {
            place = if key < node.key {
                &mut node.left
            } else {
                &mut node.right
            };
        }
        *place = Some(Box::try_new_in(
            Tree {
                key,
                left: None,
                right: None,
            },
            &pool,
        )?);
    }
    assert_eq!(pool.in_use() as u64, COUNT);
    assert!(up.calls() < 20);
    drop(root);
    assert_eq!(pool.in_use(), 0);
    drop(pool);
    assert!(up.check().is_ok());
    Ok(())
}

#[test]
fn a_vector_and_boxes_of_many_types_share_a_pool() -> Result<(), AllocError> {
    let pool = RcHandle::new(Pool::new(Layout::new::<[u64; 16]>()));
    let mut words = Vec::new_in(pool.clone());
    words.extend(["a", "pool", "of", "blocks"]);
    let byte = Box::try_new_in(1_u8, pool.clone())?;
    let pair = Box::try_new_in((2_u64, 3_u16), pool.clone())?;
    let slice = {
        let mut numbers = Vec::with_capacity_in(16, pool.clone());
        numbers.extend([4_u8]);
        numbers.into_boxed_slice()
    };
    assert_eq!((words.len(), *byte, pair.1, slice[0]), (4, 1, 3, 4));
    assert_eq!(pool.in_use(), 4);
    drop((words, byte, pair, slice));
    // What the slice gave back serves a larger request as well.
    let large = Box::try_new_in([5_u64; 16], pool.clone())?;
    assert_eq!(large.iter().sum::<u64>(), 80);
    Ok(())
}

#[test]
fn leaked_boxes_come_back() -> Result<(), AllocError> {
    let pool = Pool::new(Layout::new::<[u64; 4]>());
    let inline = InlinePool::<[u64; 4], 1>::new();
    let (raw, at) = Box::into_raw_with_allocator(Box::try_new_in(7_u8, &pool)?);
    // SAFETY: just taken apart.
    drop(unsafe { Box::from_raw_in(raw, at) });
    let (raw, at) = Box::into_raw_with_allocator(Box::try_new_in(7_u8, &inline)?);
    // SAFETY: just taken apart.
    drop(unsafe { Box::from_raw_in(raw, at) });
    assert_eq!(*Box::try_new_in([1_u64; 4], &pool)?, [1; 4]);
    assert_eq!(*Box::try_new_in([1_u64; 4], &inline)?, [1; 4]);
    Ok(())
}

#[cfg(feature = "nightly")]
mod std_collections {
    use super::*;
    use std::collections::{BTreeMap, LinkedList, VecDeque};
    use std::rc::Rc;

    /// A list takes its first node's layout, whatever that type is called.
    #[test]
    fn a_linked_list_on_a_learning_pool() {
        let up = Upstream::new();
        let pool = Pool::learning_in(up.clone());
        let mut list = LinkedList::new_in(&pool);
        list.extend(0..COUNT);
        let calls = up.calls();
        for _ in 0..COUNT {
            let first = list.pop_front();
            list.extend(first);
        }
        assert_eq!(list.iter().sum::<u64>(), COUNT * (COUNT - 1) / 2);
        assert_eq!((up.calls(), pool.in_use() as u64), (calls, COUNT));
        drop(list);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_small_btree_map_on_a_learning_pool() {
        let pool = Pool::learning();
        let mut map = BTreeMap::new_in(&pool);
        map.extend((0..11).map(|n| (n, n * n)));
        assert_eq!((map[&10], pool.in_use()), (100, 1));
    }

    #[test]
    fn a_btree_map_on_a_learning_pool_with_headroom() {
        let up = Upstream::new();
        let pool = Pool::learning_in(up.clone()).with_headroom(12 * size_of::<usize>());
        let mut map = BTreeMap::new_in(&pool);
        map.extend((0..COUNT).map(|n| (n, n * n)));
        map.retain(|n, _| n % 3 == 0);
        map.extend((COUNT..2 * COUNT).map(|n| (n, n)));
        assert_eq!(map.range(..COUNT).map(|(n, _)| n % 3).sum::<u64>(), 0);
        assert!(up.calls() < 20);
        drop(map);
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn shared_handles_of_std() {
        let pool = Rc::new(Pool::new(Layout::new::<[u64; 8]>()));
        let mut queue = VecDeque::new_in(Rc::clone(&pool));
        queue.extend([1_u64, 2, 3]);
        let counted = Rc::new_in([4_u64; 3], Rc::clone(&pool));
        assert_eq!(
            (queue.iter().sum::<u64>(), counted[0], pool.in_use()),
            (6, 4, 2)
        );
        drop((queue, counted));
        assert_eq!(pool.in_use(), 0);
    }
}
