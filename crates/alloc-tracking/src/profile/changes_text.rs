//! What changed between two profiles, for a terminal.

use core::fmt;
use std::io::{self, Write};

use super::changes::Difference;
use super::place::{NO_STACK, groups, one_line};
use super::units::{Signed, Span};
use super::{Change, Growth};

/// Above the columns that `fmt_growth` writes.
const HEADER: &str = "      at end     blocks       in all       blocks      at peak     blocks";

impl Difference<'_> {
    /// Writes the report that `Display` makes, and a line break.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_text(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(out, "{self}")?;
        out.flush()
    }

    fn fmt_run(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (later, earlier) = (&self.later.run, &self.earlier.run);
        let command = one_line(later.command_line());
        write!(
            f,
            "what changed in the heap of `{command}`, process {}",
            later.pid
        )?;
        if earlier.pid != later.pid {
            return writeln!(f, ", since process {}", earlier.pid);
        }
        match later.end.checked_sub(earlier.end) {
            Some(time) if earlier.end > 0 => writeln!(f, ", in {}", Span(later.clock, time)),
            _ => writeln!(f),
        }
    }

    fn fmt_totals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (later, earlier) = self.totals();
        for (name, later, earlier) in [
            ("in all", later.total, earlier.total),
            ("at the peak", later.at_peak, earlier.at_peak),
            ("at the end", later.at_end, earlier.at_end),
        ] {
            let bytes = Signed(change(later.bytes, earlier.bytes));
            let blocks = change(later.blocks, earlier.blocks);
            let plural = if blocks.abs() == 1 { "" } else { "s" };
            writeln!(f, "{name:<11} {bytes:>10} in {blocks:+} block{plural}")?;
        }
        writeln!(f)
    }

    fn fmt_growth(&self, f: &mut fmt::Formatter<'_>, growth: &Growth<'_>) -> fmt::Result {
        let Change { blocks, bytes } = growth.at_end;
        write!(f, "\n{:>12} {blocks:>+10}", Signed(bytes))?;
        let Change { blocks, bytes } = growth.total;
        write!(f, " {:>12} {blocks:>+12}", Signed(bytes))?;
        let Change { blocks, bytes } = growth.at_peak;
        write!(f, " {:>12} {blocks:>+10}", Signed(bytes))?;
        for group in groups(growth.labels()) {
            write!(f, "\n    {}", one_line(group))?;
        }
        if growth.places.is_empty() {
            write!(f, "\n    {NO_STACK}")?;
        }
        for place in growth.places.iter().take(self.frames) {
            write!(f, "\n    {}", one_line(place))?;
        }
        if growth.places.len() > self.frames {
            write!(f, "\n    … {} more", growth.places.len() - self.frames)?;
        }
        Ok(())
    }
}

/// How much more the later number is.
fn change(later: u64, earlier: u64) -> i128 {
    i128::from(later) - i128::from(earlier)
}

/// By how much the whole heap grew, then the places that grew most.
impl fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_run(f)?;
        self.fmt_totals(f)?;
        let growths = self.growths();
        if growths.is_empty() {
            return f.write_str("nothing changed");
        }
        let plural = if growths.len() == 1 { "" } else { "s" };
        writeln!(f, "{} place{plural} by {}", growths.len(), self.metric)?;
        f.write_str(HEADER)?;
        for growth in growths.iter().take(self.sites) {
            self.fmt_growth(f, growth)?;
        }
        let rest = growths.get(self.sites..).unwrap_or_default();
        if !rest.is_empty() {
            let sum = rest.iter().map(|growth| growth.value(self.metric));
            let sum = sum.fold(0, i128::saturating_add);
            write!(f, "\n  … and {} more, with {sum:+}", rest.len())?;
        }
        Ok(())
    }
}
