//! The few pieces of JSON (RFC 8259) that a writer needs.
//!
//! Not `serde_json`: what is written here is numbers and strings in a fixed order, straight to the
//! output. Only strings need care, and that is the function below; a dependency, and a tree of the
//! whole profile in memory, would bring nothing else.

use core::fmt;
use std::io::{self, Write};

/// A string in quotes, with what JSON forbids in it escaped. Its text is UTF-8 as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| c < ' ' || c == '"' || c == '\\') {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            let (byte, after) = (special.as_bytes()[0], &special[1..]);
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                _ => write!(f, "\\u{byte:04x}")?,
            }
            rest = after;
        }
        write!(f, "{rest}\"")
    }
}

/// A value, or `null`.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrNull<T>(pub(super) Option<T>);

impl<T: fmt::Display> fmt::Display for OrNull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// Writes `[`, the items with `separator` between them, and `]`.
pub(super) fn write_list<W: Write, T>(
    out: &mut W,
    separator: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut W, T) -> io::Result<()>,
) -> io::Result<()> {
    out.write_all(b"[")?;
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.write_all(separator.as_bytes())?;
        }
        each(out, item)?;
    }
    out.write_all(b"]")
}

#[cfg(test)]
mod tests {
    use super::{OrNull, Quoted};
    use std::string::{String, ToString};

    #[test]
    fn every_character_comes_back() {
        let last = if cfg!(miri) { '\u{ff}' } else { char::MAX };
        let all: String = ('\0'..=last).collect();
        let read: String = serde_json::from_str(&Quoted(&all).to_string()).unwrap();
        assert!(read.chars().eq(all.chars()));
    }

    #[test]
    fn what_must_be_escaped_is_and_nothing_else() {
        let text = "\"C:\\dir\"\n\u{1f}\u{7f}/é";
        assert_eq!(
            Quoted(text).to_string(),
            "\"\\\"C:\\\\dir\\\"\\u000a\\u001f\u{7f}/é\""
        );
        assert_eq!(Quoted("").to_string(), "\"\"");
    }

    #[test]
    fn nothing_is_null() {
        assert_eq!(OrNull(Some(5)).to_string(), "5");
        assert_eq!(OrNull(None::<u8>).to_string(), "null");
    }
}
