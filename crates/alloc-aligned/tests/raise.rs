//! What reaches the inner allocator, and what comes back from it.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod recorder;

use alloc_aligned::{AUTO, Aligned, LARGE, NEVER, is_aligned_to};
use alloc_core::{AllocError, Allocator, Global, Layout, Owns, Reset, dangling};
use core::ptr::NonNull;
use recorder::{Call, Recorder};

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

#[test]
fn each_method_reaches_the_method_of_its_name() -> Result<(), AllocError> {
    let inner = Recorder::default();
    let aligned = Aligned::<64, _>::new(&inner);
    let start: NonNull<u8> = aligned.allocate(layout(5, 1))?.cast();
    // SAFETY: allocated above with the old layout; the new one is not smaller.
    let start = unsafe { aligned.grow(start, layout(5, 1), layout(100, 2)) }?.cast();
    // SAFETY: as returned by the call above.
    let start = unsafe { aligned.grow_zeroed(start, layout(100, 2), layout(200, 256)) }?.cast();
    // SAFETY: as returned by the call above; the new layout is not larger.
    let start = unsafe { aligned.shrink(start, layout(200, 256), layout(3, 8)) }?.cast();
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(start, layout(3, 8)) };
    let start: NonNull<u8> = aligned.allocate_zeroed(layout(7, 1))?.cast();
    // SAFETY: allocated above.
    unsafe { aligned.deallocate(start, layout(7, 1)) };

    assert_eq!(
        inner.calls(),
        [
            Call::Allocate(layout(5, 64)),
            Call::Grow(layout(5, 64), layout(100, 64)),
            Call::GrowZeroed(layout(100, 64), layout(200, 256)),
            Call::Shrink(layout(200, 256), layout(3, 64)),
            Call::Deallocate(layout(3, 64)),
            Call::AllocateZeroed(layout(7, 64)),
            Call::Deallocate(layout(7, 64)),
        ]
    );
    Ok(())
}

#[test]
fn a_higher_alignment_passes_through() -> Result<(), AllocError> {
    let aligned = Aligned::<16, _>::new(Global);
    let block: NonNull<u8> = aligned.allocate(layout(10, 512))?.cast();
    assert!(is_aligned_to(block.as_ptr(), 512));
    // SAFETY: allocated above with this layout.
    unsafe { aligned.deallocate(block, layout(10, 512)) };
    Ok(())
}

#[test]
fn a_change_of_alignment_below_align_moves_nothing() -> Result<(), AllocError> {
    let aligned = Aligned::<64, _>::new(Recorder::default());
    let block: NonNull<u8> = aligned.allocate(layout(10, 1))?.cast();
    // SAFETY: allocated above with the old layout; the size stays.
    let same = unsafe { aligned.grow(block, layout(10, 1), layout(10, 32)) }?.cast();
    assert_eq!(
        aligned.inner().calls()[1],
        Call::Grow(layout(10, 64), layout(10, 64))
    );
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(same, layout(10, 32)) };
    Ok(())
}

#[test]
fn sizes_that_cannot_be_raised_err_before_the_inner_allocator_is_asked() -> Result<(), AllocError> {
    let inner = Recorder::default();
    let aligned = Aligned::<64, _>::new(&inner);
    let max = isize::MAX.unsigned_abs();
    for size in [max, max - 1, max - 62] {
        assert!(aligned.allocate(layout(size, 1)).is_err());
        assert!(aligned.allocate_zeroed(layout(size, 1)).is_err());
    }
    assert_eq!(inner.calls(), []);

    let block: NonNull<u8> = aligned.allocate_zeroed(layout(4, 1))?.cast();
    // SAFETY: the block was just allocated.
    unsafe { block.write(9) };
    // SAFETY: allocated above with the old layout; the new one is not smaller.
    assert!(unsafe { aligned.grow(block, layout(4, 1), layout(max, 1)) }.is_err());
    // SAFETY: the call above erred, so the block is as it was.
    assert!(unsafe { aligned.grow_zeroed(block, layout(4, 1), layout(max, 1)) }.is_err());
    // SAFETY: still allocated, and initialised.
    assert_eq!(unsafe { block.read() }, 9);
    // SAFETY: still allocated with this layout.
    unsafe { aligned.deallocate(block, layout(4, 1)) };
    assert_eq!(inner.calls().len(), 2);
    Ok(())
}

