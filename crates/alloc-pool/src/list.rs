//! Lists whose links stand inside their elements, with ownership instead of pointers.
//!
//! A [`Node`] owns a piece of memory and, through a link written into that memory, everything
//! behind it. Both lists of this crate are of this kind: free blocks and chunks. What is unsafe
//! about them stands with the two node types.
#![forbid(unsafe_code)]

use core::cell::Cell;
use core::iter;

/// An element together with the list behind it.
pub(crate) trait Node: Sized {
    /// An element on its own.
    type Lone;

    /// Writes a link to `rest` into `lone`.
    fn join(lone: Self::Lone, rest: Option<Self>) -> Self;

    /// Takes the first element off.
    fn split(self) -> (Self::Lone, Option<Self>);

    /// The address that stands for the first element in an order.
    fn addr(&self) -> usize;
}

/// A node that may be looked at where it stands. Free blocks may not: their links are nobody's memory.
pub(crate) trait Visible: Node {
    /// The list behind the first element.
    fn next(&self) -> Option<&Self>;
}

/// A list that is used as a stack.
#[derive(Debug)]
pub(crate) struct List<N>(Option<N>);

impl<N> List<N> {
    /// The empty list.
    pub(crate) const EMPTY: Self = Self(None);

    /// The list that begins with `first`.
    pub(crate) fn from_first(first: Option<N>) -> Self {
        Self(first)
    }

    /// The first element, and with it all others.
    pub(crate) fn into_first(self) -> Option<N> {
        self.0
    }
}

impl<N> Default for List<N> {
    #[inline]
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<N: Node> List<N> {
    /// Adds an element in front.
    #[inline]
    pub(crate) fn push(&mut self, lone: N::Lone) {
        self.0 = Some(N::join(lone, self.0.take()));
    }

    /// Takes the element in front.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<N::Lone> {
        let (lone, rest) = self.0.take()?.split();
        self.0 = rest;
        Some(lone)
    }

    /// The node in front.
    pub(crate) fn head(&self) -> Option<&N> {
        self.0.as_ref()
    }

    /// This list, and `last` behind it.
    pub(crate) fn followed_by(self, last: Self) -> Self {
        let (mut turned, mut all) = (self.reversed(), last);
        while let Some(lone) = turned.pop() {
            all.push(lone);
        }
        all
    }

    /// The address of the element in front.
    pub(crate) fn first(&self) -> Option<usize> {
        self.0.as_ref().map(N::addr)
    }

    /// Turns the order around.
    pub(crate) fn reversed(mut self) -> Self {
        let mut reversed = Self::EMPTY;
        while let Some(lone) = self.pop() {
            reversed.push(lone);
        }
        reversed
    }

    /// Sorts by address, the highest in front. Takes n log n steps and no memory.
    ///
    /// A merge sort from below. Merging in front of a list turns the order around, so the lists of
    /// `1 << i` elements that wait for a second one in `waiting[i]` have their lowest address in
    /// front if `i` is even, and their highest if it is odd.
    pub(crate) fn sorted_down(mut self) -> Self {
        let mut waiting = [const { Self::EMPTY }; usize::BITS as usize];
        while let Some(lone) = self.pop() {
            let mut carry = Self::EMPTY;
            carry.push(lone);
            for (level, slot) in waiting.iter_mut().enumerate() {
                if slot.0.is_none() {
                    *slot = carry;
                    break;
                }
                carry = Self::merge(core::mem::take(slot), carry, level.is_multiple_of(2));
            }
        }
        let mut all = Self::EMPTY;
        for (level, slot) in waiting.into_iter().enumerate() {
            // `all` has the order of this level, and the merged list that of the next one. Merging
            // with an empty list only turns it around.
            all = Self::merge(slot, all, level.is_multiple_of(2));
        }
        // The last level, `usize::BITS`, is an even one: the lowest address is in front.
        all.reversed()
    }

    /// Merges two lists that are sorted alike into one of the opposite order.
    fn merge(mut a: Self, mut b: Self, lowest_in_front: bool) -> Self {
        let mut merged = Self::EMPTY;
        loop {
            let from_a = match (a.first(), b.first()) {
                (Some(a), Some(b)) => (a < b) == lowest_in_front,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return merged,
            };
            let lone = if from_a { a.pop() } else { b.pop() };
            if let Some(lone) = lone {
                merged.push(lone);
            }
        }
    }
}

impl<N: Visible> List<N> {
    /// Visits the nodes from the front.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &N> {
        iter::successors(self.0.as_ref(), |node| node.next())
    }
}

/// A list that is changed through a shared reference.
pub(crate) struct Shared<N>(Cell<List<N>>);

impl<N: Node> Shared<N> {
    /// An empty list.
    pub(crate) const fn new() -> Self {
        Self(Cell::new(List::EMPTY))
    }

    /// Adds an element in front.
    #[inline]
    pub(crate) fn push(&self, lone: N::Lone) {
        self.with(|list| list.push(lone));
    }

    /// Takes the element in front.
    #[inline]
    pub(crate) fn pop(&self) -> Option<N::Lone> {
        self.with(List::pop)
    }

    /// The list.
    pub(crate) fn get_mut(&mut self) -> &mut List<N> {
        self.0.get_mut()
    }

    /// Runs `f` on the list. `f` calls nothing that could come back here, for the list is away meanwhile.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut List<N>) -> R) -> R {
        let mut list = self.0.take();
        let result = f(&mut list);
        self.0.set(list);
        result
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::boxed::Box;
    use std::vec::Vec;

    struct Number(usize, Option<Box<Number>>);

    impl Node for Number {
        type Lone = usize;

        fn join(lone: usize, rest: Option<Self>) -> Self {
            Self(lone, rest.map(Box::new))
        }

        fn split(self) -> (usize, Option<Self>) {
            (self.0, self.1.map(|rest| *rest))
        }

        fn addr(&self) -> usize {
            self.0
        }
    }

    impl Visible for Number {
        fn next(&self) -> Option<&Self> {
            self.1.as_deref()
        }
    }

    #[test]
    fn a_list_is_a_stack() {
        let list = Shared::<Number>::new();
        assert_eq!(list.pop(), None);
        list.push(1);
        list.push(2);
        assert_eq!(list.with(|list| list.first()), Some(2));
        assert_eq!(
            list.with(|list| list.iter().map(Node::addr).collect::<Vec<_>>()),
            [2, 1]
        );
        assert_eq!(
            (list.pop(), list.pop(), list.pop()),
            (Some(2), Some(1), None)
        );
    }

    #[test]
    fn sorting_puts_the_highest_in_front_and_loses_nothing() {
        let mut state = 1_usize;
        let most = if cfg!(miri) { 9 } else { 70 };
        for len in (0..most).chain([33, if cfg!(miri) { 34 } else { 255 }]) {
            let mut list = List::<Number>::EMPTY;
            let mut expected = Vec::new();
            for _ in 0..len {
                // A linear congruence modulo a power of two: no number comes twice.
                state = state.wrapping_mul(5).wrapping_add(7) % (1 << 20);
                list.push(state);
                expected.push(state);
            }
            expected.sort_unstable_by(|a, b| b.cmp(a));
            let sorted = list.sorted_down();
            assert_eq!(sorted.iter().map(Node::addr).collect::<Vec<_>>(), expected);
        }
    }
}
