//! The hardened pool as an allocator.

use core::alloc::Layout;
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorEq, Owns, Reset, checker, dangling};

use super::seal::{ALONE, END};
use super::{HardenedPool, Hardening, WAITING, key};
use crate::check::{self, Misuse, Report};
use crate::math;
use crate::resize::{resizing_methods, zero};

impl<A: Allocator, H: Hardening> HardenedPool<A, H> {
    /// Tells whether a block serves a request that is not empty, with room for its seal.
    #[inline]
    fn serves(&self, request: Layout) -> bool {
        request.size().wrapping_sub(1) < self.seals.size()
            && request.align() <= self.pool.block.get().align()
    }

    /// The block at `start`, in its full size.
    #[inline]
    fn whole(&self, start: NonNull<u8>) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(start, self.seals.size())
    }

    /// The same, for its user.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and nobody uses it by another pointer any more.
    #[inline]
    unsafe fn hand_out(&self, start: NonNull<u8>) -> NonNull<[u8]> {
        let align = self.pool.block.get().align();
        // SAFETY: S1 gives the size, H2 and P2 the alignment; the rest is the caller's promise.
        self.whole(unsafe { checker::hand_out(start, self.seals.size(), align) })
    }

    /// Serves a request for which its list has no block, or one that no block serves.
    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, request: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if request.size() == 0 {
            return Ok(dangling(request));
        }
        if self.seals.size() == 0 {
            self.learn(request)?;
        }
        if !self.serves(request) {
            return Err(AllocError);
        }
        let slot = math::slot_to_give(request);
        self.sound(slot);
        let start = match self.seals.take(slot) {
            Some(block) => block,
            None => match self.gather(slot) {
                Some(block) => block,
                None => self.supply(request)?,
            },
        };
        // SAFETY: H1: it was free.
        Ok(unsafe { self.hand_out(start) })
    }

    /// Takes the block layout from a request.
    fn learn(&self, request: Layout) -> Result<(), AllocError> {
        let headroom = self.pool.headroom.ok_or(AllocError)?;
        let front = request.align().max(math::WORD);
        let extra = headroom.checked_add(front).ok_or(AllocError)?;
        self.pool.learn_roomy(request, extra)?;
        let size = self.pool.block.get().size() - self.front();
        // SAFETY: H2 and P2: this is what blocks are, and there was none yet.
        unsafe { self.seals.set_size(size) };
        Ok(())
    }

    /// Takes a block from the list of other requests.
    fn gather(&self, slot: usize) -> Option<NonNull<u8>> {
        let other = self.seals.other(slot)?;
        self.sound(other);
        for _ in 1..math::batch(self.seals.size()) {
            let Some(block) = self.seals.take(other) else {
                break;
            };
            // SAFETY: in use for the moment. All blocks serve what the slot is for, as its request is
            // served by one.
            unsafe { self.seals.link(block, slot) };
        }
        self.seals.take(slot).or_else(|| self.seals.take(other))
    }

    /// Takes a block that has no seal yet from the pool behind, or one that waits.
    fn supply(&self, request: Layout) -> Result<NonNull<u8>, AllocError> {
        let block = match self.pool.supply(request) {
            // SAFETY: H2: it is larger than that.
            Ok(block) => unsafe { block.into_raw().add(self.front()) },
            Err(error) => {
                let mut waiting = self
                    .waiting
                    .iter()
                    .map(|place| place.replace(ptr::null_mut()));
                let block = waiting.find_map(NonNull::new).ok_or(error)?;
                // SAFETY: H1: it waits no longer.
                unsafe { self.seals.set_used(block) };
                return Ok(block);
            }
        };
        if self.seals.key() == 0 {
            let addresses = [ptr::from_ref(self).addr(), block.addr().get()];
            self.seals.set_key(key::fresh(addresses));
        }
        if self.random.get() == 0 {
            self.random.set(key::fresh([self.seals.key(), 0]) as u64);
        }
        // What the pool behind made ready with it: H3.
        self.seal_free(request);
        // SAFETY: the pool behind gave it up, and by H2 it has room for a seal.
        unsafe { self.seals.set_used(block) };
        Ok(block)
    }

    /// Moves what is in the lists of `pool` to those with seals, for requests like this one, which a block
    /// serves (H3).
    pub(super) fn seal_free(&self, request: Layout) {
        let mut free = self.pool.free.take_all();
        while let Some(block) = free.pop() {
            // SAFETY: H2: it is larger than that.
            let block = unsafe { block.into_raw().add(self.front()) };
            // SAFETY: the pool behind gave it up, and it serves what the slot is for.
            unsafe { self.seals.link(block, math::slot_to_give(request)) };
        }
    }

    /// Ends the program if this list has something that is no block.
    fn sound(&self, slot: usize) {
        if !self.seals.is_sound(slot) {
            self.fail(Misuse::BrokenList, self.seals.first(slot));
        }
    }

    /// Lets a block wait if its seal says that it is in use, and puts the one whose place it takes
    /// into a list.
    ///
    /// # Errors
    ///
    /// The one of the two whose seal is wrong.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and its user gives it up. It serves what the slot is for.
    #[inline]
    unsafe fn wait(&self, block: NonNull<u8>, slot: usize) -> Result<(), NonNull<u8>> {
        // SAFETY: the caller's promise, passed on.
        if !unsafe { self.seals.retire(block) } {
            return Err(block);
        }
        let random = key::next(self.random.get());
        self.random.set(random);
        #[allow(clippy::cast_possible_truncation)] // It is less than `WAITING`.
        let place = &self.waiting[(random >> 8) as usize % WAITING];
        if let Some(chosen) = NonNull::new(place.replace(block.as_ptr())) {
            // SAFETY: H1: it waits no longer; all blocks serve the same.
            unsafe { self.seals.link_alone(chosen, slot) }?;
        }
        Ok(())
    }

    /// The pointer, with the provenance of the chunk in debug builds and under Miri: that of the block has no right to the
    /// seal, or may have lost more on its way through a reference to less.
    #[inline]
    fn restored(&self, ptr: NonNull<u8>) -> NonNull<u8> {
        if check::ENABLED {
            let block = self.block_at(ptr.addr().get());
            return block.unwrap_or_else(|| self.fail(Misuse::Foreign, ptr.addr().get()));
        }
        ptr
    }

    /// Ends the program unless a block that `layout` may fit is in use at `ptr`.
    ///
    /// # Safety
    ///
    /// It is, but the caller may be wrong.
    #[inline]
    unsafe fn checked(&self, ptr: NonNull<u8>, layout: Layout) -> NonNull<u8> {
        let block = self.restored(ptr);
        // SAFETY: a block of this pool, by the caller.
        let link = unsafe { self.seals.link_of(block) };
        if !link.is_null() || !self.serves(layout) {
            self.accuse(ptr, layout);
        }
        block
    }

    /// Ends the program because of a block that is not as it should be.
    #[cold]
    #[inline(never)]
    fn accuse(&self, ptr: NonNull<u8>, layout: Layout) -> ! {
        let address = ptr.addr().get();
        let Some(block) = self.block_at(address) else {
            self.fail(Misuse::Foreign, address)
        };
        // SAFETY: a block of this pool. Whoever passes one that was never handed out has broken the
        // promise of `deallocate`.
        let link = unsafe { self.seals.link_of(block) };
        let free = link == END
            || link.addr() == ALONE
            || self.block_at(link.addr()).is_some()
            || self.pool.free.holds(address - self.front());
        self.fail(
            match link.is_null() {
                true => Misuse::WrongLayout(layout),
                false if free => Misuse::DoubleFree,
                false => Misuse::BrokenSeal,
            },
            address,
        )
    }

    /// The block at this address, with the provenance of its chunk, if there is one.
    fn block_at(&self, address: usize) -> Option<NonNull<u8>> {
        let start = self.pool.block_at(address.checked_sub(self.front())?)?;
        // SAFETY: H2: it is larger than that.
        Some(unsafe { start.add(self.front()) })
    }

    /// Ends the program with a message.
    #[cold]
    fn fail(&self, misuse: Misuse, address: usize) -> ! {
        let block = self.pool.block.get();
        let size = self.seals.size();
        check::fail(&Report {
            misuse,
            address,
            pool: ptr::from_ref(self).addr(),
            block: Layout::from_size_align(size, block.align()).unwrap_or(block),
        })
    }

    /// The block at `ptr` in its full size, if it serves `new`, which is not empty.
    ///
    /// # Errors
    ///
    /// If it does not; it stays as it is.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and `old` fits it.
    #[inline]
    unsafe fn resized(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.checked(ptr, old) };
        if !self.serves(new) {
            return Err(AllocError);
        }
        // SAFETY: the block is in use, and the caller gives it up for what is returned.
        Ok(unsafe { self.hand_out(block) })
    }
}

