//! Free blocks, and the list that they form with links inside themselves.

use core::alloc::Layout;
use core::cell::Cell;
use core::iter;
use core::ptr::NonNull;

use alloc_core::checker;

use crate::list::{List, Node};
use crate::math::{self, SLOTS};

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

impl Block {
    /// The address at which it begins.
    pub(crate) fn addr(&self) -> usize {
        self.0.addr().get()
    }
}

/// A free block that holds a link.
///
/// - F3: the block begins with an initialised `Option<Free>`. It owns the next free block if there is one.
///
/// For [`checker`]s the link is nobody's memory, as the rest of the block is: it is noted there.
#[derive(Debug)]
pub(crate) struct Free(Block);

impl Node for Free {
    type Lone = Block;

    #[inline]
    fn join(lone: Block, rest: Option<Self>) -> Self {
        let link = lone.0.cast::<Option<Self>>();
        // SAFETY: F1 makes the write valid, and by F2 it overwrites nothing that anybody uses. It
        // establishes F3.
        unsafe { checker::note(link, rest) };
        Self(lone)
    }

    #[inline]
    fn split(self) -> (Block, Option<Self>) {
        let link = self.0.0.cast::<Option<Self>>();
        // SAFETY: F1 and F3. The value is moved out once, as this node ceases to exist and a lone
        // block's link is never read.
        let rest = unsafe { checker::noted(link) };
        (self.0, rest)
    }

    #[inline]
    fn addr(&self) -> usize {
        self.0.0.addr().get()
    }
}

impl List<Free> {
    /// The addresses of the blocks, from the front.
    pub(crate) fn addrs(&self) -> impl Iterator<Item = usize> {
        let first = self.head().map(|free| free.0.0);
        let blocks = iter::successors(first, |&block| {
            let link = block.cast::<Option<Free>>();
            // SAFETY: F1 and F3 of a node of this list, which is borrowed. Only the address of the copy is used: the node
            // goes on owning what is behind it.
            unsafe { checker::noted(link) }.map(|next| next.0.0)
        });
        blocks.map(|block| block.addr().get())
    }
}

/// Free blocks. The block that was freed last is taken first.
///
/// ```text
/// top ──▶ 7
/// first ──▶ 6 ──▶ 4 ──▶ 2      freed as 1, 2, .. 7: each link skips a block
/// second ──▶ 5 ──▶ 3 ──▶ 1
/// ```
///
/// With one list the address of a block would be known only when the one before has come from
/// memory. Here it is known one block earlier, so that the processor waits for two at once, and a
/// block that is freed and taken again at once is not touched. Blocks that were freed in no order
/// are taken in half to four fifths of the time, and a pair at one block takes less; a phase of frees
/// alone, or of requests alone, takes five or six instructions more for each.
///
/// No list is stored empty on the way, as it would be with a [`List`]: that store would be one
/// instruction in eight.
#[derive(Debug)]
pub(crate) struct FreeList {
    /// FL1: the block that was freed last, which this list owns and which holds no link; `None` if
    /// it was taken.
    top: Cell<Option<NonNull<u8>>>,
    /// FL2: the address of a [`Free`], which this list owns; `None` only if `second` is as well.
    first: Cell<Option<NonNull<u8>>>,
    /// FL3: the address of a [`Free`], which this list owns, or `None`.
    second: Cell<Option<NonNull<u8>>>,
}

impl FreeList {
    /// The empty list.
    const fn new() -> Self {
        Self {
            top: Cell::new(None),
            first: Cell::new(None),
            second: Cell::new(None),
        }
    }

    /// Adds a block in front.
    #[inline]
    pub(crate) fn push(&self, block: Block) {
        if let Some(top) = self.top.get() {
            // FL1, FL3: the node takes both over, and in their places stands what owns them now.
            let rest = self.second.get().map(|second| Free(Block(second)));
            let first = Free::join(Block(top), rest);
            self.second.set(self.first.get());
            self.first.set(Some(first.0.into_raw()));
        }
        self.top.set(Some(block.into_raw()));
    }

