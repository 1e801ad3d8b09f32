//! The group `sync_pool`.

use super::Case;

pub(super) fn add(_cases: &mut Vec<Case>) {}
