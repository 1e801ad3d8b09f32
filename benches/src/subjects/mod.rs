//! What is measured: every allocator as a type, with what a workload may ask of it.
//!
//! A subject is as its crate's documentation shows it to a new user, without settings that a reader
//! would have to know about; where a setting is what is compared, it is in the subject's name.

use alloc_core::Allocator;

#[macro_use]
mod lenders;

pub mod heaps;

pub mod aligned;
pub mod arenas;
pub mod composed;
pub mod free_lists;
pub mod shared;
pub mod stores;
pub mod tiered;
pub mod trackers;

/// A type that can be measured.
pub trait Subject: Sized + 'static {
    /// What a table calls it.
    const NAME: &'static str;

    /// Whether it takes its memory from the program's global allocator, where that can be counted.
    const UPSTREAM: bool = true;

    /// Makes one.
    fn fresh() -> Self;
}

/// Has what containers take.
pub trait Lend: Subject {
    /// An allocator that stands for the subject.
    type Handle<'a>: Allocator + Copy
    where
        Self: 'a;

    /// Lends the subject to a container.
    fn lend(&self) -> Self::Handle<'_>;
}
