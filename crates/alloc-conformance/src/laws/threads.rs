//! Many threads, one allocator.

use std::sync::{Mutex, PoisonError};
use std::thread;

use alloc_core::Allocator;
use crossbeam_utils::{CachePadded, sync::WaitGroup};

use crate::session::{Block, Session, layout};
use crate::{Limits, Violation};

/// Where threads leave a block for whoever comes next.
type Slot = CachePadded<Mutex<Option<Block>>>;

/// Many threads share one allocator; a block is freed by any of them.
///
/// Each thread allocates, writes, and swaps its block for one that another thread left, which it
/// looks at and frees. No lock is held while the allocator works.
///
/// # Errors
///
/// The first violation.
pub fn threads<A: Allocator + Sync>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let count = limits.count(4).div_ceil(2).max(2).min(limits.blocks.max(1));
    let slots: Vec<Slot> = (0..limits.blocks.saturating_sub(count).min(8))
        .map(|_| Slot::default())
        .collect();
    // A thread's share. That they hold `count` blocks and leave the rest in the slots is what keeps
    // all of them inside the limits.
    let share = limits.bytes(limits.bytes / count);
    let start = WaitGroup::new();
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|me| {
                let (start, slots) = (start.clone(), &slots);
                scope.spawn(move || {
                    start.wait();
                    work(alloc, &share, slots, me)
                })
            })
            .collect();
        drop(start);
        workers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect()
    });
    for result in results {
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    }
    let mut session = Session::new("threads", alloc, limits);
    for slot in slots {
        if let Some(block) = slot
            .into_inner()
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            look_at_and_free(&mut session, block)?;
        }
    }
    Ok(())
}

/// What one thread does.
fn work<A: Allocator>(
    alloc: &A,
    limits: &Limits,
    slots: &[Slot],
    me: usize,
) -> Result<(), Violation> {
    let sizes = limits.small_sizes();
    let turns = if cfg!(miri) { 20 } else { 400 };
    let mut spent = 0;
    for turn in 0..turns {
        // A session per turn: blocks wander, so that a thread's own count says nothing. One block
        // is in hand at a time.
        let mut session = Session::new("threads", alloc, limits);
        let asked = layout(
            sizes[(turn * 7 + me) % sizes.len()].min(256),
            1 << (turn % 4),
        );
        spent += Limits::cost(asked);
        if spent > limits.bytes {
            break;
        }
        let Some(mut block) = session.allocate(asked)? else {
            continue;
        };
        block.fill(turn * 4 + me);
        let other = if slots.is_empty() {
            Some(block)
        } else {
            let slot = &slots[(turn * 5 + me) % slots.len()];
            slot.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .replace(block)
        };
        if let Some(other) = other {
            look_at_and_free(&mut session, other)?;
        }
    }
    Ok(())
}

fn look_at_and_free<A: Allocator>(
    session: &mut Session<'_, A>,
    block: Block,
) -> Result<(), Violation> {
    if let Some(i) = block.mismatch(block.len) {
        let what = block.describe();
        return Err(session.broken(format!(
            "byte {i} of {what} changed on its way between threads"
        )));
    }
    session.take_over(&block);
    session.free(block);
    Ok(())
}

/// An allocator that moved to another thread works there, and is dropped there.
///
/// # Errors
///
/// The first violation.
pub fn send<V: Send>(alloc: V, limits: &Limits) -> Result<(), Violation>
where
    for<'a> &'a V: Allocator,
{
    churn(&&alloc, limits)?;
    let there = thread::scope(|scope| {
        scope
            .spawn(move || {
                let result = churn(&&alloc, limits);
                drop(alloc);
                result
            })
            .join()
    });
    there.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Allocates and frees a little.
fn churn<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("send", alloc, &limits.bytes(limits.bytes / 2));
    let mut held = Vec::new();
    for (seed, size) in limits.small_sizes().into_iter().enumerate() {
        if held.len() >= limits.count(8) {
            break;
        }
        let Some(mut block) = session.allocate(layout(size, 4))? else {
            continue;
        };
        block.fill(seed);
        held.push(block);
    }
    for block in held {
        if block.mismatch(block.len).is_some() {
            return Err(session.broken(format!("{} changed by itself", block.describe())));
        }
        session.free(block);
    }
    Ok(())
}
