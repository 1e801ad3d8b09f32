//! The chapter on performance says what the committed record says.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::fs;

use alloc_benches::evidence::docs;

#[test]
fn the_chapter_is_fresh() -> Result<(), Box<dyn std::error::Error>> {
    let text = fs::read_to_string(docs::path())?;
    let fresh = docs::render(&text, &docs::committed()?)?;
    let stale = text
        .lines()
        .zip(fresh.lines())
        .position(|(old, new)| old != new);
    let line = stale.unwrap_or(0) + 1;
    assert!(
        text == fresh,
        "docs/PERFORMANCE.md is stale from line {line} on: `{}` refreshes it",
        docs::REFRESH
    );
    Ok(())
}
