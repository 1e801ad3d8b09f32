//! A block that somebody has, with a stamp all over it.

use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use alloc_core::Layout;

use crate::random::mix;

/// Which thread wrote a block's content, and the how-manieth this was for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) thread: u32,
    pub(crate) sequence: u32,
}

/// Bytes of a word of the content.
const WORD: usize = 8;

impl Stamp {
    /// The first word, which tells the stamp.
    fn name(self) -> u64 {
        u64::from(self.thread) << 32 | u64::from(self.sequence)
    }

    /// The stamp that a first word tells.
    fn read(name: u64) -> Self {
        let half = |n: u64| u32::try_from(n & u64::from(u32::MAX)).expect("32 bits");
        Self {
            thread: half(name >> 32),
            sequence: half(name),
        }
    }

    /// A word of the content: the name, and then its checksums, each of them different.
    fn word(self, index: usize) -> [u8; WORD] {
        let word = match index as u64 {
            0 => self.name(),
            n => mix(self.name() ^ n.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        };
        word.to_le_bytes()
    }
}

/// A block that is currently allocated, and whose it is.
pub(crate) struct Held {
    pub(crate) ptr: NonNull<u8>,
    /// What was asked for.
    pub(crate) asked: Layout,
    /// H1: the bytes that there are, all of them the holder's.
    len: usize,
    /// H2: what stands in all of them.
    pub(crate) stamp: Stamp,
}

// SAFETY: plain memory, with one owner.
unsafe impl Send for Held {}

impl Held {
    /// Stamps a block that was just allocated with the layout `asked`, or resized to it.
    ///
    /// # Safety
    ///
    /// It is the caller's alone.
    pub(crate) unsafe fn new(block: NonNull<[u8]>, asked: Layout, stamp: Stamp) -> Self {
        let (ptr, len) = (block.cast::<u8>(), block.len());
        assert!(asked.size() <= len, "{len} bytes for {asked:?}");
        assert!(ptr.addr().get().is_multiple_of(asked.align()));
        // SAFETY: the caller's promise; these bytes need no value.
        let bytes = unsafe { slice::from_raw_parts_mut(ptr.as_ptr().cast(), len) };
        for (index, word) in bytes.chunks_mut(WORD).enumerate() {
            word.copy_from_slice(&stamp.word(index).map(MaybeUninit::new)[..word.len()]);
        }
        Self {
            ptr,
            asked,
            len,
            stamp,
        }
    }

    /// A layout that fits, of the size that is chosen between the least and the most.
    pub(crate) fn fitting(&self, size: impl FnOnce(usize, usize) -> usize) -> Layout {
        let size = size(self.asked.size(), self.len);
        Layout::from_size_align(size, self.asked.align()).expect("it is no larger than the block")
    }

    /// All that there is.
    fn bytes(&self) -> &[u8] {
        // SAFETY: H1, H2.
        unsafe { slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }

    /// Panics unless the stamp stands in all of it.
    pub(crate) fn check(&self) {
        check(self.bytes(), self.stamp);
    }
}

/// Panics unless `bytes` begin with the stamp and hold nothing else.
pub(crate) fn check(bytes: &[u8], stamp: Stamp) {
    for (index, word) in bytes.chunks(WORD).enumerate() {
        let expected = stamp.word(index);
        assert!(
            *word == expected[..word.len()],
            "in the block at {:p} of {stamp:?}, word {index} of {} is {word:x?}, not {expected:x?}; {}",
            bytes.as_ptr(),
            bytes.len().div_ceil(WORD),
            suspect(bytes),
        );
    }
}

/// Who seems to have written this.
fn suspect(bytes: &[u8]) -> String {
    let Some(first) = bytes.first_chunk::<WORD>() else {
        return "too short to tell by whom".to_owned();
    };
    let by = Stamp::read(u64::from_le_bytes(*first));
    let theirs = |(index, word): (usize, &[u8])| *word == by.word(index)[..word.len()];
    let words = bytes.chunks(WORD).enumerate();
    let (count, all) = (
        words.clone().filter(|word| theirs(*word)).count(),
        words.len(),
    );
    format!("{count} of {all} words are of {by:?}")
}
