//! A handle that says what its blocks hold.

use core::any::type_name;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use alloc_core::{AllocError, Allocator, AllocatorClone, AllocatorEq, DefaultUpstream, Layout};

use super::super::hooks::{answer, start};
use super::super::sites::{ElementType, Labels};
use super::SiteProfiler;
use crate::budget::{Budget, Budgeting, Unbudgeted};

/// A handle of a [`SiteProfiler`] that says what its blocks hold. Made by [`SiteProfiler::of`].
///
/// It is the same allocator: what is counted is counted there, and a block of either may be resized and
/// freed by the other. A block belongs to the type of the handle that allocated it; one that was no
/// [sample](SiteProfiler::with_samples) then, and becomes one, to that of the handle that resizes it.
pub struct Typed<'a, T, A = DefaultUpstream, B = Unbudgeted> {
    heap: &'a SiteProfiler<A, B>,
    _of: PhantomData<fn() -> T>,
}

impl<A, B> SiteProfiler<A, B> {
    /// A handle for containers of `T`, whose blocks the profile shows by that type: their
    /// [element](crate::profile::Site::element) is `T`, in addition to call stack and tag.
    ///
    /// [`Profile::by_type`](crate::Profile::by_type) has the totals of each type, and
    /// [`Element::count`](crate::profile::Element::count) the number of elements, which is exact for arrays:
    /// the blocks of a `Vec`, a `VecDeque`, a `Box`. The text report and JSON show both, and each other
    /// format that has place for it the name.
    ///
    /// Memory is told apart by type only where somebody uses such a handle: an allocator is asked for bytes,
    /// and not for what they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::{SiteProfiler, alloc_core::{Global, vec::Vec}};
    ///
    /// struct Order {
    ///     price: u64,
    ///     amount: u64,
    /// }
    ///
    /// let heap = SiteProfiler::new(Global);
    /// let mut orders = Vec::with_capacity_in(100, heap.of::<Order>());
    /// orders.push(Order { price: 12, amount: 3 });
    /// let numbers: Vec<u32, _> = Vec::with_capacity_in(7, heap.of::<u32>());
    ///
    /// let profile = heap.profile().by_type();
    /// for site in &profile.sites {
    ///     let element = site.element.as_ref().ok_or("without a type")?;
    ///     let elements = if element.name.ends_with("::Order") { 100 } else { 7 };
    ///     assert_eq!(element.count(site.at_end), elements);
    /// }
    /// assert_eq!(profile.sites.len(), 2);
    /// # let _ = (orders[0].price + orders[0].amount, numbers);
    /// # Ok::<(), &str>(())
    /// ```
    pub const fn of<T>(&self) -> Typed<'_, T, A, B> {
        Typed {
            heap: self,
            _of: PhantomData,
        }
    }
}

impl<'a, T, A, B> Typed<'a, T, A, B> {
    const ELEMENT: &'static ElementType = &ElementType {
        name: type_name::<T>,
        size: size_of::<T>(),
    };

    /// The profiler that this is a handle of.
    pub const fn profiler(&self) -> &'a SiteProfiler<A, B> {
        self.heap
    }
}

impl<T, A: Allocator, B: Budgeting> Typed<'_, T, A, B> {
    fn labels() -> Labels {
        Labels {
            element: Some(Self::ELEMENT),
            budget: if B::ON { Budget::current() } else { None },
            ..Labels::NONE
        }
    }
}

// SAFETY: that of the profiler, of which this is a handle, but that new blocks have a label.
unsafe impl<T, A: Allocator, B: Budgeting> Allocator for Typed<'_, T, A, B> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let call = |outer| start(self.heap.inner.allocate(outer));
        // SAFETY: a new block.
        answer(layout, || unsafe {
            self.heap.make_as(Self::labels(), layout, call)
        })
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let call = |outer| start(self.heap.inner.allocate_zeroed(outer));
        // SAFETY: a new block. Its header is not among the bytes that the caller sees.
        answer(layout, || unsafe {
            self.heap.make_as(Self::labels(), layout, call)
        })
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.heap.deallocate(ptr, layout) };
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.heap.grow_as(Some(Self::ELEMENT), ptr, old, new) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate_zeroed(new);
        }
        // SAFETY: the caller's promise, passed on.
        unsafe { self.heap.grow_zeroed_as(Some(Self::ELEMENT), ptr, old, new) }
    }

    #[inline]
    unsafe fn shrink(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.heap.shrink_as(Some(Self::ELEMENT), ptr, old, new) }
    }
}

impl<T, A, B> Clone for Typed<'_, T, A, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, A, B> Copy for Typed<'_, T, A, B> {}

// SAFETY: a clone is a handle of the same profiler.
unsafe impl<T, A: Allocator, B: Budgeting> AllocatorClone for Typed<'_, T, A, B> {}

/// Handles are equal if they are of the same profiler.
impl<T, A, B> PartialEq for Typed<'_, T, A, B> {
    fn eq(&self, other: &Self) -> bool {
        self.heap == other.heap
    }
}

impl<T, A, B> Eq for Typed<'_, T, A, B> {}

// SAFETY: equal handles are of one profiler, which resizes and frees the blocks of all.
unsafe impl<T, A: Allocator, B: Budgeting> AllocatorEq for Typed<'_, T, A, B> {}

impl<T, A: fmt::Debug, B> fmt::Debug for Typed<'_, T, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed")
            .field("of", &type_name::<T>())
            .field("profiler", self.heap)
            .finish()
    }
}
