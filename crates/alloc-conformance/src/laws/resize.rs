//! Growing and shrinking: the prefix stays, the alignment may change, and an error changes nothing.

use alloc_core::Allocator;

use crate::session::{Block, Resize, Session, layout};
use crate::{Limits, Violation};

/// The sizes that blocks grow to, one after the other.
fn steps(limits: &Limits) -> Vec<usize> {
    let mut sizes = limits.sizes();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Takes a block of `size` bytes, fills it, and puts one behind it in the way.
fn filled<A: Allocator>(
    session: &mut Session<'_, A>,
    size: usize,
    align: usize,
) -> Result<Option<Block>, Violation> {
    let Some(mut block) = session.allocate(layout(size, align))? else {
        return Ok(None);
    };
    block.fill(size);
    Ok(Some(block))
}

/// Complains if the leading `len` bytes changed.
fn kept<A: Allocator>(
    session: &Session<'_, A>,
    block: &Block,
    len: usize,
    what: &str,
) -> Result<(), Violation> {
    let Some(i) = block.mismatch(len) else {
        return Ok(());
    };
    Err(session.broken(format!(
        "{what} changed byte {i} of {len}, now in {}",
        block.describe()
    )))
}

/// `grow` keeps every byte of the smaller block.
///
/// # Errors
///
/// The first violation.
pub fn grow<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("grow", alloc, limits);
    let steps = steps(limits);
    for in_the_way in [false, true] {
        if in_the_way && limits.blocks < 3 {
            break;
        }
        let Some(mut block) = filled(&mut session, steps[0], 8)? else {
            continue;
        };
        let mut others = Vec::new();
        for &size in &steps {
            if in_the_way && session.live() + 2 < limits.count(12) {
                others.extend(filled(&mut session, steps[0], 8)?);
            }
            let before = block.layout.size();
            if !session.resize(Resize::Grow, &mut block, layout(size, 8))? {
                kept(&session, &block, before, "a `grow` that erred")?;
                continue;
            }
            kept(&session, &block, before, "`grow`")?;
            block.fill(size);
        }
        for other in others {
            kept(&session, &other, other.len, "growing another block")?;
            session.free(other);
        }
        session.free(block);
    }
    Ok(())
}

/// `grow_zeroed` keeps every byte of the smaller block and zeroes all that follows, the excess included.
///
/// # Errors
///
/// The first violation.
pub fn grow_zeroed<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("grow_zeroed", alloc, limits);
    for size in steps(limits) {
        // A dirty block of the larger size comes first, for the grown one to land in.
        for new in [size + 1, size, size + size / 2, 2 * size]
            .into_iter()
            .take(if cfg!(miri) { 1 } else { 4 })
        {
            if let Some(mut dirt) = session.allocate(layout(new, 8))? {
                dirt.fill(new);
                session.free(dirt);
            }
            let Some(mut block) = filled(&mut session, size, 8)? else {
                continue;
            };
            if session.resize(Resize::GrowZeroed, &mut block, layout(new, 8))? {
                kept(&session, &block, size, "`grow_zeroed`")?;
                if let Some(i) = block.non_zero_from(size) {
                    return Err(session.broken(format!(
                        "byte {i} of {} is not zero after it was grown from {size}",
                        block.describe(),
                    )));
                }
            }
            session.free(block);
        }
    }
    Ok(())
}

/// `shrink` keeps the bytes that remain.
///
/// # Errors
///
/// The first violation.
pub fn shrink<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("shrink", alloc, limits);
    for size in steps(limits) {
        let Some(mut block) = filled(&mut session, size, 8)? else {
            continue;
        };
        let mut new = size;
        while new > 0 {
            new = if new > 100 {
                new / 3
            } else {
                new.saturating_sub(17)
            };
            let before = block.layout.size();
            if session.resize(Resize::Shrink, &mut block, layout(new, 8))? {
                kept(&session, &block, new, "`shrink`")?;
                block.fill(new);
            } else {
                kept(&session, &block, before, "a `shrink` that erred")?;
            }
        }
        session.free(block);
    }
    Ok(())
}

/// `grow`, `grow_zeroed` and `shrink` change the alignment, up and down, and keep the bytes while they do.
///
/// # Errors
///
/// The first violation.
pub fn realign<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("realign", alloc, limits);
    let (small, large) = (limits.size_up_to(24).max(1), limits.size_up_to(80).max(1));
    for (from, to) in [
        (1, 16),
        (8, 64),
        (8, 4096),
        (64, 1 << 16),
        (4096, 8),
        (64, 1),
        (2, 1 << 20),
    ]
    .into_iter()
    .step_by(if cfg!(miri) { 2 } else { 1 })
    {
        for (how, old, new) in [
            (Resize::Grow, small, large),
            (Resize::Grow, small, small),
            (Resize::GrowZeroed, small, large),
            (Resize::Shrink, large, small),
            (Resize::Shrink, large, large),
        ] {
            // Several, as a block may be aligned by luck.
            let mut held = Vec::new();
            for _ in 0..limits
                .count(if cfg!(miri) { 3 } else { 5 })
                .saturating_sub(1)
                .max(1)
            {
                let Some(mut block) = filled(&mut session, old, from)? else {
                    break;
                };
                if session.resize(how, &mut block, layout(new, to))? {
                    if !block.addr().is_multiple_of(to) {
                        let (how, what) = (how.name(), block.describe());
                        return Err(
                            session.broken(format!("`{how}` from alignment {from} left {what}"))
                        );
                    }
                    kept(&session, &block, old.min(new), how.name())?;
                }
                held.push(block);
            }
            for block in held {
                session.free(block);
            }
        }
    }
    Ok(())
}

/// After an `Err` the block is allocated as before, with its contents.
///
/// What must err are requests that no memory has room for.
/// [`failing_upstream`](super::failing_upstream) adds the errors of upstreams.
///
/// # Errors
///
/// The first violation.
pub fn err_keeps_block<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("err_keeps_block", alloc, limits);
    for size in limits.small_sizes() {
        let Some(mut block) = filled(&mut session, size, 8)? else {
            continue;
        };
        for (how, new, align) in [
            (Resize::Grow, isize::MAX as usize - 7, 8),
            (Resize::GrowZeroed, isize::MAX as usize / 2, 1),
            (Resize::Grow, 1 << (usize::BITS - 2), 1 << (usize::BITS - 2)),
        ] {
            if session.resize(how, &mut block, layout(new, align))? {
                // That is for the law `huge` to judge. Freeing it is all that can be done with such a block.
                break;
            }
            kept(&session, &block, size, "a call that erred")?;
            // It is also still allocated: what comes next lies elsewhere.
            if session.must_serve(block.layout) {
                let Some(mut other) = session.allocate(block.layout)? else {
                    continue;
                };
                other.fill(size + 1);
                kept(&session, &block, size, "after an error, a new block")?;
                session.free(other);
            }
        }
        session.free(block);
    }
    Ok(())
}
