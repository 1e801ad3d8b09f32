//! A string in any allocator.

use core::borrow::Borrow;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Deref, DerefMut};
use core::ptr;
use core::str::Utf8Error;

use alloc_core::boxed::Box;
use alloc_core::vec::Vec;
use alloc_core::{AllocError, Allocator, Global};

/// A growable `str` in any allocator: what allocator-api2's `Vec` and `Box` leave out.
///
/// In an arena it grows in place as long as nothing else is allocated, and may stay there for as
/// long as the arena is borrowed ([`leak`](Self::leak)). It hashes and compares as the `str` that it
/// is, and so serves as a key that is looked up by `&str`.
///
/// # Examples
///
/// ```
/// use alloc_arena::{Arena, String};
/// use core::fmt::Write;
///
/// let arena = Arena::new();
/// let mut line = String::new_in(&arena);
/// line.push_str("total: ");
/// write!(line, "{:.1}", 2.5)?;
/// assert_eq!(line, "total: 2.5");
///
/// let kept: &mut str = line.leak();
/// assert_eq!(kept.len(), 10);
/// # Ok::<(), core::fmt::Error>(())
/// ```
pub struct String<A: Allocator = Global> {
    /// **U1** Valid UTF-8.
    bytes: Vec<u8, A>,
}

impl<A: Allocator> String<A> {
    /// Makes an empty string in `alloc`. Takes no memory.
    pub const fn new_in(alloc: A) -> Self {
        Self {
            bytes: Vec::new_in(alloc),
        }
    }

    /// Makes an empty string in `alloc` that holds `bytes` bytes before it grows.
    ///
    /// # Panics
    ///
    /// If there is no room, as all methods here that have no `try_` in their name do: by way of
    /// `handle_alloc_error`.
    pub fn with_capacity_in(bytes: usize, alloc: A) -> Self {
        Self {
            bytes: Vec::with_capacity_in(bytes, alloc),
        }
    }

    /// Copies `text` to a string in `alloc`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use alloc_arena::{Arena, String};
    /// let arena = Arena::new();
    /// assert_eq!(String::from_str_in("text", &arena), "text");
    /// ```
    pub fn from_str_in(text: &str, alloc: A) -> Self {
        let mut string = Self::with_capacity_in(text.len(), alloc);
        string.push_str(text);
        string
    }

    /// Takes bytes for a string, where they are.
    ///
    /// # Errors
    ///
    /// If they are not UTF-8; they are dropped then.
    pub fn from_utf8(bytes: Vec<u8, A>) -> Result<Self, Utf8Error> {
        core::str::from_utf8(&bytes)?;
        Ok(Self { bytes })
    }

    /// The bytes of the string, where they are.
    pub fn into_bytes(self) -> Vec<u8, A> {
        self.bytes
    }

    /// The string as a slice.
    pub fn as_str(&self) -> &str {
        // SAFETY: U1.
        unsafe { core::str::from_utf8_unchecked(&self.bytes) }
    }

    /// The string as a slice that can be changed.
    pub fn as_mut_str(&mut self) -> &mut str {
        // SAFETY: U1; a `str` stays UTF-8, whatever is done to it.
        unsafe { core::str::from_utf8_unchecked_mut(&mut self.bytes) }
    }

    /// The allocator that the string is in.
    pub fn allocator(&self) -> &A {
        self.bytes.allocator()
    }

