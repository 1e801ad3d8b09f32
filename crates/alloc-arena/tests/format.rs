//! Formatting into arenas: growth in place, errors, panics, and `Display`s that allocate there too.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use alloc_arena::{Arena, FixedArena};
use alloc_conformance::Upstream;

/// Writes itself in pieces, and between them does what it is told.
struct Pieces<F: Fn(usize) -> fmt::Result>(usize, F);

impl<F: Fn(usize) -> fmt::Result> fmt::Display for Pieces<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in 0..self.0 {
            write!(f, "<{piece}>")?;
            self.1(piece)?;
        }
        Ok(())
    }
}

/// What `Pieces` comes to in a string of `std`.
fn pieces(count: usize) -> String {
    Pieces(count, |_| Ok(())).to_string()
}

/// Takes errors of the formatter for nothing.
struct Careless;

impl fmt::Display for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..100 {
            let _ = f.write_str("12345678");
        }
        Ok(())
    }
}

#[test]
fn a_text_grows_in_place_and_gives_back_the_rest() {
    let arena = Arena::with_capacity(4096);
    let text = alloc_arena::format!(in &arena, "{} and {:?}", Pieces(100, |_| Ok(())), [1, 2]);
    assert_eq!(*text, *(pieces(100) + " and [1, 2]"));
    assert_eq!(arena.used(), text.len().next_multiple_of(8));
    assert_eq!(arena.alloc_fmt(format_args!("")), "");
    assert_eq!(arena.alloc_fmt(format_args!("plain")), "plain");
}

/// How many pieces a long text has.
const PIECES: usize = if cfg!(miri) { 8 } else { 30 };

#[test]
fn a_display_that_allocates_in_the_same_arena_does_no_harm() {
    let arena = Arena::new();
    let noise = |piece| {
        arena.alloc_str("in between").make_ascii_uppercase();
        let inner = alloc_arena::format!(in &arena, "{}", Pieces(piece, |_| Ok(())));
        assert_eq!(*inner, *pieces(piece));
        Ok(())
    };
    let first = arena.alloc_fmt(format_args!("{}", Pieces(PIECES, noise)));
    let second = arena.alloc_fmt(format_args!("{}", Pieces(PIECES, noise)));
    first.make_ascii_uppercase();
    assert_eq!(
        (first, second),
        (&mut *pieces(PIECES), &mut *pieces(PIECES))
    );
}

#[test]
fn a_scope_formats_as_well() {
    let mut arena = Arena::new();
    let len = arena.scope(|scope| {
        let outer = alloc_arena::format!(in scope, "{}", 1);
        scope.scope(|inner| alloc_arena::format!(in inner, "{outer}{}", 23).len())
    });
    assert_eq!((len, arena.used()), (3, 0));
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let arena = Arena::with_capacity(4096);
    let panics = |piece| {
        assert!(piece < 20, "on purpose");
        Ok(())
    };
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_fmt(format_args!("{}", Pieces(100, panics)));
    }));
    assert!(result.is_err());
    assert_eq!(arena.used(), 0);
}

#[test]
fn an_error_of_a_display_is_not_taken_for_a_text() {
    let arena = Arena::with_capacity(4096);
    let errs = Pieces(
        100,
        |piece| if piece < 20 { Ok(()) } else { Err(fmt::Error) },
    );
    assert!(arena.try_alloc_fmt(format_args!("{errs}")).is_err());
    assert_eq!(arena.used(), 0);
    let result = catch_unwind(AssertUnwindSafe(|| {
        arena.alloc_fmt(format_args!("{errs}"));
    }));
    assert!(result.is_err());
    assert_eq!(arena.used(), 0);
}

#[test]
fn a_text_without_room_is_an_error_even_if_its_display_does_not_say_so() {
    let mut buffer = [MaybeUninit::uninit(); 64];
    let arena = FixedArena::new(&mut buffer);
    assert!(arena.try_alloc_fmt(format_args!("{Careless}")).is_err());
    assert_eq!(arena.used(), 0);
    let text = arena
        .try_alloc_fmt(format_args!("{:>64}", 1))
        .expect("it fits exactly");
    assert_eq!((text.len(), arena.available()), (64, 0));
    assert!(arena.try_alloc_fmt(format_args!("{}", 1)).is_err());
    assert_eq!(
        arena.try_alloc_fmt(format_args!("{}", "")),
        Ok(&mut *String::new())
    );
}

#[test]
fn a_refusal_of_the_upstream_is_an_error() {
    let upstream = Upstream::new();
    let arena = Arena::new_in(upstream.clone());
    upstream.fail_from(0);
    assert!(arena.try_alloc_fmt(format_args!("text")).is_err());
    assert!(arena.try_alloc_fmt(format_args!("{}", 1)).is_err());
    assert_eq!(arena.stats().chunks, 0);
    drop(arena);
    upstream.assert_all_returned();
}
