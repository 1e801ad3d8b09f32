//! What an arena reserves for what is asked of it, and blocks that grow together with their chunk.
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg(feature = "alloc")]

use std::cell::Cell;
use std::ptr::NonNull;

use alloc_arena::{AllocError, Allocator, Arena, Layout};
use alloc_core::vec::Vec;
use alloc_core::{Global, System};

/// Counts the calls that reach it, by kind.
#[derive(Default)]
struct Calls {
    allocate: Cell<usize>,
    grow: Cell<usize>,
    refuses_growth: Cell<bool>,
}

impl Calls {
    fn counts(&self) -> (usize, usize) {
        (self.allocate.get(), self.grow.get())
    }
}

// SAFETY: every block is one of `Global`; a call that is refused leaves its block as it is.
unsafe impl Allocator for Calls {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.allocate.set(self.allocate.get() + 1);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) }
    }

    unsafe fn grow(
        &self,
        ptr: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.grow.set(self.grow.get() + 1);
        if self.refuses_growth.get() {
            return Err(AllocError);
        }
        // SAFETY: the caller's promise.
        unsafe { Global.grow(ptr, old, new) }
    }
}

/// More numbers than the first chunk holds, and than its double holds.
const MANY: u32 = if cfg!(miri) { 2_500 } else { 20_000 };

/// What the sizes of tests with limits are multiples of, in bytes.
const UNIT: usize = if cfg!(miri) { 64 } else { 1 << 10 };

/// Pushes numbers and looks at all of them.
fn pushed<A: Allocator>(numbers: &mut Vec<u32, A>, count: u32) {
    for number in 0..count {
        numbers.push(number);
    }
    assert!(numbers.iter().copied().eq(0..count));
}

