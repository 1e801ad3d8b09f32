//! Containers of the standard library, which take an allocator on nightly Rust.

use std::collections::{BTreeMap, LinkedList, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use alloc_core::Allocator;

use super::audit::audited;
use super::containers::{COUNT, expect};
use crate::{Limits, Violation};

/// `VecDeque` grows while it goes round.
///
/// # Errors
///
/// The first violation.
pub fn vec_deque<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("vec_deque", alloc, limits, |heap| {
        let mut queue = VecDeque::new_in(heap);
        for n in 0..COUNT {
            queue.push_back(n);
            if n % 3 == 0 {
                queue.pop_front();
            }
        }
        queue.shrink_to_fit();
        expect(
            queue.iter().copied().eq(COUNT.div_ceil(3)..COUNT),
            "a queue lost elements",
        )
    })
}

/// `LinkedList` allocates a node per element, frees them in any order, and splits lists of one allocator.
///
/// # Errors
///
/// The first violation.
pub fn linked_list<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("linked_list", alloc, limits, |heap| {
        let mut list = LinkedList::new_in(heap);
        for n in 0..COUNT {
            if n % 2 == 0 {
                list.push_back(n);
            } else {
                list.push_front(n);
            }
        }
        list.pop_front();
        let mut tail = list.split_off(list.len() / 2);
        tail.extend(list);
        let sum: u32 = tail.iter().sum();
        let popped = if COUNT.is_multiple_of(2) {
            COUNT - 1
        } else {
            COUNT - 2
        };
        expect(
            sum == COUNT * (COUNT - 1) / 2 - popped,
            "a list lost elements",
        )
    })
}

/// `BTreeMap` allocates leaves and inner nodes, and frees them as it empties.
///
/// # Errors
///
/// The first violation.
pub fn b_tree_map<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("b_tree_map", alloc, limits, |heap| {
        let mut map = BTreeMap::new_in(heap);
        for n in 0..COUNT {
            // In an order that splits nodes everywhere.
            map.insert(n.wrapping_mul(2_654_435_761), n);
        }
        expect(map.len() == COUNT as usize, "a tree miscounts")?;
        let found = (0..COUNT).all(|n| map.get(&n.wrapping_mul(2_654_435_761)) == Some(&n));
        expect(found, "a tree lost keys")?;
        map.retain(|_, n| *n % 5 == 0);
        expect(
            map.len() == COUNT.div_ceil(5) as usize,
            "a tree kept too much",
        )
    })
}

/// `Rc` and its weak references free their block when the last of them goes.
///
/// # Errors
///
/// The first violation.
pub fn rc<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("rc", alloc, limits, |heap| {
        let value = Rc::new_in([5_u16; 9], heap);
        let other = Rc::clone(&value);
        let weak = Rc::downgrade(&value);
        drop(value);
        expect(*other == [5; 9], "a shared value changed")?;
        drop(other);
        expect(weak.upgrade().is_none(), "a dead value came back")
    })
}

/// `Arc` and its weak references free their block when the last of them goes.
///
/// # Errors
///
/// The first violation.
pub fn arc<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    audited("arc", alloc, limits, |heap| {
        let value = Arc::new_in([5_u32; 9], heap);
        let other = Arc::clone(&value);
        let weak = Arc::downgrade(&value);
        drop(value);
        expect(*other == [5; 9], "a shared value changed")?;
        drop(other);
        expect(weak.upgrade().is_none(), "a dead value came back")
    })
}
