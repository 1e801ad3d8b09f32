//! The address arithmetic of arenas at the width of the machine, against arithmetic that is wide
//! enough not to wrap. (Its own tests go through all inputs at a width of 8 bits.)
#![no_main]

use std::alloc::Layout;

use libfuzzer_sys::fuzz_target;

// The file itself, since the module is private: it uses nothing but `core`.
#[path = "../../../alloc-arena/src/math.rs"]
mod math;

/// The number of addresses.
const ALL: u128 = 1 << usize::BITS;
/// What no block reaches.
const HALF: u128 = ALL / 2;
/// The largest minimum alignment of an arena, as a power of two.
const MAX_MIN: u32 = 12;
/// The alignment that heaps give anyway.
const HEAP_ALIGN: usize = 2 * size_of::<usize>();
/// The header of a chunk.
const HEADER: usize = 3 * size_of::<usize>();

/// An arena and a request, as random numbers.
type Input = (Number, Number, Number, u8, u8);

/// Bits, how far they are shifted, and whether the result is counted from the top: small, large and
/// nearly too large numbers are all likely.
type Number = (u64, u8, bool);

fuzz_target!(|input: Input| {
    let (cur, room, size, align, min) = input;
    let align = 1 << (u32::from(align) % usize::BITS);
    let min = 1 << (u32::from(min) % (MAX_MIN + 1));
    let (cur, room, size) = (number(cur), number(room), number(size));
    check_rounding(size, align);
    if let Ok(layout) = Layout::from_size_align(size.max(1), align) {
        check_bump(cur / min * min, room, layout, min);
        check_chunk(cur, layout, min);
    }
});

fn number((bits, shift, from_top): Number) -> usize {
    let bits = bits as usize >> (u32::from(shift) % usize::BITS);
    if from_top { bits.wrapping_neg() } else { bits }
}

fn wide(number: usize) -> u128 {
    number as u128
}

fn check_rounding(size: usize, align: usize) {
    let down = wide(size) / wide(align) * wide(align);
    let up = wide(size).next_multiple_of(wide(align));
    assert_eq!(wide(math::round_down(size, align)), down);
    assert_eq!(wide(math::round_up(size, align)), up % ALL);
    assert_eq!(wide(math::padding(size, align)), up - wide(size));
    assert_eq!(math::is_aligned(size, align), up == wide(size));
    assert!(wide(size) >= HALF || up <= HALF);
}

/// The fast path: a block is accepted exactly if it ends at the limit or before.
fn check_bump(cur: usize, room: usize, layout: Layout, min: usize) {
    // No region starts at the address 0.
    let cur = cur.max(min);
    let room = room % (usize::MAX / 2).min(usize::MAX - cur).saturating_add(1);
    let (size, align) = (layout.size(), layout.align());
    let start = wide(cur).next_multiple_of(wide(align.max(min)));
    let end = start + wide(size).next_multiple_of(wide(min));

    // Cursor and limit as the arena keeps them.
    let bias = math::bias(min);
    let aligned = math::aligned(cur.wrapping_sub(bias), size, align, min);
    let reached = aligned.wrapping_add(math::round_up(size, min));
    let accepted = !math::exceeds(reached, (cur + room).wrapping_sub(bias));
    assert_eq!(
        accepted,
        end <= wide(cur) + wide(room),
        "{cur} {room} {layout:?} {min}"
    );
    if accepted {
        let place = |edge: usize| wide(edge.wrapping_add(bias));
        assert_eq!((place(aligned), place(reached)), (start, end));
    }
}

/// A chunk of the computed size holds its block, wherever the chunk lies, and is not larger than the
/// worst place for it needs.
fn check_chunk(place: usize, layout: Layout, min: usize) {
    let (size, align) = (layout.size(), layout.align());
    let start = min.max(HEAP_ALIGN);
    let offset = HEADER.next_multiple_of(start);
    let block = wide(size).next_multiple_of(wide(min));
    let total = wide(offset) + wide(align.saturating_sub(start)) + block;
    let bytes = math::chunk_bytes(offset, start, size, align, min);
    assert_eq!(
        bytes.map(wide),
        (total < ALL).then_some(total),
        "{layout:?} {min}"
    );

    let place = wide(place / start * start);
    let data = (place + wide(offset)).next_multiple_of(wide(align));
    let lim = (place + total) / wide(min) * wide(min);
    assert!(data + block <= lim, "{place} {layout:?} {min}");
    // Where the data starts as soon as possible after a multiple of the alignment, nothing is left.
    let worst = wide(align) * 2 + wide(start) - wide(offset) % wide(align.max(start));
    let data = (worst + wide(offset)).next_multiple_of(wide(align));
    assert!(
        align <= start || data + block == worst + total,
        "{layout:?} {min}"
    );
}
