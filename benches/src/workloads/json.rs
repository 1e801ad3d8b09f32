//! A reader of JSON whose values lie in memory of any allocator.

use std::fmt::Write;

use alloc_core::Allocator;
use alloc_core::vec::Vec;

use super::Numbers;
use crate::words::{Sum, hash};

/// How long the document is at least, in bytes.
const LEN: usize = 200 << 10;

/// A value of JSON.
enum Value<A: Allocator> {
    Null,
    Truth(bool),
    Number(f64),
    Text(Vec<u8, A>),
    List(Vec<Self, A>),
    /// Its members, in the order of the text.
    Map(Vec<(Vec<u8, A>, Self), A>),
}

/// Reads a document into a tree, and sums the tree up.
///
/// # Panics
///
/// If it is no JSON as [`document`] makes it.
pub fn parse<A: Allocator + Copy>(document: &str, allocator: A) -> u64 {
    let mut reader = Reader {
        rest: document.as_bytes(),
        allocator,
    };
    let tree = reader.value().expect("the document is JSON");
    assert!(reader.rest.is_empty(), "nothing follows the value");
    let mut sum = Sum::default();
    tree.sum_up(&mut sum);
    sum.value()
}

impl<A: Allocator> Value<A> {
    fn sum_up(&self, sum: &mut Sum) {
        match self {
            Self::Null => sum.add(1),
            Self::Truth(truth) => sum.add(2 + u64::from(*truth)),
            Self::Number(number) => sum.add(number.to_bits()),
            Self::Text(text) => sum.add(hash(text)),
            Self::List(items) => items.iter().for_each(|item| item.sum_up(sum)),
            Self::Map(members) => {
                for (name, value) in members {
                    sum.add(hash(name));
                    value.sum_up(sum);
                }
            }
        }
    }
}

/// What is still to be read, and where to put it. Each method takes what it reads off the text, and
/// returns nothing if there is something else.
struct Reader<'t, A> {
    rest: &'t [u8],
    allocator: A,
}

impl<A: Allocator + Copy> Reader<'_, A> {
    fn value(&mut self) -> Option<Value<A>> {
        self.skip();
        let value = match self.rest.first()? {
            b'n' => self.word(b"null", Value::Null),
            b't' => self.word(b"true", Value::Truth(true)),
            b'f' => self.word(b"false", Value::Truth(false)),
            b'"' => self.text().map(Value::Text),
            b'[' => self.items(b']', Self::value).map(Value::List),
            b'{' => self.items(b'}', Self::member).map(Value::Map),
            _ => self.number(),
        };
        self.skip();
        value
    }

    /// Skips blanks.
    fn skip(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes these bytes, if they are next.
    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(bytes)?;
        Some(())
    }

    fn word(&mut self, word: &[u8], value: Value<A>) -> Option<Value<A>> {
        self.take(word).map(|()| value)
    }

    fn number(&mut self) -> Option<Value<A>> {
        let in_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = self.rest.iter().take_while(|byte| in_number(byte)).count();
        let (digits, rest) = self.rest.split_at(len);
        self.rest = rest;
        let number = str::from_utf8(digits).ok()?.parse();
        number.ok().map(Value::Number)
    }

    /// A list of items between brackets.
    fn items<T>(&mut self, end: u8, item: fn(&mut Self) -> Option<T>) -> Option<Vec<T, A>> {
        let mut items = Vec::new_in(self.allocator);
        self.rest = &self.rest[1..];
        self.skip();
        while self.take(&[end]).is_none() {
            if !items.is_empty() {
                self.take(b",")?;
            }
            items.push(item(self)?);
        }
        Some(items)
    }

    fn member(&mut self) -> Option<(Vec<u8, A>, Value<A>)> {
        self.skip();
        let name = self.text()?;
        self.skip();
        self.take(b":")?;
        Some((name, self.value()?))
    }

    fn text(&mut self) -> Option<Vec<u8, A>> {
        let mut text = Vec::new_in(self.allocator);
        self.take(b"\"")?;
        loop {
            let plain = |byte: &&u8| !matches!(byte, b'"' | b'\\');
            let len = self.rest.iter().take_while(plain).count();
            let (bytes, rest) = self.rest.split_at(len);
            text.extend_from_slice(bytes);
            self.rest = rest;
            if self.take(b"\"").is_some() {
                return Some(text);
            }
            self.take(b"\\")?;
            self.escape(&mut text)?;
        }
    }

    /// What follows a backslash. Characters that UTF-16 makes of two units are none.
    fn escape(&mut self, text: &mut Vec<u8, A>) -> Option<()> {
        let (&kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        let character = match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'"' | b'\\' | b'/' => char::from(kind),
            b'u' => {
                let (digits, rest) = self.rest.split_at_checked(4)?;
                self.rest = rest;
                let unit = u32::from_str_radix(str::from_utf8(digits).ok()?, 16);
                char::from_u32(unit.ok()?)?
            }
            _ => return None,
        };
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }
}

