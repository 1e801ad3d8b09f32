//! Blocks of a high alignment that grow together with their chunk, wherever that comes to lie.
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg(feature = "alloc")]

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr::NonNull;

use alloc_arena::{AllocError, Allocator, Arena, Layout};
use alloc_core::Global;

/// Places each block 16 bytes further from a multiple of 256 than the one before, and moves each
/// that grows.
#[derive(Default)]
struct Shifting {
    turn: Cell<usize>,
    /// The blocks of `Global` in which ours lie, by our address.
    inside: RefCell<HashMap<usize, (NonNull<u8>, Layout)>>,
    grown: Cell<usize>,
}

// SAFETY: a block of ours lies in one of `Global` that is freed with it, and is as aligned as asked.
unsafe impl Allocator for Shifting {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        assert!(layout.align() <= 16);
        let outer = Layout::from_size_align(layout.size() + 256, 256).map_err(|_| AllocError)?;
        let memory = Global.allocate(outer)?.cast::<u8>();
        self.turn.set((self.turn.get() + 1) % 16);
        // SAFETY: less than 256 bytes.
        let block = unsafe { memory.add(16 * self.turn.get()) };
        let place = block.addr().get();
        self.inside.borrow_mut().insert(place, (memory, outer));
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, _: Layout) {
        let inside = self.inside.borrow_mut().remove(&ptr.addr().get());
        let (memory, outer) = inside.expect("a block of ours");
        // SAFETY: allocated so.
        unsafe { Global.deallocate(memory, outer) };
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.grown.set(self.grown.get() + 1);
        let block = self.allocate(new)?;
        // SAFETY: both have so many bytes.
        unsafe { block.cast().copy_from_nonoverlapping(ptr, old.size()) };
        // SAFETY: the caller's promise.
        unsafe { self.deallocate(ptr, old) };
        Ok(block)
    }
}

/// The alignments and how often a block of each grows. Each growth looks at all bytes.
const ALIGNS: &[usize] = if cfg!(miri) {
    &[64]
} else {
    &[1, 16, 32, 64, 128, 256]
};
const GROWTHS: usize = if cfg!(miri) { 3 } else { 20 };

/// A block of bytes that go on from zero.
struct Counted<'a> {
    arena: &'a Arena<Shifting>,
    start: NonNull<u8>,
    layout: Layout,
}

impl<'a> Counted<'a> {
    fn new(arena: &'a Arena<Shifting>, layout: Layout) -> Self {
        let start = arena.allocate(layout).expect("memory").cast();
        let mut this = Self {
            arena,
            start,
            layout,
        };
        this.fill(0);
        this
    }

    fn fill(&mut self, from: usize) {
        for place in from..self.layout.size() {
            // SAFETY: within the block.
            let byte = unsafe { self.start.add(place) };
            // SAFETY: as above.
            unsafe { byte.write(place.to_le_bytes()[0]) };
        }
    }

    fn check(&self) {
        let Self { start, layout, .. } = *self;
        assert!(start.addr().get().is_multiple_of(layout.align()));
        for place in 0..layout.size() {
            // SAFETY: within the block.
            let byte = unsafe { start.add(place) };
            // SAFETY: as above; `fill` wrote it.
            assert_eq!(unsafe { byte.read() }, place.to_le_bytes()[0]);
        }
    }

    fn grow(&mut self, new: Layout) {
        // SAFETY: the block has this layout; the new size is not smaller.
        let grown = unsafe { self.arena.grow(self.start, self.layout, new) };
        self.start = grown.expect("memory").cast();
        let old = std::mem::replace(&mut self.layout, new);
        self.fill(old.size());
        self.check();
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

#[test]
fn a_lone_block_keeps_its_alignment_and_its_bytes_wherever_its_chunk_goes() {
    for &align in ALIGNS {
        let arena = Arena::new_in(Shifting::default());
        let mut block = Counted::new(&arena, layout(3_500, align));
        for step in 1..GROWTHS {
            block.grow(layout(3_500 + 1_000 * step, align));
        }
        assert_eq!(arena.chunks(), 1, "{align}");
        assert!(arena.upstream().grown.get() >= GROWTHS / 2, "{align}");
        let beside = arena.alloc_slice_fill_copy(100, 7_u64);
        block.check();
        assert_eq!(*beside, [7; 100]);
    }
}

#[test]
fn the_alignment_may_rise_with_the_size() {
    let arena = Arena::new_in(Shifting::default());
    let mut block = Counted::new(&arena, layout(3_500, 8));
    for (step, align) in [8, 64, 256, 1, 512, 32, 16]
        .into_iter()
        .take(GROWTHS)
        .enumerate()
    {
        block.grow(layout(4_500 + 1_000 * step, align));
    }
    arena.alloc(1);
    block.check();
}

#[test]
fn a_block_behind_another_one_is_not_alone() {
    let arena = Arena::new_in(Shifting::default());
    // The first block lies in the padding of the second.
    let first = arena.alloc(1_u8);
    let mut block = Counted::new(&arena, layout(1_000, 256));
    let calls = arena.upstream().grown.get();
    block.grow(layout(5_000, 256));
    assert_eq!((*first, arena.upstream().grown.get()), (1, calls));
    *first = 2;
    block.check();
}
