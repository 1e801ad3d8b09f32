//! Deserializing into an arena: what arrives there, and what is left when it fails.
#![cfg(feature = "serde")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::marker::PhantomData;
use std::rc::Rc;

use alloc_arena::serde::{Slice, Str};
use alloc_arena::{Arena, ArenaBuilder, String};
use serde_core::de::value::{Error, SeqDeserializer};
use serde_core::de::{DeserializeSeed, Deserializer};
use serde_json::de::IoRead;

/// Reads JSON piece by piece: nothing can be borrowed from it.
fn json(text: &str) -> serde_json::Deserializer<IoRead<&[u8]>> {
    serde_json::Deserializer::from_reader(text.as_bytes())
}

#[test]
fn texts_arrive_with_their_escapes() {
    let arena = Arena::new();
    let text = std::string::String::from(r#"["plain", "", "\u20ac \"quoted\"\n", "𝄞"]"#);
    let lines = Slice(&arena, Str(&arena))
        .deserialize(&mut json(&text))
        .unwrap();
    drop(text);
    assert_eq!(lines, ["plain", "", "€ \"quoted\"\n", "𝄞"]);
}

/// Of ever more numbers.
const ROWS: u16 = if cfg!(miri) { 10 } else { 40 };

#[test]
fn sequences_nest_and_grow() {
    let arena = Arena::new();
    let rows: Vec<Vec<u16>> = (0..ROWS).map(|row| (0..row * 3).collect()).collect();
    let text = serde_json::to_string(&rows).unwrap();
    let seed = Slice(&arena, Slice(&arena, PhantomData::<u16>));
    let copy = seed.clone().deserialize(&mut json(&text)).unwrap();
    assert!(
        copy.iter()
            .map(|row| &**row)
            .eq(rows.iter().map(|row| &**row))
    );
    let again = seed.deserialize(&mut json(&text)).unwrap();
    let last = copy.len() - 1;
    again[last][0] = 7;
    assert_eq!((copy[last][0], again[last][0]), (0, 7));
    let none = Slice(&arena, PhantomData::<()>).deserialize(&mut json("[null, null]"));
    assert_eq!(none.unwrap().len(), 2);
}

#[test]
fn what_is_no_text_or_no_sequence_is_an_error() {
    let arena = Arena::new();
    assert!(Str(&arena).deserialize(&mut json("7")).is_err());
    assert!(Str(&arena).deserialize(&mut json("\"open")).is_err());
    let numbers = Slice(&arena, PhantomData::<u8>);
    for wrong in ["7", "{}", "[1, 300]", "[1, 2", "[1, \"x\"]"] {
        let error = numbers.clone().deserialize(&mut json(wrong));
        assert!(error.is_err(), "{wrong}");
    }
    assert_eq!(arena.used(), 0, "the room of what failed is free again");
}

#[test]
fn no_room_is_an_error() {
    let arena = ArenaBuilder::new().limit(512).build();
    let long = serde_json::to_string(&"x".repeat(1000)).unwrap();
    let error = Str(&arena).deserialize(&mut json(&long)).unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
    let many = serde_json::to_string([7; 1000].as_slice()).unwrap();
    let numbers = Slice(&arena, PhantomData::<u64>);
    assert!(numbers.deserialize(&mut json(&many)).is_err());
    let fits = Slice(&arena, PhantomData::<u8>).deserialize(&mut json("[1, 2]"));
    assert_eq!(fits.unwrap(), [1, 2]);
}

/// A seed whose values are counted; it errs at the last one.
#[derive(Clone)]
struct Counted(Rc<()>);

impl<'de> DeserializeSeed<'de> for Counted {
    type Value = Rc<()>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Rc<()>, D::Error> {
        let number: u32 = serde_core::Deserialize::deserialize(from)?;
        if number < 20 {
            Ok(self.0)
        } else {
            Err(serde_core::de::Error::custom("on purpose"))
        }
    }
}

#[test]
fn an_error_drops_the_elements_before_it() {
    let arena = Arena::new();
    let count = Rc::new(());
    let seed = Slice(&arena, Counted(count.clone()));
    let numbers = SeqDeserializer::<_, Error>::new(0..30_u32);
    assert!(seed.deserialize(numbers).is_err());
    assert_eq!((Rc::strong_count(&count), arena.used()), (1, 0));
}

#[test]
fn a_length_that_is_a_lie_takes_no_memory() {
    let arena = Arena::new();
    let endless =
        SeqDeserializer::<_, Error>::new((0..u32::MAX).map_while(|n| (n < 3).then_some(n)));
    let claims = Liar(endless);
    let numbers = Slice(&arena, PhantomData::<u32>)
        .deserialize(claims)
        .unwrap();
    assert_eq!(numbers, [0, 1, 2]);
    assert!(arena.reserved() < 1 << 18, "{} bytes", arena.reserved());
}

/// Claims that its sequence is as long as there can be one.
struct Liar<D>(D);

impl<'de, D: serde_core::de::SeqAccess<'de>> serde_core::de::SeqAccess<'de> for Liar<D> {
    type Error = D::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, D::Error> {
        self.0.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(usize::MAX)
    }
}

impl<'de, D: serde_core::de::SeqAccess<'de>> Deserializer<'de> for Liar<D> {
    type Error = D::Error;

    fn deserialize_any<V: serde_core::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_seq(self)
    }

    serde_core::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn a_string_serializes_as_a_text() {
    let arena = Arena::new();
    let text = String::from_str_in("a \"text\"", &arena);
    assert_eq!(serde_json::to_string(&text).unwrap(), r#""a \"text\"""#);
}
