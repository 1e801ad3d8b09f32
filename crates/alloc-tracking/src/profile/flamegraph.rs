//! Flame graphs, drawn by `inferno`.

use std::io::{self, Write};
use std::string::{String, ToString};
use std::vec::Vec;

use inferno::flamegraph::{self, Options, color::BasicPalette, color::Palette};

use super::place::one_line;
use super::{Difference, Metric, Profile};

impl Profile {
    /// Draws the call stacks as an SVG, for any browser: the wider a flame, the more it has of `metric`.
    ///
    /// If no site has anything of it, the picture says so. The same profile gives the same picture.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_flame_graph(&self, out: impl Write, metric: Metric) -> io::Result<()> {
        let folded = self.folded(metric);
        let shift = excess(folded.values().sum(), usize::BITS - 1);
        let lines = folded.iter().map(|(stack, value)| (stack, value >> shift));
        let drawn = lines.filter(|line| line.1 > 0);
        let mut lines: Vec<_> = drawn
            .map(|(stack, value)| drawable(&std::format!("{stack} {value}")))
            .collect();
        if lines.is_empty() {
            lines.push(std::format!("no site has {metric} 1"));
        }
        draw(self, &metric.to_string(), metric, &lines, out)
    }
}

impl Difference<'_> {
    /// Draws the call stacks of the later profile as an SVG, for any browser: red is what has more of
    /// `metric` than in the earlier one, blue what has less. What is only in the earlier one has no
    /// width.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_flame_graph(&self, out: impl Write, metric: Metric) -> io::Result<()> {
        let folded = self.folded(metric);
        let sums: [u128; 2] = [0, 1].map(|i: usize| folded.values().map(|both| both[i]).sum());
        // It multiplies a change by the number of its colours.
        let shift = excess(sums[0].max(sums[1]), usize::BITS - 10);
        let line = |(stack, both): (&String, &[u128; 2])| {
            let [earlier, later] = both.map(|value| value >> shift);
            drawable(&std::format!("{stack} {earlier} {later}"))
        };
        let mut lines: Vec<_> = folded.iter().map(line).collect();
        if sums[1] == 0 {
            lines = Vec::from([std::format!("no site has {metric} 1 1")]);
        }
        let title = std::format!("{metric}, change");
        draw(self.later, &title, metric, &lines, out)
    }
}

/// By how many bits a sum is longer than a drawing can count: all numbers are made smaller alike.
fn excess(sum: u128, bits: u32) -> u32 {
    (u128::BITS - sum.leading_zeros()).saturating_sub(bits)
}

fn draw(
    profile: &Profile,
    title: &str,
    metric: Metric,
    lines: &[String],
    mut out: impl Write,
) -> io::Result<()> {
    let mut options = Options::default();
    options.title = title.to_string();
    let command = drawable(&one_line(profile.run.command_line()));
    options.subtitle = Some(command).filter(|command| !command.is_empty());
    options.count_name = metric.unit().to_string();
    options.colors = Palette::Basic(BasicPalette::Mem);
    options.deterministic = true;
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut out)?;
    out.flush()
}

/// Text without the two characters, besides those of [`one_line`], that XML forbids.
fn drawable(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
