//! The charts of a group: bars for one number of threads, lines over several.

use std::fmt::Write;

use super::super::contest::{Contest, about, heading, part, shown, times};
use super::{anchor, class, slug};
use crate::record::{Measure, Row};
use crate::registry::Origin;
use crate::report::{Bar, Frame, Group, Line, Scale, bars, escape, float, lines};

/// The width of a chart of bars, of which two stand side by side.
const WIDTH: f64 = 460.0;
/// The width of a character, more or less.
const LETTER: f64 = 7.7;

/// The charts of a group, workload by workload.
pub(super) fn group(group: &str, contests: &[Contest<'_>]) -> String {
    let of_group: Vec<_> = contests
        .iter()
        .filter(|contest| contest.group() == group)
        .collect();
    let mut text = format!("<h2 id=\"{}\">{}</h2>\n", slug(&[group]), escape(group));
    for same in of_group.chunk_by(|a, b| a.workload() == b.workload()) {
        text += &workload(same);
    }
    text
}

/// The charts of a workload, measure by measure.
fn workload(contests: &[&Contest<'_>]) -> String {
    let name = contests[0].workload();
    // Writing to a `String` cannot fail.
    let mut text = format!("<section>\n<h3>{}</h3>\n", escape(name));
    if let Some(about) = about(contests[0].group(), name) {
        let _ = writeln!(text, "<p class=\"dim\">{}</p>", escape(about));
    }
    text += "<div class=\"charts\">\n";
    for measure in Measure::ALL {
        let of_measure = contests
            .iter()
            .filter(|contest| contest.measure() == measure);
        let chosen: Vec<_> = of_measure.copied().collect();
        match (chosen.as_slice(), measure) {
            ([], _) => {}
            ([contest], _) => text += &bar_chart(contest, true),
            (several, Measure::Time) => text += &line_chart(several),
            ([first, rest @ ..], _) => {
                text += &bar_chart(first, true);
                text.extend(rest.iter().map(|contest| bar_chart(contest, false)));
            }
        }
    }
    text + "</div>\n</section>\n"
}

/// A figure of an element with its heading, which is where the links lead to.
fn figure(class: &str, contest: &Contest<'_>, linked: bool, title: &str, body: &str) -> String {
    let id = if linked {
        format!(" id=\"{}\"", anchor(contest))
    } else {
        String::new()
    };
    format!(
        "<figure class=\"{class}\"{id}>\n<h4>{}</h4>\n{body}</figure>\n",
        escape(title)
    )
}

/// A bar for each subject, the best first.
fn bar_chart(contest: &Contest<'_>, linked: bool) -> String {
    let rows = contest.rows();
    let ours = contest.ours();
    let groups: Vec<_> = rows
        .iter()
        .map(|row| Group {
            name: row.subject.clone(),
            bars: vec![bar(row, ours)],
        })
        .collect();
    let longest = |texts: &mut dyn Iterator<Item = &str>| {
        texts
            .map(|text| text.chars().count())
            .max()
            .map_or(0.0, float)
            * LETTER
    };
    let frame = Frame {
        width: WIDTH,
        names: longest(&mut groups.iter().map(|group| &*group.name)) + 10.0,
        labels: longest(&mut groups.iter().map(|group| &*group.bars[0].label)) + 14.0,
        gap: 3.0,
    };
    // Where names and labels leave no room for bars, the chart is wider and its figure scrolls.
    let frame = Frame {
        width: frame.width.max(frame.names + frame.labels + 100.0),
        ..frame
    };
    let scale = scale(rows);
    let mut title = heading(contest.measure());
    if contest.threads() > 1 {
        let _ = write!(title, ", {} threads", contest.threads());
    }
    let whole = format!("{}, {}; less is better", contest.workload(), title);
    let mut body = bars(frame, &whole, &groups, scale);
    if let Scale::Cut(_) = scale {
        body += "<figcaption>Bars with a gap are cut: they are longer than drawn.</figcaption>\n";
    }
    figure("bars", contest, linked, &title, &body)
}

/// The bar of a row, whose label says how often our best goes into it.
fn bar(row: &Row, ours: Option<&Row>) -> Bar {
    let mut label = shown(row.measure, row.value);
    if let Some(ours) = ours.filter(|_| matches!(row.origin, Origin::System | Origin::Peer)) {
        let _ = write!(label, " ({})", times(part(row.value, ours.value)));
    }
    Bar {
        class: class(row.origin),
        value: row.value,
        label,
        range: (row.samples > 1).then_some((row.low, row.high)),
    }
}

/// The scale on which a few slow subjects do not flatten the others: what is over four times the
/// median is cut.
fn scale(rows: &[&Row]) -> Scale {
    let end = rows[rows.len() / 2].value * 4.0;
    let fits = rows.iter().rfind(|row| row.value <= end);
    match fits {
        Some(last) if rows[rows.len() - 1].value > end => Scale::Cut(last.value),
        _ => Scale::Linear,
    }
}

/// Millions of operations per second over threads, a line for each subject.
fn line_chart(contests: &[&Contest<'_>]) -> String {
    let mut found: Vec<(&Row, Vec<(usize, f64)>)> = Vec::new();
    for row in contests.iter().flat_map(|contest| contest.rows()) {
        let point = (row.threads, part(1e3, row.value));
        match found
            .iter_mut()
            .find(|(known, _)| known.subject == row.subject)
        {
            Some((_, points)) => points.push(point),
            None => found.push((row, vec![point])),
        }
    }
    // What is drawn later lies above.
    found.sort_by_key(|(row, _)| std::cmp::Reverse(row.origin));
    let all: Vec<_> = found
        .into_iter()
        .map(|(row, points)| Line {
            class: class(row.origin),
            name: row.subject.clone(),
            points,
        })
        .collect();
    let title = "speed: million operations per second of all threads together";
    let whole = format!("{}, {title}; more is better", contests[0].workload());
    let mut body = lines(&whole, "threads", "million per second", &all);
    body += "<figcaption>More is better.</figcaption>\n";
    figure("lines", contests[0], true, title, &body)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::evidence::contests;

    #[test]
    fn one_slow_subject_does_not_flatten_the_others() {
        let record = sample::record();
        let all = contests(&record);
        let instructions = &all[1];
        assert_eq!(instructions.measure(), Measure::Instructions);
        assert_eq!(scale(instructions.rows()), Scale::Cut(23.0));
        let chart = bar_chart(instructions, true);
        assert_eq!(chart.matches("class=\"cut\"").count(), 1);
        assert!(chart.contains("186 (20.7×)") && chart.contains("are cut"));
        assert!(chart.contains(">9.00</text>"), "{chart}");
        assert_eq!(scale(&instructions.rows()[..3]), Scale::Linear);
    }

    #[test]
    fn times_have_their_quartiles() {
        let record = sample::record();
        let all = contests(&record);
        assert!(bar_chart(&all[0], true).contains("class=\"range\""));
        assert!(!bar_chart(&all[1], true).contains("class=\"range\""));
    }

    #[test]
    fn ours_is_drawn_over_the_others() {
        let record = sample::record();
        let all = contests(&record);
        let pairs: Vec<_> = all
            .iter()
            .filter(|contest| contest.workload() == "own pairs")
            .filter(|contest| contest.measure() == Measure::Time)
            .collect();
        let chart = line_chart(&pairs);
        let last = chart.rfind("<g class=\"line").unwrap();
        assert!(chart[last..].starts_with("<g class=\"line ours\""));
        assert_eq!(chart.matches("<g class=\"line").count(), 8);
        // 2.1 ns at one thread, and eight times as much at eight.
        assert!(chart.contains("Shared through Local 3 810"), "{chart}");
    }
}
