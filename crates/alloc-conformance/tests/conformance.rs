//! The suite on allocators that are known to be right.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_core::{ArcHandle, RcHandle};

alloc_conformance::suite!(upstream, |up| up, [owns, reset, clones, eq, threads, send]);
alloc_conformance::suite!(rc_handle, |up| RcHandle::new(up), []);
alloc_conformance::suite!(arc_handle, |up| ArcHandle::new(up), []);
