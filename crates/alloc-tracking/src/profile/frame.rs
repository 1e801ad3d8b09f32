//! What an address is in the source.

use core::fmt;
use std::string::String;

/// A place in the source that an address belongs to, as far as it is known.
///
/// `Display` is one line, such as `parse (src/parse.rs:12:5)`. It leaves out where on the machine the
/// source of the standard library and of crates from a registry is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Frame {
    /// The function, demangled.
    pub function: Option<String>,
    /// The source file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl Frame {
    /// Makes a frame of a function whose place is not known.
    pub fn new(function: impl Into<String>) -> Self {
        Self {
            function: Some(function.into()),
            ..Self::default()
        }
    }

    /// Adds the file and the line.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: u32) -> Self {
        (self.file, self.line) = (Some(file.into()), Some(line));
        self
    }

    /// Adds the column.
    #[must_use]
    pub fn column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }

    /// The name of the function, or `???` if there is none.
    pub fn name(&self) -> &str {
        let name = self.function.as_deref().unwrap_or_default();
        if name.is_empty() { "???" } else { name }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        let Some(file) = &self.file else {
            return Ok(());
        };
        write!(f, " ({}", short(file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        f.write_str(")")
    }
}

/// A path from the name of the crate on, if it is one of the standard library or of a registry.
fn short(path: &str) -> &str {
    let after = |folder: &str| path.split_once(folder).map(|parts| parts.1);
    let library = || after("/rustlib/src/rust/library/");
    let compiled = || {
        after("/rustc/")?
            .split_once("/library/")
            .map(|parts| parts.1)
    };
    let bundled = || path.strip_prefix("/rust/deps/");
    let crates = || {
        after("/registry/src/")?
            .split_once('/')
            .map(|parts| parts.1)
    };
    library()
        .or_else(compiled)
        .or_else(bundled)
        .or_else(crates)
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{Frame, short};
    use std::string::ToString;

    #[test]
    fn paths_begin_with_the_crate() {
        for (path, expected) in [
            (
                "/rustc/59807616e1fa25/library/alloc/src/vec/mod.rs",
                "alloc/src/vec/mod.rs",
            ),
            (
                "/home/a/.rustup/toolchains/x/lib/rustlib/src/rust/library/core/src/a.rs",
                "core/src/a.rs",
            ),
            (
                "/rust/deps/hashbrown-0.16.1/src/raw.rs",
                "hashbrown-0.16.1/src/raw.rs",
            ),
            (
                "/home/a/.cargo/registry/src/index.crates.io-19/rgb-0.8/src/a.rs",
                "rgb-0.8/src/a.rs",
            ),
            ("src/main.rs", "src/main.rs"),
            ("/home/a/rustc/b.rs", "/home/a/rustc/b.rs"),
            ("", ""),
        ] {
            assert_eq!(short(path), expected);
        }
    }

    #[test]
    fn as_much_as_is_known() {
        assert_eq!(Frame::default().to_string(), "???");
        assert_eq!(
            Frame::new("").at("a.rs", 1).column(2).to_string(),
            "??? (a.rs:1:2)"
        );
        let file = Frame {
            line: None,
            ..Frame::new("f").at("a.rs", 1).column(2)
        };
        assert_eq!(file.to_string(), "f (a.rs)");
    }
}
