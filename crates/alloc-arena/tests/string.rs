//! The string: that it says what `std::string::String` says, in an arena, and errs where there is no room.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_arena::alloc_core::{boxed::Box, vec::Vec};
use alloc_arena::{Arena, FixedArena, String};
use alloc_conformance::Upstream;
use hashbrown::HashMap;

/// The same steps on the string and on that of `std`.
#[test]
fn it_is_a_string() {
    let arena = Arena::new();
    let mut ours = String::new_in(&arena);
    let mut theirs = std::string::String::new();
    for (step, text) in ["a", "ßü", "", "€uro", "𝄞", "line\n"]
        .repeat(if cfg!(miri) { 2 } else { 5 })
        .into_iter()
        .enumerate()
    {
        ours.push_str(text);
        theirs.push_str(text);
        if step % 3 == 0 {
            assert_eq!(ours.pop(), theirs.pop());
            ours.push('ö');
            theirs.push('ö');
        }
        if step % 7 == 0 {
            arena.alloc(step); // so that it has to move
        }
        let cut = (0..=ours.len())
            .rev()
            .find(|&at| at % 4 == 0 && ours.is_char_boundary(at));
        if step % 5 == 4 {
            ours.truncate(cut.unwrap());
            theirs.truncate(cut.unwrap());
        }
        assert_eq!(ours, *theirs);
        assert_eq!(ours.to_string(), theirs);
        assert_eq!(
            format!("{ours:?} {ours:>40}"),
            format!("{theirs:?} {theirs:>40}")
        );
    }
    ours.extend(['x', 'y']);
    ours.extend(["yz", "z"]);
    assert!(ours.ends_with("xyyzz"));
    ours.truncate(1000);
    ours.make_ascii_uppercase();
    assert!(ours.ends_with("XYYZZ"));
    ours.clear();
    assert_eq!((ours.pop(), ours.len()), (None, 0));
}

#[test]
fn it_is_not_cut_within_a_character() {
    let arena = Arena::new();
    let mut text = String::from_str_in("ä€", &arena);
    assert!(catch_unwind(AssertUnwindSafe(|| text.truncate(3))).is_err());
    assert_eq!(text, "ä€");
    text.truncate(2);
    assert_eq!(text, "ä");
}

#[test]
fn bytes_become_a_string_if_they_are_one() {
    let arena = Arena::new();
    let mut bytes = Vec::new_in(&arena);
    bytes.extend("größer".bytes());
    let text = String::from_utf8(bytes).expect("it is one");
    assert_eq!(text, "größer");
    let mut bytes = text.into_bytes();
    bytes.truncate(3);
    assert!(String::from_utf8(bytes).is_err());
}

#[test]
fn it_stays_in_the_arena() {
    let arena = Arena::new();
    let leaked: &mut str = {
        let mut text = String::new_in(&arena);
        text.push_str("leaked");
        text.leak()
    };
    let boxed: Box<str, _> = String::from_str_in("boxed", &arena).into_boxed_str();
    let kept: &mut str = Box::leak(boxed);
    leaked.make_ascii_uppercase();
    kept.make_ascii_uppercase();
    assert_eq!((&*leaked, &*kept), ("LEAKED", "BOXED"));

    let empty = String::new_in(&arena).into_boxed_str();
    assert_eq!((&*empty, &*String::new_in(&arena).leak()), ("", ""));
}

#[test]
fn a_box_gives_back_the_room_beyond_the_text() {
    let arena = Arena::new();
    let mut text = String::with_capacity_in(1000, &arena);
    text.push_str("12345678");
    assert!(arena.used() >= 1000);
    let boxed = text.into_boxed_str();
    assert_eq!((&*boxed, arena.used()), ("12345678", 8));
}

#[test]
fn it_is_a_key_that_a_str_finds() {
    let arena = Arena::new();
    let mut lengths = HashMap::new_in(&arena);
    for word in ["to", "be", "or", "not"] {
        lengths.insert(String::from_str_in(word, &arena), word.len());
    }
    assert_eq!((lengths.get("not"), lengths.get("been")), (Some(&3), None));

    let hasher = RandomState::new();
    let word = String::from_str_in("word", &arena);
    assert_eq!(hasher.hash_one(&word), hasher.hash_one("word"));
    let mut sorted: std::vec::Vec<_> = lengths.into_keys().collect();
    sorted.sort();
    assert_eq!(sorted, ["be", "not", "or", "to"]);
}

#[test]
fn a_text_without_room_changes_nothing() {
    let mut buffer = [MaybeUninit::uninit(); 16];
    let arena = FixedArena::new(&mut buffer);
    let mut text = String::new_in(&arena);
    text.try_push_str("12345").expect("there is room");
    assert!(text.try_push_str("123456789012").is_err());
    assert!(text.write_str("a text that is too long").is_err());
    assert!(text.try_reserve(usize::MAX).is_err());
    assert_eq!(text, "12345");
    write!(text, "{}", 678).expect("there is room");
    assert_eq!(text, "12345678");
}

#[test]
fn it_frees_what_it_took() {
    let upstream = Upstream::new();
    let mut text = String::from_str_in("text", upstream.clone());
    text.extend((0..100).map(|_| 'x'));
    let mut copy = text.clone();
    copy.shrink_to_fit();
    assert!(copy == text && copy >= text);
    drop((text, copy.into_boxed_str()));
    assert_eq!(String::<alloc_core::Global>::default(), "");
    upstream.assert_all_returned();
}
