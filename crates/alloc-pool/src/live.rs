//! The blocks that are in use: who asks for them, and what was not given back.

use core::alloc::Layout;
use core::fmt;
use core::iter::FusedIterator;
use core::ptr::{self, NonNull};

use alloc_core::Allocator;

use crate::Pool;
use crate::chunk::{Chunk, Linked};
use crate::free_list::{Free, FreeLists};
use crate::hardened::Seals;
use crate::list::{List, Visible};
use crate::math;

/// The blocks of a pool that are currently allocated, as [`Pool::live_blocks`] and
/// [`Pool::on_leak`] show them.
///
/// It yields each block in its full size, and is displayed as how many there are in which pool.
/// What a block holds is its user's business: the pointers are for looking at, and for
/// `deallocate`.
pub struct LiveBlocks<'p> {
    /// The address of the pool.
    pool: usize,
    /// The layout of a block.
    block: Layout,
    /// Bytes in front of what the user of a block gets.
    front: usize,
    /// How many blocks are left.
    left: usize,
    /// Blocks of the first of the chunks that were never handed out.
    fresh: usize,
    /// What is left of the chunks behind the first one, and that one.
    chunks: Option<&'p Linked>,
    first: Option<&'p Linked>,
    /// The chunk that is being visited, and the number of the next block in it.
    current: Option<(&'p Chunk, usize)>,
    /// The free blocks in the chunks that are not visited yet, in the order in which they will be.
    free: List<Free>,
    /// The others, the last one in front.
    seen: List<Free>,
    /// Where the free blocks go in the end: into these lists, or, if there are seals, into those.
    lists: &'p FreeLists,
    seals: Option<&'p Seals>,
}

impl LiveBlocks<'_> {
    /// The layout of a block.
    pub fn block_layout(&self) -> Layout {
        let size = self.block.size().saturating_sub(self.front);
        Layout::from_size_align(size, self.block.align()).unwrap_or(self.block)
    }

    /// The chunk to visit next, and how many of its blocks were handed out at some time.
    fn next_chunk(&mut self) -> Option<(&Chunk, usize)> {
        loop {
            if let Some((chunk, index)) = self.current {
                let is_first = self.chunks.is_none() && self.first.is_none();
                let handed_out = chunk.blocks() - if is_first { self.fresh } else { 0 };
                if index < handed_out {
                    self.current = Some((chunk, index + 1));
                    return Some((chunk, index));
                }
            }
            let linked = match self.chunks {
                Some(linked) => {
                    self.chunks = linked.next();
                    linked
                }
                None => self.first.take()?,
            };
            self.current = Some((linked.chunk(), 0));
        }
    }
}

impl Iterator for LiveBlocks<'_> {
    type Item = NonNull<[u8]>;

    fn next(&mut self) -> Option<NonNull<[u8]>> {
        loop {
            let (chunk, index) = self.next_chunk()?;
            let start = chunk.block(index);
            if self.free.first() != Some(start.addr().get()) {
                self.left = self.left.saturating_sub(1);
                let size = self.block.size() - self.front;
                // SAFETY: within the block.
                let start = unsafe { start.add(self.front) };
                return Some(NonNull::slice_from_raw_parts(start, size));
            }
            if let Some(block) = self.free.pop() {
                self.seen.push(block);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for LiveBlocks<'_> {}
impl FusedIterator for LiveBlocks<'_> {}

impl Drop for LiveBlocks<'_> {
    fn drop(&mut self) {
        let mut rest = core::mem::take(&mut self.free).reversed();
        let next = |rest: &mut List<Free>, seen: &mut List<Free>| rest.pop().or_else(|| seen.pop());
        while let Some(block) = next(&mut rest, &mut self.seen) {
            let Some(seals) = self.seals else {
                // SAFETY: P2, and a block serves a request for all of it.
                unsafe { self.lists.give(block, self.block) };
                continue;
            };
            // SAFETY: within the block.
            let block = unsafe { block.into_raw().add(self.front) };
            // SAFETY: a block that nobody uses, and that serves a request for all of it.
            unsafe { seals.link(block, math::slot_to_give(self.block_layout())) };
        }
    }
}

impl fmt::Debug for LiveBlocks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveBlocks")
            .field("left", &self.left)
            .field("block_layout", &self.block_layout())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for LiveBlocks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, pool, .. } = self;
        let block = self.block_layout();
        let (size, align) = (block.size(), block.align());
        write!(
            f,
            "{left} in use of the blocks of {size} bytes aligned to {align} in the pool at {pool:#x}"
        )
    }
}

