//! What must not compile, each beside what must.

/// An alignment is a power of two.
///
/// ```
/// let _ = alloc_aligned::Aligned::<64, _>::new(alloc_core::Global);
/// ```
/// ```compile_fail,E0080
/// let _ = alloc_aligned::Aligned::<48, _>::new(alloc_core::Global);
/// ```
///
/// Zero is none either, and `Default` checks it as `new` does.
///
/// ```
/// let _ = alloc_aligned::Aligned::<1, alloc_core::Global>::default();
/// ```
/// ```compile_fail,E0080
/// let _ = alloc_aligned::Aligned::<0, alloc_core::Global>::default();
/// ```
struct PowerOfTwo;

/// Blocks of different `ALIGN` have different layouts, so there is no comparing of their
/// allocators.
///
/// ```
/// use alloc_aligned::Aligned;
/// use alloc_core::ArcHandle;
///
/// let shared = ArcHandle::new(alloc_core::Global);
/// assert!(Aligned::<64, _>::new(shared.clone()) == Aligned::<64, _>::new(shared));
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::Aligned;
/// use alloc_core::ArcHandle;
///
/// let shared = ArcHandle::new(alloc_core::Global);
/// assert!(Aligned::<64, _>::new(shared.clone()) == Aligned::<128, _>::new(shared));
/// ```
struct SameAlign;

/// The alignment is part of the container's type, so the parts of one that is aligned to 64 bytes
/// make none that is aligned to 128, and none without: it would free its block with another layout.
///
/// ```
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, vec::Vec};
///
/// let lines = Vec::<u8, _>::new_in(Aligned::<64, _>::new(Global));
/// let _: Vec<u8, Aligned<64, Global>> = lines;
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, vec::Vec};
///
/// let lines = Vec::<u8, _>::new_in(Aligned::<64, _>::new(Global));
/// let _: Vec<u8, Aligned<128, Global>> = lines;
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, vec::Vec};
///
/// let lines = Vec::<u8, _>::new_in(Aligned::<64, _>::new(Global));
/// let _: Vec<u8, Global> = lines;
/// ```
struct InTheType;

/// The parts of a vector have its allocator among them, and with it the alignment: put together
/// again they make the same type, and no other.
///
/// ```
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, vec::Vec};
/// use core::mem::ManuallyDrop;
///
/// let mut lines = ManuallyDrop::new(Vec::<u8, _>::new_in(Aligned::<64, _>::new(Global)));
/// let (start, len, room, alloc) = (lines.as_mut_ptr(), lines.len(), lines.capacity(), *lines.allocator());
/// // SAFETY: the parts of a vector that is not dropped.
/// let _: Vec<u8, Aligned<64, Global>> = unsafe { Vec::from_raw_parts_in(start, len, room, alloc) };
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, vec::Vec};
/// use core::mem::ManuallyDrop;
///
/// let mut lines = ManuallyDrop::new(Vec::<u8, _>::new_in(Aligned::<64, _>::new(Global)));
/// let (start, len, room, alloc) = (lines.as_mut_ptr(), lines.len(), lines.capacity(), *lines.allocator());
/// // SAFETY: none, the block would be freed with another alignment.
/// let _: Vec<u8, Aligned<128, Global>> = unsafe { Vec::from_raw_parts_in(start, len, room, alloc) };
/// ```
///
/// So it is with a box.
///
/// ```
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, boxed::Box};
///
/// let (start, alloc) = Box::into_raw_with_allocator(Box::new_in(5, Aligned::<64, _>::new(Global)));
/// // SAFETY: the parts of a box.
/// let _: Box<i32, Aligned<64, Global>> = unsafe { Box::from_raw_in(start, alloc) };
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::Aligned;
/// use alloc_core::{Global, boxed::Box};
///
/// let (start, alloc) = Box::into_raw_with_allocator(Box::new_in(5, Aligned::<64, _>::new(Global)));
/// // SAFETY: none, the block would be freed with another alignment.
/// let _: Box<i32, Aligned<128, Global>> = unsafe { Box::from_raw_in(start, alloc) };
/// ```
struct InTheParts;

/// Blocks of different `LARGE` have different forms. And whose a large block is cannot be told.
///
/// ```
/// use alloc_aligned::{Aligned, NEVER};
///
/// fn tells<A: alloc_core::Owns>() {}
/// tells::<Aligned<64, alloc_core::ArcHandle<alloc_conformance::Upstream>, NEVER>>();
/// assert!(Aligned::<64, _, NEVER>::new(3) == Aligned::<64, _, NEVER>::new(3));
/// ```
/// ```compile_fail,E0308
/// use alloc_aligned::{Aligned, NEVER};
///
/// assert!(Aligned::<64, _, NEVER>::new(3) == Aligned::<64, _>::new(3));
/// ```
/// ```compile_fail,E0277
/// use alloc_aligned::Aligned;
///
/// fn tells<A: alloc_core::Owns>() {}
/// tells::<Aligned<64, alloc_core::ArcHandle<alloc_conformance::Upstream>>>();
/// ```
struct SameLarge;

/// What the inner allocator cannot do, `Aligned` does not pretend to.
///
/// ```
/// fn blocks_stay(_: impl alloc_core::StaticAllocator) {}
/// blocks_stay(alloc_aligned::Page::new(alloc_core::Global));
/// ```
/// ```compile_fail,E0277
/// fn blocks_stay(_: impl alloc_core::StaticAllocator) {}
/// blocks_stay(alloc_aligned::Page::new(&alloc_core::Global));
/// ```
struct NoMoreThanInner;
