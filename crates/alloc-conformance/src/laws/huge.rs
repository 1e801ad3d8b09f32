//! Requests that no memory has room for.

use std::ptr::NonNull;

use alloc_core::{AllocError, Allocator, Layout};

use crate::session::{Resize, Session, layout};
use crate::{Limits, Violation};

/// The largest size that a layout of this alignment may have.
const fn most(align: usize) -> usize {
    isize::MAX as usize - (align - 1)
}

/// A request of nearly `isize::MAX` bytes is an error, at each alignment; no arithmetic on the way
/// to it wraps.
///
/// # Errors
///
/// The first violation.
pub fn huge<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let session = Session::new("huge", alloc, limits);
    for power in (0..usize::BITS - 1).step_by(if cfg!(miri) { 5 } else { 1 }) {
        let align = 1 << power;
        // Near the top, where adding a header, an alignment or a rounding wraps.
        for below in [0, 1, 15, 16, 64, 4096, most(align) / 2] {
            let size = most(align).saturating_sub(below);
            if size < isize::MAX as usize / 4 && align < isize::MAX as usize / 4 {
                continue;
            }
            let asked = layout(size, align);
            refuses(
                &session,
                "allocate",
                asked,
                alloc.allocate(asked).map(NonNull::len),
            )?;
            let answer = alloc.allocate_zeroed(asked).map(NonNull::len);
            refuses(&session, "allocate_zeroed", asked, answer)?;
        }
    }
    grows_to_nothing_huge(alloc, limits)
}

/// Complains if a huge request was served. The block is neither touched nor freed: nobody knows what it is.
fn refuses<A: Allocator>(
    session: &Session<'_, A>,
    call: &str,
    asked: Layout,
    answer: Result<usize, AllocError>,
) -> Result<(), Violation> {
    let Ok(len) = answer else { return Ok(()) };
    if asked.size() == 0 {
        return Ok(());
    }
    let (size, align) = (asked.size(), asked.align());
    Err(session.broken(format!(
        "`{call}` of {size} bytes aligned to {align} returned {len} bytes"
    )))
}

/// The same for `grow` and `grow_zeroed`.
fn grows_to_nothing_huge<A: Allocator>(alloc: &A, limits: &Limits) -> Result<(), Violation> {
    let mut session = Session::new("huge", alloc, limits);
    let asked = layout(limits.size_up_to(40).max(1), limits.align.min(8));
    let Some(mut block) = session.allocate(asked)? else {
        return Ok(());
    };
    for align in [1, 8, 16, 4096, 1 << 30] {
        for below in [0, 1, 15, 16, 64, 4096] {
            for how in [Resize::Grow, Resize::GrowZeroed] {
                let new = layout(most(align) - below, align);
                if session.resize(how, &mut block, new)? {
                    return refuses(&session, how.name(), new, Ok(block.len));
                }
            }
        }
    }
    session.free(block);
    Ok(())
}
