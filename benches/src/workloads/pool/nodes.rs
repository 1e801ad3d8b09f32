//! Containers with nodes of 64 bytes, as one writes them: a stack, a queue, a search tree.
//!
//! Each has one allocator, which a link does not repeat, so that nodes are of one size whatever the
//! allocator is.

use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use alloc_core::{Allocator, Layout};

use crate::subjects::free_lists::BLOCK;

/// A node.
struct Node {
    key: u64,
    links: [Link; 2],
    _rest: [MaybeUninit<u64>; 5],
}

const _: () = assert!(size_of::<Node>() == BLOCK.size() && align_of::<Node>() == BLOCK.align());

/// A node that belongs to the link, if there is one.
type Link = Option<Own>;

/// A node that belongs to this value.
///
/// It is for the containers of this module: what the allocator of a container made stays in it
/// until it is freed.
struct Own(
    /// O1: a node of the allocator of the container that this is in; nothing else refers to it but
    /// the end of a [`Queue`].
    NonNull<Node>,
);

impl Deref for Own {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        // SAFETY: by O1.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for Own {
    #[inline]
    fn deref_mut(&mut self) -> &mut Node {
        // SAFETY: by O1.
        unsafe { self.0.as_mut() }
    }
}

/// Makes a node of a container with this allocator.
#[inline]
fn make(allocator: &impl Allocator, key: u64, next: Link) -> Own {
    let block = allocator.allocate(Layout::new::<Node>()).expect("a node");
    let block = block.cast::<Node>();
    let node = Node {
        key,
        links: [next, None],
        _rest: [MaybeUninit::uninit(); 5],
    };
    // SAFETY: the block was just allocated for a node.
    unsafe { block.write(node) };
    Own(block)
}

/// Frees a node, whose links were taken from it; returns its key.
///
/// # Safety
///
/// It was made with this allocator.
#[inline]
unsafe fn free(allocator: &impl Allocator, node: Own) -> u64 {
    let (key, Own(block)) = (node.key, node);
    // SAFETY: by O1 and the caller.
    unsafe { allocator.deallocate(block.cast(), Layout::new::<Node>()) };
    key
}

/// Some chains of nodes, at whose heads nodes come and go. One of them is a stack.
pub(super) struct Chains<'a, A: Allocator> {
    heads: Vec<Link>,
    allocator: &'a A,
}

impl<'a, A: Allocator> Chains<'a, A> {
    /// So many chains.
    pub(super) fn new(count: usize, allocator: &'a A) -> Self {
        let heads = (0..count).map(|_| None).collect();
        Self { heads, allocator }
    }

    /// Adds a key to a chain.
    #[inline]
    pub(super) fn push(&mut self, chain: usize, key: u64) {
        let head = &mut self.heads[chain];
        *head = Some(make(self.allocator, key, head.take()));
    }

    /// Takes the last key that was added to a chain.
    #[inline]
    pub(super) fn pop(&mut self, chain: usize) -> Option<u64> {
        let head = &mut self.heads[chain];
        let mut node = head.take()?;
        *head = node.links[0].take();
        // SAFETY: made in `push`.
        Some(unsafe { free(self.allocator, node) })
    }

    /// Takes all keys; returns their sum.
    pub(super) fn clear(&mut self) -> u64 {
        let mut sum = 0;
        for chain in 0..self.heads.len() {
            while let Some(key) = self.pop(chain) {
                sum += key;
            }
        }
        sum
    }
}

/// A queue.
pub(super) struct Queue<'a, A: Allocator> {
    first: Link,
    /// Q1: the node at the end, of which nothing is used but the link; `None` if there is none.
    last: Option<NonNull<Node>>,
    allocator: &'a A,
}

impl<'a, A: Allocator> Queue<'a, A> {
    /// A queue without keys.
    pub(super) fn new(allocator: &'a A) -> Self {
        Self {
            first: None,
            last: None,
            allocator,
        }
    }

    /// Adds a key at the end.
    #[inline]
    pub(super) fn push(&mut self, key: u64) {
        let node = make(self.allocator, key, None);
        let last = self.last.replace(node.0);
        match last {
            // SAFETY: by Q1; nobody else refers to a node while the queue is borrowed.
            Some(mut last) => unsafe { last.as_mut() }.links[0] = Some(node),
            None => self.first = Some(node),
        }
    }

    /// Takes the first key.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u64> {
        let mut node = self.first.take()?;
        self.first = node.links[0].take();
        if self.first.is_none() {
            self.last = None;
        }
        // SAFETY: made in `push`.
        Some(unsafe { free(self.allocator, node) })
    }
}

/// A search tree without a balance.
pub(super) struct Tree<'a, A: Allocator> {
    root: Link,
    allocator: &'a A,
}

impl<'a, A: Allocator> Tree<'a, A> {
    /// A tree without keys.
    pub(super) fn new(allocator: &'a A) -> Self {
        Self {
            root: None,
            allocator,
        }
    }

    /// Adds a key that the tree does not have.
    pub(super) fn insert(&mut self, key: u64) {
        let place = find(&mut self.root, key);
        *place = Some(make(self.allocator, key, None));
    }

    /// Takes a key out; tells whether the tree had it.
    pub(super) fn remove(&mut self, key: u64) -> bool {
        let place = find(&mut self.root, key);
        let Some(mut node) = place.take() else {
            return false;
        };
        *place = match node.links.each_mut().map(Option::take) {
            [None, one] | [one, None] => one,
            [left, mut right] => {
                let mut least = take_least(&mut right);
                if let Some(least) = &mut least {
                    least.links = [left, right];
                }
                least
            }
        };
        // SAFETY: made in `insert`.
        unsafe { free(self.allocator, node) };
        true
    }

    /// Takes all keys out; returns how many there were.
    pub(super) fn clear(&mut self) -> u64 {
        let mut count = 0;
        while let Some(node) = take_least(&mut self.root) {
            // SAFETY: made in `insert`.
            unsafe { free(self.allocator, node) };
            count += 1;
        }
        count
    }
}

/// The place of a key: the link to its node, or the one where it would be.
fn find(mut place: &mut Link, key: u64) -> &mut Link {
    while place.as_ref().is_some_and(|node| node.key != key) {
        if let Some(node) = place {
            let side = usize::from(key > node.key);
            place = &mut node.links[side];
        }
    }
    place
}

/// Takes the node with the least key out of a branch.
fn take_least(mut place: &mut Link) -> Link {
    while place.as_ref().is_some_and(|node| node.links[0].is_some()) {
        if let Some(node) = place {
            place = &mut node.links[0];
        }
    }
    let mut least = place.take()?;
    *place = least.links[1].take();
    Some(least)
}