    /// The bytes that the string holds before it grows.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Makes room for `additional` more bytes.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn reserve(&mut self, additional: usize) {
        self.bytes.reserve(additional);
    }

    /// Makes room for `additional` more bytes.
    ///
    /// # Errors
    ///
    /// If there is none; the string is unchanged.
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), AllocError> {
        self.bytes.try_reserve(additional).map_err(|_| AllocError)
    }

    /// Gives back the room beyond the text, as far as the allocator takes it back.
    pub fn shrink_to_fit(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// Appends a character.
    ///
    /// # Panics
    ///
    /// If there is no room.
    pub fn push(&mut self, char: char) {
        self.push_str(char.encode_utf8(&mut [0; 4]));
    }

    /// Appends a text.
    ///
    /// # Panics
    ///
    /// If there is no room.
    pub fn push_str(&mut self, text: &str) {
        self.reserve(text.len());
        // SAFETY: there is room now.
        unsafe { self.append(text) };
    }

    /// Appends a text.
    ///
    /// # Errors
    ///
    /// If there is no room; the string is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_arena::{FixedArena, String};
    /// use core::mem::MaybeUninit;
    ///
    /// let mut buffer = [MaybeUninit::uninit(); 16];
    /// let arena = FixedArena::new(&mut buffer);
    /// let mut name = String::new_in(&arena);
    /// name.try_push_str("Ada")?;
    /// assert!(name.try_push_str(" Lovelace, the Countess").is_err());
    /// assert_eq!(name, "Ada");
    /// # Ok::<(), alloc_arena::AllocError>(())
    /// ```
    pub fn try_push_str(&mut self, text: &str) -> Result<(), AllocError> {
        self.try_reserve(text.len())?;
        // SAFETY: there is room now.
        unsafe { self.append(text) };
        Ok(())
    }

    /// Appends a text that there is room for.
    ///
    /// # Safety
    ///
    /// The capacity is at least `text.len()` beyond the length.
    unsafe fn append(&mut self, text: &str) {
        let room = self.bytes.spare_capacity_mut();
        debug_assert!(text.len() <= room.len(), "a text beyond the capacity");
        // SAFETY: the caller's promise; the room is nobody else's, as `self` is borrowed.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), room.as_mut_ptr().cast(), text.len()) };
        // SAFETY: within the capacity, and initialised just now, with a `str`: U1.
        unsafe { self.bytes.set_len(self.bytes.len() + text.len()) };
    }

    /// Removes the last character and returns it.
    pub fn pop(&mut self) -> Option<char> {
        let last = self.as_str().chars().next_back()?;
        self.bytes.truncate(self.len() - last.len_utf8());
        Some(last)
    }

    /// Cuts the string to `len` bytes; does nothing if it has no more than that.
    ///
    /// # Panics
    ///
    /// If `len` is within a character.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            assert!(self.is_char_boundary(len), "{len} is within a character");
            self.bytes.truncate(len);
        }
    }

    /// Removes the text and keeps its room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The text in a box of its length, in the same allocator.
    ///
    /// Gives back the room beyond the text, as far as the allocator takes it back.
    pub fn into_boxed_str(self) -> Box<str, A> {
        let (bytes, alloc) = Box::into_raw_with_allocator(self.bytes.into_boxed_slice());
        // SAFETY: from a box in this allocator; a `str` has the layout of its bytes, and these are
        // UTF-8 (U1).
        unsafe { Box::from_raw_in(bytes as *mut str, alloc) }
    }

    /// The text for as long as its allocator lasts: in `&'a Arena`, a `&'a mut str`.
    ///
    /// It is not freed before the arena takes everything back. In an allocator that is not borrowed
    /// it is never freed. The room beyond the text stays taken; call
    /// [`shrink_to_fit`](Self::shrink_to_fit) first if there is much of it.
    pub fn leak<'a>(self) -> &'a mut str
    where
        A: 'a,
    {
        // SAFETY: U1; a `str` stays UTF-8.
        unsafe { core::str::from_utf8_unchecked_mut(self.bytes.leak()) }
    }
}

impl<A: Allocator> Deref for String<A> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<A: Allocator> DerefMut for String<A> {
    fn deref_mut(&mut self) -> &mut str {
        self.as_mut_str()
    }
}

impl<A: Allocator> AsRef<str> for String<A> {
    fn as_ref(&self) -> &str {
        self
    }
}

// As a `str` hashes, compares for equality and for order: what `Borrow` asks for.
impl<A: Allocator> Borrow<str> for String<A> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<A: Allocator> Hash for String<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<A: Allocator, B: Allocator> PartialEq<String<B>> for String<A> {
    fn eq(&self, other: &String<B>) -> bool {
        **self == **other
    }
}

impl<A: Allocator> Eq for String<A> {}

impl<A: Allocator> PartialEq<str> for String<A> {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl<A: Allocator> PartialEq<&str> for String<A> {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl<A: Allocator, B: Allocator> PartialOrd<String<B>> for String<A> {
    fn partial_cmp(&self, other: &String<B>) -> Option<core::cmp::Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<A: Allocator> Ord for String<A> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl<A: Allocator + Clone> Clone for String<A> {
    fn clone(&self) -> Self {
        Self::from_str_in(self, self.allocator().clone())
    }
}

impl<A: Allocator + Default> Default for String<A> {
    fn default() -> Self {
        Self::new_in(A::default())
    }
}

impl<A: Allocator> Extend<char> for String<A> {
    fn extend<I: IntoIterator<Item = char>>(&mut self, iter: I) {
        let iter = iter.into_iter();
        self.reserve(iter.size_hint().0);
        iter.for_each(|char| self.push(char));
    }
}

impl<'t, A: Allocator> Extend<&'t str> for String<A> {
    fn extend<I: IntoIterator<Item = &'t str>>(&mut self, iter: I) {
        iter.into_iter().for_each(|text| self.push_str(text));
    }
}

/// A part that has no room is an error, not a panic; the parts of a `write!` before it stay.
impl<A: Allocator> fmt::Write for String<A> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.try_push_str(text).map_err(|_| fmt::Error)
    }
}

impl<A: Allocator> fmt::Display for String<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<A: Allocator> fmt::Debug for String<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
