//! The format of valgrind's Massif.

use std::io::{self, BufWriter, Write};
use std::string::String;
use std::vec::Vec;

use super::lines::Lines;
use super::place::one_line;
use super::{Amount, Clock, Metric, Point, Profile};

/// What a tree begins with.
const ROOT: &str = "(heap allocation functions) of the program";
/// Branches with less than a thousandth of the tree are added up.
const THRESHOLD: u64 = 1000;
/// Levels of a tree at most: the space that a line begins with grows with each.
const DEEPEST: usize = 1 << 12;
const BELOW: &str = "below massif's threshold (0.10%)";

impl Profile {
    /// Writes what was live over time, with the trees of calls at the peak and at the end, in the format of
    /// Massif, for `ms_print`.
    ///
    /// The curve is the profile's [`series`](Self::series), between a start with nothing, the peak and the
    /// end. A thread and a tag are the first lines of their stacks, by which a tree groups. A `#` in a name
    /// becomes `.`, since a comment would begin with it. Trees have at most 4,096 levels; outer calls beyond
    /// that are left out.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_massif(&self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let unit = match self.run.clock {
            Clock::Nanoseconds => "ms",
            Clock::Instructions => "i",
            // Of blocks the format knows nothing.
            Clock::Blocks | Clock::Bytes => "B",
        };
        writeln!(out, "desc: (none)\ncmd: {}", cell(self.run.command_line()))?;
        writeln!(out, "time_unit: {unit}")?;
        for (number, snapshot) in self.snapshots().into_iter().enumerate() {
            writeln!(out, "#-----------\nsnapshot={number}\n#-----------")?;
            self.write_snapshot(&mut out, snapshot)?;
        }
        out.flush()
    }

    /// The points of the curve, in order of time, with the number that a tree is to be drawn of.
    pub(super) fn snapshots(&self) -> Vec<(Point, Option<Metric>)> {
        let (totals, run) = (self.totals(), &self.run);
        let last = self
            .series
            .iter()
            .fold(run.peak, |last, point| last.max(point.time));
        let end = run.end.max(last);
        let between = |point: &&Point| ![0, run.peak, end].contains(&point.time);
        let between = self.series.iter().filter(between);
        let mut all: Vec<_> = between.map(|&point| (point, None)).collect();
        all.push((
            Point::new(run.peak, totals.at_peak),
            Some(Metric::PeakBytes),
        ));
        all.sort_by_key(|snapshot| snapshot.0.time);
        all.insert(0, (Point::new(0, Amount::default()), None));
        all.push((Point::new(end, totals.at_end), Some(Metric::EndBytes)));
        all
    }

    fn write_snapshot(
        &self,
        out: &mut impl Write,
        (point, tree): (Point, Option<Metric>),
    ) -> io::Result<()> {
        match self.run.clock {
            Clock::Nanoseconds => {
                let (millis, rest) = (point.time / 1_000_000, point.time % 1_000_000);
                writeln!(out, "time={millis}.{rest:06}")?;
            }
            _ => writeln!(out, "time={}", point.time)?,
        }
        writeln!(out, "mem_heap_B={}", point.live.bytes)?;
        writeln!(out, "mem_heap_extra_B=0\nmem_stacks_B=0")?;
        match tree {
            None => writeln!(out, "heap_tree=empty"),
            Some(metric) => {
                let kind = if metric == Metric::PeakBytes {
                    "peak"
                } else {
                    "detailed"
                };
                writeln!(out, "heap_tree={kind}")?;
                self.write_tree(out, metric)
            }
        }
    }

    fn write_tree(&self, out: &mut impl Write, metric: Metric) -> io::Result<()> {
        let mut lines = Lines::new(self, ROOT);
        let some = self.sites.iter().filter(|site| site.value(metric) > 0);
        let mut paths: Vec<_> = some
            .map(|site| (lines.of(site), site.value(metric)))
            .collect();
        paths.sort_unstable();
        let labels: Vec<_> = lines.in_order().into_iter().map(cell).collect();
        let threshold = sum(&paths).div_ceil(THRESHOLD);
        // A list of what is to be written instead of recursion: stacks may be deep.
        let mut branches = Vec::from([Branch {
            depth: 0,
            label: 0,
            paths: &paths,
        }]);
        while let Some(branch) = branches.pop() {
            let children = branch.write(out, &labels[branch.label], threshold)?;
            branches.extend(children.into_iter().rev());
        }
        Ok(())
    }
}

/// The numbers of the lines of a stack, the innermost call first, and its bytes.
type Path = (Vec<usize>, u64);

/// All stacks, in order, that begin with the same `depth` lines, of which the last is the label.
struct Branch<'a> {
    depth: usize,
    label: usize,
    paths: &'a [Path],
}

impl<'a> Branch<'a> {
    /// Writes this node and those of its children that have less than `threshold`, as one. Returns the
    /// others, the largest first, which are to follow.
    fn write(&self, out: &mut impl Write, label: &str, threshold: u64) -> io::Result<Vec<Self>> {
        let mut children = self.children();
        children.sort_by_key(|child| core::cmp::Reverse(sum(child.paths)));
        let shown = children.partition_point(|child| sum(child.paths) >= threshold);
        let small = children.split_off(shown);
        let count = children.len() + usize::from(!small.is_empty());
        let (depth, bytes) = (self.depth, sum(self.paths));
        writeln!(out, "{:depth$}n{count}: {bytes} {label}", "")?;
        if !small.is_empty() {
            let bytes = small.iter().map(|child| sum(child.paths));
            let bytes = bytes.fold(0, u64::saturating_add);
            let (depth, places) = (depth + 1, small.len());
            let plural = if places == 1 { ", " } else { "s, all " };
            writeln!(
                out,
                "{:depth$}n0: {bytes} in {places} place{plural}{BELOW}",
                ""
            )?;
        }
        Ok(children)
    }

    fn children(&self) -> Vec<Branch<'a>> {
        let depth = self.depth;
        if depth >= DEEPEST {
            return Vec::new();
        }
        // Those that end here come first.
        let ended = self.paths.partition_point(|path| path.0.len() <= depth);
        let groups = self.paths[ended..].chunk_by(|a, b| a.0[depth] == b.0[depth]);
        let child = |paths: &'a [Path]| Branch {
            depth: depth + 1,
            label: paths[0].0[depth],
            paths,
        };
        groups.map(child).collect()
    }
}

fn sum(paths: &[Path]) -> u64 {
    paths.iter().fold(0, |sum, path| sum.saturating_add(path.1))
}

/// Text that ends neither its line nor, as a comment, itself.
fn cell(text: impl core::fmt::Display) -> String {
    one_line(text).replace('#', ".")
}
