//! Where a pool's blocks come from and where they go: chunks out, chunks back.
//!
//! Whenever the upstream is called the pool is in order, so that an upstream which comes back to
//! the pool does no harm.

use core::alloc::Layout;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator};

use crate::Pool;
use crate::chunk::{Chunk, Chunks, Cursor};
use crate::free_list::{Block, Free, LINK};
use crate::list::List;
use crate::math;

impl<A: Allocator> Pool<A> {
    /// Takes a block for `request` from wherever there is one: from its own list, from those of
    /// other requests, from the cursor, from the upstream.
    ///
    /// # Errors
    ///
    /// If no block serves the request, or there is none.
    pub(crate) fn supply(&self, request: Layout) -> Result<Block, AllocError> {
        let block = self.block.get();
        if !self.serves(request) {
            return Err(AllocError);
        }
        loop {
            if let Some(block) = self.free.take_like(request) {
                return Ok(block);
            }
            // SAFETY: P2; the blocks serve it, as was just seen, and what they are does not change.
            unsafe { self.free.gather(request, math::batch(block.size())) };
            if let Some(block) = self.free.take_like(request) {
                return Ok(block);
            }
            if let Some(block) = self.carve(request) {
                return Ok(block);
            }
            self.grow_for(block)?;
        }
    }

    /// Takes the block layout from a request, and a first chunk of it.
    ///
    /// # Errors
    ///
    /// If there is nothing to learn, or no chunk. The pool has then learned nothing.
    pub(crate) fn learn(&self, request: Layout) -> Result<(), AllocError> {
        self.learn_roomy(request, self.headroom.ok_or(AllocError)?)
    }

    /// The same, of blocks with `extra` bytes beside what is asked for.
    pub(crate) fn learn_roomy(&self, request: Layout, extra: usize) -> Result<(), AllocError> {
        if self.block.get().size() != 0 {
            return Err(AllocError);
        }
        let block = math::block_layout(request, extra, LINK).ok_or(AllocError)?;
        self.grow_for(block)
    }

    /// Takes a block off the cursor, or off the next chunk that is fresh, and puts those behind it
    /// into the list of requests like this one, so that the next ones need not come here.
    ///
    /// The blocks serve `request`.
    fn carve(&self, request: Layout) -> Option<Block> {
        debug_assert!(self.serves(request));
        let mut cursor = self.cursor.take();
        if cursor.left() == 0
            && let Some(chunk) = self.fresh.pop()
        {
            // SAFETY: by P1 nothing uses a block of a fresh chunk. As it moves to `used`, it is not
            // carved again before `reset`, and `release_empty_chunks` takes the cursor away before
            // it releases the chunk.
            cursor = unsafe { chunk.carve() };
            self.used.push(chunk);
        }
        let first = cursor.carve();
        let mut ahead = List::<Free>::EMPTY;
        let batch = math::batch(self.block.get().size());
        for block in (1..batch).map_while(|_| cursor.carve()) {
            ahead.push(block);
        }
        self.cursor.set(cursor);
        while let Some(block) = ahead.pop() {
            // SAFETY: P2; the blocks serve the request, by the caller.
            unsafe { self.free.give(block, request) };
        }
        first
    }

    /// Gets a chunk of `block`s. Asks for fewer and fewer if the upstream refuses many; a pool with
    /// a bound wants all or nothing.
    #[cold]
    fn grow_for(&self, block: Layout) -> Result<(), AllocError> {
        let mut blocks = self.next_blocks(block);
        loop {
            let result = self.add_chunk(block, blocks);
            if result.is_ok() || self.bound.is_some() || blocks <= 1 {
                return result;
            }
            blocks /= 2;
        }
    }