    /// Takes the block in front.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Block> {
        if let Some(top) = self.top.get() {
            // FL1: it is given up before anybody else can look.
            self.top.set(None);
            return Some(Block(top));
        }
        // FL2: the node is given up before anybody else can look.
        let (block, rest) = Free(Block(self.first.get()?)).split();
        self.first.set(self.second.get());
        self.second.set(rest.map(|next| next.0.into_raw()));
        Some(block)
    }

    /// Whether there is no block.
    fn is_empty(&self) -> bool {
        self.top.get().is_none() && self.first.get().is_none()
    }

    /// Forgets all blocks without touching them.
    fn forget(&self) {
        for cell in [&self.top, &self.first, &self.second] {
            cell.set(None);
        }
    }

    /// Calls `visit` with the address of each block. It calls nothing that could come back
    /// here, for the blocks below the top one are away meanwhile.
    fn visit(&self, visit: impl FnMut(usize)) {
        let lists = [&self.first, &self.second].map(|cell| {
            // FL2, FL3.
            List::from_first(cell.take().map(|first| Free(Block(first))))
        });
        let top = self.top.get().map(|top| top.addr().get());
        let below = lists.iter().flat_map(List::addrs);
        top.into_iter().chain(below).for_each(visit);
        let [first, second] = lists;
        let back = |list: List<Free>| list.into_first().map(|first| first.0.into_raw());
        self.first.set(back(first));
        self.second.set(back(second));
    }

    /// Takes up to `most` blocks from the front of `other`, and keeps their order.
    fn refill(&self, other: &Self, most: usize) {
        let mut turned = List::<Free>::EMPTY;
        for block in (0..most).map_while(|_| other.pop()) {
            turned.push(block);
        }
        while let Some(block) = turned.pop() {
            self.push(block);
        }
    }
}

/// The free blocks of a pool, in a list for each size of request.
///
/// All blocks of a pool are of one size, and any of them would do for any request that a block
/// serves. That there are several lists is for the check: a block that served a request of some
/// words serves the next one of as many words, and where the request is a constant, so is the place
/// of its list. Whether there is a block in it is all that is left to ask.
///
/// - FL4: the list of slot 0 is empty. If the list of another slot is not, the blocks of this pool
///   serve every request of which [`math::slot_to_take`] is that slot.
#[derive(Debug)]
pub(crate) struct FreeLists([FreeList; SLOTS]);

impl FreeLists {
    /// No blocks.
    pub(crate) const fn new() -> Self {
        Self([const { FreeList::new() }; SLOTS])
    }

    /// Takes a block that serves `request`, if the list for it has one. It looks at nothing else.
    #[inline]
    pub(crate) fn take_for(&self, request: Layout) -> Option<Block> {
        self.0.get(math::slot_to_take(request))?.pop()
    }

    /// Takes a block from the list of requests like this one, without being sure that it serves it.
    #[inline]
    pub(crate) fn take_like(&self, request: Layout) -> Option<Block> {
        self.0.get(math::slot_to_give(request))?.pop()
    }

    /// Adds a block to the list of requests like this one.
    ///
    /// # Safety
    ///
    /// The blocks of this pool are from [`math::block_layout`] and serve the request.
    #[inline]
    pub(crate) unsafe fn give(&self, block: Block, request: Layout) {
        debug_assert!(request.size() != 0);
        // FL4: a block that serves the request is not smaller than the words of that slot, as its
        // size is a multiple of a word; `math` tests it.
        if let Some(list) = self.0.get(math::slot_to_give(request)) {
            list.push(block);
        }
    }

    /// Moves up to `most` blocks from another list to that of requests like this one.
    ///
    /// # Safety
    ///
    /// As [`give`](Self::give).
    pub(crate) unsafe fn gather(&self, request: Layout, most: usize) {
        let slot = math::slot_to_give(request);
        debug_assert!(slot != 0);
        let full = (0..SLOTS).find(|&other| other != slot && !self.0[other].is_empty());
        if let Some(full) = full {
            // FL4, as in `give`.
            self.0[slot].refill(&self.0[full], most);
        }
    }

    /// Takes all blocks out of all lists.
    pub(crate) fn take_all(&self) -> List<Free> {
        let mut all = List::EMPTY;
        for list in &self.0 {
            while let Some(block) = list.pop() {
                all.push(block);
            }
        }
        all
    }

    /// Forgets all blocks without touching them.
    pub(crate) fn forget(&self) {
        self.0.iter().for_each(FreeList::forget);
    }

    /// Tells whether a free block begins at `address`. Walks them.
    pub(crate) fn holds(&self, address: usize) -> bool {
        let mut found = false;
        for list in &self.0 {
            list.visit(|block| found |= block == address);
        }
        found
    }

