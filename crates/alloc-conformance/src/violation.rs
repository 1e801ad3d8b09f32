//! What a law says when it is broken.

use std::error::Error;
use std::fmt;

/// A broken law: its name, and a sentence that says what was seen.
///
/// # Examples
///
/// ```
/// use alloc_conformance::Violation;
///
/// let violation = Violation::new("alignment", "a block of 8 bytes at 0x1001 is not aligned to 2");
/// assert_eq!(violation.law(), "alignment");
/// assert!(violation.to_string().starts_with("the law `alignment` is broken"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    law: &'static str,
    message: String,
}

impl Violation {
    /// Makes a violation of `law`.
    pub fn new(law: &'static str, message: impl Into<String>) -> Self {
        Self {
            law,
            message: message.into(),
        }
    }

    /// The name of the broken law, one of [`law_names`](crate::law_names).
    pub fn law(&self) -> &'static str {
        self.law
    }

    /// What was seen.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Says under which circumstances it was seen.
    pub(crate) fn with_context(mut self, context: &str) -> Self {
        self.message.push_str(context);
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the law `{}` is broken: {}", self.law, self.message)
    }
}

impl Error for Violation {}