/// A document of 200 KiB, the same in each run: a list of records, as a server answers with.
pub fn document() -> String {
    let mut numbers = Numbers::new(0x5EED);
    let mut text = String::from("[");
    for id in 0.. {
        record(&mut text, id, &mut numbers);
        if text.len() >= LEN {
            break;
        }
        text.push_str(",\n");
    }
    text.push(']');
    text
}

/// Adds a record.
fn record(text: &mut String, id: u32, numbers: &mut Numbers) {
    const WORDS: [&str; 8] = [
        "north",
        "of",
        "the",
        "river",
        "\\u00e9tage",
        "a \\\"quote\\\"",
        "line\\n",
        "end",
    ];
    let mut words = |least: usize, apart: &str| {
        let count = least + numbers.below(5);
        let words: std::vec::Vec<_> = (0..count).map(|_| WORDS[numbers.below(8)]).collect();
        words.join(apart)
    };
    let (name, tags, note) = (words(1, " "), words(1, "\", \""), words(8, " "));
    let (east, north) = (numbers.below(36_000), numbers.below(9_000));
    let (active, parent) = (numbers.below(2) == 0, numbers.below(1_000));
    let written = write!(
        text,
        "{{\"id\": {id}, \"name\": \"{name}\", \"active\": {active}, \"parent\": {parent}, \
         \"before\": null,\n  \"tags\": [\"{tags}\"], \"place\": {{\"east\": {}.{:02}, \
         \"north\": -{north}e-2}}, \"note\": \"{note}\"}}",
        east / 100,
        east % 100,
    );
    written.expect("a `String` takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_core::System;

    /// Tells whether two texts are read as the same.
    fn same(one: &str, other: &str) -> bool {
        parse(one, System) == parse(other, System)
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let text = r#" { "a" : [ 1 , -2.5e1 , true , false , null ] , "\u00e9\n\"" : { } } "#;
        assert!(same(
            text,
            "{\"a\":[1.0,-25,true,false,null],\"\\u00E9\\n\\\"\":[]}"
        ));
        assert!(!same("[1]", "[2]"));
        assert!(!same("[null]", "[true]"));
        assert!(!same("{\"a\":1}", "{\"b\":1}"));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "", "[1 2]", "[1,]", "{\"a\"}", "\"", "\"\\x\"", "nul", "1.2.3",
        ] {
            let mut reader = Reader {
                rest: text.as_bytes(),
                allocator: System,
            };
            assert!(reader.value().is_none(), "{text}");
        }
    }

    #[test]
    fn the_document_is_long_enough_and_the_same_each_time() {
        let document = document();
        assert!((LEN..LEN + 1_000).contains(&document.len()));
        assert_eq!(document, super::document());
        assert_ne!(parse(&document, System), 0);
    }
}
