//! What the threads of a pool share: chunks, the budget, and the magazines.
//!
//! Blocks come and go one by one, or as half a magazine.

use core::alloc::Layout;
use core::mem;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, checker};

use crate::bitmap::Claim;
use crate::budget::Budget;
use crate::chunk::{ChunkList, Header};
use crate::gathered::Gathered;
use crate::line::OwnLine;
use crate::magazine::{Magazine, Word};
use crate::math::{self, Served};
use crate::misuse;
use crate::rack::Racks;
use crate::sync::{self, BITS, MAGAZINE, const_fn};

/// Everything of a [`SyncPool`](crate::SyncPool).
#[derive(Debug)]
pub(crate) struct Depot<A: Allocator> {
    /// P1: the size is a multiple of the alignment. Every chunk is made of such blocks.
    block: Served,
    /// The magazines of a pool that grows, if there is the feature `std`.
    racks: Racks,
    /// The memory.
    chunks: ChunkList<A>,
    /// Blocks of the first chunk.
    first: usize,
    /// P2: a bounded pool takes a share of the budget for each block it claims, and gives it back
    /// after the block is free, or if it has no memory at all. It has one chunk, of all its blocks.
    budget: OwnLine<Budget>,
}

impl<A: Allocator> Depot<A> {
    const_fn! {
        /// Has no memory yet.
        pub(crate) const fn new(block: Layout, first: usize, limit: Option<usize>, upstream: A) -> Self {
            Self {
                block: Served::by(block.pad_to_align()),
                racks: Racks::new(),
                chunks: ChunkList::new(upstream),
                first,
                budget: OwnLine(Budget::new(limit)),
            }
        }
    }

    /// P1.
    #[inline]
    pub(crate) const fn block(&self) -> &Served {
        &self.block
    }

    /// Blocks at most, if there is a bound.
    pub(crate) const fn limit(&self) -> Option<usize> {
        self.budget.0.limit()
    }

    /// The memory.
    pub(crate) const fn chunks(&self) -> &ChunkList<A> {
        &self.chunks
    }

    /// The magazines.
    #[inline]
    pub(crate) const fn racks(&self) -> &Racks {
        &self.racks
    }

    /// What reports call this pool.
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// Counts the blocks that the pool has memory for.
    pub(crate) fn capacity(&self) -> usize {
        self.chunks
            .iter()
            .map(Header::len)
            .fold(0, usize::saturating_add)
    }

    /// Counts the blocks that are neither free nor in the magazine of a thread.
    pub(crate) fn in_use(&self) -> usize {
        let taken = |chunk: &Header| chunk.bitmap().taken();
        let taken: usize = self.chunks.iter().map(taken).sum();
        taken.saturating_sub(self.racks.resting())
    }

    /// Adds chunks until [`capacity`](Self::capacity) is at least `blocks`.
    pub(crate) fn reserve(&self, blocks: usize) -> Result<(), AllocError> {
        loop {
            // The head first: if there is a newer chunk by then, growing from this head adds
            // nothing, and the loop looks again.
            let head = self.chunks.head();
            let missing = blocks.saturating_sub(self.capacity());
            if missing == 0 {
                return Ok(());
            }
            if self.block.layout().size() == 0 || self.limit().is_some_and(|limit| limit < blocks) {
                return Err(AllocError);
            }
            let len = if self.limit().is_some() {
                self.first
            } else {
                missing
            };
            if self.chunks.grow(head, self.block.layout(), len).is_err()
                && self.chunks.head() == head
            {
                return Err(AllocError);
            }
        }
    }

    /// Makes all blocks free. The caller is alone with the pool.
    pub(crate) fn clear(&mut self) {
        self.racks.clear();
        for chunk in self.chunks.iter() {
            chunk.bitmap().clear();
            chunk.handed_out().clear();
            // SAFETY: by `&mut self` nobody has a block any more.
            unsafe { chunk.retire() };
        }
        self.budget.0.clear();
    }

