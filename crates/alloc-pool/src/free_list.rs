//! Free blocks, and the list that they form with links inside themselves.

use core::alloc::Layout;
use core::ptr::NonNull;

use crate::list::{Node, Shared};

/// What a free block has to hold: the link to the next one.
pub(crate) const LINK: Layout = Layout::new::<Option<Free>>();

/// A block that nobody uses.
///
/// Invariants of the pointer, which is why it is private here:
/// - F1: it is valid for reads and writes of [`LINK`]'s size and aligned for it, until the chunk of
///   the block goes back to the upstream.
/// - F2: nothing else in the program accesses the block while this value exists.
#[derive(Debug)]
pub(crate) struct Block(NonNull<u8>);

impl Block {
    /// Takes a block over.
    ///
    /// # Safety
    ///
    /// F1 and F2 hold for `start`.
    #[inline]
    pub(crate) unsafe fn new(start: NonNull<u8>) -> Self {
        debug_assert!(start.cast::<Option<Free>>().is_aligned());
        Self(start)
    }

    /// Hands the block over. Its contents are not initialised.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<u8> {
        self.0
    }
}

/// A free block that holds a link.
///
/// - F3: the block begins with an initialised `Option<Free>`. It owns the next free block if there is one.
#[derive(Debug)]
pub(crate) struct Free(Block);

impl Node for Free {
    type Lone = Block;

    #[inline]
    fn join(lone: Block, rest: Option<Self>) -> Self {
        let link = lone.0.cast::<Option<Self>>();
        // SAFETY: F1 makes the write valid, and by F2 it overwrites nothing that anybody uses. It
        // establishes F3.
        unsafe { link.write(rest) };
        Self(lone)
    }

    #[inline]
    fn split(self) -> (Block, Option<Self>) {
        let link = self.0.0.cast::<Option<Self>>();
        // SAFETY: F1 and F3. The value is moved out once, as this node ceases to exist and a lone
        // block's link is never read.
        let rest = unsafe { link.read() };
        (self.0, rest)
    }

    #[inline]
    fn next(&self) -> Option<&Self> {
        let link = self.0.0.cast::<Option<Self>>();
        // SAFETY: F1 and F3; by F2 nothing writes there while this node is borrowed.
        unsafe { link.as_ref() }.as_ref()
    }

    #[inline]
    fn addr(&self) -> usize {
        self.0.0.addr().get()
    }
}

/// The free blocks of a pool. The block that was freed last is taken first.
pub(crate) type FreeList = Shared<Free>;

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;

    /// A link is one pointer at the very start of a block, so a block of a pointer's size can hold it.
    mod layout {
        use super::super::*;

        const _: () = assert!(LINK.size() == size_of::<*const u8>());
        const _: () = assert!(LINK.align() == align_of::<*const u8>());
        const _: () = assert!(memoffset::offset_of_tuple!((Option<Free>,), 0) == 0);
    }

    #[test]
    fn the_block_freed_last_comes_first() {
        let mut row = [const { MaybeUninit::<[usize; 3]>::uninit() }; 4];
        let start = NonNull::from(&mut row).cast::<[usize; 3]>();
        let list = FreeList::new();
        for index in 0..4 {
            // SAFETY: within the array.
            let block = unsafe { start.add(index) };
            // SAFETY: large enough and aligned for a link, and used by nothing else.
            list.push(unsafe { Block::new(block.cast()) });
        }
        for index in (0..4).rev() {
            // SAFETY: within the array.
            let block = unsafe { start.add(index) };
            assert_eq!(list.pop().map(Block::into_raw), Some(block.cast()));
        }
        assert!(list.pop().is_none());
    }
}
