//! What a heap profiler knows at the end of a run, and how to look at it.
//!
//! A [`Profile`] is a list of [`Site`]s: places in the program, each a call stack, with what was
//! allocated there in all, at most at one time, when the heap was largest, and what was still live
//! at the end. It holds numbers and strings and nothing of the profiler that made it, so that a
//! recorder, a test or another tool can build one, and two of them can be compared.
//!
//! ```text
//! recorder ──▶ Profile ──▶ symbolize ──▶ trim ──▶ write_*  ──▶ a viewer
//!              addresses    names         fewer    a file
//!                             └──▶ &later - &earlier ──▶ what grew ──▶ write_*
//! ```
//!
//! # Examples
//!
//! ```
//! # fn main() -> std::io::Result<()> {
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
//! let mut folded = Vec::new();
//! profile.write_folded(&mut folded, Metric::PeakBytes)?;
//! assert_eq!(folded, b"main 4096\nmain;parse 640\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Which viewer opens what
//!
//! | method | what it is good for | opened by |
//! | --- | --- | --- |
//! | [`write_text`](Profile::write_text) | a first look | any terminal |
//! | [`write_dhat`](Profile::write_dhat) | everything, as a tree: lifetimes, peaks, leaks | `dh_view.html` of valgrind, in a browser |
//! | [`write_folded`](Profile::write_folded) | one number, for other tools | `inferno-flamegraph heap.folded > heap.svg` |
//! | `write_flame_graph` | one number, at a glance | any browser; needs the feature `flamegraph` |
//! | [`write_pprof`](Profile::write_pprof) | graphs, lists, two profiles side by side | `go tool pprof -http=: heap.pb` |
//! | [`write_massif`](Profile::write_massif) | the heap over time | `ms_print heap.massif` |
//! | [`write_json`](Profile::write_json) | programs of your own | `jq .totals heap.json` |
//! | [`Exposition`] | counters of a running program | Prometheus; `promtool check metrics < heap.prom` |
//!
//! The example `profile_formats` of this crate writes all of them. Tests have the viewers themselves
//! read what is written: valgrind's `dh_view.js` and `ms_print`, `go tool pprof`, `protoc`, `promtool`,
//! `inferno` and `serde_json`.
//!
//! # What the numbers are
//!
//! - Bytes are those that were asked for, without the rounding of the allocator.
//! - The peak is the moment when the whole heap was largest. A site's own [maximum](Site::max) may
//!   have been at another time, so the maxima have no sum.
//! - Of a [sampled](Sampling) profile all amounts are estimates. Every format says so that has a
//!   place for it.
//! - Addresses are return addresses, as a walk of the stack finds them. Their names are those of the
//!   calls before them.
//! - The [`series`](Profile::series) is a curve of the whole heap, if it was recorded; the text report draws
//!   it in one line. Its times, as all others, are those of the run's [`Clock`]: where nobody read one
//!   they may be the number of bytes that were allocated.
//! - Sums saturate.
//!
//! # In a program that is being recorded
//!
//! All of this allocates. What [`SiteProfiler::profile`](crate::SiteProfiler::profile) allocates for the
//! profile is not recorded, so that there is nothing of one profile in the next. What is done with it
//! afterwards is: with a recorder as the global allocator, take all profiles first, and then look up
//! symbols, trim and write.
#![forbid(unsafe_code)]

mod amount;
mod changes;
mod changes_text;
mod curve;
mod dhat;
mod difference;
mod element;
mod file;
#[cfg(feature = "flamegraph")]
mod flamegraph;
mod folded;
mod frame;
mod json;
mod lines;
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
mod types;
mod units;

pub use amount::{Amount, Point};
pub use changes::Difference;
pub use difference::{Change, Growth};
pub use element::Element;
pub use frame::Frame;
pub use mapping::Mapping;
pub use metric::Metric;
pub use model::{Profile, Totals};
pub use place::Place;
pub use prometheus::Exposition;
pub use run::{Clock, Run, Sampling};
pub use site::Site;
pub use text::Text;
pub(crate) use units::Span;
