//! Real containers at work, generic over what they take their memory from.
//!
//! Each workload drops all that it made, and returns a sum over it.

use alloc_core::boxed::Box;
use alloc_core::vec::Vec;
use alloc_core::{Allocator, AllocatorExt};
use hashbrown::HashMap;

use super::{Numbers, answering};
use crate::registry::Round;
use crate::subjects::Lend;
use crate::subjects::arenas::Frame;
use crate::words::{Hashes, Sum};

/// Containers that take their memory from one subject for ever.
pub fn lent<S: Lend>(work: impl Fn(&S) -> u64 + 'static) -> Round {
    let memory = S::fresh();
    answering(move || work(&memory))
}

/// Containers that take their memory from a subject, and then its end.
pub fn framed<S: Lend + Frame>(work: impl Fn(&S) -> u64 + 'static) -> Round {
    let mut memory = S::fresh();
    answering(move || {
        let answer = work(&memory);
        memory.end();
        answer
    })
}

/// A vector that nobody gave a capacity: each growth copies, unless the block can be extended.
pub fn vec_growth<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut numbers = Vec::new_in(allocator);
    (0..20_000_u64).for_each(|number| numbers.push(number));
    numbers.iter().sum()
}

/// Many short texts that are built, kept and dropped together.
pub fn strings<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut texts = Vec::new_in(allocator);
    let mut lengths = Numbers::new(0x5EED);
    for _ in 0..2_000 {
        let mut text = Vec::with_capacity_in(4, allocator);
        text.extend((0..lengths.below(60)).map(|_| b'x'));
        texts.push(text);
    }
    texts.iter().map(|text| text.len() as u64).sum()
}

/// A hash map of growing lists, as an index has them.
pub fn map_of_lists<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut map = HashMap::with_hasher_in(Hashes::default(), allocator);
    let mut keys = Numbers::new(0x5EED);
    for place in 0..4_000_u64 {
        let list = map
            .entry(keys.below(600))
            .or_insert_with(|| Vec::new_in(allocator));
        list.push(place);
    }
    map.values().map(|list| list.iter().sum::<u64>()).sum()
}

/// Blocks of 1 to 512 bytes that are freed in no order.
pub fn mixed_sizes<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut slots: std::vec::Vec<Option<Vec<u8, A>>> = (0..512).map(|_| None).collect();
    let mut numbers = Numbers::new(0x5EED);
    let mut sum = 0;
    for _ in 0..4_000 {
        let size = 1 + numbers.below(512);
        let mut bytes = Vec::with_capacity_in(size, allocator);
        bytes.push(1_u8);
        sum += size as u64;
        slots[numbers.below(512)] = Some(bytes);
    }
    sum
}

/// Boxes of 32 bytes that are all made, then all freed in the order they were made.
pub fn boxes<A: Allocator + Copy>(allocator: A) -> u64 {
    let boxes: std::vec::Vec<_> = (0..2_000_u64)
        .map(|number| Box::new_in([number; 4], allocator))
        .collect();
    boxes.iter().map(|numbers| numbers[3]).sum()
}

/// Boxes of 48 bytes that replace one another in no order.
pub fn churn<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut slots: std::vec::Vec<Option<Box<[u64; 6], A>>> = (0..1_024).map(|_| None).collect();
    let mut numbers = Numbers::new(0x5EED);
    let mut sum = Sum::default();
    for number in 0..6_000 {
        let slot = &mut slots[numbers.below(1_024)];
        if let Some(old) = slot.take() {
            sum.add(old[5]);
        }
        *slot = Some(Box::new_in([number; 6], allocator));
    }
    sum.value()
}

/// A stack of boxed nodes that grows and shrinks.
pub fn list<A: Allocator + Copy>(allocator: A) -> u64 {
    struct Node<A: Allocator> {
        number: u64,
        next: Option<Box<Node<A>, A>>,
    }
    let mut head: Option<Box<Node<A>, A>> = None;
    let mut sum = Sum::default();
    for number in 0..4_000_u64 {
        head = Some(Box::new_in(
            Node {
                number,
                next: head.take(),
            },
            allocator,
        ));
        if number % 4 == 3 {
            for _ in 0..3 {
                head = head.and_then(|mut node| {
                    sum.add(node.number);
                    node.next.take()
                });
            }
        }
    }
    while let Some(mut node) = head {
        head = node.next.take();
    }
    sum.value()
}

/// Blocks of floats that are filled and multiplied.
pub fn products<A: Allocator + Copy>(allocator: A) -> u64 {
    let mut sum = 0.0_f32;
    for round in 0..64_u8 {
        let mut one = Vec::with_capacity_in(1_000, allocator);
        one.resize(1_000, f32::from(round));
        let mut other = Vec::with_capacity_in(1_000, allocator);
        other.resize(1_000, 0.5_f32);
        sum += one.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>();
    }
    u64::from(sum.to_bits())
}

/// Zeroed blocks of 256 KiB of which one byte per page is touched.
///
/// # Panics
///
/// If the allocator has no such block.
pub fn zeroed<A: Allocator + Copy>(allocator: A) -> u64 {
    const LEN: usize = 256 << 10;
    let mut sum = 0;
    for _ in 0..4 {
        let block = allocator
            .allocate_array_zeroed::<u8>(LEN)
            .expect("a block of 256 KiB");
        for page in (0..LEN).step_by(4096) {
            // SAFETY: `page` is less than the length of the block.
            let byte = unsafe { block.cast::<u8>().add(page) };
            // SAFETY: the block is zeroed, and nothing else refers to it.
            sum += u64::from(unsafe { byte.read() }) + 1;
        }
        // SAFETY: allocated above with this count.
        unsafe { allocator.deallocate_array(block.cast::<u8>(), LEN) };
    }
    sum
}
