//! How cases are measured, but for the clock, which is criterion's.

pub mod callgrind;
pub mod counting;
pub mod preload;
pub mod resident;
pub mod selection;