    /// Frees one block.
    pub(crate) fn put(&self, block: NonNull<u8>) {
        if let Some((chunk, index)) = self.locate(block) {
            self.release(chunk, claim_of(index));
        }
    }

    /// Takes up to half a magazine of blocks; returns one of them, and leaves the others there.
    pub(crate) fn refill<T: Word<*mut u8>, L: Word<usize>>(
        &self,
        magazine: &Magazine<T, L>,
    ) -> Result<NonNull<u8>, AllocError> {
        self.take_up_to(magazine.batch(), || Some(magazine))
    }

    /// Claims up to `want` blocks; returns one of them, and leaves the others in the magazine, if there is one then:
    /// blocks come first, as the upstream may have no room for both.
    pub(crate) fn take_up_to<'m, T: Word<*mut u8> + 'm, L: Word<usize> + 'm>(
        &self,
        want: usize,
        mut magazine: impl FnMut() -> Option<&'m Magazine<T, L>>,
    ) -> Result<NonNull<u8>, AllocError> {
        let mut first = Err(AllocError);
        self.claim(want, |chunk, claim| {
            let mut rest = claim;
            if first.is_err() {
                first = Ok(chunk.block(claim.first()));
                rest = claim.rest();
            }
            if rest.mask == 0 {
                return;
            }
            let Some(magazine) = magazine() else {
                return self.release(chunk, rest);
            };
            let mut blocks = chunk.blocks(rest);
            magazine.stow_all(rest.len(), &mut blocks);
            // Some are left only if the upstream used this very magazine while the pool grew.
            blocks.for_each(|block| self.put(block));
        });
        first
    }

    /// Makes room in a magazine, and puts the block in.
    pub(crate) fn overflow<T: Word<*mut u8>, L: Word<usize>>(
        &self,
        magazine: &Magazine<T, L>,
        block: NonNull<u8>,
    ) {
        self.flush(magazine, self.boundary(magazine));
        let pushed = magazine.push(block);
        debug_assert!(pushed);
    }

    /// How many of the oldest blocks of a full magazine go at once: half of them, or fewer, but more than a quarter, if
    /// the last ones share a word with the next one and can go with it another time. A word that goes as a whole is
    /// written to once, and whoever takes it next need not look for the rest.
    fn boundary<T: Word<*mut u8>, L: Word<usize>>(&self, magazine: &Magazine<T, L>) -> usize {
        let batch = magazine.batch();
        let next = magazine.slot(batch).and_then(|next| self.locate(next));
        let Some((chunk, next)) = next else {
            return batch;
        };
        let in_one_word = |slot: usize| {
            let index = chunk.index_of(magazine.slot(slot)?)?;
            Some(index / BITS == next / BITS)
        };
        (batch / 2..batch)
            .rev()
            .find(|&last| in_one_word(last) != Some(true))
            .map_or(batch, |last| last + 1)
    }

    /// Frees the `count` blocks that a magazine has had longest.
    pub(crate) fn flush<T: Word<*mut u8>, L: Word<usize>>(
        &self,
        magazine: &Magazine<T, L>,
        count: usize,
    ) {
        let mut gathered = Gathered::new();
        let mut run: Option<(&Header, Claim)> = None;
        magazine.drain_oldest(count, |block| {
            if let Some((chunk, claim)) = &mut run
                && let Some(index) = chunk.index_of(block)
            {
                let one = claim_of(index);
                if one.word == claim.word {
                    claim.mask |= one.mask;
                } else {
                    let claim = mem::replace(claim, one);
                    gathered.add(chunk, claim, |of, claim| self.release(of, claim));
                }
            } else if let Some((chunk, index)) = self.locate(block)
                && let Some((of, claim)) = run.replace((chunk, claim_of(index)))
            {
                gathered.add(of, claim, |of, claim| self.release(of, claim));
            }
        });
        if let Some((chunk, claim)) = run {
            gathered.add(chunk, claim, |of, claim| self.release(of, claim));
        }
        gathered.end(|chunk, claim| self.release(chunk, claim));
    }

    /// Claims up to `want` blocks, growing if there is none, and passes them on; none on failure.
    ///
    /// Of an unbounded pool these are blocks of words that lie together, and of no more words than it takes for half
    /// of `want`: the rest of a word that is split between threads would be split again whenever it is taken. Of a
    /// bounded one they are
    /// as many as the budget grants, of as many words as that takes: a share that came back unused
    /// would have been refused to others while a block was free (G1).
    fn claim(&self, want: usize, mut pass: impl FnMut(&Header, Claim)) {
        let budget = &self.budget.0;
        let mut left = budget.take(want);
        while left != 0 {
            let Ok((chunk, mut claim)) = self.claim_granted(left) else {
                return budget.give(left);
            };
            left -= claim.len();
            pass(chunk, claim);
            if self.limit().is_some() {
                continue;
            }
            while left > want / 2
                && let Some(near) = chunk.bitmap().claim_near(claim.word, left)
            {
                claim = near;
                left -= claim.len();
                pass(chunk, claim);
            }
            return;
        }
    }

    /// Claims up to `want` blocks of one word, which the budget has room for.
    fn claim_granted(&self, want: usize) -> Result<(&Header, Claim), AllocError> {
        loop {
            let head = self.chunks.head();
            if let Some(found) = self.chunks.claim(want) {
                return Ok(found);
            }
            if self.limit().is_some() && !head.is_null() {
                // G1: a block is free for each caller who got here. Others took those that we saw;
                // this is their progress.
                sync::spin_loop();
            } else if self.collect() {
                // What threads that ended had left is free now.
            } else if self.grow(head).is_err() && self.chunks.head() == head {
                // With a newer head, another thread got what the upstream had, and we look there.
                return Err(AllocError);
            }
        }
    }

    /// Frees the blocks that threads had in their magazines when they ended; tells whether there
    /// were any.
    #[cold]
    fn collect(&self) -> bool {
        let mut any = false;
        self.racks.abandoned(|magazine| {
            any |= magazine.len() != 0;
            self.flush(magazine, MAGAZINE);
        });
        any
    }

    /// Adds a chunk twice as large as the newest one, or one as large as the upstream has.
    #[cold]
    fn grow(&self, head: *mut Header) -> Result<(), AllocError> {
        let newest = self.chunks.iter().next();
        let double = |chunk: &Header| math::next_len(chunk.len(), self.block.layout().size());
        let mut len = newest.map_or(self.first, double);
        while self.chunks.grow(head, self.block.layout(), len).is_err() {
            len /= 2;
            if len == 0 || self.limit().is_some() {
                return Err(AllocError);
            }
        }
        self.racks.ask_again();
        Ok(())
    }

    /// Frees what a claim of `chunk` stands for.
    fn release(&self, chunk: &Header, claim: Claim) {
        let freed = chunk.bitmap().release(claim);
        debug_assert_eq!(freed, claim.mask, "a block is freed twice");
        // Only what was taken is added: a double free in a release build cannot make the budget
        // wrong.
        self.budget.0.give(freed.count_ones() as usize);
    }

    /// The chunk and index of the block at `ptr`. In a debug build, aborts if there is none.
    pub(crate) fn locate(&self, block: NonNull<u8>) -> Option<(&Header, usize)> {
        let located = self.chunks.locate(block);
        if cfg!(debug_assertions) && located.is_none() {
            misuse::foreign(block.addr().get(), self.address());
        }
        located
    }

    /// Notes in a debug build that the caller of an allocator has this block.
    #[inline]
    pub(crate) fn note_taken(&self, block: NonNull<u8>) {
        if cfg!(debug_assertions)
            && let Some((chunk, index)) = self.locate(block)
        {
            let marked = chunk.handed_out().mark(index);
            debug_assert!(marked, "a block is handed out twice");
        }
    }

    /// Notes in a debug build that this block comes back. Aborts if nobody has it, or it is no
    /// block of this pool.
    #[inline]
    pub(crate) fn note_put(&self, block: NonNull<u8>) {
        if cfg!(debug_assertions)
            && let Some((chunk, index)) = self.locate(block)
            && !chunk.handed_out().unmark(index)
        {
            misuse::double_free(block.addr().get(), self.address());
        }
    }
}

