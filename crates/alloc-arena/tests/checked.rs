//! What memory checkers must not report: memory that changes hands in every way there is, used by whoever has it.
//!
//! Worth running under Miri and `AddressSanitizer`; the faulty twins are in `poison.rs`.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use alloc_arena::{AllocError, Allocator, Arena, ArenaBuilder, FixedArena, Layout, TypedArena};
use alloc_core::{Global, vec::Vec};

/// A block with its layout, all of it written to.
#[derive(Debug)]
struct Block {
    start: NonNull<[u8]>,
    layout: Layout,
}

impl Block {
    fn new(arena: &impl Allocator, len: usize) -> Self {
        Self::of(arena, Layout::array::<u8>(len).expect("a small layout"))
    }

    fn of(arena: &impl Allocator, layout: Layout) -> Self {
        let start = arena.allocate(layout).expect("there is room");
        let mut block = Self { start, layout };
        block.fill(1);
        block
    }

    /// Writes to each byte, those beyond what was asked for included.
    fn fill(&mut self, byte: u8) {
        // SAFETY: the block is this value's alone.
        unsafe { self.start.cast::<u8>().write_bytes(byte, self.start.len()) };
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: as above, and all bytes are initialised.
        unsafe { self.start.as_ref() }
    }

    fn free(self, arena: &impl Allocator) {
        // SAFETY: a block of this arena with this layout.
        unsafe { arena.deallocate(self.start.cast(), self.layout) };
    }

    /// With another length, and what is new filled.
    fn resized(self, arena: &impl Allocator, len: usize) -> Self {
        let new = Layout::from_size_align(len, self.layout.align()).expect("a small layout");
        let old = self.start.cast();
        let start = if len >= self.layout.size() {
            // SAFETY: a block of this arena with this layout, and a larger one.
            unsafe { arena.grow(old, self.layout, new) }
        } else {
            // SAFETY: a block of this arena with this layout, and a smaller one.
            unsafe { arena.shrink(old, self.layout, new) }
        };
        let start = start.expect("there is room");
        let kept = len.min(self.layout.size());
        // SAFETY: the block is at least `kept` bytes long.
        let rest = unsafe { start.cast::<u8>().add(kept) };
        // SAFETY: the rest of the block.
        unsafe { rest.write_bytes(1, start.len() - kept) };
        Self { start, layout: new }
    }
}

/// Fills two chunks and a part of a third one.
fn fill(arena: &impl Allocator) -> std::vec::Vec<Block> {
    (0..20).map(|index| Block::new(arena, 49 * index)).collect()
}

#[test]
fn each_round_may_use_what_it_gets() {
    let mut arena = Arena::new();
    for round in 0..4 {
        for mut block in fill(&&arena) {
            block.fill(round);
        }
        arena.reset();
    }
    arena.release();
    assert_eq!(fill(&&arena).len(), 20);
}

#[test]
fn outer_values_survive_scopes_and_checkpoints() {
    let mut arena = Arena::new();
    arena.scope(|outer| {
        let kept = outer.alloc_slice_fill_with(100, |index| index);
        for _ in 0..3 {
            let len = outer.scope(|inner| inner.alloc([1_u8; 10_000]).len());
            kept[99] += len;
        }
        assert_eq!(kept[99], 99 + 30_000);
        assert_eq!(fill(outer).len(), 20);
    });

    let kept = arena.alloc(1_u8);
    let moment = arena.checkpoint();
    for _ in 0..3 {
        assert_eq!(fill(&&arena).len(), 20);
        // SAFETY: the only checkpoint; the blocks are not used any more.
        unsafe { arena.rewind_to(&moment) };
        *kept += 1;
    }
    assert_eq!(*kept, 4);
}

