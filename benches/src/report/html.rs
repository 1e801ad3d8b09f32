//! The page: one file that opens from disk, without scripts and without a network.

use std::fmt::Write;

use super::chart::{Bar, Frame, Group, Scale, bars};
use super::{HEADER, LEGEND, Summary, bytes, count, float, ratio, time, upstream_calls};
use crate::measure::{Measured, Outcome};

/// The page's style: light or dark, as the reader's system is.
const STYLE: &str = "\
:root { color-scheme: light dark; --text: #1b1f24; --dim: #59636e; --ground: #ffffff; --line: #d1d9e0;
  --ours: #2563c9; --system: #9aa4af; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ed; --dim: #9aa4af; --ground: #14171b;
  --line: #363d45; --ours: #6ea2f5; --system: #69737e; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
dt { font-weight: 600; }
p.dim, figcaption { color: var(--dim); } figure { margin: 0 0 1.5rem; overflow-x: auto; }
svg { width: 100%; min-width: 34rem; height: auto; } svg text { fill: var(--text); font-size: 12px; }
svg text.name { text-anchor: end; font-weight: 600; }
.ours { fill: var(--ours); background: var(--ours); } .system { fill: var(--system); background: var(--system); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .3em 0 1em; }
div.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
thead th, tbody tr:nth-child(2n) td { border-bottom: 1px solid var(--line); }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: 1rem; font-size: 13px; }
";

/// Text with the characters replaced that mean something in HTML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            other => escaped.push(other),
        }
    }
    escaped
}

/// The whole page.
pub fn page(summary: &Summary) -> String {
    let body = [
        head(summary),
        charts(&summary.outcomes),
        numbers(summary),
        jobs(&summary.outcomes),
        leaks(summary),
    ]
    .concat();
    document("Allocators at work", "", &body)
}

/// A page with the style of all pages and then its own.
pub fn document(title: &str, style: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n"
    )
}

/// What was measured, where, and what the colors mean.
fn head(summary: &Summary) -> String {
    format!(
        "<h1>Allocators at work</h1>\n\
         <p class=\"dim\">{}. {} on {}, {} hardware threads; {} in all.</p>\n\
         <p><span class=\"key ours\"></span>our allocator\
         <span class=\"key system\"></span>the system allocator</p>\n",
        escape(&summary.input),
        std::env::consts::ARCH,
        std::env::consts::OS,
        std::thread::available_parallelism().map_or(1, usize::from),
        time(summary.elapsed),
    )
}

/// What each job does.
fn jobs(outcomes: &[Outcome]) -> String {
    let mut list = String::new();
    for outcome in outcomes {
        let about = format!("{} {} rounds with each.", outcome.about, outcome.rounds);
        let (job, about) = (escape(outcome.job), escape(&about));
        // Writing to a `String` cannot fail.
        let _ = writeln!(list, "<dt>{job}</dt><dd>{about}</dd>");
    }
    format!("<h2>The jobs</h2>\n<dl>\n{list}</dl>\n")
}

/// The leak report, as in the terminal.
fn leaks(summary: &Summary) -> String {
    format!(
        "<h2>The leak report</h2>\n\
         <p>All jobs once more, over {}, with each block on record.</p>\n<pre>{}</pre>\n",
        bytes(summary.leaks.bytes),
        escape(&summary.leaks.text()),
    )
}

/// The three charts.
fn charts(outcomes: &[Outcome]) -> String {
    let by_time = |outcome: &Outcome, measured: &Measured| {
        let relative = if measured.allocator == outcome.system.allocator {
            1.0
        } else {
            outcome.ratio()
        };
        (
            relative,
            format!("{} ({})", ratio(relative), time(measured.time)),
        )
    };
    let by_calls = |_: &Outcome, measured: &Measured| {
        let calls = upstream_calls(measured);
        (float(calls), count(calls))
    };
    let by_peak = |_: &Outcome, measured: &Measured| {
        let peak = measured.counts.upstream.peak_bytes;
        (float(peak), bytes(peak))
    };
    [
        chart(
            "Time, relative to the system allocator",
            outcomes,
            Scale::Linear,
            by_time,
        ),
        chart(
            "Calls to the system allocator, on a logarithmic scale",
            outcomes,
            Scale::Logarithmic,
            by_calls,
        ),
        chart(
            "The most memory held at one time",
            outcomes,
            Scale::Linear,
            by_peak,
        ),
    ]
    .concat()
}

/// A chart of one number per job and allocator; `number` gives it with its label. Shorter is better in each.
fn chart(
    title: &str,
    outcomes: &[Outcome],
    scale: Scale,
    number: impl Fn(&Outcome, &Measured) -> (f64, String),
) -> String {
    let groups: Vec<Group> = outcomes
        .iter()
        .map(|outcome| {
            let bar = |class, measured| {
                let (value, label) = number(outcome, measured);
                let label = format!("{label} {}", measured.allocator);
                Bar {
                    class,
                    value,
                    label,
                    range: None,
                }
            };
            let bars = vec![bar("ours", &outcome.ours), bar("system", &outcome.system)];
            Group {
                name: outcome.job.to_owned(),
                bars,
            }
        })
        .collect();
    format!(
        "<figure>\n<h2>{title}</h2>\n{}<figcaption>Shorter is better.</figcaption>\n</figure>\n",
        bars(Frame::WIDE, title, &groups, scale)
    )
}

/// The table of the terminal, as one of the page.
fn numbers(summary: &Summary) -> String {
    let header = cells("th", HEADER);
    let mut rows = String::new();
    for row in summary.rows() {
        let _ = writeln!(rows, "<tr>{}</tr>", cells("td", row));
    }
    format!(
        "<h2>The numbers</h2>\n<div class=\"wide\"><table>\n<thead><tr>{header}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n<p class=\"dim\">{}</p>\n",
        escape(LEGEND),
    )
}

/// The cells of a row, each in an element of this name.
pub fn cells(element: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut cells = String::new();
    for text in texts {
        let _ = write!(cells, "<{element}>{}</{element}>", escape(text.as_ref()));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_is_escaped() {
        assert_eq!(
            escape("a<b> & \"c\" 'd'"),
            "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;"
        );
        assert_eq!(escape("größe × 長"), "größe × 長");
    }
}
