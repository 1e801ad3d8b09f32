//! Free lists whose links stand in front of the blocks, encoded, so that they are seals as well.
//!
//! ```text
//! │ seal │ bytes of the user          key ^ address                 in use
//! │      ╰────────── size ──────╯     key ^ address ^ next block    free
//!                                     key ^ address ^ END           free, and the last one
//!                                     key ^ address ^ ALONE         free, and in no list
//! ```
//!
//! One word says that a block is of this pool, whether it is in use, and which block is next. The
//! user has no reason to write to it, so whatever else stands there is a fault. It stands in front,
//! where its place is known without the size of a block. For [`checker`]s it is nobody's memory, in which the pool has noted
//! something, so that they report a write behind a block or in front of it.

use core::cell::Cell;
use core::ptr::{self, NonNull};

use alloc_core::checker;

use crate::math::{self, SLOTS};

/// What stands for no block. No block is there: it is not aligned.
pub(super) const END: *mut u8 = ptr::without_provenance_mut(1);

/// What the seal of a free block holds that is in no list. No block is there: it is not aligned. To
/// turn all bits of a seal takes one instruction.
pub(super) const ALONE: usize = !0;

/// What a seal is: the address of a block, encoded, with the provenance of the block.
type Seal = *mut u8;

/// Free blocks with seals, in a list for each size of request as in
/// [`FreeLists`](crate::free_list::FreeLists).
///
/// As long as nobody writes outside of a block in use:
/// - S1: every block of the pool is valid for reads and writes of `size` bytes and of a seal in
///   front of them, and is aligned for one. `size` is zero as long as it is not known.
/// - S2: the seal of a block in use is its [`mask`](Self::mask); that of a block in a list holds the
///   next one in that list, or [`END`]. So does a list hold the first one. A seal of a free block that
///   is in no list holds [`ALONE`]. Each of `tops` is [`END`] or such a block.
/// - S3: as FL4.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Seals {
    /// What links are encoded with. Zero until the first block comes.
    key: Cell<usize>,
    /// Bytes behind a seal: how large a block is to its user.
    size: Cell<usize>,
    /// The block that was freed last, for each list: one that is freed and taken again at once is in no
    /// list meanwhile, so that nobody waits for what its seal holds.
    tops: [Cell<*mut u8>; SLOTS],
    lists: [Cell<*mut u8>; SLOTS],
}

impl Seals {
    /// No blocks.
    pub(super) const fn new(size: usize, key: usize) -> Self {
        Self {
            key: Cell::new(key),
            size: Cell::new(size),
            tops: [const { Cell::new(END) }; SLOTS],
            lists: [const { Cell::new(END) }; SLOTS],
        }
    }