#[test]
fn zero_size_blocks_are_aligned_too() -> Result<(), AllocError> {
    let aligned = Aligned::<4096, _>::new(Global);
    let empty: NonNull<u8> = aligned.allocate(layout(0, 1))?.cast();
    assert!(is_aligned_to(empty.as_ptr(), 4096));
    // SAFETY: allocated above with the old layout; the new one is not smaller.
    let full = unsafe { aligned.grow(empty, layout(0, 1), layout(9, 1)) }?.cast();
    // SAFETY: as returned by the call above; the new layout is not larger.
    let empty: NonNull<u8> = unsafe { aligned.shrink(full, layout(9, 1), layout(0, 1)) }?.cast();
    assert!(is_aligned_to(empty.as_ptr(), 4096));
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(empty, layout(0, 1)) };
    Ok(())
}

/// Returns the double of what it is asked for, and uses what it kept in the place of zeroes.
struct Double;

impl Double {
    fn twice(layout: Layout) -> Layout {
        Layout::from_size_align(layout.size() * 2, layout.align()).unwrap()
    }
}

// SAFETY: blocks are those of `Global`, always with the double size. `grow_zeroed` keeps the whole old
// block, as it may, and zeroes what follows.
unsafe impl Allocator for Double {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = Global.allocate(Self::twice(layout))?;
        // SAFETY: fresh, and so long.
        unsafe { block.cast::<u8>().write_bytes(0xa5, block.len()) };
        Ok(block)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise; the tests name the layouts that they asked for.
        unsafe { Global.deallocate(ptr, Self::twice(layout)) }
    }

    unsafe fn grow_zeroed(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: as above.
        unsafe { Global.grow_zeroed(ptr, Self::twice(old), Self::twice(new)) }
    }
}

#[test]
fn what_was_cut_off_is_zero_when_the_block_grows_over_it() -> Result<(), AllocError> {
    let aligned = Aligned::<64, _, 0>::new(Double);
    let block = aligned.allocate(layout(400, 64))?;
    assert_eq!(block.len(), 8 * 64 - 1, "cut, so that it stays a small one");
    // At this alignment more is small.
    let (old, new) = (layout(400, 64), layout(2000, 4096));
    // SAFETY: allocated above with the old layout; the new one is not smaller.
    let grown = unsafe { aligned.grow_zeroed(block.cast(), old, new) }?;
    let (cut, len) = (block.len(), grown.len() - block.len());
    // SAFETY: within the block, which is longer than the old one.
    let behind = unsafe { grown.cast::<u8>().add(cut) };
    // SAFETY: to the end of the block; its bytes are initialised, here or by `Double`.
    let zeroed = unsafe { NonNull::slice_from_raw_parts(behind, len).as_ref() };
    assert_eq!(zeroed.iter().position(|&byte| byte != 0), None);
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(grown.cast(), new) };
    Ok(())
}

/// Claims to have returned all the memory there is.
struct Boundless;

// SAFETY: not an allocator that anybody may write to: the test below looks at the length alone.
unsafe impl Allocator for Boundless {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let start = dangling(layout).cast();
        Ok(NonNull::slice_from_raw_parts(
            start,
            isize::MAX.unsigned_abs(),
        ))
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, layout: Layout) {
        assert_eq!(layout.align(), 64);
    }
}

#[test]
fn each_length_that_is_returned_can_be_raised_again() -> Result<(), AllocError> {
    let aligned = Aligned::<64, _, NEVER>::new(Boundless);
    let block = aligned.allocate(layout(1, 1))?;
    assert_eq!(block.len(), isize::MAX.unsigned_abs() - 63);
    // SAFETY: the size is the returned length, so the layout fits.
    unsafe { aligned.deallocate(block.cast(), layout(block.len(), 1)) };
    Ok(())
}