/// Blocks share units of memory that `AddressSanitizer` cannot tell apart.
#[test]
fn neighbours_of_freed_and_shrunk_blocks_stay_usable() {
    let arena = Arena::<_, 1>::with_min_align_in(Global);
    for (a, b, c) in [(3, 2, 3), (1, 1, 1), (8, 5, 11), (13, 30, 2)] {
        let (mut first, middle, mut last) = (
            Block::new(&&arena, a),
            Block::new(&&arena, b),
            Block::new(&&arena, c),
        );
        middle.free(&&arena);
        first.fill(2);
        last.fill(3);
        let last = last.resized(&&arena, 1);
        let mut next = Block::new(&&arena, 6);
        let mut first = first.resized(&&arena, 1);
        next.fill(4);
        first.fill(5);
        assert_eq!((first.bytes()[0], last.bytes()[0]), (5, 3));
        assert_eq!(next.bytes(), [4; 6]);
        next.free(&&arena);
        assert_eq!(Block::new(&&arena, 20).bytes(), [1; 20]);
    }
}

#[test]
fn blocks_grow_and_shrink_in_place_and_elsewhere() {
    let arena = Arena::new();
    let mut last = Block::new(&&arena, 10);
    for len in [
        20, 500, 30, 31, 0, 9, 3000, 6000, 40_000, 100_000, 50, 70_000,
    ] {
        last = last.resized(&&arena, len);
        assert_eq!(last.bytes(), vec![1; last.bytes().len()]);
    }
    let mut middle = Block::new(&&arena, 10);
    for len in [20, 15, 16, 1, 300] {
        Block::new(&&arena, 1);
        middle = middle.resized(&&arena, len);
        assert_eq!(middle.bytes(), vec![1; middle.bytes().len()]);
    }
}

/// A block that is alone in its chunk grows with it: by the heap's `realloc`, and by an arena's `grow`.
#[test]
fn chunks_grow_whatever_the_upstream_is() {
    fn check(arena: &Arena<impl Allocator>) {
        let mut numbers = Vec::new_in(arena);
        let expected: std::vec::Vec<u32> = (0..if cfg!(miri) { 3000 } else { 30_000 }).collect();
        // In parts, so that it grows.
        expected
            .chunks(500)
            .for_each(|part| numbers.extend_from_slice(part));
        assert_eq!(numbers[..], expected);
        numbers.truncate(10);
        numbers.shrink_to_fit();
        assert_eq!(fill(&arena).len(), 20);
        assert_eq!(numbers[..], expected[..10]);
    }
    check(&Arena::new());
    let outer = Arena::new();
    check(&Arena::new_in(&outer));
    check(&Arena::new_in(&outer));
}

#[test]
fn memory_goes_back_to_an_arena_and_is_used_there() {
    let mut outer = Arena::new();
    for _ in 0..3 {
        let mut inner = Arena::new_in(&outer);
        assert_eq!(fill(&&inner).len(), 20);
        inner.release();
        assert_eq!(fill(&&outer).len(), 20);
        assert_eq!(fill(&&inner).len(), 20);
        drop(inner);
        assert_eq!(fill(&&outer).len(), 20);
        outer.reset();
    }
}

#[test]
fn memory_goes_back_to_the_heap_and_is_used_there() {
    for _ in 0..if cfg!(miri) { 2 } else { 20 } {
        let arena = Arena::new();
        assert_eq!(fill(&&arena).len(), 20);
        let room = std::hint::black_box(arena.reserved());
        drop(arena);
        assert_eq!(vec![3_u8; room], vec![3; room]);
    }
}

#[test]
fn a_buffer_is_its_owners_again_after_the_arena() {
    let mut buffer = [MaybeUninit::<u8>::uninit(); 1001];
    for offset in 0..if cfg!(miri) { 2 } else { 9 } {
        let part = &mut buffer[offset..1000];
        let mut arena = FixedArena::new(part);
        for len in [1, 7, 100, 30] {
            Block::new(&&arena, len)
                .resized(&&arena, len * 2)
                .free(&&arena);
            Block::new(&&arena, len);
        }
        arena.reset();
        Block::new(&&arena, 900);
        drop(arena);
        buffer.fill(MaybeUninit::new(9));
        // SAFETY: initialised just now.
        let bytes = unsafe { (&raw const buffer).cast::<[u8; 1001]>().read() };
        assert_eq!(bytes, [9; 1001]);
    }
    // One that is too short for its alignment has no memory at all.
    let mut short = [MaybeUninit::uninit(); 3];
    let arena = FixedArena::<64>::with_min_align(&mut short);
    assert!(arena.try_alloc(()).is_ok());
}

