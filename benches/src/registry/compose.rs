//! The group `compose`.

use super::Case;

pub(super) fn add(_cases: &mut Vec<Case>) {}
