//! Where there is no unwinder: all call stacks are empty.

use crate::profiler::stack::CallStack;

/// Where the calling function stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::profiler) struct Registers;

impl Registers {
    pub(in crate::profiler) fn here() -> Self {
        Self
    }
}

/// What a thread needs for a walk.
#[derive(Debug)]
pub(in crate::profiler) struct Unwinding;

impl Unwinding {
    /// Always some stack.
    #[allow(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the other one of its kind may have none"
    )]
    pub(in crate::profiler) fn stack(&self, _: Registers, _: usize) -> Option<CallStack> {
        Some(CallStack::EMPTY)
    }

    /// # Safety
    ///
    /// None.
    #[allow(
        clippy::unused_self,
        reason = "the other one of its kind owns something"
    )]
    pub(in crate::profiler) unsafe fn destroy(&self) {}
}

#[cfg(feature = "unwind")]
pub(super) fn learn() {}
