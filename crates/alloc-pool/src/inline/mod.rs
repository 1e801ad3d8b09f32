//! A pool whose blocks stand inside itself.

mod alloc;

use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::iter;
use core::mem::{ManuallyDrop, MaybeUninit, offset_of};
use core::ptr::{self, NonNull};

use alloc_core::checker;

use crate::check::{self, Misuse, Report};
use crate::math;

/// Where a block stands, in bytes from the start of its pool. A pointer would not do: it would not
/// move with the pool.
type Offset = usize;

/// Where no block stands: the end of the free list. The list itself begins there.
const END: Offset = 0;

/// A block: memory for a `T`, or, while it is free, the place of the next free block.
#[repr(C)]
union Slot<T> {
    _value: ManuallyDrop<MaybeUninit<T>>,
    link: Offset,
}

/// `N` blocks for values of `T`, stored in the pool itself: on the stack, in a struct, wherever it
/// stands. No heap.
///
/// `&InlinePool` is an [`Allocator`](crate::Allocator), and only the reference: moving the pool
/// would move its blocks, and a reference is what forbids that. It serves every request that is no
/// larger and no more aligned than a block, and errs on any other. Blocks are as large and as
/// aligned as `T`, and at least as a `usize`; [`BLOCK`](Self::BLOCK) says how much. `N = 0` gives a
/// pool that always errs. The pool is not `Sync`; `InlineSyncPool` of `alloc-sync-pool` is.
///
/// # Examples
///
/// ```
/// use alloc_pool::{InlinePool, Layout, alloc_core::{Allocator, AllocError}};
///
/// let pool = InlinePool::<[u64; 4], 2>::new();
/// let layout = Layout::new::<[u64; 4]>();
/// let block = (&pool).allocate(layout)?;
/// let other = (&pool).allocate(layout)?;
/// assert_eq!((&pool).allocate(layout), Err(AllocError));
///
/// // SAFETY: allocated above with this layout, and not used any more.
/// unsafe { (&pool).deallocate(block.cast(), layout) };
/// assert_eq!((pool.capacity(), pool.in_use(), pool.available()), (2, 1, 1));
/// # Ok::<(), AllocError>(())
/// ```
///
/// # Complexity
///
/// `allocate` and `deallocate` take constant time. [`in_use`](Self::in_use) and
/// [`available`](Self::available) walk the free list.
#[repr(C)]
pub struct InlinePool<T, const N: usize> {
    /// The first free block. It stands in front, so that no block is at [`END`].
    head: Cell<Offset>,
    /// How many blocks were ever handed out; the rest is untouched. At most `N`.
    carved: Cell<usize>,
    /// The blocks.
    ///
    /// - N1: a block is accessed through a raw pointer only, by whoever has it: its user, or, while
    ///   it is in the free list, this pool.
    /// - N2: `head` and the first word of each block in the free list are [`END`], or the offset of
    ///   another block in the list, which is one of the first `carved`.
    slots: UnsafeCell<MaybeUninit<[Slot<T>; N]>>,
    /// Which blocks are in use, for the checks.
    #[cfg(debug_assertions)]
    used: [Cell<bool>; N],
}

// SAFETY: the pool stores no `T`. What users put into blocks they reach through a borrow of the
// pool, and it does not move while that lives; as it is not `Sync`, the borrow does not change
// threads.
unsafe impl<T, const N: usize> Send for InlinePool<T, N> {}

impl<T, const N: usize> InlinePool<T, N> {
    /// The layout of a block: the largest size in bytes and the largest alignment that a request may have.
    pub const BLOCK: Layout = Layout::new::<Slot<T>>();

    /// Where the blocks begin.
    const FIRST: Offset = offset_of!(Self, slots);

    /// Makes a pool. Its blocks are not touched.
    pub const fn new() -> Self {
        Self {
            slots: UnsafeCell::new(MaybeUninit::uninit()),
            head: Cell::new(END),
            carved: Cell::new(0),
            #[cfg(debug_assertions)]
            used: [const { Cell::new(false) }; N],
        }
    }

    /// The number of blocks: `N`.
    pub const fn capacity(&self) -> usize {
        N
    }

    /// The number of blocks that are currently allocated. Walks the free list.
    pub fn in_use(&self) -> usize {
        // By N2 no more blocks are free than were carved.
        self.carved.get().saturating_sub(self.free().count())
    }

    /// The number of blocks that can be allocated. Walks the free list.
    pub fn available(&self) -> usize {
        N - self.in_use()
    }

