//! Tables of plain text.

/// How many lines the header of a table takes.
const HEADER: usize = 2;

/// Lines up rows below a header; the first `left` columns to the left, the others to the right.
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]], left: usize) -> String {
    let mut widths = header.map(width);
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = line(&header, &widths, left);
    let rule = widths.map(|width| "-".repeat(width));
    text += &line(&rule, &widths, left);
    for row in rows {
        text += &line(row, &widths, left);
    }
    text
}

/// A table with its rows changed, each by its number and its line; the header stays as it is.
pub fn painted(table: &str, paint: impl Fn(usize, &str) -> String) -> String {
    let mut text = String::new();
    for (number, line) in table.lines().enumerate() {
        match number.checked_sub(HEADER) {
            Some(row) => text += &paint(row, line),
            None => text += line,
        }
        text.push('\n');
    }
    text
}

/// One row, without spaces at its end.
fn line<const N: usize>(cells: &[impl AsRef<str>; N], widths: &[usize; N], left: usize) -> String {
    let mut text = String::new();
    for (i, (cell, &widest)) in cells.iter().zip(widths).enumerate() {
        let cell = cell.as_ref();
        let space = " ".repeat(widest.saturating_sub(width(cell)));
        let gap = if i == 0 { "" } else { "  " };
        let (before, after) = if i < left {
            ("", space.as_str())
        } else {
            (space.as_str(), "")
        };
        for part in [gap, before, cell, after] {
            text += part;
        }
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// How many columns a cell takes; its characters are all of one column.
fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a", "1×"], ["long name", "12.50×"]].map(|row| row.map(str::to_owned));
        let expected = "\
name       ratio
---------  ------
a              1×
long name  12.50×
"
        .replace("ratio\n", " ratio\n");
        assert_eq!(table(["name", "ratio"], &rows, 1), expected);
    }

    #[test]
    fn a_table_may_be_empty() {
        assert_eq!(table(["a", "b"], &[], 2), "a  b\n-  -\n");
    }
}