#[test]
fn each_length_that_is_returned_keeps_the_form_of_the_block() -> Result<(), AllocError> {
    // The layout that reaches `Boundless` again is that of a small block, or it asserts.
    fn check<const BOUND: usize>(most: usize) -> Result<(), AllocError> {
        let aligned = Aligned::<64, _, BOUND>::new(Boundless);
        let block = aligned.allocate(layout(1, 1))?;
        assert_eq!(block.len(), most);
        // SAFETY: the size is the returned length, so the layout fits.
        unsafe { aligned.deallocate(block.cast(), layout(block.len(), 1)) };
        Ok(())
    }
    check::<LARGE>(LARGE - 1)?;
    check::<1000>(999)?;
    // An eighth of a large block is its alignment at least. `Boundless` has no state.
    check::<0>(8 * 64 - 1)?;
    check::<AUTO>(8 * 64 - 1)
}

#[test]
fn a_layout_that_asks_for_more_than_the_type_keeps_that() -> Result<(), AllocError> {
    let up = Recorder::default();
    let aligned = Aligned::<32, _>::new(&up);
    let (old, new) = (layout(10, 256), layout(20, 128));
    let block = aligned.allocate(old)?.cast();
    // SAFETY: allocated above; the new layout is not smaller.
    let block = unsafe { aligned.grow(block, old, new) }?.cast();
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(block, new) };
    let block = aligned.allocate_zeroed(new)?.cast();
    // SAFETY: allocated above; the new layout is not larger.
    let block = unsafe { aligned.shrink(block, new, layout(5, 1)) }?.cast();
    // SAFETY: as returned by the call above.
    unsafe { aligned.deallocate(block, layout(5, 1)) };
    assert_eq!(
        up.calls(),
        [
            Call::Allocate(old),
            Call::Grow(old, new),
            Call::Deallocate(new),
            Call::AllocateZeroed(new),
            Call::Shrink(new, layout(5, 32)),
            Call::Deallocate(layout(5, 32)),
        ]
    );
    Ok(())
}

#[test]
fn allocators_of_two_forms_are_not_equal() {
    #[derive(PartialEq)]
    struct Stateless;
    struct Handle(usize);
    impl PartialEq<Handle> for Stateless {
        fn eq(&self, other: &Handle) -> bool {
            other.0 == 0
        }
    }
    assert!(Aligned::<64, _>::new(Stateless) == Aligned::<64, _>::new(Stateless));
    // The blocks of the one are large from 512 bytes on, those of the other from 128 KiB on.
    assert!(Aligned::<64, _>::new(Stateless) != Aligned::<64, _>::new(Handle(0)));
    assert!(Aligned::<64, _, 0>::new(Stateless) == Aligned::<64, _, 0>::new(Handle(0)));
}

#[test]
fn constants_statics_and_defaults() {
    static PAGES: Aligned<4096> = Aligned::<4096, _>::new(Global);
    assert_eq!(PAGES.inner().allocate(layout(0, 1)).unwrap().len(), 0);
    assert_eq!(Aligned::<4096>::ALIGN, 4096);
    assert_eq!(Aligned::<4096>::LARGE, 0);
    assert_eq!(Aligned::<4096, &Global>::LARGE, LARGE);
    assert_eq!(Aligned::<4096, Global, NEVER>::LARGE, NEVER);
    assert_eq!(size_of::<Aligned<4096>>(), 0);
    let by_default = Aligned::<32, Recorder>::default();
    assert_eq!(by_default.into_inner().calls(), []);
}

/// Owns exactly the blocks of one address and layout, and can be reset.
#[derive(Debug)]
struct One(NonNull<u8>, Layout);

// SAFETY: errs, or returns nothing at all.
unsafe impl Allocator for One {
    fn allocate(&self, _: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Err(AllocError)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}
}

// SAFETY: there are no blocks; the test looks at what is asked.
unsafe impl Owns for One {
    fn owns(&self, ptr: NonNull<u8>, layout: Layout) -> bool {
        (ptr, layout) == (self.0, self.1)
    }
}

impl Reset for One {
    fn reset(&mut self) {
        self.1 = layout(1, 64);
    }
}

#[test]
fn owns_and_reset_are_those_of_the_inner_allocator() {
    let here = NonNull::dangling();
    let mut aligned = Aligned::<64, _, NEVER>::new(One(here, layout(10, 64)));
    assert!(aligned.owns(here, layout(10, 1)));
    assert!(!aligned.owns(here, layout(11, 1)));
    assert!(!aligned.owns(here, layout(isize::MAX.unsigned_abs(), 1)));
    aligned.reset();
    assert!(aligned.owns(here, layout(1, 1)));
}
