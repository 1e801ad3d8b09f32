//! Bar charts as inline SVG. Their colors are the page's.

use std::fmt::Write;

use super::html::escape;

/// How long a bar becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In proportion to its value.
    Linear,
    /// In proportion to the logarithm of one more than its value.
    Logarithmic,
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
}

/// Bars that are to be compared.
#[derive(Clone, Debug)]
pub struct Group {
    /// What stands before them.
    pub name: String,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

const WIDTH: f64 = 720.0;
const NAMES: f64 = 90.0;
const LABELS: f64 = 190.0;
const BAR: f64 = 17.0;
const GAP: f64 = 10.0;

/// Draws groups of horizontal bars. The longest value takes the whole width.
pub fn bars(title: &str, groups: &[Group], scale: Scale) -> String {
    let length = |value: f64| match scale {
        Scale::Linear => value,
        Scale::Logarithmic => value.ln_1p(),
    };
    let all = groups.iter().flat_map(|group| &group.bars);
    let longest = all
        .map(|bar| length(bar.value))
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut body = String::new();
    let mut y = GAP / 2.0;
    for group in groups {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            body,
            r#"<text class="name" x="{:.0}" y="{:.0}">{}</text>"#,
            NAMES - 8.0,
            y + BAR - 5.0,
            escape(&group.name),
        );
        for bar in &group.bars {
            let width = (length(bar.value) / longest * (WIDTH - NAMES - LABELS)).max(1.0);
            let _ = writeln!(
                body,
                r#"<rect class="{}" x="{NAMES:.0}" y="{y:.0}" width="{width:.1}" height="{:.0}" rx="2"/>"#,
                bar.class,
                BAR - 3.0,
            );
            let _ = writeln!(
                body,
                r#"<text x="{:.1}" y="{:.0}">{}</text>"#,
                NAMES + width + 6.0,
                y + BAR - 6.0,
                escape(&bar.label),
            );
            y += BAR;
        }
        y += GAP;
    }
    format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {y:.0}\" role=\"img\" aria-label=\"{}\">\n{body}</svg>\n",
        escape(title),
    )
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
            }]
        };
        let groups = values.map(|value| Group {
            name: "a & b".to_owned(),
            bars: bars_of(value),
        });
        let svg = bars("t", &groups, scale);
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
    fn nothing_is_still_seen() {
        assert_eq!(widths([0.0, 0.0], Scale::Logarithmic), [1.0, 1.0]);
    }
}
