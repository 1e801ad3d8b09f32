//! What a phase leaves behind, and what the next one finds.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_arena::{Arena, ArenaBuilder, FixedArena};
use alloc_conformance::Upstream;
use alloc_core::{Allocator, Layout, Reset, vec::Vec};

/// Allocates as a frame does: many small blocks, growing vectors, and now and then a large block.
fn frame<A: Allocator, const M: usize>(arena: &Arena<A, M>, rounds: u64) {
    let mut ids = Vec::new_in(arena);
    for round in 0..rounds {
        ids.push(round);
        arena.alloc([true; 3]);
        arena.alloc_str("a name that is not short");
        if round % 40 == 7 {
            arena.alloc_uninit_slice::<u8>(10_000);
        }
        if round % 64 == 5 {
            let layout = Layout::from_size_align(100, 256).unwrap();
            arena.allocate(layout).unwrap();
        }
    }
    assert!(ids.iter().copied().eq(0..rounds));
}

fn settles<const M: usize>(builder: ArenaBuilder<M>) {
    let rounds = if cfg!(miri) { 20 } else { 500 };
    let upstream = Upstream::new();
    let mut arena = builder.build_in(upstream.clone());
    frame(&arena, rounds);
    let used = arena.used();
    for _ in 0..5 {
        let before = upstream.calls();
        arena.reset();
        assert_eq!(arena.used(), 0);
        frame(&arena, rounds);
        assert_eq!(
            upstream.calls(),
            before,
            "the same frame again takes nothing"
        );
        assert_eq!(arena.used(), used, "and uses the same");
    }
    drop(arena);
    upstream.assert_all_returned();
}

#[test]
fn a_frame_loop_settles_at_zero_upstream_calls() {
    settles(Arena::builder());
    settles(Arena::builder().min_align::<1>());
    settles(Arena::builder().min_align::<64>());
    settles(Arena::builder().chunk_size(128).max_chunk_size(512));
    settles(Arena::builder().capacity(1 << 14));
}

#[test]
fn frames_of_changing_size_settle() {
    let upstream = Upstream::new();
    let mut arena = Arena::new_in(upstream.clone());
    let scale = if cfg!(miri) { 1 } else { 10 };
    let sizes = [3, 20, 1, 12, 20, 9].map(|size| size * scale);
    let mut calls = [0; 3];
    for calls in &mut calls {
        let before = upstream.calls();
        for size in sizes {
            frame(&arena, size);
            arena.reset();
        }
        *calls = upstream.calls() - before;
    }
    assert_eq!(calls[2], 0, "{calls:?}");
}

#[test]
fn reset_keeps_and_release_gives_back() {
    let upstream = Upstream::new();
    let mut arena = Arena::new_in(upstream.clone());
    frame(&arena, 50);
    let reserved = arena.reserved();
    assert_eq!(reserved, upstream.live_bytes());
    assert_eq!(arena.chunks(), upstream.live_blocks());

    Reset::reset(&mut arena);
    assert_eq!((arena.used(), arena.reserved()), (0, reserved));

    arena.release();
    let stats = arena.stats();
    assert_eq!((stats.used, stats.reserved, stats.chunks), (0, 0, 0));
    upstream.assert_all_returned();

    frame(&arena, 50);
    assert!(arena.used() > 0, "a released arena is as good as new");
}

#[test]
fn a_capacity_is_held_by_one_chunk() {
    for bytes in [1, 7, 8, 100, if cfg!(miri) { 400 } else { 100_000 }] {
        let upstream = Upstream::new().least_aligned();
        let arena = Arena::with_capacity_in(bytes, upstream.clone());
        assert_eq!((upstream.calls(), arena.used()), (1, 0));
        for _ in 0..bytes.div_ceil(8) {
            arena.alloc(0_u64);
        }
        assert_eq!(upstream.calls(), 1);
    }
    assert_eq!(Arena::with_capacity(0).reserved(), 0);
    assert!(Arena::try_with_capacity(usize::MAX).is_err());
    assert!(Arena::try_with_capacity(isize::MAX as usize).is_err());
}

#[test]
fn chunks_double_up_to_the_cap() {
    let arena = Arena::builder()
        .chunk_size(1000)
        .max_chunk_size(3000)
        .build();
    let mut sizes = std::vec::Vec::new();
    while arena.chunks() < 5 {
        let before = arena.reserved();
        arena.alloc(0_u64);
        sizes.extend((arena.reserved() > before).then(|| arena.reserved() - before));
    }
    assert_eq!(sizes, [1000, 2000, 3000, 3000, 3000]);
}

/// Whether an arena has given out nothing for requests of size zero, of any alignment.
fn gives_nothing(arena: &impl Allocator, used: impl Fn() -> usize) -> bool {
    let one = arena.allocate(Layout::new::<u64>());
    let before = used();
    let aligned = |power| Layout::from_size_align(0, 1_usize << power).unwrap();
    let served = (0..20).all(|power| arena.allocate(aligned(power)).is_ok());
    one.is_ok() && served && used() == before
}

#[test]
fn a_block_of_size_zero_takes_nothing() {
    let arena = Arena::with_capacity(4 << 10);
    assert!(gives_nothing(&arena, || arena.used()));
    let arena = Arena::<_, 16>::with_min_align_in(alloc_core::Global);
    assert!(gives_nothing(&arena, || arena.used()));
    let mut buffer = vec![std::mem::MaybeUninit::uninit(); 4 << 10];
    let arena = FixedArena::new(&mut buffer);
    assert!(gives_nothing(&arena, || arena.used()));
    drop(arena);
    let arena = FixedArena::<64>::with_min_align(&mut buffer);
    assert!(gives_nothing(&arena, || arena.used()));
}

#[test]
fn a_block_that_is_last_comes_back_and_one_that_is_not_waits() {
    let arena = Arena::new();
    let first = Vec::<u64, _>::with_capacity_in(4, &arena);
    let second = Vec::<u64, _>::with_capacity_in(4, &arena);
    assert_eq!(arena.used(), 64);
    drop(second);
    assert_eq!(arena.used(), 32);
    let third = Vec::<u64, _>::with_capacity_in(8, &arena);
    drop(first);
    assert_eq!(arena.used(), 96);
    drop(third);
    assert_eq!(arena.used(), 32);
}

#[test]
fn an_arena_can_move_while_its_handle_is_elsewhere() {
    let arena = Arena::new();
    arena.alloc(1);
    let mut moved = Box::new(arena);
    moved.alloc(2);
    assert_eq!(moved.used(), 16);
    moved.reset();
    let arena = std::thread::spawn(move || *moved).join().unwrap();
    assert_eq!(arena.used(), 0);
}

#[test]
fn debug_output_says_what_is_in_it() {
    let arena = Arena::builder().limit(1 << 20).build();
    arena.alloc(1_u64);
    let text = format!("{arena:?}");
    assert!(
        text.contains("used: 8") && text.contains("limit: Some(1048576)"),
        "{text}"
    );
}
