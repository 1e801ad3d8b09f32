//! The table at the top: how we stand in each workload, with links to the charts.

use std::fmt::Write;

use super::super::contest::{Contest, capital, groups, heading, tallies, times};
use super::anchor;
use crate::record::Measure;
use crate::report::escape;

/// What the table's ratios are.
const LEGEND: &str = "Each ratio is that of our best subject to the best of the peers and the system, which stands \
beside it. Less is better in every measure; what is within 3 % is even. The links lead to the charts.";

/// A sentence for each measure, and the table.
pub(super) fn summary(contests: &[Contest<'_>]) -> String {
    let measures: Vec<_> = Measure::ALL
        .into_iter()
        .filter(|measure| contests.iter().any(|contest| contest.measure() == *measure))
        .collect();
    let mut text = "<h2 id=\"summary\">How we stand</h2>\n".to_owned();
    for (measure, tally) in tallies(contests) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "<p>{}: {tally}.</p>", capital(&heading(measure)));
    }
    let _ = writeln!(text, "<p class=\"dim\">{}</p>", escape(LEGEND));
    text += "<div class=\"wide\"><table class=\"sums\">\n<thead><tr><th>workload</th>";
    for measure in &measures {
        let _ = write!(text, "<th class=\"ratio\">{measure}</th><th>beside</th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for group in groups(contests) {
        text += &rows(group, contests, &measures);
    }
    text + "</tbody>\n</table></div>\n"
}

/// The rows of a group.
fn rows(group: &str, contests: &[Contest<'_>], measures: &[Measure]) -> String {
    let of_group: Vec<_> = contests
        .iter()
        .filter(|contest| contest.group() == group)
        .collect();
    let columns = 1 + 2 * measures.len();
    let mut text = format!(
        "<tr><th class=\"group\" colspan=\"{columns}\">{}</th></tr>\n",
        escape(group)
    );
    let same = |a: &&Contest<'_>, b: &&Contest<'_>| {
        (a.workload(), a.threads()) == (b.workload(), b.threads())
    };
    for place in of_group.chunk_by(same) {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "<tr><td>{}</td>", escape(&place[0].label()));
        for measure in measures {
            let found = place.iter().find(|contest| contest.measure() == *measure);
            text += &found.map_or("<td></td><td></td>".to_owned(), |contest| pair(contest));
        }
        text += "</tr>\n";
    }
    text
}

/// The ratio of a contest, and what it is beside.
fn pair(contest: &Contest<'_>) -> String {
    let anchor = anchor(contest);
    let Some(standing) = contest.standing() else {
        return format!("<td class=\"ratio\"><a href=\"#{anchor}\">–</a></td><td></td>");
    };
    format!(
        "<td class=\"ratio {}\"><a href=\"#{anchor}\">{}</a></td><td>{}</td>",
        standing.verdict().word(),
        times(standing.ratio),
        escape(&standing.rival.subject),
    )
}
