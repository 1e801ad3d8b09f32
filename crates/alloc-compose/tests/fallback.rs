//! Where `Fallback` serves from, where it frees to, and what it does when neither can.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod support;

use alloc_compose::{Fallback, Limit, Null};
use alloc_conformance::Upstream;
use alloc_core::{AllocError, Allocator, Layout, Owns, vec::Vec};
use core::ptr::NonNull;
use support::Region;

fn bytes(size: usize) -> Layout {
    Layout::from_size_align(size, 1).unwrap()
}

/// The bytes of a block.
fn read(ptr: NonNull<u8>, len: usize) -> std::vec::Vec<u8> {
    // SAFETY: the tests below pass blocks that are allocated, initialised and at least as long.
    unsafe { core::slice::from_raw_parts(ptr.as_ptr(), len) }.to_vec()
}

fn fill(ptr: NonNull<u8>, len: usize, byte: u8) {
    // SAFETY: the tests below pass blocks that are allocated and at least as long.
    unsafe { ptr.write_bytes(byte, len) };
}

#[test]
fn each_block_goes_back_to_where_it_came_from() -> Result<(), AllocError> {
    let up = Upstream::new();
    let memory = Fallback::new(Region::new(100), up.clone());
    let first: NonNull<u8> = memory.allocate(bytes(60))?.cast();
    let second: NonNull<u8> = memory.allocate(bytes(60))?.cast();
    assert!(memory.primary().contains(first.as_ptr()));
    assert!(up.contains(second.addr().get()));
    // SAFETY: allocated above with this layout.
    unsafe { memory.deallocate(first, bytes(60)) };
    assert_eq!(memory.primary().used(), 0);
    // SAFETY: allocated above with this layout.
    unsafe { memory.deallocate(second, bytes(60)) };
    up.assert_all_returned();
    Ok(())
}

#[test]
fn growth_that_no_longer_fits_moves_across_with_its_contents() -> Result<(), AllocError> {
    let up = Upstream::new();
    let memory = Fallback::new(Region::new(100), up.clone());
    let block: NonNull<u8> = memory.allocate(bytes(40))?.cast();
    fill(block, 40, 7);
    // SAFETY: allocated above with the old layout.
    let block: NonNull<u8> = unsafe { memory.grow(block, bytes(40), bytes(90)) }?.cast();
    assert!(memory.primary().contains(block.as_ptr()), "it still fits");
    // SAFETY: as returned by the call above.
    let block: NonNull<u8> = unsafe { memory.grow(block, bytes(90), bytes(200)) }?.cast();
    assert!(up.contains(block.addr().get()), "it no longer fits");
    assert_eq!(memory.primary().used(), 0);
    assert_eq!(read(block, 40), [7; 40]);
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block, bytes(200)) };
    up.assert_all_returned();
    Ok(())
}

#[test]
fn zeroed_growth_across_zeroes_what_is_new() -> Result<(), AllocError> {
    let up = Upstream::new().over_returning();
    let memory = Fallback::new(Region::new(50), up.clone());
    let block: NonNull<u8> = memory.allocate(bytes(30))?.cast();
    fill(block, 30, 7);
    // SAFETY: allocated above with the old layout.
    let grown = unsafe { memory.grow_zeroed(block, bytes(30), bytes(80)) }?;
    assert!(grown.len() > 80);
    let expected: std::vec::Vec<u8> = [7; 30]
        .into_iter()
        .chain(vec![0; grown.len() - 30])
        .collect();
    assert_eq!(read(grown.cast(), grown.len()), expected);
    // SAFETY: the returned length fits as well as the asked one.
    unsafe { memory.deallocate(grown.cast(), bytes(grown.len())) };
    up.assert_all_returned();
    Ok(())
}

#[test]
fn a_shrink_that_the_primary_refuses_moves_across() -> Result<(), AllocError> {
    let up = Upstream::new();
    let memory = Fallback::new(Region::new(100), up.clone());
    let block: NonNull<u8> = memory.allocate(bytes(90))?.cast();
    fill(block, 90, 3);
    // The region shrinks by allocating anew, and has no room for that. SAFETY: allocated above with
    // the old layout.
    let block: NonNull<u8> = unsafe { memory.shrink(block, bytes(90), bytes(20)) }?.cast();
    assert!(up.contains(block.addr().get()));
    assert_eq!(read(block, 20), [3; 20]);
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block, bytes(20)) };
    up.assert_all_returned();
    Ok(())
}

