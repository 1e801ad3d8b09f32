//! What an address is in the source.

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
