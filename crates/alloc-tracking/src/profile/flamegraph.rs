//! Flame graphs, drawn by `inferno`.

use std::io::{self, Write};
use std::string::{String, ToString};
use std::vec::Vec;

use inferno::flamegraph::{self, Options, color::BasicPalette, color::Palette};

use super::place::one_line;
use super::{Metric, Profile};

impl Profile {
    /// Draws the call stacks as an SVG, for any browser: the wider a flame, the more it has of `metric`.
    ///
    /// If no site has anything of it, the picture says so. The same profile gives the same picture.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_flame_graph(&self, mut out: impl Write, metric: Metric) -> io::Result<()> {
        let mut options = Options::default();
        options.title = metric.to_string();
        let command = drawable(&one_line(self.run.command_line()));
        options.subtitle = Some(command).filter(|command| !command.is_empty());
        options.count_name = metric.unit().to_string();
        options.colors = Palette::Basic(BasicPalette::Mem);
        options.deterministic = true;
        let mut lines = self.scaled_lines(metric);
        if lines.is_empty() {
            lines.push(std::format!("no site has {metric} 1"));
        }
        flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut out)?;
        out.flush()
    }

    /// Folded stacks whose sum a drawing can count: all are made smaller alike if need be.
    fn scaled_lines(&self, metric: Metric) -> Vec<String> {
        let folded = self.folded(metric);
        let sum: u128 = folded.values().sum();
        let excess = u128::BITS - sum.leading_zeros();
        let shift = excess.saturating_sub(usize::BITS - 1);
        let lines = folded.iter().map(|(stack, value)| (stack, value >> shift));
        let drawn = lines.filter(|line| line.1 > 0);
        drawn
            .map(|(stack, value)| drawable(&std::format!("{stack} {value}")))
            .collect()
    }
}

/// Text without the two characters, besides those of [`one_line`], that XML forbids.
fn drawable(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
