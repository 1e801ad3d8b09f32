//! What there is of each type, for a terminal.

use core::fmt;
use std::vec::Vec;

use super::units::Size;
use super::{Amount, Element, Metric, Profile, Site};

/// Above the columns that are written below it.
const HEADER: &str = "  at peak   elements     in all   elements     at end   elements  type";

/// Writes a table of the types of a profile that has some, the one with most of `metric` first.
pub(super) fn fmt_types(
    f: &mut fmt::Formatter<'_>,
    profile: &Profile,
    metric: Metric,
    most: usize,
) -> fmt::Result {
    if profile.sites.iter().all(|site| site.element.is_none()) {
        return Ok(());
    }
    let mut by_type = profile.by_type();
    by_type.sort_by(metric);
    let types: Vec<_> = by_type.sites.iter().filter_map(of_a_type).collect();
    let plural = if types.len() == 1 { "" } else { "s" };
    write!(f, "{} type{plural} by {metric}\n{HEADER}\n", types.len())?;
    for (site, element) in types.iter().take(most) {
        for amount in [site.at_peak, site.total, site.at_end] {
            let Amount { bytes, .. } = amount;
            write!(f, "{:>9} {:>10}  ", Size(bytes), element.count(amount))?;
        }
        writeln!(f, "{element}")?;
    }
    if let Some(rest) = types.len().checked_sub(most).filter(|rest| *rest > 0) {
        writeln!(f, "  … and {rest} more")?;
    }
    writeln!(f)
}

fn of_a_type(site: &Site) -> Option<(&Site, &Element)> {
    Some((site, site.element.as_ref()?))
}
