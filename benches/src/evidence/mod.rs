//! Records as people read them: tables for a terminal, a page with charts, a chapter of the
//! documentation, and what two records say of each other.
//!
//! Everything here is a function from records to text. A record may have any part of the registry's
//! rows, because a run can be filtered or interrupted; what is not there is not spoken of.
//!
//! ```text
//! contest ─▶ terminal, page, docs                what one record says
//!            compare, rankings, gate             what two of them say
//! ```

mod contest;

pub mod docs;
mod page;
mod terminal;

mod compare;
mod gate;
mod rankings;

pub use compare::{Comparison, Moved, compare};
pub use contest::{Contest, Standing, Tally, Verdict, contests};
pub use gate::{gate, is_hot};
pub use page::page;
pub use rankings::{Agreement, Rankings, rankings};
pub use terminal::terminal;

#[cfg(test)]
mod sample;
