//! The few pieces of Protocol Buffers that a writer needs: varints, bytes, and packed numbers.
//!
//! See the section "Encoding" of the description of Protocol Buffers at `protobuf.dev`.

use std::vec::Vec;

/// A message that is being written. A field that is 0 or empty is left out, as readers expect.
#[derive(Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
}

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

impl Message {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A field of type `uint64`, `int64` (not negative) or `bool`.
    pub(super) fn number(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.varint(field << 3 | VARINT);
            self.varint(value);
        }
    }

    /// A field of type `repeated uint64` or `repeated int64`, packed.
    pub(super) fn numbers(&mut self, field: u64, values: impl IntoIterator<Item = u64>) {
        let mut packed = Self::new();
        values.into_iter().for_each(|value| packed.varint(value));
        if !packed.bytes.is_empty() {
            self.bytes(field, &packed.bytes);
        }
    }

    /// A field that is a message. It is written even if it is empty: a list counts its items.
    pub(super) fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.bytes);
    }

    /// An item of a field of type `repeated string`, which may be empty.
    pub(super) fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Seven bits a byte, the lowest first; all but the last have the eighth bit set.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(lowest(value) | 0x80);
            value >>= 7;
        }
        self.bytes.push(lowest(value));
    }
}

const fn lowest(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::Message;

    /// The examples of the description itself.
    #[test]
    fn as_in_the_book() {
        let mut inner = Message::new();
        inner.number(1, 150);
        assert_eq!(inner.as_bytes(), [0x08, 0x96, 0x01]);
        let mut outer = Message::new();
        outer.message(3, &inner);
        assert_eq!(outer.as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let mut text = Message::new();
        text.bytes(2, b"testing");
        assert_eq!(text.as_bytes(), b"\x12\x07testing");
        let mut packed = Message::new();
        packed.numbers(6, [3, 270, 86_942]);
        let expected = [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05];
        assert_eq!(packed.as_bytes(), expected);
    }

    #[test]
    fn extremes() {
        let mut message = Message::new();
        message.number(1, 0);
        message.numbers(2, []);
        assert!(message.as_bytes().is_empty());
        message.number(1, u64::MAX);
        assert_eq!(
            message.as_bytes()[1..],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        );
    }
}