#[test]
fn growth_that_the_secondary_refuses_moves_to_the_primary() -> Result<(), AllocError> {
    let up = Upstream::new();
    let memory = Fallback::new(Region::new(100), up.clone());
    let full: NonNull<u8> = memory.allocate(bytes(100))?.cast();
    let block: NonNull<u8> = memory.allocate(bytes(10))?.cast();
    fill(block, 10, 5);
    // SAFETY: allocated above with this layout.
    unsafe { memory.deallocate(full, bytes(100)) };
    up.fail_from(1);
    // SAFETY: allocated above with the old layout.
    let block: NonNull<u8> = unsafe { memory.grow(block, bytes(10), bytes(50)) }?.cast();
    assert!(memory.primary().contains(block.as_ptr()));
    assert_eq!(read(block, 10), [5; 10]);
    up.assert_all_returned();
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block, bytes(50)) };
    Ok(())
}

#[test]
fn when_both_refuse_the_block_is_as_it_was() -> Result<(), AllocError> {
    let up = Upstream::new().failing_from(1);
    let memory = Fallback::new(Region::new(64), up.clone());
    let block: NonNull<u8> = memory.allocate(bytes(60))?.cast();
    fill(block, 60, 9);
    assert!(memory.allocate(bytes(60)).is_err());
    assert!(memory.allocate_zeroed(bytes(60)).is_err());
    // SAFETY: allocated above with the old layout; an `Err` leaves it allocated.
    assert!(unsafe { memory.grow(block, bytes(60), bytes(70)) }.is_err());
    // SAFETY: as above.
    assert!(unsafe { memory.grow_zeroed(block, bytes(60), bytes(70)) }.is_err());
    // SAFETY: as above.
    assert!(unsafe { memory.shrink(block, bytes(60), bytes(30)) }.is_err());
    assert_eq!(read(block, 60), [9; 60]);
    assert_eq!(up.failures(), 5);
    // SAFETY: still allocated with this layout.
    unsafe { memory.deallocate(block, bytes(60)) };
    assert_eq!(
        (memory.primary().used(), up.live_blocks(), up.frees()),
        (0, 0, 0)
    );
    Ok(())
}

/// Has no block and panics when it is asked about one that it must never hear of.
#[derive(Debug)]
struct NeverAskedForNothing;

// SAFETY: errs for every request.
unsafe impl Allocator for NeverAskedForNothing {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        assert_ne!(layout.size(), 0);
        Err(AllocError)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {
        unreachable!("there are no blocks");
    }
}

// SAFETY: it has no blocks.
unsafe impl Owns for NeverAskedForNothing {
    fn owns(&self, _: NonNull<u8>, layout: Layout) -> bool {
        assert_ne!(layout.size(), 0, "a zero-size block reached `owns`");
        false
    }
}

#[test]
fn zero_size_blocks_reach_neither() -> Result<(), AllocError> {
    let up = Upstream::new();
    let memory = Fallback::new(NeverAskedForNothing, up.clone());
    let empty = Layout::from_size_align(0, 4096).unwrap();
    let block = memory.allocate(empty)?;
    assert_eq!(
        (block.len(), block.cast::<u8>().addr().get() % 4096),
        (0, 0)
    );
    // SAFETY: allocated above with the old layout.
    let block: NonNull<u8> = unsafe { memory.grow(block.cast(), empty, empty) }?.cast();
    // SAFETY: as returned by the call above.
    unsafe { memory.deallocate(block, empty) };
    assert_eq!((up.calls(), up.frees()), (0, 0));

    let block: NonNull<u8> = memory.allocate_zeroed(empty)?.cast();
    // SAFETY: allocated above with the old layout.
    let block: NonNull<u8> = unsafe { memory.grow_zeroed(block, empty, bytes(8)) }?.cast();
    assert_eq!(read(block, 8), [0; 8]);
    // SAFETY: as returned by the call above.
    let block = unsafe { memory.shrink(block, bytes(8), bytes(0)) }?;
    assert_eq!(block.len(), 0);
    up.assert_all_returned();
    Ok(())
}

