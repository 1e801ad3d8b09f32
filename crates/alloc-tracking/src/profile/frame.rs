//! What an address is in the source, and in which file it was loaded from.

use core::fmt;
use std::string::String;

/// A place in the source that an address belongs to, as far as it is known.
///
/// `Display` is one line, such as `parse (src/parse.rs:12:5)`.
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
        write!(f, " ({file}")?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        f.write_str(")")
    }
}

/// A range of addresses that holds a part of a file: the program or a library of it.
///
/// With these a viewer can find the names of addresses by itself, later and on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mapping {
    /// The first address.
    pub start: u64,
    /// The address after the last one.
    pub end: u64,
    /// Where in the file `start` is, in bytes.
    pub offset: u64,
    /// The path of the file.
    pub file: String,
}

impl Mapping {
    /// Makes a mapping of `start..end` to `file`, from `offset` bytes on.
    pub fn new(start: u64, end: u64, offset: u64, file: impl Into<String>) -> Self {
        let file = file.into();
        Self {
            start,
            end,
            offset,
            file,
        }
    }
}
