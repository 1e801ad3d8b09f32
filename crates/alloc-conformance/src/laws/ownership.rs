//! Whose a block is, and taking all of them back at once.

use alloc_core::{Allocator, Owns, Reset, System};

use crate::session::{Block, Resize, Session, layout};
use crate::{Limits, Upstream, Violation};

/// `owns` is true of the allocator's own blocks, and false of another instance's, of the heap's,
/// and of zero-size ones.
///
/// `other` is another instance that is not equivalent to `alloc`.
///
/// # Errors
///
/// The first violation.
pub fn owns<A: Owns>(alloc: &A, other: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("owns", alloc, limits);
    let mut others = Session::new("owns", other, limits);
    let sizes = limits.small_sizes();
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    for i in 0..limits
        .count(if cfg!(miri) { 10 } else { 40 })
        .saturating_sub(1)
        .max(1)
    {
        let asked = layout(sizes[i % sizes.len()], 1 << (i % 4));
        own.extend(session.allocate(asked)?);
        foreign.extend(others.allocate(asked)?);
        if let Some(block) = own.last_mut().filter(|_| i % 3 == 0) {
            session.resize(Resize::Grow, block, layout(asked.size() + 1, asked.align()))?;
        }
    }
    for block in &own {
        answers(&session, alloc, block, true, "its own")?;
        answers(&session, other, block, false, "another instance's")?;
    }
    for block in &foreign {
        answers(&session, alloc, block, false, "another instance's")?;
        answers(&session, other, block, true, "its own")?;
    }
    owns_nothing_of(&session, alloc, &System)?;
    owns_nothing_of(&session, alloc, &Upstream::new())?;
    if let Some(empty) = session.allocate(layout(0, 8))? {
        if alloc.owns(empty.ptr(), empty.layout) {
            return Err(session.broken("`owns` is true of a zero-size block"));
        }
        session.free(empty);
    }
    for (i, block) in own.into_iter().enumerate() {
        session.free(block);
        // The others are still its own.
        if let Some(block) = foreign.get(i) {
            answers(
                &session,
                other,
                block,
                true,
                "its own, while others are freed,",
            )?;
        }
    }
    for block in foreign {
        others.free(block);
    }
    Ok(())
}

/// Compares the answer of `owns` with the right one, for the shortest and the longest layout that fit.
fn answers<A: Owns>(
    session: &Session<'_, A>,
    alloc: &A,
    block: &Block,
    right: bool,
    whose: &str,
) -> Result<(), Violation> {
    for size in [block.layout.size(), block.len] {
        let fitting = layout(size, block.layout.align());
        if alloc.owns(block.ptr(), fitting) != right {
            let (what, not) = (block.describe(), if right { "false" } else { "true" });
            return Err(session.broken(format!(
                "`owns` is {not} of {what}, which is {whose}, asked as {size}"
            )));
        }
    }
    Ok(())
}

/// Asks about blocks of an allocator that has nothing to do with this one.
fn owns_nothing_of<A: Owns, B: Allocator>(
    session: &Session<'_, A>,
    alloc: &A,
    stranger: &B,
) -> Result<(), Violation> {
    let mut strange = Session::new("owns", stranger, &Limits::any());
    let mut blocks = Vec::new();
    for size in [1, 8, 24, 64, 500] {
        blocks.extend(strange.allocate(layout(size, 8))?);
    }
    let answer = blocks
        .iter()
        .try_for_each(|b| answers(session, alloc, b, false, "the heap's"));
    for block in blocks {
        strange.free(block);
    }
    answer
}

/// After a reset an allocator serves as much as before, without any of the old blocks in the way.
///
/// # Errors
///
/// The first violation.
pub fn reset<V: Reset>(alloc: &mut V, limits: &Limits) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    for round in 0..4 {
        let shared = &*alloc;
        // A new session: what was allocated before the reset counts no more.
        let mut session = Session::new("reset", &shared, limits);
        fill_up(&mut session, limits, round)?;
        alloc.reset();
    }
    // Twice in a row, and on an allocator without blocks.
    alloc.reset();
    let shared = &*alloc;
    fill_up(&mut Session::new("reset", &shared, limits), limits, 9)?;
    // What is left behind on drop is for `returns_leaked` to judge.
    alloc.reset();
    Ok(())
}

/// Allocates as much as the limits allow or a good deal, checks that it is all there, and forgets most of it.
fn fill_up<A: Allocator>(
    session: &mut Session<'_, A>,
    limits: &Limits,
    round: usize,
) -> Result<(), Violation> {
    let sizes = limits.small_sizes();
    let mut held = Vec::new();
    for i in 0..limits.count(150) {
        let asked = layout(sizes[(i + round) % sizes.len()], 1 << (i % 5));
        // Half of the requests are for zeroes, which a reset must not spoil.
        let zeroed = i % 2 == 0;
        let block = if zeroed {
            session.allocate_zeroed(asked)?
        } else {
            session.allocate(asked)?
        };
        let Some(mut block) = block else { continue };
        if zeroed && block.non_zero_from(0).is_some() {
            return Err(session.broken(format!(
                "after {round} resets, {} is not zeroed",
                block.describe()
            )));
        }
        block.fill(i);
        held.push(block);
    }
    for (i, block) in held.into_iter().enumerate() {
        if let Some(at) = block.mismatch(block.len) {
            let what = block.describe();
            return Err(
                session.broken(format!("after {round} resets, byte {at} of {what} changed"))
            );
        }
        if i % 7 == 0 {
            session.free(block);
        }
    }
    Ok(())
}

/// An allocator that takes all its blocks back at once gives their memory back on drop as well,
/// though nobody freed them.
///
/// # Errors
///
/// The first violation.
pub fn returns_leaked<V: Reset>(
    make: impl Fn(Upstream) -> V,
    limits: &Limits,
) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    let upstream = Upstream::new();
    let value = make(upstream.clone());
    fill_up(
        &mut Session::new("returns_leaked", &&value, limits),
        limits,
        0,
    )?;
    drop(value);
    upstream
        .check()
        .map_err(|violation| Violation::new("returns_leaked", violation.message()))
}
