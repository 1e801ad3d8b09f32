//! A pool whose blocks stand inside itself.

use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::fmt;
use core::iter;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::{self, NonNull};

use alloc_core::{AllocError, Allocator, AllocatorClone, AllocatorEq, Owns, Reset, dangling};

use crate::alloc::zero;
use crate::check::{self, Misuse, Report};
use crate::math;

/// The number of a block, small so that small blocks can hold it. A pointer would not do: it would
/// not move with the pool.
type Index = u32;

/// The number of no block: the end of the free list.
const END: Index = Index::MAX;

/// A block: memory for a `T`, or, while it is free, the number of the next free block.
#[repr(C)]
union Slot<T> {
    _value: ManuallyDrop<MaybeUninit<T>>,
    link: Index,
}

/// `N` blocks for values of `T`, stored in the pool itself: on the stack, in a struct, wherever it
/// stands. No heap.
///
/// `&InlinePool` is an [`Allocator`], and only the reference: moving the pool would move its
/// blocks, and a reference is what forbids that. It serves every request that is no larger and no
/// more aligned than a block, and errs on any other. Blocks are as large and as aligned as `T`, and
/// at least as a `u32`; [`BLOCK`](Self::BLOCK) says how much. A `T` without size gives blocks of 4
/// bytes; `N = 0` gives a pool that always errs.
///
/// `N` is less than `u32::MAX`, or the program does not compile. The pool is not `Sync`;
/// `InlineSyncPool` of `alloc-sync-pool` is.
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
pub struct InlinePool<T, const N: usize> {
    /// The blocks.
    ///
    /// - N1: a block is accessed through a raw pointer only, by whoever has it: its user, or, while
    ///   it is in the free list, this pool.
    /// - N2: a block in the free list begins with the number of the next one, or with [`END`].
    ///   Numbers of blocks are less than `carved`.
    slots: UnsafeCell<MaybeUninit<[Slot<T>; N]>>,
    /// The first free block.
    head: Cell<Index>,
    /// How many blocks were ever handed out; the rest is untouched. At most `N`.
    carved: Cell<Index>,
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

    /// `N` as a number of a block.
    #[allow(clippy::cast_possible_truncation)] // It is less than the largest one.
    const COUNT: Index = {
        assert!(
            N < END as usize,
            "an InlinePool has less than u32::MAX blocks"
        );
        N as Index
    };

    /// Makes a pool. Its blocks are not touched.
    pub const fn new() -> Self {
        let _: Index = const { Self::COUNT };
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
        let next = |&index: &Index| Some(self.link(index)).filter(|&index| index != END);
        let free = iter::successors(Some(self.head.get()).filter(|&index| index != END), next);
        // By N2 no more blocks are free than were carved.
        (self.carved.get() as usize).saturating_sub(free.count())
    }

    /// The number of blocks that can be allocated. Walks the free list.
    pub fn available(&self) -> usize {
        N - self.in_use()
    }

    /// Takes every block back.
    ///
    /// That it takes `&mut self` is what makes it safe: no borrow of the pool, and so no block in
    /// use, is left.
    pub fn reset(&mut self) {
        self.head.set(END);
        self.carved.set(0);
        #[cfg(debug_assertions)]
        self.used.iter().for_each(|used| used.set(false));
    }

    /// The start of a block.
    #[inline]
    fn slot(&self, index: Index) -> NonNull<Slot<T>> {
        debug_assert!(index < Self::COUNT);
        // SAFETY: the pointer of a cell is not null.
        let slots = unsafe { NonNull::new_unchecked(self.slots.get()) }.cast::<Slot<T>>();
        // SAFETY: numbers of blocks are less than `N`.
        unsafe { slots.add(index as usize) }
    }

    /// The number that follows a free block's in the list.
    #[inline]
    fn link(&self, index: Index) -> Index {
        // SAFETY: by N1 and N2 the block of the list begins with a number, and nobody else uses it.
        unsafe { self.slot(index).cast::<Index>().read() }
    }

    /// Takes a block.
    #[inline]
    fn pop(&self) -> Option<NonNull<[u8]>> {
        let mut index = self.head.get();
        if index == END {
            index = self.carved.get();
            if index >= Self::COUNT {
                return None;
            }
            self.carved.set(index + 1);
        } else {
            self.head.set(self.link(index));
        }
        #[cfg(debug_assertions)]
        self.used[index as usize].set(true);
        Some(NonNull::slice_from_raw_parts(
            self.slot(index).cast(),
            Self::BLOCK.size(),
        ))
    }

    /// Puts a block back.
    ///
    /// # Safety
    ///
    /// The block of this number is in use, and its user gives it up.
    #[inline]
    unsafe fn push(&self, index: Index) {
        #[cfg(debug_assertions)]
        self.used[index as usize].set(false);
        let link = self.slot(index).cast::<Index>();
        // SAFETY: a slot holds and aligns an index, and by N1 and the caller's promise the block is
        // this pool's now.
        unsafe { link.write(self.head.get()) };
        self.head.set(index);
    }

    /// The number of the block at `address`, if one that was handed out begins there.
    fn index_of(&self, address: usize) -> Option<Index> {
        let (start, size) = (self.slots.get().addr(), Self::BLOCK.size());
        let index = math::block_index(start, self.carved.get() as usize, size, address)?;
        Index::try_from(index).ok()
    }

