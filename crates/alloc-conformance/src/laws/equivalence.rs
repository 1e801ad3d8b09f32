//! When two values are one allocator.

use alloc_core::{Allocator, AllocatorClone, AllocatorEq};

use crate::session::{Block, Resize, Session, layout};
use crate::{Limits, Violation};

/// Takes one block for each kind of use.
fn blocks<A: Allocator>(
    session: &mut Session<'_, A>,
    limits: &Limits,
) -> Result<Vec<Block>, Violation> {
    let mut blocks = Vec::new();
    for seed in 0..limits.count(5).saturating_sub(1).max(1) {
        let asked = layout(limits.size_up_to(20).max(1), limits.align.min(8));
        if let Some(mut block) = session.allocate(asked)? {
            block.fill(seed);
            blocks.push(block);
        }
    }
    Ok(blocks)
}

/// Grows, shrinks and frees blocks of one allocator through an equivalent one.
fn use_up<A: Allocator>(
    session: &mut Session<'_, A>,
    limits: &Limits,
    blocks: Vec<Block>,
) -> Result<(), Violation> {
    for (i, mut block) in blocks.into_iter().enumerate() {
        let (size, align) = (block.layout.size(), block.layout.align());
        let (how, new) = match i % 3 {
            0 => (Resize::Grow, limits.size_up_to(40).max(size)),
            1 => (Resize::Shrink, size.div_ceil(2)),
            _ => (Resize::GrowZeroed, limits.size_up_to(30).max(size)),
        };
        let served = session.resize(how, &mut block, layout(new, align))?;
        let kept = if served { size.min(new) } else { size };
        if let Some(i) = block.mismatch(kept) {
            let (how, what) = (how.name(), block.describe());
            return Err(session.broken(format!(
                "`{how}` through an equivalent value changed byte {i} of {what}"
            )));
        }
        session.free(block);
    }
    Ok(())
}

/// A clone is equivalent to the original: it frees, grows and shrinks the other's blocks, also when
/// the original is gone.
///
/// # Errors
///
/// The first violation.
pub fn clones<A: AllocatorClone>(original: A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("clones", &original, limits);
    let clone = original.clone();
    let of_original = blocks(&mut session, limits)?;
    let mut session = session.through(&clone);
    use_up(&mut session, limits, of_original)?;
    let of_clone = blocks(&mut session, limits)?;
    let mut session = session.through(&original);
    use_up(&mut session, limits, of_clone)?;

    let orphans = blocks(&mut session, limits)?;
    let session_of_clone = session.through(&clone);
    drop(original);
    let moved = Box::new(clone.clone());
    let mut session = session_of_clone.through(&*moved);
    drop(clone);
    use_up(&mut session, limits, orphans)?;
    let last = blocks(&mut session, limits)?;
    use_up(&mut session, limits, last)
}

/// Equal values are equivalent; equality is reflexive and symmetric.
///
/// `other` is another instance, which may or may not be equal to `alloc`.
///
/// # Errors
///
/// The first violation.
#[allow(clippy::eq_op)] // that a value equals itself is what is looked at
pub fn eq<A: AllocatorEq>(alloc: &A, other: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("eq", alloc, limits);
    if alloc != alloc {
        return Err(session.broken("an allocator does not equal itself"));
    }
    if (alloc == other) != (other == alloc) {
        return Err(session.broken("`a == b` and `b == a` differ"));
    }
    let own = blocks(&mut session, limits)?;
    use_up(&mut session, limits, own)?;
    if alloc == other {
        let of_alloc = blocks(&mut session, limits)?;
        let mut session = session.through(other);
        use_up(&mut session, limits, of_alloc)?;
        let of_other = blocks(&mut session, limits)?;
        use_up(&mut session.through(alloc), limits, of_other)?;
    }
    Ok(())
}