    /// Visits the blocks that are currently allocated, in the order of their addresses: those that
    /// are held by raw pointer, and those that were forgotten. Takes `N` bytes of stack.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_pool::{AllocError, Allocator, InlinePool, Layout};
    ///
    /// let mut pool = InlinePool::<u64, 3>::new();
    /// let block = (&pool).allocate(Layout::new::<u64>())?.cast::<u8>();
    /// let found = pool.live_blocks().map(|block| block.addr()).collect::<Vec<_>>();
    /// assert_eq!(found, [block.addr()]);
    /// # Ok::<(), AllocError>(())
    /// ```
    pub fn live_blocks(&mut self) -> impl Iterator<Item = NonNull<[u8]>> {
        let mut free = [false; N];
        for at in self.free() {
            // N2: it is the place of one of the first `carved` blocks.
            free[(at - Self::FIRST) / Self::BLOCK.size()] = true;
        }
        let pool = &*self;
        let used = (0..pool.carved.get()).filter(move |&index| !free[index]);
        used.map(|index| {
            // SAFETY: `carved` is at most `N`, so there is a block of this number.
            let slot = unsafe { pool.slot(Self::FIRST + index * Self::BLOCK.size()) };
            NonNull::slice_from_raw_parts(slot.cast(), Self::BLOCK.size())
        })
    }

    /// Takes every block back.
    ///
    /// That it takes `&mut self` is what makes it safe: no borrow of the pool, and so no block in
    /// use, is left.
    pub fn reset(&mut self) {
        let slots = self.slots.get_mut();
        // SAFETY: N1; by `&mut self` nobody has a block any more.
        unsafe { retire(NonNull::from(slots).cast(), size_of::<[Slot<T>; N]>()) };
        self.head.set(END);
        self.carved.set(0);
        #[cfg(debug_assertions)]
        self.used.iter().for_each(|used| used.set(false));
    }

    /// The places of the free blocks.
    fn free(&self) -> impl Iterator<Item = Offset> {
        let some = |at: Offset| Some(at).filter(|&at| at != END);
        iter::successors(some(self.head.get()), move |&at| {
            // SAFETY: N2: a block stands there.
            let link = unsafe { self.link(at) };
            // SAFETY: by N1 and N2 it begins with an offset, and nobody else uses it.
            some(unsafe { link.read() })
        })
    }

    /// The block at this place, with the provenance of the pool.
    ///
    /// # Safety
    ///
    /// It is the place of a block, or the end of the last one.
    #[inline]
    unsafe fn slot(&self, at: Offset) -> NonNull<Slot<T>> {
        let pool = NonNull::from(self).cast::<u8>();
        debug_assert!(at >= Self::FIRST && at <= size_of::<Self>());
        // SAFETY: within the pool, by the caller.
        unsafe { pool.add(at) }.cast()
    }