    /// The number of a block in use, from a pointer to it.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // It is less than `N`.
    fn index_in_use(&self, ptr: NonNull<u8>, layout: Layout) -> Index {
        if check::ENABLED {
            return self.look_up(ptr, layout);
        }
        // A wrong pointer is a broken promise, but the number must not wrap on the way to it.
        let offset = ptr.addr().get().wrapping_sub(self.slots.get().addr());
        (offset / Self::BLOCK.size()) as Index
    }

    /// Finds the block in use that begins at `ptr`. Ends the program if there is none, or if
    /// `layout` cannot fit it.
    fn look_up(&self, ptr: NonNull<u8>, layout: Layout) -> Index {
        let address = ptr.addr().get();
        let Some(index) = self.index_of(address) else {
            self.fail(Misuse::Foreign, address)
        };
        #[cfg(debug_assertions)]
        if !self.used[index as usize].get() {
            self.fail(Misuse::DoubleFree, address)
        }
        if !Self::serves(layout) {
            self.fail(Misuse::WrongLayout(layout), address)
        }
        index
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
    const fn serves(request: Layout) -> bool {
        math::serves(Self::BLOCK, align_of::<Index>(), request)
    }

    /// The block at `ptr`, in its full size, with the provenance of the pool.
    #[inline]
    fn whole(&self, ptr: NonNull<u8>, layout: Layout) -> NonNull<[u8]> {
        let slot = self.slot(self.index_in_use(ptr, layout));
        NonNull::slice_from_raw_parts(slot.cast(), Self::BLOCK.size())
    }
}

// SAFETY: a block is in use, in the free list, or behind `carved`, and only one of these, so no two
// blocks in use overlap. A slot has the size and the alignment of `BLOCK`. While a reference exists
// the pool does not move, and only `&mut self` takes blocks back. Nothing unwinds: there is no
// upstream, numbers do not overflow, and the fatal reports abort.
unsafe impl<T, const N: usize> Allocator for &InlinePool<T, N> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        if !InlinePool::<T, N>::serves(layout) {
            return Err(AllocError);
        }
        self.pop().ok_or(AllocError)
    }

    #[inline]
    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.allocate(layout)?;
        // SAFETY: just allocated.
        unsafe { zero(block, 0) };
        Ok(block)
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        let index = self.index_in_use(ptr, layout);
        // SAFETY: the caller says that the block is currently allocated by this pool and gives it up.
        unsafe { self.push(index) };
    }

    #[inline]
    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(old.size() <= new.size());
        if old.size() == 0 {
            return self.allocate(new);
        }
        if !InlinePool::<T, N>::serves(new) {
            return Err(AllocError);
        }
        Ok(self.whole(ptr, old))
    }

    #[inline]
    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { self.grow(ptr, old, new) }?;
        // SAFETY: the block was just returned, and it is no smaller than `old`.
        unsafe { zero(block, old.size()) };
        Ok(block)
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        debug_assert!(old.size() >= new.size());
        if new.size() == 0 {
            // SAFETY: the caller's promise, passed on.
            unsafe { self.deallocate(ptr, old) };
            return Ok(dangling(new));
        }
        if !InlinePool::<T, N>::serves(new) {
            return Err(AllocError);
        }
        Ok(self.whole(ptr, old))
    }
}

// SAFETY: a block in use of this pool begins at a slot that was handed out. A block of another
// allocator lies elsewhere, unless the pool itself lies in it; that one is larger than any slot, as
// the pool has more than one field, and so no layout that a slot serves fits it.
unsafe impl<T, const N: usize> Owns for &InlinePool<T, N> {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        InlinePool::<T, N>::serves(layout) && self.index_of(ptr.addr().get()).is_some()
    }
}

impl<T, const N: usize> Reset for InlinePool<T, N> {
    fn reset(&mut self) {
        Self::reset(self);
    }
}

/// A pool is equal to itself only.
impl<T, const N: usize> PartialEq for InlinePool<T, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl<T, const N: usize> Eq for InlinePool<T, N> {}

// SAFETY: a copy of a reference refers to the same pool; copying does not unwind.
unsafe impl<T, const N: usize> AllocatorClone for &InlinePool<T, N> {}

// SAFETY: equal references refer to one pool.
unsafe impl<T, const N: usize> AllocatorEq for &InlinePool<T, N> {}

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
    use super::{InlinePool, Slot};
    use memoffset::{offset_of, offset_of_union, span_of};

    // A free block holds and aligns its link, in its first bytes; a `T` of that size or more costs
    // nothing on top.
    const _: () = assert!(offset_of_union!(Slot<u8>, link) == 0);
    const _: () = assert!(offset_of_union!(Slot<u8>, _value) == 0);
    const _: () = assert!(size_of::<Slot<()>>() == 4 && align_of::<Slot<()>>() == 4);
    const _: () = assert!(size_of::<Slot<u8>>() == 4 && align_of::<Slot<u8>>() == 4);
    const _: () = assert!(size_of::<Slot<[u64; 3]>>() == size_of::<[u64; 3]>());
    // The blocks of a pool are aligned wherever the pool stands.
    const _: () = assert!(offset_of!(InlinePool<u64, 4>, slots) % align_of::<u64>() == 0);

    #[test]
    fn around_the_blocks_stand_two_numbers_and_the_flags_of_debug_builds() {
        type Pool = InlinePool<[u64; 8], 4>;
        assert_eq!(span_of!(Pool, slots).len(), 4 * 64);
        assert_eq!(span_of!(Pool, head).len() + span_of!(Pool, carved).len(), 8);
        let flags = if cfg!(debug_assertions) { 8 } else { 0 };
        assert_eq!(size_of::<Pool>(), 4 * 64 + 8 + flags);
    }
}
