//! What a heap profiler knows at the end of a run, as plain data.
//!
//! A [`Profile`] is a list of [`Site`]s: places in the program, each a call stack, with what was
//! allocated there in all, at most at one time, when the heap was largest, and what was still live
//! at the end. It holds numbers and strings and nothing of the profiler that made it, so that a
//! recorder, a test or another tool can build one, and two of them can be compared.
//!
//! # Examples
//!
//! ```
//! use alloc_tracking::profile::{Amount, Frame, Metric, Profile, Site};
//!
//! let mut profile = Profile::default();
//! profile.frames.insert(0x1000, vec![Frame::new("parse").at("src/parse.rs", 12)]);
//! profile.frames.insert(0x2000, vec![Frame::new("main").at("src/main.rs", 3)]);
//! let stack = [0x1000, 0x2000];
//! profile.sites.push(Site::new(stack).total(100, 6400).at_peak(10, 640).at_end(1, 64));
//! profile.sites.push(Site::new([0x2000]).total(1, 4096).at_peak(1, 4096));
//!
//! let totals = profile.totals();
//! assert_eq!(totals.total, Amount::new(101, 10_496));
//! assert_eq!(totals.at_end, Amount::new(1, 64));
//!
//! profile.sort_by(Metric::PeakBytes);
//! assert_eq!(profile.sites[0].at_peak.bytes, 4096);
//! ```
#![forbid(unsafe_code)]

mod amount;
mod dhat;
mod difference;
#[cfg(feature = "flamegraph")]
mod flamegraph;
mod folded;
mod frame;
mod json;
mod machine;
mod mapping;
mod massif;
mod metric;
mod model;
mod place;
mod pprof;
mod prometheus;
mod protobuf;
mod run;
mod site;
#[cfg(feature = "symbols")]
mod symbolize;
mod text;
mod trim;
mod units;

pub use amount::{Amount, Point};
pub use difference::{Change, Growth};
pub use frame::Frame;
pub use mapping::Mapping;
pub use metric::Metric;
pub use model::{Profile, Totals};
pub use place::Place;
pub use prometheus::Exposition;
pub use run::{Clock, Run, Sampling};
pub use site::Site;
pub use text::Text;