    /// Gets a fresh chunk of this many `block`s.
    fn add_chunk(&self, block: Layout, blocks: usize) -> Result<(), AllocError> {
        if blocks == 0 || block.size() == 0 {
            return Err(AllocError);
        }
        let chunk = Chunk::allocate(block, blocks, &self.upstream)?;
        // Only an upstream that came back to this pool can have changed it.
        let room = self
            .bound
            .is_none_or(|bound| blocks <= bound.saturating_sub(self.held.get()));
        let known = self.block.get();
        if !room || (known.size() != 0 && known != block) {
            // SAFETY: from this upstream, and nothing has used it.
            unsafe { chunk.release(&self.upstream) };
            return Err(AllocError);
        }
        // P2: it was not known until now, or is the same.
        self.block.set(block);
        self.held.set(self.held.get().saturating_add(blocks));
        self.fresh.push(chunk);
        Ok(())
    }

    /// Gets memory for `blocks` more blocks than are in use, if it is not there yet: so many
    /// requests will then not ask the upstream.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{Layout, Pool};
    ///
    /// let pool = Pool::new(Layout::new::<[u64; 8]>());
    /// pool.reserve(1000)?;
    /// assert!(pool.available() >= 1000);
    /// # Ok::<(), alloc_pool::AllocError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the upstream has no chunk for what is missing, if the bound of a [`fixed`](Pool::fixed)
    /// pool would be exceeded, or if a learning pool has not learned its block layout. Reserving
    /// nothing always succeeds.
    ///
    /// # Complexity
    ///
    /// Linear in the free blocks and the chunks, plus one request to the upstream.
    pub fn reserve(&self, blocks: usize) -> Result<(), AllocError> {
        let missing = blocks.saturating_sub(self.spare());
        if missing == 0 {
            return Ok(());
        }
        let Some(bound) = self.bound else {
            return self.add_chunk(self.block.get(), missing);
        };
        let rest = bound.saturating_sub(self.held.get());
        if missing > rest {
            return Err(AllocError);
        }
        self.add_chunk(self.block.get(), rest)
    }

    /// Takes every block back and keeps the chunks, without touching the blocks.
    ///
    /// That it takes `&mut self` is what makes it safe: nothing that borrows the pool, and so no
    /// block of a `&Pool`, is left.
    ///
    /// # Complexity
    ///
    /// Linear in the chunks.
    pub fn reset(&mut self) {
        // By `&mut self` no block is currently allocated any more. All of P1's places are emptied,
        // and every chunk becomes fresh.
        self.free.forget();
        self.cursor.set(Cursor::EMPTY);
        while let Some(chunk) = self.used.pop() {
            chunk.unmark_all();
            // SAFETY: as just said, nothing uses a block.
            unsafe { chunk.retire() };
            self.fresh.push(chunk);
        }
    }

    /// Gives every chunk back to the upstream of which no block is in use, and returns their size in bytes.
    ///
    /// Blocks in use stay where they are, so this needs no `&mut self`. Afterwards the blocks that
    /// were freed are handed out in the order of their addresses.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{Layout, Pool, alloc_core::boxed::Box};
    ///
    /// let pool = Pool::for_value::<[u64; 8]>();
    /// drop(Box::try_new_in([0_u64; 8], &pool)?);
    /// assert!(pool.release_empty_chunks() > 0);
    /// assert_eq!(pool.capacity(), 0);
    /// # Ok::<(), alloc_pool::AllocError>(())
    /// ```
    ///
    /// # Complexity
    ///
    /// f log f + c log c steps for f free blocks and c chunks: both are sorted by address. No
    /// memory is needed for it.
    pub fn release_empty_chunks(&self) -> usize {
        let mut empty = self.fresh.with(core::mem::take);
        self.part_used_chunks(&mut empty);
        let blocks: usize = empty.iter().map(|linked| linked.chunk().blocks()).sum();
        self.held.set(self.held.get().saturating_sub(blocks));
        self.release_all(empty)
    }

