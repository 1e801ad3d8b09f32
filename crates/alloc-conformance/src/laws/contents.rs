//! What blocks hold: nobody else's bytes, their own for as long as they live, and zeroes when
//! zeroes were asked for.

use alloc_core::Allocator;

use crate::session::{Block, Session, layout};
use crate::{Limits, Violation};

/// Blocks that are allocated at one time do not overlap.
///
/// # Errors
///
/// The first violation.
pub fn disjoint<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("disjoint", alloc, limits);
    let sizes = limits.small_sizes();
    let mut held: Vec<Block> = Vec::new();
    // Two rounds: every other block is freed in between, so that the second round meets reused memory.
    for round in 0..2 {
        let mut index = round;
        while held.len() < limits.count(200) {
            let size = sizes[index % sizes.len()];
            index += 1;
            let Some(block) = session.allocate(layout(size, 1 << (index % 5)))? else {
                break;
            };
            held.push(block);
        }
        no_overlap(&session, &mut held)?;
        let mut keep = false;
        for block in std::mem::take(&mut held) {
            keep = !keep;
            if keep && round == 0 {
                held.push(block);
            } else {
                session.free(block);
            }
        }
    }
    Ok(())
}

/// Sorts blocks by address and compares neighbours.
fn no_overlap<A: Allocator>(session: &Session<'_, A>, held: &mut [Block]) -> Result<(), Violation> {
    held.sort_by_key(Block::addr);
    for pair in held.windows(2) {
        if pair[0].addr() + pair[0].len > pair[1].addr() {
            let (a, b) = (pair[0].describe(), pair[1].describe());
            return Err(session.broken(format!("{a}, overlaps {b}")));
        }
    }
    Ok(())
}

/// A block keeps what was written to it while others come, change and go.
///
/// # Errors
///
/// The first violation.
pub fn contents<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("contents", alloc, limits);
    let sizes = limits.small_sizes();
    let most = limits.count(16);
    let mut held: Vec<Block> = Vec::new();
    for index in 0..if cfg!(miri) { 3 } else { 10 } * most {
        if held.len() == most {
            let block = held.swap_remove(index * 7 % most);
            check_contents(&session, &block)?;
            session.free(block);
        }
        let asked = layout(sizes[index % sizes.len()], 1 << (index % 5));
        if let Some(mut block) = session.allocate(asked)? {
            block.fill(index);
            held.push(block);
        }
    }
    for block in held {
        check_contents(&session, &block)?;
        session.free(block);
    }
    Ok(())
}

fn check_contents<A: Allocator>(session: &Session<'_, A>, block: &Block) -> Result<(), Violation> {
    let Some(i) = block.mismatch(block.len) else {
        return Ok(());
    };
    Err(session.broken(format!(
        "byte {i} of {} changed by itself",
        block.describe()
    )))
}

/// `allocate_zeroed` zeroes the whole block, the excess included, also in memory that was used before.
///
/// # Errors
///
/// The first violation.
pub fn zeroed<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("zeroed", alloc, limits);
    for size in limits.sizes() {
        let asked = layout(size, 8);
        // The first round takes fresh memory, the second what the first one left behind.
        for round in 0..2 {
            let mut held = Vec::new();
            for _ in 0..limits.count(3) {
                let Some(mut block) = session.allocate_zeroed(asked)? else {
                    break;
                };
                if let Some(i) = block.non_zero_from(0) {
                    return Err(session.broken(format!(
                        "byte {i} of {} is not zero in round {round}",
                        block.describe(),
                    )));
                }
                block.fill(size);
                held.push(block);
            }
            for block in held {
                session.free(block);
            }
        }
    }
    Ok(())
}
