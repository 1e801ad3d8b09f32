//! Line charts as inline SVG. Their colors are the page's.

use std::fmt::Write;

use super::html::escape;
use super::units::{figure, float};

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whose it is: a class of the page's style.
    pub class: &'static str,
    /// What stands at its end.
    pub name: String,
    /// From left to right. There is at least one.
    pub points: Vec<(usize, f64)>,
}

const WIDTH: f64 = 720.0;
/// Before the lines, for the numbers of the axis.
const LEFT: f64 = 56.0;
/// Behind the lines, for their names.
const RIGHT: f64 = 230.0;
const TOP: f64 = 24.0;
/// Below the lines.
const BOTTOM: f64 = 40.0;
/// Between two names.
const LEADING: f64 = 15.0;

/// What a chart of lines shows, as numbers: where on the paper a point stands.
struct Axes {
    /// The columns: one for each number that some line has a point at.
    columns: Vec<usize>,
    /// The step between two marks of the axis, and the highest mark.
    step: f64,
    top: f64,
    /// How high the lines' part of the paper is.
    height: f64,
}

impl Axes {
    fn of(lines: &[Line]) -> Self {
        let points = || lines.iter().flat_map(|line| &line.points);
        let mut columns: Vec<usize> = points().map(|point| point.0).collect();
        columns.sort_unstable();
        columns.dedup();
        let highest = points().map(|point| point.1).fold(0.0, f64::max);
        let step = step(highest / 4.0);
        Self {
            columns,
            step,
            top: (highest / step).ceil().max(1.0) * step,
            height: (LEADING * float(lines.len())).max(260.0),
        }
    }

    fn x(&self, column: usize) -> f64 {
        let at = self.columns.iter().position(|known| *known == column);
        let share = float(at.unwrap_or(0)) / float(self.columns.len().max(2) - 1);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (1.0 - value / self.top) * self.height
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below.
fn step(least: f64) -> f64 {
    if least <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    let found = steps.into_iter().find(|step| *step >= least * 0.999);
    found.unwrap_or(power * 10.0)
}

/// Draws lines over columns at equal distances, the axis from 0 up. The later lines are drawn over
/// the earlier ones. `across` says what the columns are, and `up` what the values are.
pub fn lines(title: &str, across: &str, up: &str, lines: &[Line]) -> String {
    let axes = Axes::of(lines);
    let mut body = grid(&axes, across, up);
    let ends: Vec<f64> = lines
        .iter()
        .map(|line| axes.y(line.points[line.points.len() - 1].1))
        .collect();
    let places = spread(&ends, TOP, TOP + axes.height);
    for ((line, end), place) in lines.iter().zip(ends).zip(places) {
        body += &one(&axes, line, end, place);
    }
    let height = TOP + axes.height + BOTTOM;
    format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">\n{body}</svg>\n",
        escape(title),
    )
}

/// The marks of both axes, with their names.
fn grid(axes: &Axes, across: &str, up: &str) -> String {
    let mut body = String::new();
    let mut value = 0.0;
    // Writing to a `String` cannot fail.
    while value <= axes.top + axes.step / 2.0 {
        let y = axes.y(value);
        let _ = write!(
            body,
            "<path class=\"grid\" d=\"M{LEFT:.0} {y:.1}H{:.0}\"/>\n\
             <text class=\"mark\" x=\"{:.0}\" y=\"{:.1}\">{}</text>\n",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            figure(value),
        );
        value += axes.step;
    }
    let below = TOP + axes.height + 18.0;
    for column in &axes.columns {
        let x = axes.x(*column);
        let _ = writeln!(
            body,
            r#"<text class="column" x="{x:.1}" y="{below:.0}">{column}</text>"#
        );
    }
    let _ = write!(
        body,
        "<text class=\"column\" x=\"{:.0}\" y=\"{:.0}\">{}</text>\n<text x=\"0\" y=\"12\">{}</text>\n",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        below + 17.0,
        escape(across),
        escape(up),
    );
    body
}

/// A line with its points, and its name at `place`, where none is over another.
fn one(axes: &Axes, line: &Line, end: f64, place: f64) -> String {
    let mut path = String::new();
    let mut dots = String::new();
    let mut x = LEFT;
    for (column, value) in &line.points {
        let y = axes.y(*value);
        x = axes.x(*column);
        let letter = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a `String` cannot fail.
        let _ = write!(path, "{letter}{x:.1} {y:.1}");
        let _ = write!(dots, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3"/>"#);
    }
    let last = line.points[line.points.len() - 1].1;
    let edge = WIDTH - RIGHT;
    format!(
        "<g class=\"line {}\"><path d=\"{path}\"/>{dots}\
         <path class=\"leader\" d=\"M{:.1} {end:.1}L{:.0} {end:.1}L{:.0} {place:.1}\"/>\
         <text x=\"{:.0}\" y=\"{:.1}\">{} {}</text></g>\n",
        line.class,
        x + 4.0,
        edge.max(x) + 6.0,
        edge + 22.0,
        edge + 26.0,
        place + 4.0,
        escape(&line.name),
        figure(last),
    )
}

/// Moves places apart so that each is [`LEADING`] from the next, in the same order, between `top`
/// and `bottom`, where there is room for all.
fn spread(ends: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|a, b| ends[*a].total_cmp(&ends[*b]));
    let mut places = ends.to_vec();
    let mut least = top;
    for i in &order {
        places[*i] = places[*i].max(least);
        least = places[*i] + LEADING;
    }
    let mut most = bottom;
    for i in order.iter().rev() {
        places[*i] = places[*i].min(most);
        most = places[*i] - LEADING;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_stand_on_each_other() {
        let places = spread(&[100.0, 20.0, 101.0, 99.0, 100.0], 20.0, 110.0);
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        for pair in sorted.windows(2) {
            assert!(pair[1] - pair[0] >= LEADING - 1e-9, "{places:?}");
        }
        assert!(sorted[0] >= 20.0 && sorted[4] <= 110.0, "{places:?}");
        assert!(places[1] < places[3] && places[3] < places[0] && places[0] < places[2]);
    }

    #[test]
    fn the_axis_has_round_marks() {
        let steps = [0.0, 0.9, 1.0, 1.1, 2.4, 30.0, 0.007].map(step);
        for (step, expected) in steps.iter().zip([1.0, 1.0, 1.0, 2.0, 5.0, 50.0, 0.01]) {
            assert!((step - expected).abs() < 1e-9, "{steps:?}");
        }
    }

    #[test]
    fn a_chart_has_its_lines_and_columns() {
        let line = |name: &str, points: &[(usize, f64)]| Line {
            class: "ours",
            name: name.to_owned(),
            points: points.to_vec(),
        };
        let all = [line("a<b", &[(1, 2.0), (8, 7.0)]), line("c", &[(2, 0.0)])];
        let svg = lines("t", "threads", "speed", &all);
        assert!(svg.contains("a&lt;b 7.00") && svg.contains("c 0<"));
        for column in [1, 2, 8] {
            assert!(svg.contains(&format!(">{column}</text>")));
        }
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(svg.matches("class=\"grid\"").count(), 5);
    }
}