#[test]
fn a_secondary_out_of_the_primary_is_refused() {
    let region = Region::new(1000);
    // The budget refuses before the region does, so the secondary would serve from the same memory.
    let memory = Fallback::new(Limit::new(&region, 10), &region);
    assert!(memory.allocate(bytes(20)).is_err());
    assert!(memory.allocate_zeroed(bytes(20)).is_err());
    assert_eq!(region.used(), 0, "what the secondary had served went back");
    let mut numbers: Vec<u8, _> = Vec::with_capacity_in(10, &memory);
    numbers.push(1);
    assert!(numbers.try_reserve(100).is_err());
    assert_eq!((memory.primary().used(), region.used()), (10, 10));
}

/// Serves new blocks from the heap and grows them into a region.
struct Drifting<'r>(Upstream, &'r Region);

// SAFETY: nothing is freed but what moves, and everything that is handed out is a block of one of
// the two.
unsafe impl Allocator for Drifting<'_> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(layout)
    }

    unsafe fn deallocate(&self, _: NonNull<u8>, _: Layout) {}

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise; the test calls this for blocks of the heap alone.
        unsafe { alloc_core::relocate(&self.0, self.1, ptr, old, new) }
    }
}

#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_block_that_is_moved_into_the_primary_ends_the_program() {
    const CHILD: &str = "ALLOC_COMPOSE_DRIFTING_CHILD";
    const NAME: &str = "a_block_that_is_moved_into_the_primary_ends_the_program";
    if std::env::var_os(CHILD).is_some() {
        let region = Region::new(1000);
        let memory = Fallback::new(Limit::new(&region, 0), Drifting(Upstream::new(), &region));
        let mut numbers: Vec<u8, _> = Vec::with_capacity_in(10, &memory);
        numbers.reserve(100);
        return; // and so succeeds, which the parent does not expect
    }
    let this = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(this);
    let output = child
        .args([NAME, "--exact", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        stderr.contains("memory that the primary says it owns"),
        "{stderr}"
    );
}

#[test]
fn the_parts_can_be_seen_and_taken_back() {
    let memory = Fallback::new(Null, Region::new(10));
    assert_eq!(memory.primary(), &Null);
    assert_eq!(memory.secondary().used(), 0);
    let (Null, region) = memory.into_parts();
    assert_eq!(region.used(), 0);
}

#[test]
fn it_owns_what_either_owns_and_resets_both() -> Result<(), AllocError> {
    let mut memory = Fallback::new(Region::new(10), Region::new(10));
    let first: NonNull<u8> = memory.allocate(bytes(8))?.cast();
    let second: NonNull<u8> = memory.allocate(bytes(8))?.cast();
    assert!(memory.owns(first, bytes(8)) && memory.owns(second, bytes(8)));
    assert!(!memory.owns(first, bytes(0)));
    assert!(!memory.owns(NonNull::from(&1_u8), bytes(1)));
    memory.reset();
    assert_eq!((memory.primary().used(), memory.secondary().used()), (0, 0));
    Ok(())
}

/// The secondary's memory comes out of a part of the primary, and that part answers for it. The
/// answer must not depend on which of the fitting layouts a container frees with.
#[test]
fn a_block_is_not_sent_astray_by_the_size_it_is_freed_with() {
    use alloc_arena::{Arena, ArenaBuilder};
    use alloc_compose::Segregate;
    use alloc_core::Global;

    let base = Arena::<_, 16>::with_min_align_in(Global);
    base.alloc(0_u64);
    let carved = ArenaBuilder::new().chunk_size(256).max_chunk_size(256);
    let carved = carved.min_align::<128>().build_in(&base);
    let memory = Fallback::new(Segregate::<64, _, _>::new(Null, &base), carved);
    // A request of up to 64 bytes, whose block is 128 bytes long.
    let small = Layout::from_size_align(48, 16).unwrap();
    if let Ok(block) = memory.allocate(small) {
        let whole = Layout::from_size_align(block.len(), 16).unwrap();
        // SAFETY: a layout of the returned length fits.
        unsafe { memory.deallocate(block.cast(), whole) };
    }
    let first = base.alloc([1_u8; 128]);
    drop(memory);
    let second = base.alloc([2_u8; 256]);
    assert_eq!((first[0], second[0]), (1, 2));
    assert!(first.iter().all(|&byte| byte == 1), "the blocks overlap");
}
