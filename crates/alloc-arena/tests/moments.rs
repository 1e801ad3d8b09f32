//! Checkpoints, and cursors that are lent.
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg(feature = "alloc")]

use alloc_arena::Arena;
use alloc_core::vec::Vec;

/// How many values a test puts: more than a chunk holds.
const MANY: u64 = if cfg!(miri) { 800 } else { 5_000 };

/// Only `rewind_to` asks that the arena of a checkpoint is there. (Miri sees it if something else does.)
#[test]
fn a_checkpoint_can_be_shown_when_its_arena_is_gone() {
    let arena = Arena::new();
    arena.alloc(1_u64);
    let moment = arena.checkpoint();
    let shown = format!("{moment:?}");
    drop(arena);
    assert_eq!(format!("{moment:?}"), shown);
}

#[test]
fn a_cursor_hands_out_what_the_arena_would() {
    let arena = Arena::new();
    let before = arena.alloc(1_u64);
    let mut cursor = arena.local_cursor();
    let numbers: std::vec::Vec<&mut u64> = (0..MANY).map(|number| cursor.alloc(number)).collect();
    drop(cursor);
    let after = arena.alloc(2_u64);
    assert!(numbers.iter().map(|number| **number).eq(0..MANY));
    assert_eq!((*before, *after), (1, 2));
    assert_eq!(arena.used() as u64, (MANY + 2) * 8);
}

#[test]
fn the_arena_goes_on_elsewhere_while_a_cursor_has_its_room() {
    let arena = Arena::new();
    let first = arena.alloc(0_u64);
    let mut one = arena.local_cursor();
    let mut other = arena.local_cursor();
    let mut all: std::vec::Vec<&mut u64> = std::vec::Vec::new();
    for number in 1..MANY {
        all.push(match number % 3 {
            0 => one.alloc(number),
            1 => other.alloc(number),
            _ => arena.alloc(number),
        });
    }
    drop(one);
    drop(other);
    all.push(arena.alloc(MANY));
    assert!(all.iter().map(|number| **number).eq(1..=MANY));
    assert_eq!(*first, 0);
    let mut places: std::vec::Vec<_> = all
        .iter()
        .map(|number| std::ptr::from_ref(&**number))
        .collect();
    places.sort();
    assert!(
        places
            .windows(2)
            .all(|pair| pair[0].addr() + 8 <= pair[1].addr())
    );
}

#[test]
fn a_cursor_serves_what_its_chunk_cannot() {
    #[repr(align(64))]
    struct Wide(u8);

    let arena = Arena::new();
    let mut cursor = arena.local_cursor();
    let big = cursor.alloc([7_u8; 6_000]);
    let wide = cursor.alloc(Wide(3));
    let nothing = cursor.alloc(());
    let text = cursor.alloc_slice_copy(b"text");
    assert!(std::ptr::from_ref(wide).addr().is_multiple_of(64));
    assert_eq!(
        (big[5_999], wide.0, &*nothing, &*text),
        (7, 3, &(), &b"text"[..])
    );
}

#[test]
fn a_cursor_errs_where_the_arena_does_and_goes_on() {
    let arena = Arena::builder().chunk_size(256).limit(256).build();
    let mut cursor = arena.local_cursor();
    assert!(cursor.try_alloc([0_u8; 1_000]).is_err());
    assert_eq!(cursor.try_alloc(5_u64).map(|number| *number), Ok(5));
    assert!(cursor.try_alloc_slice_copy(&[0_u8; 300]).is_err());
    drop(cursor);
    assert_eq!(arena.used(), 8);
}

#[test]
fn a_vector_that_ends_where_a_lease_begins_may_shrink_and_grow() {
    let arena = Arena::builder().chunk_size(1024).build();
    arena.alloc(0_u64);
    let mut filler: Vec<u8, _> = Vec::new_in(&arena);
    let room = 512;
    filler.reserve_exact(room);
    filler.resize(room, 1);
    let mut cursor = arena.local_cursor();
    filler.shrink_to(8);
    filler.truncate(8);
    filler.shrink_to_fit();
    let number = cursor.alloc(9_u64);
    filler.extend([2; 100]);
    drop(cursor);
    let last = arena.alloc(4_u64);
    assert_eq!((*number, *last, filler.len()), (9, 4, 108));
    assert!(filler[..8].iter().all(|&byte| byte == 1) && filler[8..].iter().all(|&byte| byte == 2));
}

#[test]
fn a_checkpoint_takes_back_what_came_after_it_as_often_as_one_likes() {
    let arena = Arena::new();
    let kept = arena.alloc_str("kept");
    let moment = arena.checkpoint();
    let used = arena.used();
    let mut reserved = Vec::new_in(std::alloc::System);
    for round in 0..5_u8 {
        let mut bytes = Vec::new_in(&arena);
        bytes.resize(if cfg!(miri) { 1_500 } else { 50_000 }, round);
        arena.alloc_slice_fill_copy(if cfg!(miri) { 300 } else { 10_000 }, round);
        assert!(bytes.iter().all(|&byte| byte == round));
        drop(bytes);
        // SAFETY: the checkpoint is of this arena, which knows no later one; what came after it is
        // dropped or no longer used.
        unsafe { arena.rewind_to(&moment) };
        assert_eq!((arena.used(), &*kept), (used, "kept"));
        reserved.push(arena.reserved());
    }
    assert!(
        reserved[1..].iter().all(|&bytes| bytes == reserved[1]),
        "{reserved:?}"
    );
}

#[test]
fn an_empty_arena_has_checkpoints_and_cursors() {
    let arena = Arena::new();
    let moment = arena.checkpoint();
    drop(arena.local_cursor());
    arena.alloc(1);
    // SAFETY: as above.
    unsafe { arena.rewind_to(&moment) };
    assert_eq!((arena.used(), arena.chunks()), (0, 1));
}

#[test]
fn an_empty_lease_that_ends_late_counts_nothing() {
    let arena = Arena::new();
    arena.alloc(0_u64);
    let (first, second) = (arena.local_cursor(), arena.local_cursor());
    arena.alloc([1_u8; 8_000]); // another chunk
    drop(first);
    assert_eq!(arena.used(), 8_008);
    drop(second);
    assert_eq!(arena.used(), 8_008);
}
