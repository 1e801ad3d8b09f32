//! Bar charts as inline SVG. Their colors are the page's.

use std::fmt::Write;

use super::html::escape;

/// How long a bar becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// In proportion to its value.
    Linear,
    /// In proportion to the logarithm of one more than its value.
    Logarithmic,
    /// In proportion to its value up to this one; beyond it, a bar is cut, and has a gap that says so.
    Cut(f64),
}

/// How much of the room the longest bar takes that is not cut, where others are.
const UNCUT: f64 = 0.85;

impl Scale {
    /// How much of the room a bar takes, where the longest one's value is `longest`.
    fn share(self, value: f64, longest: f64) -> f64 {
        match self {
            Self::Linear => value / longest.max(f64::MIN_POSITIVE),
            Self::Logarithmic => value.ln_1p() / longest.ln_1p().max(f64::MIN_POSITIVE),
            Self::Cut(end) if value > end => 1.0,
            Self::Cut(end) => value / end.max(f64::MIN_POSITIVE) * UNCUT,
        }
    }

    /// A value, or the one at which bars are cut.
    fn within(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Logarithmic => value,
            Self::Cut(end) => value.min(end),
        }
    }

    /// Whether a bar is cut.
    fn cuts(self, value: f64) -> bool {
        matches!(self, Self::Cut(end) if value > end)
    }
}

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Whose it is: a class of the page's style.
    pub class: &'static str,
    /// From 0 up.
    pub value: f64,
    /// What stands at its end.
    pub label: String,
    /// The quartiles around the value, if it is a median.
    pub range: Option<(f64, f64)>,
}

/// Bars that are to be compared.
#[derive(Clone, Debug)]
pub struct Group {
    /// What stands before them.
    pub name: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// The room of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// From edge to edge.
    pub width: f64,
    /// For the names before the bars.
    pub names: f64,
    /// For the labels behind them.
    pub labels: f64,
    /// Between two groups.
    pub gap: f64,
}

impl Frame {
    /// As wide as a page.
    pub const WIDE: Self = Self {
        width: 720.0,
        names: 90.0,
        labels: 190.0,
        gap: 10.0,
    };
}

const BAR: f64 = 17.0;

/// Draws groups of horizontal bars. The longest value takes the whole width.
pub fn bars(frame: Frame, title: &str, groups: &[Group], scale: Scale) -> String {
    let all = groups.iter().flat_map(|group| &group.bars);
    let longest = all.map(|bar| bar.value).fold(0.0, f64::max);
    let room = frame.width - frame.names - frame.labels;
    let length = |value: f64| scale.share(value, longest) * room;
    let mut body = String::new();
    let mut y = frame.gap / 2.0;
    for group in groups {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            body,
            r#"<text class="name" x="{:.0}" y="{:.0}">{}</text>"#,
            frame.names - 8.0,
            y + BAR - 5.0,
            escape(&group.name),
        );
        for bar in &group.bars {
            body += &one(frame.names, y, bar, &length, scale);
            y += BAR;
        }
        y += frame.gap;
    }
    let width = frame.width;
    format!(
        "<svg viewBox=\"0 0 {width:.0} {y:.0}\" role=\"img\" aria-label=\"{}\">\n{body}</svg>\n",
        escape(title),
    )
}

/// Draws one bar from `x` on, with its label.
fn one(x: f64, y: f64, bar: &Bar, length: &impl Fn(f64) -> f64, scale: Scale) -> String {
    let width = length(bar.value).max(1.0);
    let mut body = format!(
        "<rect class=\"{}\" x=\"{x:.0}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{:.0}\" rx=\"2\"/>\n",
        bar.class,
        BAR - 3.0,
    );
    let mut end = width;
    // Writing to a `String` cannot fail.
    if scale.cuts(bar.value) {
        let gap = x + width - 12.0;
        let (top, bottom) = (y - 2.0, y + BAR - 1.0);
        let _ = writeln!(
            body,
            r#"<path class="cut" d="M{:.1} {top:.0}L{gap:.1} {bottom:.0}"/>"#,
            gap + 6.0,
        );
    } else if let Some((low, high)) = bar.range {
        let [from, to] = [low, high].map(|value| length(scale.within(value)));
        let middle = y + (BAR - 3.0) / 2.0;
        let _ = writeln!(
            body,
            r#"<path class="range" d="M{:.1} {middle:.1}H{:.1}"/>"#,
            x + from,
            x + to,
        );
        end = end.max(to);
    }
    let _ = writeln!(
        body,
        r#"<text x="{:.1}" y="{:.0}">{}</text>"#,
        x + end + 6.0,
        y + BAR - 6.0,
        escape(&bar.label),
    );
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(values: [f64; 2], scale: Scale) -> Vec<f64> {
        let bars_of = |value| {
            vec![Bar {
                class: "ours",
                value,
                label: "<1>".to_owned(),
                range: None,
            }]
        };
        let groups = values.map(|value| Group {
            name: "a & b".to_owned(),
            bars: bars_of(value),
        });
        let svg = bars(Frame::WIDE, "t", &groups, scale);
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;1&gt;"));
        svg.split(" width=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next()?.parse().ok())
            .collect()
    }

    #[test]
    fn lengths_follow_the_scale() {
        let linear = widths([1.0, 10.0], Scale::Linear);
        assert!((linear[1] / linear[0] - 10.0).abs() < 0.1, "{linear:?}");
        let logarithmic = widths([9.0, 99.0], Scale::Logarithmic);
        assert!(
            (logarithmic[1] / logarithmic[0] - 2.0).abs() < 0.1,
            "{logarithmic:?}"
        );
    }

    #[test]
    fn what_is_too_long_is_cut() {
        let cut = widths([1.0, 100.0], Scale::Cut(2.0));
        assert!((cut[1] / cut[0] - 2.0 / UNCUT).abs() < 0.1, "{cut:?}");
        assert!(Scale::Cut(2.0).cuts(3.0) && !Scale::Cut(2.0).cuts(2.0));
    }

    #[test]
    fn nothing_is_still_seen() {
        assert_eq!(widths([0.0, 0.0], Scale::Logarithmic), [1.0, 1.0]);
    }
}