    /// Moves the chunks that are wholly free from `used` to `empty`, and their blocks out of the
    /// free list and the cursor.
    fn part_used_chunks(&self, empty: &mut Chunks) {
        let mut free = self.free.take_all().sorted_down();
        let used = self.used.with(core::mem::take);
        let front = used.first();
        let mut used = used.sorted_down();
        let (mut kept_free, mut kept_used) = (List::EMPTY, Chunks::EMPTY);
        let mut kept_front = None;
        // From the highest chunk to the lowest: what is at or above its start, and not yet taken
        // off, is in it.
        while let Some(chunk) = used.pop() {
            let start = chunk.start();
            let freed = free.addrs().take_while(|&block| block >= start).count();
            let cursor = if front == Some(start) {
                self.cursor.take()
            } else {
                Cursor::EMPTY
            };
            // By P1 all others are in use.
            let is_empty = freed + cursor.left() == chunk.blocks();
            for block in (0..freed).map_while(|_| free.pop()) {
                if !is_empty {
                    kept_free.push(block);
                }
            }
            if is_empty {
                empty.push(chunk);
            } else if front == Some(start) {
                self.cursor.set(cursor);
                kept_front = Some(chunk);
            } else {
                kept_used.push(chunk);
            }
        }
        if let Some(chunk) = kept_front {
            kept_used.push(chunk);
        }
        self.put_back(kept_free);
        self.used.with(|list| *list = kept_used);
    }

    /// Takes a block over that was in none of P1's places.
    ///
    /// # Safety
    ///
    /// It is from [`supply`](Self::supply) of this pool, and nobody uses it.
    pub(crate) unsafe fn take_over(&self, block: NonNull<u8>) {
        // SAFETY: the caller's promise is F2, and P2 gives F1.
        let free = unsafe { Block::new(block) };
        // SAFETY: P2, and a block serves a request for all of it.
        unsafe { self.free.give(free, self.block.get()) };
    }

    /// The block that begins at `address`, with the provenance of its chunk, if one that was taken
    /// off the cursor at some time does. Takes time linear in the chunks.
    pub(crate) fn block_at(&self, address: usize) -> Option<NonNull<u8>> {
        let cursor = self.cursor.take();
        let mut left = cursor.left();
        self.cursor.set(cursor);
        self.used.with(|list| {
            list.iter().find_map(|linked| {
                let chunk = linked.chunk();
                // Only the chunk in front has blocks under the cursor.
                let taken = chunk.blocks() - core::mem::take(&mut left);
                let index = chunk.index_of(address).filter(|&index| index < taken)?;
                Some(chunk.block(index))
            })
        })
    }

    /// Puts blocks back that were taken out of the lists; the first of them is the next to be taken.
    fn put_back(&self, free: List<Free>) {
        let block = self.block.get();
        let mut turned = free.reversed();
        while let Some(free) = turned.pop() {
            // SAFETY: P2, and a block serves a request for all of it.
            unsafe { self.free.give(free, block) };
        }
    }

    /// Gives chunks back of which no block is in any of P1's places, and returns their size in bytes.
    fn release_all(&self, mut chunks: Chunks) -> usize {
        let mut bytes = 0_usize;
        while let Some(chunk) = chunks.pop() {
            // SAFETY: P3, and the chunk was taken out of the lists together with all of its blocks.
            bytes = bytes.saturating_add(unsafe { chunk.release(&self.upstream) });
        }
        bytes
    }
}

impl<A: Allocator> Drop for Pool<A> {
    fn drop(&mut self) {
        /// Gives the chunks back even if the report of leaks unwinds.
        struct Rest<'p, A: Allocator>(&'p mut Pool<A>);

        impl<A: Allocator> Drop for Rest<'_, A> {
            fn drop(&mut self) {
                // Dropping ends the life of every block that is still in use.
                self.0.reset();
                let chunks = self.0.fresh.with(core::mem::take);
                self.0.release_all(chunks);
            }
        }

        Rest(self).0.report_leaks();
    }
}
