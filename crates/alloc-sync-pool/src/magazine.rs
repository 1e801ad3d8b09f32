//! A few free blocks at hand: a stack that one thread at a time uses.
//!
//! ```text
//!  top ┐   ┌─ len ──────┐
//!      ■   ■ ■ ■ ■ ■ ■ ■ □ □ □ ..   a block that is freed and taken again only meets `top`
//!          oldest  newest
//! ```

use core::cell::Cell;
use core::ptr::{self, NonNull};

use crate::math::cold;
use crate::sync::{self, AtomicPtr, AtomicUsize, MAGAZINE, Ordering, Place, const_fn};

/// A word of a magazine, which whoever has the magazine reads and writes. If it is atomic, others
/// can read it meanwhile.
pub(crate) trait Word<T> {
    /// Reads it.
    fn get(&self) -> T;
    /// Writes it.
    fn set(&self, value: T);
}

impl<T: Copy> Word<T> for Cell<T> {
    #[inline]
    fn get(&self) -> T {
        self.get()
    }

    #[inline]
    fn set(&self, value: T) {
        self.set(value);
    }
}

impl Word<usize> for AtomicUsize {
    #[inline]
    fn get(&self) -> usize {
        self.load(Ordering::Relaxed)
    }

    #[inline]
    fn set(&self, value: usize) {
        self.store(value, Ordering::Relaxed);
    }
}

impl<T> Word<*mut T> for AtomicPtr<T> {
    #[inline]
    fn get(&self) -> *mut T {
        self.load(Ordering::Relaxed)
    }

    #[inline]
    fn set(&self, value: *mut T) {
        self.store(value, Ordering::Relaxed);
    }
}

/// Up to [`MAGAZINE`] blocks: the last one in is the first one out.
///
/// M1: its blocks are taken from the pool, and nobody else uses them. Not `Sync`, as its slots are
/// not.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Magazine<T, L> {
    /// M2: null or the newest block.
    top: T,
    /// M3: at most `limit`. So many slots are initialised.
    len: L,
    /// M4: less than there are slots.
    limit: usize,
    /// The other blocks, oldest first. The last slot is for a top one that goes with them.
    slots: [Place<NonNull<u8>>; MAGAZINE],
}

impl<T, L> Magazine<T, L> {
    const_fn! {
        /// A magazine of null and 0, for up to `blocks` blocks.
        pub(crate) const fn new(top: T, len: L, blocks: usize) -> Self {
            debug_assert!(0 < blocks && blocks <= MAGAZINE);
            Self { top, len, limit: blocks - 1, slots: sync::places() }
        }
    }

    /// Blocks at most.
    pub(crate) const fn capacity(&self) -> usize {
        self.limit + 1
    }

    /// Half of the blocks, at least 1: how many come or go at once.
    pub(crate) const fn batch(&self) -> usize {
        self.capacity().div_ceil(2)
    }

    /// The words.
    pub(crate) const fn words(&self) -> (&T, &L) {
        (&self.top, &self.len)
    }
}

impl<T: Word<*mut u8>, L: Word<usize>> Magazine<T, L> {
    /// Counts the blocks.
    pub(crate) fn len(&self) -> usize {
        self.len.get() + usize::from(!self.top.get().is_null())
    }

    /// Takes the newest block out.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<u8>> {
        if let Some(top) = NonNull::new(self.top.get()) {
            self.top.set(ptr::null_mut());
            return Some(top);
        }
        // Not so seldom. But this way jumps in any case, and so the other one need not.
        cold();
        let last = self.len.get().checked_sub(1)?;
        self.len.set(last);
        // SAFETY: M3.
        Some(unsafe { self.read(last) })
    }

    /// Puts a block in, unless the magazine is full.
    #[inline]
    pub(crate) fn push(&self, block: NonNull<u8>) -> bool {
        if let Some(top) = NonNull::new(self.top.get())
            && !self.stow(top)
        {
            return false;
        }
        self.top.set(block.as_ptr());
        true
    }

    /// Puts a block in below the top one, unless there is no room.
    #[inline]
    pub(crate) fn stow(&self, block: NonNull<u8>) -> bool {
        let len = self.len.get();
        if len >= self.limit {
            return false;
        }
        // SAFETY: M4.
        let slot = unsafe { self.slots.get_unchecked(len) };
        slot.set(block);
        self.len.set(len + 1);
        true
    }

    /// Puts `count` blocks in below the top one, so that they come out in the order in which they
    /// go in, as many as there is room for.
    #[inline]
    pub(crate) fn stow_all(&self, count: usize, blocks: &mut impl Iterator<Item = NonNull<u8>>) {
        let len = self.len.get();
        let end = self.limit.min(len + count);
        let mut free = end;
        while free > len
            && let Some(block) = blocks.next()
        {
            free -= 1;
            // SAFETY: M4.
            unsafe { self.slots.get_unchecked(free) }.set(block);
        }
        debug_assert_eq!(free, len, "there are `count` blocks");
        // With fewer blocks, those that came would not be the first ones (M3).
        self.len.set(if free == len { end } else { len });
    }

    /// Takes out the `count` blocks that came first, or all if there are fewer, and passes them on.
    #[inline]
    pub(crate) fn drain_oldest(&self, count: usize, mut pass: impl FnMut(NonNull<u8>)) {
        let mut len = self.len.get();
        if let Some(top) = NonNull::new(self.top.get())
            && len < count
        {
            self.top.set(ptr::null_mut());
            // SAFETY: M4: one slot more than `limit`.
            unsafe { self.slots.get_unchecked(len) }.set(top);
            len += 1;
        }
        let drained = count.min(len);
        for slot in 0..drained {
            // SAFETY: M3.
            pass(unsafe { self.read(slot) });
        }
        for (slot, to) in (drained..len).zip(&self.slots) {
            // SAFETY: M3.
            to.set(unsafe { self.read(slot) });
        }
        self.len.set(len - drained);
    }

    /// The block in a slot, oldest first, if there is one.
    pub(crate) fn slot(&self, slot: usize) -> Option<NonNull<u8>> {
        // SAFETY: M3.
        (slot < self.len.get()).then(|| unsafe { self.read(slot) })
    }

    /// Forgets all blocks.
    #[cfg(feature = "std")]
    pub(crate) fn clear(&self) {
        self.top.set(ptr::null_mut());
        self.len.set(0);
    }

    /// The block in a slot.
    ///
    /// # Safety
    ///
    /// `slot` is less than `len`, or was before that last changed.
    #[inline]
    unsafe fn read(&self, slot: usize) -> NonNull<u8> {
        // SAFETY: the caller's promise; `len` is at most the number of slots (M3, M4).
        let place = unsafe { self.slots.get_unchecked(slot) };
        // SAFETY: M3, by the caller's promise.
        unsafe { place.get().assume_init() }
    }
}
