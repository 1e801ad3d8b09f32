//! No slots: without the standard library nobody knows which thread calls.

use super::level::Levels;
use super::slot::Slot;

/// The slots of no thread.
#[derive(Debug)]
pub(super) struct Slots;

static VACANT: Slot = Slot::vacant();

impl Slots {
    /// Whether threads have slots here.
    pub(super) const EXIST: bool = false;

    pub(super) const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    #[inline]
    pub(super) fn mine(&self) -> &Slot {
        &VACANT
    }

    /// Whether this is the slot of those who have none.
    #[inline]
    pub(super) fn is_vacant(_: &Slot) -> bool {
        true
    }

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    #[inline]
    pub(super) fn occupied(&self) -> Option<&Slot> {
        None
    }

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    #[inline]
    pub(super) fn open(&self, _: &Levels) -> Option<&Slot> {
        None
    }

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    pub(super) fn vacate(&self) {}

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    pub(super) fn is_entered(&self, _: &Slot) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "the interface of those that exist")]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        core::iter::empty()
    }
}
