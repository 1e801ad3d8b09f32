//! The group `aligned`.

use super::Case;

pub(super) fn add(_cases: &mut Vec<Case>) {}