    /// How large a block is to its user, in bytes; zero if that is not known.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size.get()
    }

    /// Tells how large a block is to its user.
    ///
    /// # Safety
    ///
    /// S1 holds for it. There is no block yet, or the size is the same.
    pub(super) unsafe fn set_size(&self, size: usize) {
        debug_assert!(self.size.get() == 0 || size == self.size.get());
        self.size.set(size);
    }

    /// What links are encoded with; zero if there is nothing yet.
    pub(super) fn key(&self) -> usize {
        self.key.get()
    }

    /// Tells what to encode links with. There is no block with a seal.
    pub(super) fn set_key(&self, key: usize) {
        debug_assert!(key != 0 && (0..SLOTS).all(|slot| self.is_empty(slot)));
        self.key.set(key);
    }

    /// What a seal of this block in use is, and what any other one is encoded with.
    #[inline]
    fn mask(&self, block: NonNull<u8>) -> usize {
        self.key.get() ^ block.addr().get()
    }

    /// Takes the block of a list that was freed last, and seals it as in use. `None` if there is none, or if
    /// what the list has is no block: [`is_sound`](Self::is_sound) tells.
    ///
    /// A seal that was overwritten while its block was the top one stays wrong, and is found when the block is freed.
    #[inline]
    pub(super) fn take(&self, slot: usize) -> Option<NonNull<u8>> {
        let place = self.tops.get(slot)?;
        let top = place.get();
        if top == END {
            return self.take_listed(slot);
        }
        // SAFETY: S2: it is not the end, so it is a block.
        let top = unsafe { NonNull::new_unchecked(top) };
        // SAFETY: S2: a block of this pool.
        let seal = unsafe { seal_of(top) };
        // SAFETY: S1 and S2.
        let free = unsafe { checker::noted(seal) };
        // SAFETY: S1. This is the seal of a block in use, by S2.
        unsafe { checker::note(seal, free.map_addr(|free| free ^ ALONE)) };
        place.set(END);
        Some(top)
    }

    /// The same, of a list without its top.
    #[inline]
    fn take_listed(&self, slot: usize) -> Option<NonNull<u8>> {
        let list = self.lists.get(slot)?;
        let first = list.get();
        // This finds the end, and seven of eight links that were overwritten: a wrong key makes a
        // random number of them.
        if !is_aligned(first) {
            return None;
        }
        // SAFETY: S2: it is not the end, so it is a block.
        unsafe { core::hint::assert_unchecked(!first.is_null()) };
        // SAFETY: as before; the compiler forgets it on the way through the caller.
        let first = unsafe { NonNull::new_unchecked(first) };
        let mask = self.mask(first);
        // SAFETY: S2: a block of this pool.
        let seal = unsafe { seal_of(first) };
        // SAFETY: S1 and S2.
        let next = unsafe { checker::noted(seal) }.map_addr(|link| link ^ mask);
        // SAFETY: S1. This is the seal of a block in use.
        unsafe { checker::note(seal, ptr::without_provenance_mut(mask)) };
        list.set(next);
        Some(first)
    }

    /// Puts a block into a list if its seal says that it is in use.
    ///
    /// # Errors
    ///
    /// The block whose seal is wrong: this one, or that which was freed before it. The list is as it was, but for this
    /// block in the place of that one.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and its user gives it up. By FL4 the list may have it.
    // Who breaks this promise with a pointer that is foreign makes `AddressSanitizer` take what is there for nobody's
    // memory, until the program ends with the report.
    #[inline]
    pub(super) unsafe fn give(&self, block: NonNull<u8>, slot: usize) -> Result<(), NonNull<u8>> {
        // SAFETY: the caller's promise, passed on.
        if !unsafe { self.retire(block) } {
            return Err(block);
        }
        let Some(place) = self.tops.get(slot) else {
            return Ok(());
        };
        let top = place.replace(block.as_ptr());
        if top == END {
            return Ok(());
        }
        // SAFETY: S2: it is not the end, so it is a block.
        let top = unsafe { NonNull::new_unchecked(top) };
        // SAFETY: S2: it is free, of this pool and of this list.
        unsafe { self.link_alone(top, slot) }
    }

    /// Puts a free block into a list that was in none, if its seal says so.
    ///
    /// # Errors
    ///
    /// The block, if its seal is wrong.
    ///
    /// # Safety
    ///
    /// As [`link`](Self::link).
    #[inline]
    pub(super) unsafe fn link_alone(
        &self,
        block: NonNull<u8>,
        slot: usize,
    ) -> Result<(), NonNull<u8>> {
        // SAFETY: a block of this pool.
        if unsafe { self.link_of(block) }.addr() != ALONE {
            return Err(block);
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.link(block, slot) };
        Ok(())
    }

    /// Puts a block into a list, whatever its seal says.
    ///
    /// # Safety
    ///
    /// As [`give`](Self::give), but it need not have a seal.
    #[inline]
    pub(crate) unsafe fn link(&self, block: NonNull<u8>, slot: usize) {
        let Some(list) = self.lists.get(slot) else {
            return;
        };
        let mask = self.mask(block);
        // SAFETY: a block of this pool.
        let seal = unsafe { seal_of(block) };
        let next = list.get().map_addr(|first| first ^ mask);
        // SAFETY: S1.
        unsafe { checker::note(seal, next) };
        list.set(block.as_ptr());
    }

    /// Seals a block that is in no list as in use.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and nobody uses it.
    pub(super) unsafe fn set_used(&self, block: NonNull<u8>) {
        // SAFETY: a block of this pool.
        let seal = unsafe { seal_of(block) };
        // SAFETY: S1.
        unsafe { checker::note(seal, ptr::without_provenance_mut(self.mask(block))) };
    }

    /// Seals a block as free that is in no list.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and nobody uses it.
    pub(crate) unsafe fn set_free(&self, block: NonNull<u8>) {
        let free = self.mask(block) ^ ALONE;
        // SAFETY: a block of this pool.
        let seal = unsafe { seal_of(block) };
        // SAFETY: S1.
        unsafe { checker::note(seal, ptr::without_provenance_mut(free)) };
    }

    /// Seals a block as free that is put into no list, if its seal says that it is in use, and tells
    /// whether it did.
    ///
    /// # Safety
    ///
    /// The block is in use, of this pool, and its user gives it up.
    #[inline]
    pub(super) unsafe fn retire(&self, block: NonNull<u8>) -> bool {
        let mask = self.mask(block);
        // SAFETY: a block of this pool.
        let seal = unsafe { seal_of(block) };
        // SAFETY: S1 and S2.
        let used = unsafe { checker::noted(seal) }.addr() == mask;
        if used {
            // SAFETY: S1.
            unsafe { checker::note(seal, ptr::without_provenance_mut(mask ^ ALONE)) };
        }
        used
    }

    /// What the seal of a block holds: null if the block is in use, else the address of another
    /// block, or of [`END`], or [`ALONE`].
    ///
    /// # Safety
    ///
    /// It is a block of this pool that was handed out at some time.
    #[inline]
    pub(super) unsafe fn link_of(&self, block: NonNull<u8>) -> Seal {
        let mask = self.mask(block);
        // SAFETY: a block of this pool.
        let seal = unsafe { seal_of(block) };
        // SAFETY: S1 and S2.
        unsafe { checker::noted(seal) }.map_addr(|link| link ^ mask)
    }

    /// The address of the block of a list that is next, or of [`END`].
    pub(super) fn first(&self, slot: usize) -> usize {
        let next = |places: &[Cell<*mut u8>; SLOTS]| places.get(slot).map_or(END, Cell::get);
        let top = next(&self.tops);
        if top == END { next(&self.lists) } else { top }.addr()
    }

    /// Tells whether a list has no block.
    fn is_empty(&self, slot: usize) -> bool {
        self.first(slot) == END.addr()
    }

    /// Tells whether what a list has first is a block, as far as one can see.
    pub(super) fn is_sound(&self, slot: usize) -> bool {
        let first = ptr::without_provenance(self.first(slot));
        first == END || is_aligned(first)
    }

    /// A list other than this one that is not empty.
    pub(super) fn other(&self, slot: usize) -> Option<usize> {
        (0..SLOTS).find(|&other| other != slot && !self.is_empty(other))
    }

    /// The number of free blocks.
    pub(super) fn count(&self) -> usize {
        let mut count = self.tops.iter().filter(|top| top.get() != END).count();
        for list in &self.lists {
            let mut at = list.get();
            while is_aligned(at)
                && let Some(block) = NonNull::new(at)
            {
                count += 1;
                // SAFETY: S2: a block of this pool.
                at = unsafe { self.link_of(block) };
            }
        }
        count
    }

    /// Forgets all blocks.
    pub(super) fn forget(&self) {
        for place in self.tops.iter().chain(&self.lists) {
            place.set(END);
        }
    }
}

/// Where the seal of a block stands.
///
/// # Safety
///
/// It is a block of a pool, as S1 says.
#[inline]
unsafe fn seal_of(block: NonNull<u8>) -> NonNull<Seal> {
    // SAFETY: S1.
    unsafe { block.cast::<Seal>().sub(1) }
}

/// Tells whether this can be a block: all of them are aligned to a word, and [`END`] is not.
#[inline]
fn is_aligned(at: *const u8) -> bool {
    at.addr().is_multiple_of(math::WORD)
}
