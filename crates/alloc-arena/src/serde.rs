//! Deserializing into an arena: text and sequences that live where the arena keeps them.
//!
//! A `&str` field that is deserialized from JSON fails as soon as the text has an escape, and a `Vec`
//! is a block of its own. Here a seed carries the arena to where the data is read: [`Str`] copies a
//! text there, [`Slice`] a sequence, of whatever another seed makes. `PhantomData<T>` is the seed
//! of each type that needs no arena.
//!
//! The other way, `&str`, slices and [`String`](crate::String) serialize as they are.
//!
//! # Examples
//!
//! ```
//! use alloc_arena::{Arena, serde::{Slice, Str}};
//! use serde_core::de::DeserializeSeed;
//!
//! let arena = Arena::new();
//! let mut json = serde_json::Deserializer::from_str(r#"["plain", "with\nescape"]"#);
//! let lines: &mut [&str] = Slice(&arena, Str(&arena)).deserialize(&mut json)?;
//! assert_eq!(lines, ["plain", "with\nescape"]);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A struct takes a seed of its own, which passes the arena on:
//!
//! ```
//! use alloc_arena::{Arena, serde::Str};
//! use serde_core::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
//! use core::fmt;
//!
//! #[derive(Debug, PartialEq)]
//! struct User<'a> {
//!     name: &'a str,
//! }
//!
//! struct UserIn<'a>(&'a Arena);
//!
//! impl<'de, 'a> DeserializeSeed<'de> for UserIn<'a> {
//!     type Value = User<'a>;
//!
//!     fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<User<'a>, D::Error> {
//!         from.deserialize_map(self)
//!     }
//! }
//!
//! impl<'de, 'a> Visitor<'de> for UserIn<'a> {
//!     type Value = User<'a>;
//!
//!     fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//!         f.write_str("a user")
//!     }
//!
//!     fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<User<'a>, M::Error> {
//!         let mut name = None;
//!         while let Some(key) = map.next_key_seed(Str(self.0))? {
//!             match key {
//!                 "name" => name = Some(map.next_value_seed(Str(self.0))?),
//!                 _ => return Err(Error::unknown_field(key, &["name"])),
//!             }
//!         }
//!         let name = name.ok_or_else(|| Error::missing_field("name"))?;
//!         Ok(User { name })
//!     }
//! }
//!
//! let arena = Arena::new();
//! let mut json = serde_json::Deserializer::from_str(r#"{"name": "Ada \"Countess\" Lovelace"}"#);
//! let user = UserIn(&arena).deserialize(&mut json)?;
//! assert_eq!(user.name, "Ada \"Countess\" Lovelace");
//! # Ok::<(), serde_json::Error>(())
//! ```

use core::fmt;

use alloc_core::{Allocator, DefaultUpstream};
use serde_core::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
#[cfg(feature = "alloc")]
use serde_core::ser::{Serialize, Serializer};

use crate::Arena;
use crate::buffer::Buffer;

/// What a sequence may claim to need before its elements are there: 64 KiB.
const CLAIM: usize = 1 << 16;

/// The seed of a text in an arena: `Str(&arena)` deserializes to `&str`.
///
/// # Errors
///
/// If the text has no room in the arena, or is none.
pub struct Str<'a, A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8>(
    /// Where the text is put.
    pub &'a Arena<A, MIN_ALIGN>,
);

/// The seed of a sequence in an arena: `Slice(&arena, seed)` deserializes to `&mut [T]`, where `seed`
/// deserializes to `T`.
///
/// The slice grows in place while nothing else is allocated. If `seed` allocates in the same arena
/// and the length is not known ahead, the slice moves when it grows, and its earlier places stay
/// unused until the arena takes everything back; a second arena for what `seed` makes avoids that.
/// The destructors of the elements do not run, except when deserializing fails.
///
/// # Errors
///
/// If the sequence has no room in the arena, or is none, or `seed` errs.
///
/// # Examples
///
/// ```
/// use alloc_arena::{Arena, serde::Slice};
/// use core::marker::PhantomData;
/// use serde_core::de::DeserializeSeed;
///
/// let arena = Arena::new();
/// let mut json = serde_json::Deserializer::from_str("[[1, 2], [], [3]]");
/// let rows = Slice(&arena, Slice(&arena, PhantomData::<u32>)).deserialize(&mut json)?;
/// rows[0][1] += 1;
/// assert_eq!(rows, [&[1, 3][..], &[], &[3]]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Slice<'a, S, A: Allocator = DefaultUpstream, const MIN_ALIGN: usize = 8>(
    /// Where the slice is put.
    pub &'a Arena<A, MIN_ALIGN>,
    /// The seed of each element.
    pub S,
);

fn no_room<E: Error>() -> E {
    E::custom("the arena has no room")
}

impl<'de, 'a, A: Allocator, const MIN_ALIGN: usize> DeserializeSeed<'de> for Str<'a, A, MIN_ALIGN> {
    type Value = &'a str;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'a str, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'a, A: Allocator, const MIN_ALIGN: usize> Visitor<'_> for Str<'a, A, MIN_ALIGN> {
    type Value = &'a str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<&'a str, E> {
        match self.0.try_alloc_str(text) {
            Ok(text) => Ok(text),
            Err(_) => Err(no_room()),
        }
    }
}

impl<'de, 'a, S, A, const MIN_ALIGN: usize> DeserializeSeed<'de> for Slice<'a, S, A, MIN_ALIGN>
where
    S: DeserializeSeed<'de> + Clone,
    S::Value: 'a,
    A: Allocator,
{
    type Value = &'a mut [S::Value];

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, 'a, S, A, const MIN_ALIGN: usize> Visitor<'de> for Slice<'a, S, A, MIN_ALIGN>
where
    S: DeserializeSeed<'de> + Clone,
    S::Value: 'a,
    A: Allocator,
{
    type Value = &'a mut [S::Value];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<Q: SeqAccess<'de>>(self, mut seq: Q) -> Result<Self::Value, Q::Error> {
        let most = CLAIM / size_of::<S::Value>().max(1);
        let claimed = seq.size_hint().unwrap_or(0).min(most);
        let mut values = Buffer::with_capacity(self.0, claimed).map_err(|_| no_room())?;
        while let Some(value) = seq.next_element_seed(self.1.clone())? {
            values.push(value).map_err(|_| no_room())?;
        }
        Ok(values.finish())
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Clone for Str<'_, A, MIN_ALIGN> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> Copy for Str<'_, A, MIN_ALIGN> {}

impl<S: Clone, A: Allocator, const MIN_ALIGN: usize> Clone for Slice<'_, S, A, MIN_ALIGN> {
    fn clone(&self) -> Self {
        Self(self.0, self.1.clone())
    }
}

impl<A: Allocator, const MIN_ALIGN: usize> fmt::Debug for Str<'_, A, MIN_ALIGN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Str").field(self.0).finish()
    }
}

impl<S: fmt::Debug, A: Allocator, const MIN_ALIGN: usize> fmt::Debug
    for Slice<'_, S, A, MIN_ALIGN>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slice").field(self.0).field(&self.1).finish()
    }
}

/// As the `str` that it is.
#[cfg(feature = "alloc")]
impl<A: Allocator> Serialize for crate::String<A> {
    fn serialize<Z: Serializer>(&self, to: Z) -> Result<Z::Ok, Z::Error> {
        to.serialize_str(self)
    }
}
