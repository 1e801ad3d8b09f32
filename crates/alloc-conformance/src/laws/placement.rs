//! Where a block lies, how long it is, and which layouts free it.

use alloc_core::{Allocator, Layout};

use crate::session::{Resize, Session, layout};
use crate::{Limits, Violation};

/// Every block is aligned to what was asked for, from 1 byte to 1 MiB, also when it was grown or shrunk.
///
/// # Errors
///
/// The first violation.
pub fn alignment<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("alignment", alloc, limits);
    for align in Limits::aligns() {
        let mut held = Vec::new();
        // Sizes below, at and above the alignment; three blocks, since the first one of a chunk
        // lies well by itself.
        for size in [1, align.min(4096), 3 * align.min(4096) / 2 + 1] {
            if held.len() >= limits.count(3) {
                break;
            }
            let Some(mut block) = session.allocate(layout(size, align))? else {
                continue;
            };
            check_alignment(&session, &block)?;
            if session.resize(Resize::Grow, &mut block, layout(size + 1, align))? {
                check_alignment(&session, &block)?;
            }
            held.push(block);
        }
        for block in held {
            session.free(block);
        }
    }
    Ok(())
}

fn check_alignment<A: Allocator>(
    session: &Session<'_, A>,
    block: &crate::session::Block,
) -> Result<(), Violation> {
    if block.addr().is_multiple_of(block.layout.align()) {
        return Ok(());
    }
    Err(session.broken(format!("{} is not aligned", block.describe())))
}

/// No block is shorter than what was asked for.
///
/// # Errors
///
/// The first violation.
pub fn size<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("size", alloc, limits);
    let long_enough = |session: &Session<'_, A>, block: &crate::session::Block| {
        if block.len >= block.layout.size() {
            return Ok(());
        }
        Err(session.broken(format!("{} is too short", block.describe())))
    };
    for size in limits.sizes() {
        let asked = layout(size, 8);
        let Some(block) = session.allocate_zeroed(asked)? else {
            continue;
        };
        long_enough(&session, &block)?;
        session.free(block);
        let Some(mut block) = session.allocate(asked)? else {
            continue;
        };
        long_enough(&session, &block)?;
        for (how, size) in [
            (Resize::Grow, size + 1),
            (Resize::GrowZeroed, size * 2 + 1),
            (Resize::Shrink, size / 2 + 1),
        ] {
            if session.resize(how, &mut block, layout(size, 8))? {
                long_enough(&session, &block)?;
            }
        }
        session.free(block);
    }
    Ok(())
}

/// A zero-size block is valid and aligned, is freed, grown and shrunk like any other, and takes no place.
///
/// # Errors
///
/// The first violation.
pub fn zero_size<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("zero_size", alloc, limits);
    for align in Limits::aligns() {
        let nothing = layout(0, align);
        let something = layout(limits.size.clamp(1, 24), align.min(limits.align));
        let Some(empty) = session.allocate(nothing)? else {
            continue;
        };
        check_alignment(&session, &empty)?;
        // A block between the two: freeing nothing must not free something.
        let real = session.allocate(something)?;
        let Some(mut other) = session.allocate_zeroed(nothing)? else {
            continue;
        };
        check_alignment(&session, &other)?;
        session.free(empty);
        if let Some(mut real) = real {
            real.fill(align);
            if session.resize(Resize::Grow, &mut other, something)? {
                other.fill(align + 1);
                if session.resize(Resize::Shrink, &mut other, nothing)? {
                    check_alignment(&session, &other)?;
                }
            }
            if real.mismatch(real.len).is_some() {
                return Err(session.broken("freeing a zero-size block gave a real one away"));
            }
            session.free(real);
        }
        session.free(other);
    }
    many_empty_blocks(session, limits)
}

/// More empty blocks than any pool has real ones.
fn many_empty_blocks<A: Allocator>(
    mut session: Session<'_, A>,
    limits: &Limits,
) -> Result<(), Violation> {
    let count = if limits.blocks < 1000 {
        limits.blocks + 1
    } else {
        limits.count(100)
    };
    let mut held = Vec::new();
    for _ in 0..count {
        held.extend(session.allocate(Layout::new::<()>())?);
    }
    for block in held {
        session.free(block);
    }
    Ok(())
}

/// Every layout that fits a block frees, grows and shrinks it: any size from the asked one to the
/// returned length.
///
/// # Errors
///
/// The first violation.
pub fn fit<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("fit", alloc, limits);
    for size in limits.small_sizes() {
        let asked = layout(size, 1 << (size % 4));
        for part in [0, 1, 2] {
            let Some(mut block) = session.allocate(asked)? else {
                continue;
            };
            block.fill(size);
            let fitting = size + (block.len.max(size) - size) * part / 2;
            let old = layout(fitting, asked.align());
            let how = [Resize::Grow, Resize::Shrink, Resize::GrowZeroed][size % 3];
            let new = if how == Resize::Shrink {
                fitting.div_ceil(2)
            } else {
                fitting + 1
            };
            if session.resize_as(how, &mut block, old, layout(new, asked.align()))? {
                if let Some(i) = block.mismatch(fitting.min(new)) {
                    return Err(session.broken(format!(
                        "byte {i} of {fitting} changed in a `{}` of a block of {size} bytes, passed as {fitting}, to {new}",
                        how.name(),
                    )));
                }
                let longest = layout(block.len, asked.align());
                session.free_as(block, longest);
            } else {
                session.free_as(block, old);
            }
        }
    }
    Ok(())
}
