//! Plain text tables: columns as wide as their widest cell.

/// Lays out rows under a header; columns whose cells are all numbers stand to the right.
pub(crate) fn render(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = header.len();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.max(header[column].chars().count())
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let numeric: Vec<bool> = (0..columns)
        .map(|column| is_numeric(rows, column))
        .collect();

    let head: Vec<String> = header.iter().map(ToString::to_string).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in [&head, &rule].into_iter().chain(rows) {
        let cells = (0..columns).map(|column| {
            let cell = row.get(column).map_or("", String::as_str);
            pad(cell, widths[column], numeric[column])
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// One cell, padded to the width of its column.
fn pad(cell: &str, width: usize, right: bool) -> String {
    let gap = " ".repeat(width.saturating_sub(cell.chars().count()));
    if right {
        format!("{gap}{cell}")
    } else {
        format!("{cell}{gap}")
    }
}

/// Whether a column has cells and all are numbers, with or without the unit of seconds.
fn is_numeric(rows: &[Vec<String>], column: usize) -> bool {
    let mut cells = rows
        .iter()
        .filter_map(|row| row.get(column))
        .filter(|cell| !cell.is_empty());
    let number = |cell: &String| cell.trim_end_matches(" s").parse::<f64>().is_ok();
    cells.next().is_some_and(number) && cells.all(number)
}

#[cfg(test)]
mod tests {
    use super::render;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn words_stand_left_and_numbers_right() {
        let rows = [row(&["push_pop", "1234"]), row(&["a", "7"])];
        let expected = "\
model     executions
--------  ----------
push_pop        1234
a                  7
";
        assert_eq!(render(&["model", "executions"], &rows), expected);
    }

    #[test]
    fn a_short_row_is_filled_and_no_line_ends_in_blanks() {
        let rows = [row(&["fmt", "passed"]), row(&["miri"])];
        let text = render(&["step", "result", "note"], &rows);
        assert!(text.lines().all(|line| line == line.trim_end()));
        assert_eq!(text.lines().count(), 4);
    }

    #[test]
    fn a_table_without_rows_is_its_header() {
        assert_eq!(render(&["a", "b"], &[]), "a  b\n-  -\n");
    }
}