#[test]
fn a_local_cursor_and_its_arena_may_take_turns() {
    let mut arena = Arena::new();
    for _ in 0..3 {
        let mut cursor = arena.local_cursor();
        let mut slices = std::vec::Vec::new();
        for index in 0..40_u8 {
            slices.push(cursor.alloc_slice_copy(&[index; 100]));
            let mut other = Block::new(&&arena, 50);
            other.fill(index);
            if index % 3 == 0 {
                other.free(&&arena);
            }
        }
        drop(cursor);
        Block::new(&&arena, 200);
        assert!(
            (0..)
                .zip(&slices)
                .all(|(index, slice)| slice[..] == [index; 100])
        );
        arena.reset();
    }
}

#[test]
fn values_of_a_typed_arena_are_read_once_more() {
    let mut names = TypedArena::new();
    for round in 0..3 {
        for _ in 0..40 {
            names.alloc(String::from("one"));
        }
        names.alloc_extend(vec![String::from("three"); 60]);
        assert_eq!(names.iter_mut().map(|name| name.len()).max(), Some(5));
        names.iter_mut().for_each(|name| name.push('!'));
        if round < 2 {
            names.clear();
        }
    }
    assert_eq!(
        names.into_iter().filter(|name| name.ends_with('!')).count(),
        100
    );
}

/// The heap, which returns more than was asked for and comes back to an arena while it works.
#[derive(Default)]
struct Generous<'a> {
    served: Cell<Option<&'a Arena>>,
}

// SAFETY: every block is the global allocator's; freed with the size that it was allocated with.
unsafe impl Allocator for Generous<'_> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.work();
        let block = Global.allocate(padded(layout)?)?;
        Ok(block)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        self.work();
        // All sizes between the asked and the returned one are rounded to the same.
        let layout = padded(layout).unwrap_or(layout);
        // SAFETY: the caller's promise, with the layout of the allocation.
        unsafe { Global.deallocate(ptr, layout) };
    }
}

impl Generous<'_> {
    fn work(&self) {
        if let Some(arena) = self.served.get() {
            let block = Block::new(&arena, 3000);
            Block::new(&arena, 10).free(&arena);
            block.free(&arena);
        }
    }
}

/// Rounded up to a multiple of 1000.
fn padded(layout: Layout) -> Result<Layout, AllocError> {
    let size = layout.size().next_multiple_of(1000);
    Layout::from_size_align(size, layout.align()).map_err(|_| AllocError)
}

#[test]
fn an_upstream_may_return_more_and_work_with_arenas() {
    let side = Arena::new();
    let upstream = Generous::default();
    upstream.served.set(Some(&side));
    let mut arena: Arena<Generous<'_>> = ArenaBuilder::new().limit(50_500).build_in(upstream);
    for _ in 0..2 {
        assert_eq!(fill(&&arena).len(), 20);
        let mut block = Block::new(&&arena, 10);
        for len in [5000, 9000, 12_000] {
            block = block.resized(&&arena, len);
        }
        arena.reset();
    }
    arena.release();
}

#[test]
#[cfg(feature = "std")]
fn arenas_of_a_pool_may_be_used_by_any_thread() {
    let mut pool = alloc_arena::ArenaPool::new();
    for _ in 0..3 {
        let lines: std::vec::Vec<&mut [u8]> = std::thread::scope(|threads| {
            let tasks: std::vec::Vec<_> = (0..3_u8)
                .map(|task| {
                    let pool = &pool;
                    threads.spawn(move || pool.get().alloc_slice_copy(&[task; 5000]))
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect()
        });
        assert!((0..).zip(&lines).all(|(task, line)| line[4999] == task));
        pool.reset();
    }
}