/// What [`checker`]s are told of blocks that come back.
impl<A: Allocator> Depot<A> {
    /// The block, with the provenance of its chunk if a checker follows pointers: its owner's is good for the block alone.
    #[inline]
    pub(crate) fn own(&self, block: NonNull<u8>) -> NonNull<u8> {
        if checker::FOLLOWS_POINTERS
            && let Some((chunk, index)) = self.locate(block)
        {
            return chunk.block(index);
        }
        block
    }

    /// Says that the block is nobody's, and returns it as [`own`](Self::own) does.
    ///
    /// # Safety
    ///
    /// It is a block of this pool that is handed out, and its owner gives it up.
    #[inline]
    pub(crate) unsafe fn retire(&self, block: NonNull<u8>) -> NonNull<u8> {
        let own = self.own(block);
        let size = self.block.layout().size();
        if math::is_watched(size) {
            // SAFETY: P1; the caller's promise.
            unsafe { checker::retire(own.as_ptr(), size) };
        }
        own
    }
}

/// Block `index` as a claim.
const fn claim_of(index: usize) -> Claim {
    Claim {
        word: index / BITS,
        mask: math::bit(index),
    }
}

impl<A: Allocator> Drop for Depot<A> {
    fn drop(&mut self) {
        // SAFETY: the only upstream there is; nobody uses the pool any more.
        unsafe { self.racks.dismantle(self.chunks.upstream()) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    extern crate std;

    use core::cell::Cell;

    use std::vec::Vec;

    use alloc_core::Global;

    use super::*;

    type Handed = Magazine<Cell<*mut u8>, Cell<usize>>;

    fn depot() -> Depot<Global> {
        Depot::new(Layout::new::<u64>(), 8 * BITS, None, Global)
    }

    fn one(depot: &Depot<Global>) -> NonNull<u8> {
        depot.take_up_to(1, || None::<&Handed>).unwrap()
    }

    fn magazine() -> Handed {
        Magazine::new(Cell::new(ptr::null_mut()), Cell::new(0), MAGAZINE)
    }

    /// What a claim of so many blocks gets, word by word.
    fn claimed(depot: &Depot<Global>, want: usize) -> Vec<(usize, usize)> {
        let mut claims = Vec::new();
        depot.claim(want, |_, claim| claims.push((claim.word, claim.len())));
        claims
    }

    #[test]
    fn a_word_is_not_split_for_a_few_blocks() {
        let depot = depot();
        let some = BITS / 4;
        assert_eq!(claimed(&depot, some), [(0, some)]);
        assert_eq!(claimed(&depot, BITS), [(0, BITS - some)], "that is enough");
        assert_eq!(claimed(&depot, BITS - some), [(1, BITS - some)]);
        let two = [(1, some), (2, BITS - some)];
        assert_eq!(claimed(&depot, BITS), two, "and that is not");
    }

    #[test]
    fn what_shares_a_word_goes_together() {
        let half = MAGAZINE / 2;
        // So many blocks of the first word come before those of whole words.
        for (head, goes) in [(half, half), (half - 1, half - 1), (1, half)] {
            let (depot, magazine) = (depot(), magazine());
            let fill = || {
                depot.claim(BITS, |chunk, claim| {
                    for block in chunk.blocks(claim) {
                        if !magazine.push(block) {
                            depot.put(block);
                        }
                    }
                });
            };
            (0..head).for_each(|_| assert!(magazine.push(one(&depot))));
            depot.claim(BITS - head, |_, others| {
                assert_eq!(others.len(), BITS - head);
            });
            while magazine.len() < MAGAZINE {
                fill();
            }
            assert_eq!(depot.boundary(&magazine), goes, "{head}");
            depot.overflow(&magazine, one(&depot));
            assert_eq!(magazine.len(), MAGAZINE - goes + 1);
        }
    }
}
