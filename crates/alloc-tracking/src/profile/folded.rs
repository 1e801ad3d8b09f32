//! Folded stacks: one line for each call stack, as Brendan Gregg's flame graphs take them.

use std::collections::BTreeMap;
use std::format;
use std::io::{self, BufWriter, Write};
use std::string::{String, ToString};
use std::vec::Vec;

use super::place::{NO_STACK, groups, one_line};
use super::{Difference, Metric, Place, Profile, Site};

impl Profile {
    /// Writes a line for each call stack that has something of `metric`: the names of its functions,
    /// the outermost first, separated by `;`, and after a space the number.
    ///
    /// Stacks of the same names are one line, and the lines are in alphabetical order. A thread and
    /// a tag become the outermost names. A `;` in a name becomes `:`, a line break `�`, and
    /// the space before a number at the end of a name `_`.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_folded(&self, out: impl Write, metric: Metric) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        for (stack, value) in self.folded(metric) {
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            writeln!(out, "{stack} {value}")?;
        }
        out.flush()
    }

    /// The stacks and their numbers, none of which is 0.
    pub(super) fn folded(&self, metric: Metric) -> BTreeMap<String, u128> {
        let mut lines = BTreeMap::new();
        for site in self.sites.iter().filter(|site| site.value(metric) > 0) {
            let sum = lines.entry(self.folded_stack(site)).or_insert(0_u128);
            *sum += u128::from(site.value(metric));
        }
        lines
    }

    fn folded_stack(&self, site: &Site) -> String {
        let mut calls: Vec<_> = self.places(site).map(name).collect();
        if calls.is_empty() {
            calls.push(NO_STACK.to_string());
        }
        calls.reverse();
        let names = groups(site.labels()).chain(calls).map(|name| cell(&name));
        names.collect::<Vec<_>>().join(";")
    }
}

impl Difference<'_> {
    /// Writes a line for each call stack that has something of `metric` in either profile: as
    /// [`Profile::write_folded`] does, but with two numbers, the earlier one and the later one.
    ///
    /// This is what `difffolded.pl` makes, and a flame graph that is drawn of it has the widths of the
    /// later profile and the colours of the change.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_folded(&self, out: impl Write, metric: Metric) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        for (stack, values) in self.folded(metric) {
            let [earlier, later] = values.map(|value| u64::try_from(value).unwrap_or(u64::MAX));
            writeln!(out, "{stack} {earlier} {later}")?;
        }
        out.flush()
    }

    /// The stacks, and their numbers in the earlier and the later profile.
    pub(super) fn folded(&self, metric: Metric) -> BTreeMap<String, [u128; 2]> {
        let mut lines: BTreeMap<_, [u128; 2]> = BTreeMap::new();
        for (i, profile) in [self.earlier, self.later].into_iter().enumerate() {
            for (stack, value) in profile.folded(metric) {
                lines.entry(stack).or_default()[i] = value;
            }
        }
        lines
    }
}

/// The function alone: with the line in it, one function would be many flames.
fn name(place: Place<'_>) -> String {
    match place {
        Place::Source(frame) => frame.name().to_string(),
        other => other.to_string(),
    }
}

/// A name that no reader takes for two, or for none.
fn cell(name: &str) -> String {
    let line = one_line(name).replace(';', ":");
    match line.trim() {
        "" => "???".to_string(),
        trimmed => match trimmed.rsplit_once(' ') {
            // Before the number of the line it would be a second one.
            Some((rest, last)) if is_number(last) => format!("{rest}_{last}"),
            _ => trimmed.to_string(),
        },
    }
}

fn is_number(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || c == '.')
}
