//! What happens when memory runs out, and what is left when all is over.

use alloc_core::Allocator;

use crate::session::{Block, Resize, Session, layout};
use crate::{Limits, Upstream, Violation};

/// Runs with failures at most: the work below makes fewer calls, unless the allocator makes dozens
/// for each request.
const RUNS: usize = 400;

/// When the upstream fails, the request errs, nothing changes, nothing leaks, and the next request is served.
///
/// The same work is done again and again, over an upstream whose first, second, third... call
/// fails, until there is no such call. A second series lets all later calls fail as well, until the
/// upstream recovers.
///
/// # Errors
///
/// The first violation.
pub fn failing_upstream<V>(make: impl Fn(Upstream) -> V, limits: &Limits) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    for for_good in [false, true] {
        for n in 1..=RUNS {
            // Made while all is well: constructors have their own errors.
            let upstream = Upstream::new();
            let value = make(upstream.clone());
            if for_good {
                upstream.fail_from(n);
            } else {
                upstream.fail_at(n);
            }
            let result = work_over(&upstream, &&value, limits);
            drop(value);
            let context = format!(
                "; when call {n} of the upstream fails{}",
                if for_good { " and all later ones" } else { "" }
            );
            result
                .and_then(|()| upstream.check())
                .map_err(|v| v.with_context(&context))?;
            if upstream.failures() == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// The work that is done over a failing upstream.
fn work_over<A: Allocator>(
    upstream: &Upstream,
    alloc: &A,
    limits: &Limits,
) -> Result<(), Violation> {
    let mut session = Session::new("failing_upstream", alloc, limits).excused_by(upstream);
    let sizes = limits.small_sizes();
    let mut held: Vec<Block> = Vec::new();
    for turn in 0..if cfg!(miri) { 4 } else { 40 } {
        let size = sizes[turn * 3 % sizes.len()];
        let asked = layout(size, 1 << (turn % 5));
        if held.len() + 1 < limits.count(12) {
            let zeroed = turn % 3 == 0;
            let block = if zeroed {
                session.allocate_zeroed(asked)?
            } else {
                session.allocate(asked)?
            };
            if let Some(mut block) = block {
                block.fill(turn);
                held.push(block);
            }
        }
        if held.is_empty() {
            continue;
        }
        let index = turn * 5 % held.len();
        step(&mut session, &mut held[index], turn)?;
        for block in &held {
            intact(&session, block)?;
        }
        if turn % 4 == 3 {
            session.free(held.swap_remove(index));
        }
    }
    upstream.heal();
    // It must serve again. The state that an error left behind is no excuse.
    if let Some(mut block) = session.allocate(layout(sizes[0], 1))? {
        block.fill(1);
        held.push(block);
    }
    for block in held {
        intact(&session, &block)?;
        session.free(block);
    }
    Ok(())
}

/// Grows or shrinks a block, and fills it anew if that worked.
fn step<A: Allocator>(
    session: &mut Session<'_, A>,
    block: &mut Block,
    turn: usize,
) -> Result<(), Violation> {
    let (size, align) = (block.layout.size(), block.layout.align());
    let (how, new) = match turn % 4 {
        0 => (Resize::Grow, layout(size + size / 2 + 1, align)),
        1 => (Resize::Shrink, layout(size.div_ceil(2), align)),
        2 => (Resize::GrowZeroed, layout(size + 3, 2 * align)),
        _ => (Resize::Shrink, layout(size, 4 * align)),
    };
    if session.resize(how, block, new)? {
        block.fill(turn + 100);
    }
    Ok(())
}

fn intact<A: Allocator>(session: &Session<'_, A>, block: &Block) -> Result<(), Violation> {
    let Some(i) = block.mismatch(block.len) else {
        return Ok(());
    };
    Err(session.broken(format!("byte {i} of {} changed", block.describe())))
}

/// A good deal of everything: blocks come, change and go in no particular order.
fn churn<A: Allocator>(mut session: Session<'_, A>, limits: &Limits) -> Result<(), Violation> {
    let sizes = limits.sizes();
    let most = limits.count(if cfg!(miri) { 6 } else { 30 });
    let mut held: Vec<Block> = Vec::new();
    for turn in 0..4 * most {
        if held.len() + 1 >= most && !held.is_empty() {
            session.free(held.swap_remove(turn * 11 % held.len()));
        }
        let asked = layout(sizes[turn * 5 % sizes.len()], 1 << (turn % 8));
        if let Some(mut block) = session.allocate(asked)? {
            block.fill(turn);
            let how = [Resize::Grow, Resize::Shrink, Resize::GrowZeroed][turn % 3];
            let size = if how == Resize::Shrink {
                asked.size() / 2
            } else {
                asked.size() * 2
            };
            session.resize(how, &mut block, layout(size, 1 << (turn % 6)))?;
            held.push(block);
        }
    }
    for block in held {
        session.free(block);
    }
    Ok(())
}

/// When an allocator whose blocks were all freed is dropped, its upstream has everything back.
///
/// The check itself follows each law: [`Upstream::check`].
///
/// # Errors
///
/// The first violation.
pub fn returns_all<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    churn(Session::new("returns_all", alloc, limits), limits)
}

/// An allocator keeps the contract towards its upstream: it frees each block once, at its address,
/// with a layout that fits.
///
/// The check itself follows each law: [`Upstream::check`].
///
/// # Errors
///
/// The first violation.
pub fn upstream_contract<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    churn(Session::new("upstream_contract", alloc, limits), limits)
}

/// No method unwinds, whatever it is asked for.
///
/// Under each law unwinding is a violation; this one asks for the odd things: sizes around the
/// limits, around 0 and around powers of two, each with each alignment.
///
/// # Errors
///
/// The first violation.
pub fn no_unwinding<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("no_unwinding", alloc, limits);
    let limit = limits.size.min(1 << 16);
    for size in [
        0,
        1,
        limit.saturating_sub(1),
        limit,
        limit + 1,
        2 * limit,
        (1 << 31) - 1,
        1 << 31,
    ] {
        for align in Limits::aligns().step_by(if cfg!(miri) { 4 } else { 1 }) {
            let Some(mut block) = session.allocate(layout(size, align))? else {
                continue;
            };
            // A heap may really have gigabytes; moving them is not what this is about.
            if block.len <= 4 << 20 {
                session.resize(Resize::Shrink, &mut block, layout(size / 2, 1))?;
                session.resize(Resize::Shrink, &mut block, layout(0, align))?;
                session.resize(Resize::Grow, &mut block, layout(size, align))?;
            }
            session.free(block);
        }
    }
    Ok(())
}