impl<A: Allocator> Pool<A> {
    /// Visits the blocks that are currently allocated.
    ///
    /// That it takes `&mut self` keeps the pool as it is meanwhile: blocks that borrow it do not
    /// exist then, and what is seen are those that are held by raw pointer, and those that were
    /// forgotten. Afterwards free blocks are handed out in the order of their addresses.
    ///
    /// What is returned holds the free blocks, and gives them back when it is dropped. If it is
    /// forgotten they are lost, and count and are seen as in use, until the pool is
    /// [reset](Self::reset) or dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{AllocError, Allocator, Layout, Pool};
    ///
    /// let mut pool = Pool::for_value::<u64>();
    /// let block = pool.allocate(Layout::new::<u64>())?;
    /// assert!(pool.live_blocks().eq([block]));
    /// # Ok::<(), AllocError>(())
    /// ```
    ///
    /// # Complexity
    ///
    /// n log n steps for n free blocks and chunks, which are sorted, and one step for each block.
    /// No memory is needed for it.
    pub fn live_blocks(&mut self) -> LiveBlocks<'_> {
        self.live_blocks_behind(0, None)
    }

    /// The same, of blocks whose first `front` bytes are not their users', and which go to these seals
    /// if they are free.
    pub(crate) fn live_blocks_behind<'p>(
        &'p mut self,
        front: usize,
        seals: Option<&'p Seals>,
    ) -> LiveBlocks<'p> {
        let left = self.in_use();
        let pool = ptr::from_ref(self).addr();
        let fresh = self.sort_used();
        let mut free = self.free.take_all().sorted_down();
        let first = self.used.get_mut().head();
        let (mut others, mut within) = (List::<Free>::EMPTY, List::<Free>::EMPTY);
        // From the highest one to the lowest one, which ends in front.
        while let Some(block) = free.pop() {
            let in_first =
                first.is_some_and(|first| first.chunk().index_of(block.addr()).is_some());
            if in_first { &mut within } else { &mut others }.push(block);
        }
        LiveBlocks {
            pool,
            block: self.block.get(),
            front,
            left,
            fresh,
            chunks: first.and_then(Visible::next),
            first,
            current: None,
            free: others.followed_by(within),
            seen: List::EMPTY,
            lists: &self.free,
            seals,
        }
    }

    /// Sorts the chunks in `used` by address, but for the one under the cursor, which stays in front.
    /// Returns how many blocks are under the cursor.
    fn sort_used(&mut self) -> usize {
        let used = self.used.get_mut();
        let front = used.pop();
        let mut sorted = core::mem::take(used).sorted_down().reversed();
        if let Some(front) = front {
            sorted.push(front);
        }
        *used = sorted;
        self.cursor.get_mut().left()
    }

    /// Calls `report` when the pool is dropped while blocks are in use: blocks that nobody can give
    /// back any more.
    ///
    /// A pool takes all its memory along, so this is no leak to the system, and programs that build
    /// something and drop the pool with it do so on purpose. That is why one has to ask. A
    /// [`reset`](Self::reset) is on purpose, too, and is not reported.
    ///
    /// # Examples
    ///
    /// In a test, a leak is a failure:
    ///
    /// ```should_panic
    /// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
    ///
    /// let pool = Pool::new(Layout::new::<u64>()).on_leak(|blocks| panic!("leaked: {blocks}"));
    /// std::mem::forget(Box::new_in(7_u64, &pool));
    /// drop(pool); // leaked: 1 in use of the blocks of 8 bytes aligned to 8 in the pool at 0x..
    /// ```
    #[must_use]
    pub fn on_leak(mut self, report: fn(LiveBlocks<'_>)) -> Self {
        self.leak = Some(report);
        self
    }

    /// Reports the blocks in use, if somebody wants to know and there are some.
    pub(crate) fn report_leaks(&mut self) {
        if let Some(report) = self.leak
            && self.in_use() > 0
        {
            report(self.live_blocks());
        }
    }
}