// SAFETY: H1: a block is in one place only, so no two blocks in use overlap. S1 gives size, P2
// alignment, and F1 the memory. A block stays valid until its chunk is released, which only happens
// to chunks without a block in use, or when the pool is dropped; moving the pool moves no chunk.
// There is no `Clone`. Nothing unwinds: the upstream does not, and the fatal reports abort.
unsafe impl<A: Allocator, H: Hardening> Allocator for HardenedPool<A, H> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // By S3 a block of this list serves the request.
        if let Some(block) = self.seals.take(math::slot_to_take(layout)) {
            // SAFETY: H1: it was free.
            return Ok(unsafe { self.hand_out(block) });
        }
        // For a constant request of some words this is not there.
        if math::needs_look(layout)
            && self.serves(layout)
            && let Some(block) = self.seals.take(math::slot_to_give(layout))
        {
            // SAFETY: H1: it was free.
            return Ok(unsafe { self.hand_out(block) });
        }
        self.allocate_slow(layout)
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let block = self.restored(ptr);
        if layout.size() > self.seals.size() || (check::ENABLED && !self.serves(layout)) {
            self.accuse(ptr, layout);
        }
        let slot = math::slot_to_give(layout);
        let given = if H::RANDOM_ORDER {
            // SAFETY: the caller's promise, passed on; the block serves what it served, and so what the
            // slot is for.
            unsafe { self.wait(block, slot) }
        } else {
            // SAFETY: as before.
            unsafe { self.seals.give(block, slot) }
        };
        if let Err(accused) = given {
            self.accuse(accused, layout);
        }
        if H::ZERO_ON_FREE {
            // SAFETY: the block is this pool's now, and no link stands in it.
            unsafe { zero(self.whole(block), 0) };
        }
        // SAFETY: S1; the block is this pool's now.
        unsafe { checker::retire(block.as_ptr(), self.seals.size()) };
    }

    resizing_methods!();
}

// SAFETY: as for `Pool`; a block in use is one of the pool behind.
unsafe impl<A: Allocator, H: Hardening> Owns for HardenedPool<A, H> {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        let address = ptr.addr().get();
        self.serves(layout) && self.block_at(address).is_some()
    }
}

impl<A: Allocator, H: Hardening> Reset for HardenedPool<A, H> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// A pool is equal to itself only.
impl<A: Allocator, H: Hardening> PartialEq for HardenedPool<A, H> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<A: Allocator, H: Hardening> Eq for HardenedPool<A, H> {}

// SAFETY: equal pools are one pool.
unsafe impl<A: Allocator, H: Hardening> AllocatorEq for HardenedPool<A, H> {}
