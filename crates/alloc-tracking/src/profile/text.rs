//! A report for a terminal.

use core::fmt;
use std::io::{self, Write};
use std::vec::Vec;

use super::curve::bars;
use super::place::{NO_STACK, groups, one_line};
use super::types::fmt_types;
use super::units::{Share, Size, Span};
use super::{Amount, Clock, Metric, Profile, Run, Site, Totals};

/// Above the columns that `fmt_site` writes.
const HEADER: &str =
    "  at peak   share    blocks     in all   share      blocks     at end    blocks    mean life";

/// How wide the curve is, in characters.
const CURVE: usize = 72;

/// A profile as text: what the whole heap was, then the largest sites with their stacks.
///
/// Made by [`Profile::text`]. The same profile gives the same text.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    profile: &'a Profile,
    metric: Metric,
    sites: usize,
    frames: usize,
}

impl Profile {
    /// The report with the ten largest sites by bytes at the peak, and up to eight lines of each stack.
    pub fn text(&self) -> Text<'_> {
        Text {
            profile: self,
            metric: Metric::PeakBytes,
            sites: 10,
            frames: 8,
        }
    }

    /// Writes the report that [`text`](Self::text) makes, and a line break.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{}", self.text())?;
        out.flush()
    }
}

impl Text<'_> {
    /// Orders the sites by another number. Those that have 0 of it are left out.
    #[must_use]
    pub const fn by(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Shows another number of sites.
    #[must_use]
    pub const fn sites(mut self, sites: usize) -> Self {
        self.sites = sites;
        self
    }

    /// Shows another number of lines of each stack.
    #[must_use]
    pub const fn frames(mut self, frames: usize) -> Self {
        self.frames = frames;
        self
    }

    /// The sites that have something of the metric, the largest first.
    fn ordered(&self) -> Vec<&Site> {
        let has_some = |site: &&Site| site.value(self.metric) > 0;
        let mut sites: Vec<_> = self.profile.sites.iter().filter(has_some).collect();
        sites.sort_by(|a, b| a.order(b, self.metric));
        sites
    }

    fn is_estimate(&self) -> bool {
        self.profile.run.sampling.is_some()
    }

    fn fmt_curve(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshots = self.profile.snapshots().into_iter();
        let points: Vec<_> = snapshots.map(|(point, _)| point).collect();
        writeln!(f, "{:<11} {}", "over time", bars(&points, CURVE).trim_end())
    }

    fn fmt_sites(&self, f: &mut fmt::Formatter<'_>, totals: &Totals) -> fmt::Result {
        let sites = self.ordered();
        if sites.is_empty() {
            return write!(f, "no site has {}", self.metric);
        }
        let plural = if sites.len() == 1 { "" } else { "s" };
        writeln!(f, "{} site{plural} by {}", sites.len(), self.metric)?;
        f.write_str(HEADER)?;
        if self.is_estimate() {
            write!(f, " {:>6}", "error")?;
        }
        let shown = sites.len().min(self.sites);
        for site in &sites[..shown] {
            f.write_str("\n")?;
            self.fmt_site(f, site, totals)?;
        }
        let rest = sites[shown..].iter().map(|site| site.value(self.metric));
        if shown < sites.len() {
            let sum = rest.fold(0, u64::saturating_add);
            let share = Share(sum, totals.value(self.metric));
            write!(f, "\n  … and {} more, with {share}", sites.len() - shown)?;
        }
        Ok(())
    }

    fn fmt_site(&self, f: &mut fmt::Formatter<'_>, site: &Site, totals: &Totals) -> fmt::Result {
        let Amount { blocks, bytes } = site.at_peak;
        let share = Share(bytes, totals.at_peak.bytes);
        write!(f, "{:>9} {share:>7} {blocks:>9}  ", Size(bytes))?;
        let Amount { blocks, bytes } = site.total;
        let share = Share(bytes, totals.total.bytes);
        write!(f, "{:>9} {share:>7} {blocks:>11}  ", Size(bytes))?;
        let Amount { blocks, bytes } = site.at_end;
        write!(f, "{:>9} {blocks:>9}  ", Size(bytes))?;
        let run = &self.profile.run;
        match site
            .mean_lifetime()
            .filter(|_| run.end > 0 && totals.lifetimes > 0)
        {
            Some(mean) => write!(f, "{:>11}", Span(run.clock, mean))?,
            None => write!(f, "{:>11}", "-")?,
        }
        match site.error() {
            Some(error) if self.is_estimate() => write!(f, " {:>5.0}%", 100.0 * error)?,
            _ => {}
        }
        self.fmt_stack(f, site)
    }

    fn fmt_stack(&self, f: &mut fmt::Formatter<'_>, site: &Site) -> fmt::Result {
        for group in groups(site.labels()) {
            write!(f, "\n    {}", one_line(group))?;
        }
        let places: Vec<_> = self.profile.places(site).collect();
        if places.is_empty() {
            write!(f, "\n    {NO_STACK}")?;
        }
        for place in places.iter().take(self.frames) {
            write!(f, "\n    {}", one_line(place))?;
        }
        if places.len() > self.frames {
            write!(f, "\n    … {} more", places.len() - self.frames)?;
        }
        Ok(())
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (run, totals) = (&self.profile.run, self.profile.totals());
        fmt_run(f, run)?;
        fmt_totals(f, run, &totals)?;
        if !self.profile.series.is_empty() {
            self.fmt_curve(f)?;
        }
        writeln!(f)?;
        fmt_types(f, self.profile, self.metric, self.sites)?;
        self.fmt_sites(f, &totals)
    }
}

/// The report of [`text`](Profile::text). A precision asks for another number of sites, as in
/// `format!("{profile:.3}")`.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        let sites = f.precision().unwrap_or(text.sites);
        fmt::Display::fmt(&text.sites(sites), f)
    }
}

/// A time of a run. Where bytes tell the time, it says so.
struct Moment<'a>(&'a Run, u64);

impl fmt::Display for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(run, time) = *self;
        Span(run.clock, time).fmt(f)?;
        match run.clock {
            Clock::Bytes => f.write_str(" allocated"),
            _ => Ok(()),
        }
    }
}

fn fmt_run(f: &mut fmt::Formatter<'_>, run: &Run) -> fmt::Result {
    let command = one_line(run.command_line());
    write!(f, "heap profile of `{command}`, process {}", run.pid)?;
    if run.end > 0 {
        write!(f, ", {}", Moment(run, run.end))?;
    }
    writeln!(f)?;
    match run.sampling {
        None => writeln!(f, "every block was recorded")?,
        Some(sampling) => writeln!(
            f,
            "estimated from {} blocks, one in {} on average",
            sampling.samples,
            Size(sampling.distance)
        )?,
    }
    if run.unrecorded > 0 {
        writeln!(
            f,
            "{} blocks are missing for want of memory",
            run.unrecorded
        )?;
    }
    writeln!(f)
}

fn fmt_totals(f: &mut fmt::Formatter<'_>, run: &Run, totals: &Totals) -> fmt::Result {
    for (name, amount) in [
        ("in all", totals.total),
        ("at the peak", totals.at_peak),
        ("at the end", totals.at_end),
    ] {
        let Amount { blocks, bytes } = amount;
        let plural = if blocks == 1 { "" } else { "s" };
        write!(f, "{name:<11} {:>9} in {blocks} block{plural}", Size(bytes))?;
        match name {
            "at the peak" if run.end > 0 => writeln!(f, ", after {}", Moment(run, run.peak))?,
            _ => writeln!(f)?,
        }
    }
    Ok(())
}
