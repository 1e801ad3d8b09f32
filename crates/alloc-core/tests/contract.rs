//! What this crate adds to the trait: typed requests, blocks of size zero, moves between allocators, handles.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_core::{
    AllocError, Allocator, AllocatorClone, AllocatorEq, AllocatorExt, ArcHandle, Global, Layout,
    RcHandle, System, dangling, relocate, relocate_zeroed,
};

/// Counts the blocks that it has handed out, and can be told to refuse.
#[derive(Debug, Default)]
struct Counted {
    live: Cell<usize>,
    refuse: Cell<bool>,
}

// SAFETY: every block is the system's.
unsafe impl Allocator for Counted {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if self.refuse.get() {
            return Err(AllocError);
        }
        let block = System.allocate(layout)?;
        self.live.set(self.live.get() + 1);
        Ok(block)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.live.set(self.live.get() - 1);
        // SAFETY: the caller's promise; every block came from the system.
        unsafe { System.deallocate(ptr, layout) };
    }
}

/// Two values are equal if they are one.
impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

// SAFETY: equal values are one value.
unsafe impl AllocatorEq for Counted {}

#[test]
fn typed_requests_check_the_multiplication() {
    assert!(Global.allocate_array::<u64>(usize::MAX).is_err());
    assert!(Global.allocate_array::<u64>(usize::MAX / 8 + 1).is_err());
    assert!(
        Global
            .allocate_array_zeroed::<u16>(isize::MAX as usize)
            .is_err()
    );
}

#[test]
fn typed_requests_give_room_for_all_values() {
    let counted = Counted::default();
    let cells = counted.allocate_array_zeroed::<u32>(9).unwrap();
    assert_eq!((cells.len(), counted.live.get()), (9, 1));
    // SAFETY: just allocated and zeroed; zero is a valid `u32`.
    let values = unsafe { NonNull::slice_from_raw_parts(cells.cast::<u32>(), 9).as_ref() };
    assert_eq!(values, [0; 9]);
    // SAFETY: allocated above with this type and count.
    unsafe { counted.deallocate_array(cells.cast::<u32>(), 9) };
    assert_eq!(counted.live.get(), 0);
}

#[test]
fn arrays_of_nothing_are_allocated_and_freed() {
    let units = Global.allocate_array::<()>(usize::MAX).unwrap();
    assert_eq!(units.len(), usize::MAX);
    // SAFETY: allocated above with this type and count.
    unsafe { Global.deallocate_array(units.cast::<()>(), usize::MAX) };
}

#[test]
fn dangling_blocks_are_aligned_and_empty() {
    for shift in 0..=20 {
        let layout = Layout::from_size_align(0, 1 << shift).unwrap();
        let block = dangling(layout);
        assert_eq!(block.len(), 0);
        assert_eq!(block.cast::<u8>().addr().get() % (1 << shift), 0);
    }
}

fn filled(allocator: &impl Allocator, layout: Layout) -> NonNull<u8> {
    let block = allocator.allocate(layout).unwrap().cast::<u8>();
    for offset in 0..layout.size() {
        // SAFETY: in bounds of the block.
        let cell = unsafe { block.add(offset) };
        // SAFETY: the cell is ours to write.
        unsafe { cell.write(u8::try_from(offset % 251).unwrap()) };
    }
    block
}

fn bytes(block: NonNull<[u8]>, len: usize) -> Vec<u8> {
    // SAFETY: the tests read only what they, or a zeroing call, wrote.
    unsafe { NonNull::slice_from_raw_parts(block.cast(), len).as_ref() }.to_vec()
}

#[test]
fn relocate_moves_a_block_between_allocators() {
    let (from, to) = (Counted::default(), Counted::default());
    let old = Layout::from_size_align(16, 8).unwrap();
    let new = Layout::from_size_align(40, 64).unwrap();
    let block = filled(&from, old);
    // SAFETY: allocated by `from` with `old`.
    let moved = unsafe { relocate_zeroed(&from, &to, block, old, new) }.unwrap();
    assert_eq!((from.live.get(), to.live.get()), (0, 1));
    let mut expected: Vec<u8> = (0..16).collect();
    expected.resize(40, 0);
    assert_eq!(bytes(moved, 40), expected);
    // SAFETY: allocated by `to` with `new`.
    let back = unsafe { relocate(&to, &from, moved.cast(), new, old) }.unwrap();
    assert_eq!(bytes(back, 16), expected[..16]);
    // SAFETY: allocated by `from` with `old`.
    unsafe { from.deallocate(back.cast(), old) };
    assert_eq!((from.live.get(), to.live.get()), (0, 0));
}

#[test]
fn relocate_that_fails_leaves_the_block() {
    let (from, to) = (Counted::default(), Counted::default());
    let layout = Layout::from_size_align(16, 8).unwrap();
    let block = filled(&from, layout);
    to.refuse.set(true);
    // SAFETY: allocated by `from` with `layout`.
    assert!(unsafe { relocate(&from, &to, block, layout, layout) }.is_err());
    // SAFETY: allocated by `from` with `layout`.
    assert!(unsafe { relocate_zeroed(&from, &to, block, layout, layout) }.is_err());
    assert_eq!((from.live.get(), to.live.get()), (1, 0));
    let same = NonNull::slice_from_raw_parts(block, 16);
    assert_eq!(bytes(same, 16), (0..16).collect::<Vec<u8>>());
    // SAFETY: still allocated by `from` with `layout`.
    unsafe { from.deallocate(block, layout) };
}

/// Allocates from one value and frees through a clone, after the original is gone.
fn frees_through_a_clone(allocator: impl AllocatorClone) {
    let layout = Layout::new::<[u64; 4]>();
    let block = allocator.allocate(layout).unwrap();
    let clone = allocator.clone();
    drop(allocator);
    // SAFETY: a clone is equivalent to the original.
    unsafe { clone.deallocate(block.cast(), layout) };
}

#[test]
fn clones_are_equivalent() {
    frees_through_a_clone(Global);
    frees_through_a_clone(System);
    frees_through_a_clone(&Counted::default());
    frees_through_a_clone(RcHandle::new(Counted::default()));
    frees_through_a_clone(ArcHandle::new(System));
}

#[test]
fn equality_is_identity() {
    fn equal<A: AllocatorEq>(a: &A, b: &A) -> bool {
        a == b
    }
    let (one, other) = (Counted::default(), Counted::default());
    assert!(equal(&&one, &&one));
    assert!(!equal(&&one, &&other));
    let shared = RcHandle::new(one);
    assert!(equal(&shared, &shared.clone()));
    assert!(!equal(&shared, &RcHandle::new(other)));
}

#[test]
fn a_handle_is_given_back_by_the_last_one() {
    let first = RcHandle::new(Counted::default());
    let second = first.clone();
    let first = first.try_into_inner().unwrap_err();
    drop(second);
    assert_eq!(
        first.try_into_inner().map(|inner| inner.live.get()).ok(),
        Some(0)
    );
}

#[test]
fn handles_take_allocators_without_a_size() {
    let handle: RcHandle<dyn Allocator> =
        RcHandle::from(std::rc::Rc::new(System) as std::rc::Rc<dyn Allocator>);
    frees_through_a_clone(handle);
}
