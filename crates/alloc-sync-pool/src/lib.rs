//! A lock-free concurrent pool of fixed-size blocks behind the Allocator trait: any thread frees what any other allocated.
#![no_std]
#![cfg_attr(feature = "nightly", feature(allocator_api))]
#![cfg_attr(feature = "nightly", doc(test(attr(feature(allocator_api)))))]

mod sync;

mod math;

mod line;

mod bitmap;
mod budget;

mod misuse;

mod chunk;

mod inline;
mod local;
mod pool;

mod alloc;

pub use inline::InlineSyncPool;
pub use local::Local;
pub use pool::SyncPool;

#[doc(no_inline)]
pub use alloc_core::{self, AllocError, Allocator, Layout};