    /// Where the link of a free block stands.
    ///
    /// # Safety
    ///
    /// It is the place of a block.
    #[inline]
    unsafe fn link(&self, at: Offset) -> NonNull<Offset> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.slot(at) }.cast()
    }

    /// Takes a block out of the free list.
    #[inline]
    pub(super) fn pop(&self) -> Option<NonNull<[u8]>> {
        let at = self.head.get();
        if at == END {
            return None;
        }
        // SAFETY: N2: a block stands there.
        let link = unsafe { self.link(at) };
        // SAFETY: by N1 and N2 the block of the list begins with an offset, and nobody else uses it.
        self.head.set(unsafe { link.read() });
        Some(self.hand_out(link.cast()))
    }

    /// Takes a block that was never handed out.
    #[cold]
    #[inline(never)]
    pub(super) fn carve(&self) -> Option<NonNull<[u8]>> {
        let index = self.carved.get();
        if index >= N {
            return None;
        }
        self.carved.set(index + 1);
        // SAFETY: there is a block of this number.
        let slot = unsafe { self.slot(Self::FIRST + index * Self::BLOCK.size()) };
        Some(self.hand_out(slot.cast()))
    }

    /// Hands a block out, in its full size.
    #[inline]
    #[cfg_attr(
        not(debug_assertions),
        allow(clippy::unused_self, reason = "the flags are there in debug builds")
    )]
    fn hand_out(&self, start: NonNull<u8>) -> NonNull<[u8]> {
        #[cfg(debug_assertions)]
        if let Some(index) = self.index_of(start.addr().get()) {
            self.used[index].set(true);
        }
        // SAFETY: a block of this pool, which was free.
        unsafe { Self::entire(start) }
    }

    /// The block at `start`, in its full size, for its user.
    ///
    /// # Safety
    ///
    /// It is a block of this pool, and nobody uses it by another pointer any more.
    #[inline]
    unsafe fn entire(start: NonNull<u8>) -> NonNull<[u8]> {
        let (size, align) = (Self::BLOCK.size(), Self::BLOCK.align());
        // SAFETY: what a slot is, and the caller's promise.
        let start = unsafe { checker::hand_out(start, size, align) };
        NonNull::slice_from_raw_parts(start, size)
    }

    /// Puts a block back.
    ///
    /// # Safety
    ///
    /// The block at this place is in use, and its user gives it up.
    #[inline]
    pub(super) unsafe fn push(&self, at: Offset) {
        // SAFETY: a block stands there, by the caller.
        let link = unsafe { self.link(at) };
        #[cfg(debug_assertions)]
        if let Some(index) = self.index_of(link.addr().get()) {
            self.used[index].set(false);
        }
        // SAFETY: N1; its user gives the block up.
        unsafe { retire(link.cast(), Self::BLOCK.size()) };
        // SAFETY: a slot holds and aligns an offset, and by N1 and the caller's promise the block is
        // this pool's now.
        unsafe { link.write(self.head.get()) };
        self.head.set(at);
    }

    /// The number of the block at `address`, if one that was handed out begins there.
    pub(super) fn index_of(&self, address: usize) -> Option<usize> {
        let (start, size) = (self.slots.get().addr(), Self::BLOCK.size());
        math::block_index(start, self.carved.get(), size, address)
    }

    /// The place of a block in use, from a pointer to it.
    #[inline]
    pub(super) fn place_in_use(&self, ptr: NonNull<u8>, layout: Layout) -> Offset {
        if check::ENABLED {
            self.look_up(ptr, layout);
        }
        // A wrong pointer is a broken promise, but the number must not wrap on the way to it.
        ptr.addr().get().wrapping_sub(ptr::from_ref(self).addr())
    }

    /// Finds the block in use that begins at `ptr`. Ends the program if there is none, or if
    /// `layout` cannot fit it.
    fn look_up(&self, ptr: NonNull<u8>, layout: Layout) {
        let address = ptr.addr().get();
        let Some(index) = self.index_of(address) else {
            self.fail(Misuse::Foreign, address)
        };
        #[cfg(debug_assertions)]
        if !self.used[index].get() {
            self.fail(Misuse::DoubleFree, address)
        }
        // Without the flags the number is not needed.
        let _: usize = index;
        if !Self::serves(layout) {
            self.fail(Misuse::WrongLayout(layout), address)
        }
    }

    /// Ends the program with a message.
    #[cold]
    fn fail(&self, misuse: Misuse, address: usize) -> ! {
        let pool = ptr::from_ref(self).addr();
        check::fail(&Report {
            misuse,
            address,
            pool,
            block: Self::BLOCK,
        })
    }

    /// Tells whether a block serves a request that is not empty.
    #[inline]
    pub(super) const fn serves(request: Layout) -> bool {
        math::serves(Self::BLOCK, request)
    }

    /// The block at this place, in its full size, for the user that it has.
    ///
    /// # Safety
    ///
    /// It is in use, and nobody uses it by another pointer any more.
    #[inline]
    pub(super) unsafe fn whole(&self, at: Offset) -> NonNull<[u8]> {
        // SAFETY: the place of a block, by the caller.
        let slot = unsafe { self.slot(at) };
        // SAFETY: the caller gives it up for what is returned.
        unsafe { Self::entire(slot.cast()) }
    }
}

/// Tells [`checker`]s that some of a pool's memory is nobody's, if they go by pointers. One that goes by addresses would
/// go on reporting what is there after the pool has moved.
///
/// # Safety
///
/// As for [`checker::retire`].
#[inline]
unsafe fn retire(start: NonNull<u8>, len: usize) {
    if checker::FOLLOWS_POINTERS {
        // SAFETY: the caller's promise.
        unsafe { checker::retire(start.as_ptr(), len) };
    }
}

impl<T, const N: usize> Default for InlinePool<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> fmt::Debug for InlinePool<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlinePool")
            .field("block_layout", &Self::BLOCK)
            .field("capacity", &self.capacity())
            .field("in_use", &self.in_use())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod layout {
    use super::{END, InlinePool, Slot};
    use memoffset::{offset_of, offset_of_union, span_of};

    // A free block holds and aligns its link, in its first bytes; a `T` of that size or more costs
    // nothing on top.
    const _: () = assert!(offset_of_union!(Slot<u8>, link) == 0);
    const _: () = assert!(offset_of_union!(Slot<u8>, _value) == 0);
    const _: () = assert!(size_of::<Slot<()>>() == size_of::<usize>());
    const _: () = assert!(align_of::<Slot<u8>>() == align_of::<usize>());
    const _: () = assert!(size_of::<Slot<[u64; 3]>>() == size_of::<[u64; 3]>());
    // The blocks of a pool are aligned wherever the pool stands, and none is at the end of the list.
    const _: () = assert!(offset_of!(InlinePool<u64, 4>, slots) % align_of::<u64>() == 0);
    const _: () =
        assert!(offset_of!(InlinePool<u8, 4>, head) == END && InlinePool::<u8, 4>::FIRST > END);

    #[test]
    fn around_the_blocks_stand_two_numbers_and_the_flags_of_debug_builds() {
        type Pool = InlinePool<[u64; 8], 4>;
        let word = size_of::<usize>();
        assert_eq!(span_of!(Pool, slots).len(), 4 * 64);
        assert_eq!(
            span_of!(Pool, head).len() + span_of!(Pool, carved).len(),
            2 * word
        );
        let flags = if cfg!(debug_assertions) { 8 } else { 0 };
        assert_eq!(size_of::<Pool>(), 4 * 64 + 2 * word + flags);
    }
}
