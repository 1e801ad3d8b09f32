//! Formatting into anything that bumps.

use core::alloc::Layout;
use core::fmt::{self, Write};

use alloc_core::Allocator;

use crate::buffer::Buffer;
use crate::cursor::Cursor;
use crate::values::exhausted;

/// Formats into an arena: `format!(in &arena, "{}", value)` is a `&mut str` there.
///
/// Short for [`Arena::alloc_fmt`](crate::Arena::alloc_fmt) with `format_args!`; takes whatever has
/// that method, so a [`Scope`](crate::Scope) as well. A [`FixedArena`](crate::FixedArena), whose
/// requests may fail, has `try_alloc_fmt`.
///
/// # Panics
///
/// As [`Arena::alloc_fmt`](crate::Arena::alloc_fmt) does.
///
/// # Examples
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let (x, y) = (3, 4);
/// let point = alloc_arena::format!(in &arena, "({x}, {y})");
/// assert_eq!(point, "(3, 4)");
///
/// arena.scope(|scope| {
///     let line = alloc_arena::format!(in scope, "{:>4}", x);
///     assert_eq!(line, "   3");
/// });
/// ```
#[macro_export]
macro_rules! format {
    (in $arena:expr, $($args:tt)*) => {
        $arena.alloc_fmt(::core::format_args!($($args)*))
    };
}

/// Why a text was not formatted.
#[derive(Debug)]
pub(crate) enum Unformatted {
    /// There was no room for a text of at least this many bytes, if they can be counted.
    NoRoom(Option<usize>),
    /// An implementation of `Display` erred, though there was room.
    Display,
}

impl Unformatted {
    /// Ends a formatting that must not fail.
    #[cold]
    #[inline(never)]
    pub(crate) fn end(self) -> ! {
        match self {
            Self::NoRoom(len) => exhausted(len.and_then(|len| Layout::array::<u8>(len).ok())),
            Self::Display => panic!("an implementation of a formatting trait returned an error"),
        }
    }
}

/// A text in the making.
struct Writer<'a, S: Allocator> {
    /// What was written so far, each part of it a whole `str`.
    bytes: Buffer<'a, u8, S>,
    /// What could not be written, if anything: not every implementation of `Display` passes the
    /// error on.
    failed: Option<Unformatted>,
}

impl<S: Allocator> Write for Writer<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.failed.is_some() {
            return Err(fmt::Error);
        }
        self.bytes.extend_from_slice(text.as_bytes()).map_err(|_| {
            let len = self.bytes.len().checked_add(text.len());
            self.failed = Some(Unformatted::NoRoom(len));
            fmt::Error
        })
    }
}

/// Formats `args` into a block of its own. A buffer that is dropped early gives its room back.
#[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
pub(crate) fn format<'c, C: Cursor + Allocator>(
    arena: &'c C,
    args: fmt::Arguments<'_>,
) -> Result<&'c mut str, Unformatted> {
    let known = args.as_str().map_or(0, str::len);
    let bytes =
        Buffer::with_capacity(arena, known).map_err(|_| Unformatted::NoRoom(Some(known)))?;
    let mut writer = Writer {
        bytes,
        failed: None,
    };
    let result = writer.write_fmt(args);
    match (writer.failed, result) {
        (Some(failed), _) => Err(failed),
        (None, Err(fmt::Error)) => Err(Unformatted::Display),
        // SAFETY: whole `str`s side by side are a `str`: `write_str` alone fills the buffer.
        (None, Ok(())) => Ok(unsafe { core::str::from_utf8_unchecked_mut(writer.bytes.finish()) }),
    }
}
