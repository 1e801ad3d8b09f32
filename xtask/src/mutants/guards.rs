//! The guards that a person has listed: the lines without which a protocol is wrong, and what stands there instead.
//!
//! ```text
//! # a comment
//! @ src/bitmap.rs
//!
//! = a batch keeps what it asked for
//! - let won = wanted & !seen;
//! + let won = wanted;
//!
//! = bitmap::claim_in, fetch_or: Acquire to Relaxed
//! ! beyond loom: why no model can notice this one
//! ```
//!
//! `@` names the file of the changes that follow, `=` a change, `-` and `+` its lines before and after, whatever their
//! indentation. `!` says why no model notices a change: a change of this list, or one that is derived, by its whole name.

/// A change of the list.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Entry<'a> {
    pub(super) file: &'a str,
    pub(super) name: &'a str,
    /// The lines that are replaced; none where the entry is about a derived change.
    pub(super) old: Vec<&'a str>,
    pub(super) new: Vec<&'a str>,
    /// Why no model notices.
    pub(super) reason: Option<String>,
}

/// Reads the list.
///
/// # Errors
/// The line that cannot be read.
pub(super) fn read(list: &str) -> Result<Vec<Entry<'_>>, String> {
    let mut entries: Vec<Entry<'_>> = Vec::new();
    let mut file = "";
    for (index, line) in list.lines().enumerate() {
        let (mark, rest) = line.split_at_checked(1).unwrap_or((line, ""));
        let rest = rest.trim();
        match (mark, entries.last_mut()) {
            ("" | "#", _) => {}
            ("@", _) => file = rest,
            ("=", _) => entries.push(Entry {
                file,
                name: rest,
                ..Entry::default()
            }),
            ("-", Some(entry)) => entry.old.push(rest),
            ("+", Some(entry)) => entry.new.push(rest),
            ("!", Some(entry)) => match &mut entry.reason {
                Some(reason) => *reason = format!("{reason} {rest}"),
                none => *none = Some(rest.to_owned()),
            },
            _ => {
                return Err(format!(
                    "line {} of the list cannot be read: `{line}`",
                    index + 1
                ));
            }
        }
    }
    Ok(entries)
}

/// Where the lines stand in a text, whatever their indentation: the line that they begin at, counted from 1, and the bytes.
///
/// # Errors
/// They do not stand there exactly once.
pub(super) fn find(text: &str, lines: &[&str]) -> Result<(usize, std::ops::Range<usize>), String> {
    let mut ends = 0;
    let all: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .map(|line| {
            ends += line.len();
            (ends - line.len(), line)
        })
        .collect();
    let mut found = all.windows(lines.len()).enumerate().filter(|(_, window)| {
        window
            .iter()
            .map(|(_, line)| line.trim())
            .eq(lines.iter().copied())
    });
    match (found.next(), found.next()) {
        (Some((index, window)), None) => {
            let (last, line) = window[window.len() - 1];
            Ok((index + 1, window[0].0..last + line.len()))
        }
        (None, _) => Err("does not occur".to_owned()),
        _ => Err("occurs more than once".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, find, read};

    const LIST: &str = "\
# words

@ src/a.rs
= first
- one
-     two
+ three
= second
! beyond loom: it is
! so
";

    #[test]
    fn a_list_is_read() {
        let first = Entry {
            file: "src/a.rs",
            name: "first",
            old: vec!["one", "two"],
            new: vec!["three"],
            reason: None,
        };
        let second = Entry {
            file: "src/a.rs",
            name: "second",
            reason: Some("beyond loom: it is so".to_owned()),
            ..Entry::default()
        };
        assert_eq!(read(LIST), Ok(vec![first, second]));
        for bad in ["- before any name", "= a\nb"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lines_are_found_once_or_not_at_all() {
        let text = "a\n  b\n    c\nb\n";
        assert_eq!(find(text, &["b", "c"]), Ok((2, 2..12)));
        assert_eq!(find(text, &["b"]), Err("occurs more than once".to_owned()));
        assert_eq!(find(text, &["d"]), Err("does not occur".to_owned()));
    }
}