    /// The number of blocks.
    pub(crate) fn count(&self) -> usize {
        let mut count = 0;
        for list in &self.0 {
            list.visit(|_| count += 1);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::mem::MaybeUninit;

    /// A link is one pointer at the very start of a block, so a block of a pointer's size can hold it.
    mod layout {
        use super::super::*;

        const _: () = assert!(LINK.size() == size_of::<*const u8>());
        const _: () = assert!(LINK.align() == align_of::<*const u8>());
        const _: () = assert!(memoffset::offset_of_tuple!((Option<Free>,), 0) == 0);
    }

    type Row = [MaybeUninit<[usize; 3]>; 8];

    /// A block of the row.
    fn block(row: NonNull<Row>, index: usize) -> Block {
        assert!(index < 8);
        // SAFETY: within the array.
        let start = unsafe { row.cast::<[usize; 3]>().add(index) };
        // SAFETY: large enough and aligned for a link. The tests take each block once.
        unsafe { Block::new(start.cast()) }
    }

    /// The numbers of the blocks that `next` yields.
    fn numbers(row: NonNull<Row>, next: impl FnMut() -> Option<Block>) -> std::vec::Vec<usize> {
        let start = row.addr().get();
        let offsets = core::iter::from_fn(next).map(|block| block.into_raw().addr().get() - start);
        offsets
            .map(|offset| offset / size_of::<[usize; 3]>())
            .collect()
    }

    #[test]
    fn the_block_freed_last_comes_first() {
        let mut row: Row = [const { MaybeUninit::uninit() }; 8];
        let row = NonNull::from(&mut row);
        let list = FreeList::new();
        (0..4).for_each(|index| list.push(block(row, index)));
        let mut count = 0;
        list.visit(|_| count += 1);
        assert_eq!(count, 4);
        assert_eq!(numbers(row, || list.pop()), [3, 2, 1, 0]);
    }

    #[test]
    fn whatever_the_order_of_frees_and_requests_a_list_is_a_stack() {
        const STEPS: u32 = if cfg!(miri) { 6 } else { 12 };
        // A bit per step: a block is freed or taken.
        for steps in 0_u32..1 << STEPS {
            let mut row: Row = [const { MaybeUninit::uninit() }; 8];
            let row = NonNull::from(&mut row);
            let (list, mut model) = (FreeList::new(), std::vec::Vec::new());
            let mut taken: std::vec::Vec<_> = (0..8).map(|index| block(row, index)).collect();
            for step in 0..STEPS {
                if steps >> step & 1 == 0 {
                    let block = list.pop();
                    assert_eq!(block.as_ref().map(Block::addr), model.pop());
                    taken.extend(block);
                } else if let Some(block) = taken.pop() {
                    model.push(block.addr());
                    list.push(block);
                }
                let mut seen = std::vec::Vec::new();
                list.visit(|block| seen.push(block));
                seen.sort_unstable();
                let mut expected = model.clone();
                expected.sort_unstable();
                assert_eq!(seen, expected);
                assert_eq!(list.is_empty(), model.is_empty());
            }
        }
    }

    #[test]
    fn a_list_is_refilled_in_order() {
        let mut row: Row = [const { MaybeUninit::uninit() }; 8];
        let row = NonNull::from(&mut row);
        let (list, other) = (FreeList::new(), FreeList::new());
        (0..5).for_each(|index| other.push(block(row, index)));
        list.refill(&other, 3);
        assert_eq!(numbers(row, || list.pop()), [4, 3, 2]);
        list.refill(&other, 3);
        assert_eq!(numbers(row, || list.pop()), [1, 0]);
        assert!(other.pop().is_none());
    }

    #[test]
    fn lists_keep_apart_what_they_were_given_for() {
        let mut row: Row = [const { MaybeUninit::uninit() }; 8];
        let row = NonNull::from(&mut row);
        let lists = FreeLists::new();
        let [one, two, nothing] = [1, 2, 0].map(|words| Layout::array::<usize>(words).unwrap());
        for index in 0..4 {
            // SAFETY: the blocks have three words.
            unsafe { lists.give(block(row, index), if index % 2 == 0 { one } else { two }) };
        }
        assert_eq!(lists.count(), 4);
        assert!(lists.take_for(nothing).is_none());
        assert_eq!(numbers(row, || lists.take_for(two)), [3, 1]);
        // SAFETY: the blocks have three words.
        unsafe { lists.gather(two, 1) };
        assert_eq!(numbers(row, || lists.take_for(two)), [2]);
        assert_eq!(numbers(row, || lists.take_like(one)), [0]);
        // SAFETY: the blocks have three words.
        unsafe { lists.give(block(row, 5), one) };
        lists.forget();
        assert_eq!(lists.count(), 0);
    }
}