#[test]
#[cfg_attr(miri, ignore = "slow, and about sizes")]
#[allow(clippy::cast_precision_loss)]
fn pieces_reserve_a_tenth_more_than_they_ask_for_at_most() {
    for (bytes, most) in [(1_usize << 20, 1.1), (100 << 20, 1.02)] {
        let arena = Arena::new();
        for _ in 0..bytes / 64 {
            arena.alloc([0_u64; 8]);
        }
        let ratio = arena.reserved() as f64 / bytes as f64;
        assert!(ratio <= most, "{bytes}: {ratio}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "slow, and about sizes")]
#[allow(clippy::cast_precision_loss)]
fn a_vector_reserves_little_more_than_its_capacity() {
    let arena = Arena::new();
    let mut numbers = Vec::new_in(&arena);
    pushed(&mut numbers, 100_000);
    let ratio = arena.reserved() as f64 / 400_000.0;
    assert!(ratio <= 1.35, "{ratio}");
    assert_eq!(arena.chunks(), 1);
}

#[test]
fn one_big_block_makes_no_later_chunk_larger() {
    let arena = Arena::new();
    arena.alloc_uninit_slice::<u8>(1 << 20);
    arena.alloc(1_u64);
    assert!(
        arena.reserved() < (1 << 20) + (16 << 10),
        "{}",
        arena.reserved()
    );
}

#[test]
fn a_lone_block_grows_with_its_chunk_and_others_do_not() {
    let arena = Arena::new_in(Calls::default());
    let mut alone = Vec::new_in(&arena);
    pushed(&mut alone, MANY);
    assert_eq!(arena.upstream().counts().0, 1);
    assert!(arena.upstream().counts().1 > 1);

    let arena = Arena::new_in(Calls::default());
    let one = arena.alloc(1);
    let mut beside = Vec::new_in(&arena);
    pushed(&mut beside, 2_000);
    // From its second chunk on it is alone.
    assert!(arena.upstream().counts().0 >= 2);
    assert_eq!(*one, 1);
}

#[test]
fn a_lone_block_that_is_not_last_grows_with_its_chunk() {
    let arena = Arena::new_in(Calls::default());
    arena.alloc(0_u8);
    let mut big: Vec<u32, _> = Vec::with_capacity_in(4_000, &arena);
    big.resize(4_000, 7);
    let small: std::vec::Vec<_> = (0..100_u32).map(|number| &*arena.alloc(number)).collect();
    let (chunks, calls) = (arena.chunks(), arena.upstream().counts());
    big.reserve_exact(4_000);
    big.resize(8_000, 9);
    assert_eq!(arena.chunks(), chunks);
    assert_eq!(arena.upstream().counts(), (calls.0, calls.1 + 1));
    assert!(big[..4_000].iter().all(|&number| number == 7));
    assert!(small.iter().map(|&&number| number).eq(0..100));
}

#[test]
fn an_upstream_that_does_not_grow_blocks_gives_a_new_chunk() {
    let arena = Arena::new_in(Calls::default());
    arena.upstream().refuses_growth.set(true);
    let mut numbers = Vec::new_in(&arena);
    pushed(&mut numbers, MANY);
    assert!(arena.upstream().counts().0 > 1);
    assert_eq!(arena.used() % 8, 0);
}

#[test]
fn the_limit_holds_for_chunks_that_grow() {
    let arena = Arena::builder().limit(8 << 10).build_in(System);
    let mut bytes: Vec<u8, _> = Vec::new_in(&arena);
    let mut refused = 0;
    for count in [1 << 10, 4 << 10, 7 << 10, 9 << 10, 1 << 20] {
        if bytes.try_reserve_exact(count).is_err() {
            refused += 1;
        }
        assert!(arena.reserved() <= 8 << 10);
    }
    assert_eq!((refused, bytes.capacity() / 1024), (2, 7));
}

#[test]
fn kept_chunks_make_way_where_the_limit_leaves_no_room() {
    let mut arena = Arena::builder()
        .chunk_size(8 * UNIT)
        .max_chunk_size(8 * UNIT)
        .limit(100 * UNIT)
        .build_in(System);
    for round in 0..8_u8 {
        arena.alloc_slice_fill_copy(7 * UNIT, round);
    }
    let reserved = arena.reserved();
    arena.reset();
    let kept = arena.alloc(1_u64);
    // More than the limit has beside what is kept, and less than it has in all.
    let big = arena.try_alloc_uninit_slice::<u8>(80 * UNIT);
    assert_eq!(big.map(|bytes| bytes.len()), Ok(80 * UNIT));
    assert!(reserved + (80 * UNIT) > 100 * UNIT && arena.reserved() <= 100 * UNIT);
    assert_eq!(*kept, 1);
    assert!(arena.try_alloc_uninit_slice::<u8>(80 * UNIT).is_err());
}

#[test]
fn kept_chunks_stay_where_nothing_could_serve_the_request() {
    let mut arena = Arena::builder().limit(100 * UNIT).build_in(System);
    arena.alloc_slice_fill_copy(60 * UNIT, 1_u8);
    arena.reset();
    let before = arena.stats();
    let largest = isize::MAX.unsigned_abs();
    assert!(arena.try_alloc_uninit_slice::<u8>(100 * UNIT).is_err());
    arena.set_limit(None);
    assert!(arena.try_alloc_uninit_slice::<u8>(largest).is_err());
    assert_eq!(arena.stats(), before);
}

#[test]
fn kept_chunks_make_way_for_growth_in_the_first_frame_too() {
    let layout = |size| Layout::from_size_align(size, 8).expect("a small size");
    let builder = Arena::builder().capacity(3_000).limit(10_000);
    let arena = builder.build_in(Global);
    // Not in the chunk for the capacity, which is kept.
    let block = arena.allocate_zeroed(layout(4_000)).expect("there is room");
    assert_eq!(arena.chunks(), 2);
    // SAFETY: allocated with this layout, and not used afterwards.
    let grown = unsafe { arena.grow_zeroed(block.cast(), layout(4_000), layout(8_000)) };
    assert_eq!(grown.expect("the kept chunk makes way").len(), 8_000);
    assert_eq!(arena.chunks(), 1);
}

#[test]
fn a_lone_block_grows_in_a_later_frame_where_there_is_no_other_room() {
    let mut arena = Arena::builder().limit(100 * UNIT).build_in(System);
    for _frame in 0..3 {
        let mut bytes: Vec<u8, _> = Vec::with_capacity_in(60 * UNIT, &arena);
        bytes.resize(60 * UNIT, 7);
        // No room for a second block of its size.
        bytes
            .try_reserve_exact(30 * UNIT)
            .expect("room in the limit");
        assert!(bytes.iter().all(|&byte| byte == 7));
        drop(bytes);
        arena.reset();
    }
    assert!(arena.reserved() <= 100 * UNIT);
}

#[test]
fn a_chunk_that_a_scope_knows_does_not_move() {
    let mut arena = Arena::new_in(Calls::default());
    arena.reset();
    arena.scope(|outer| {
        let mut kept = Vec::with_capacity_in(8, &*outer);
        kept.extend(0..8_u32);
        assert!(kept.iter().copied().eq(0..8));
    });
    let grown = |arena: &Arena<Calls>| arena.upstream().counts().1;
    let before = grown(&arena);
    arena.scope(|outer| {
        outer.alloc_slice_fill_copy(1 << 10, 1_u64); // a chunk of its own
        outer.scope(|inner| {
            let mut numbers = Vec::new_in(&*inner);
            pushed(&mut numbers, MANY);
        });
        let after = outer.alloc_slice_fill_copy(64, 3_u8);
        assert!(after.iter().all(|&byte| byte == 3));
    });
    // Memory was taken back: from then on the same requests meet the same chunks.
    assert_eq!(grown(&arena), before);
}

#[test]
fn a_steady_frame_with_growing_vectors_calls_upstream_in_two_frames_at_most() {
    let mut arena = Arena::new_in(Calls::default());
    let mut counts = std::vec::Vec::new();
    for _ in 0..if cfg!(miri) { 3 } else { 6 } {
        let mut lists: std::vec::Vec<_> = (0..20).map(|_| Vec::new_in(&arena)).collect();
        for round in 0..if cfg!(miri) { 40 } else { 300_u32 } {
            for list in &mut lists {
                list.push(round);
            }
            arena.alloc([round; 3]);
        }
        let mut long = Vec::new_in(&arena);
        pushed(&mut long, MANY);
        drop((lists, long));
        arena.reset();
        counts.push(arena.upstream().counts());
    }
    assert!(
        counts[1..].iter().all(|count| *count == counts[1]),
        "{counts:?}"
    );
}
