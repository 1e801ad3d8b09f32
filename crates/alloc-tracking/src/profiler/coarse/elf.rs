//! Finds a function in an ELF image of 64 bits, as far as that of the kernel (vDSO) asks for it.
//!
//! The image is what is mapped into memory: offsets and addresses are the same but for the address that
//! it was linked at. Whatever is not as it should be is not found. The formats are those of the System V
//! ABI; of the newer table of hashes there is no text but its programs.
#![forbid(unsafe_code)]

/// Bytes at which the image is said to be `None` if it has fewer: the header.
pub(super) const HEADER: usize = 64;

const LOAD: u64 = 1;
const DYNAMIC: u64 = 2;
const END: u64 = 0;
const HASH: u64 = 4;
const STRINGS: u64 = 5;
const SYMBOLS: u64 = 6;
const GNU_HASH: u64 = 0x6FFF_FEF5;
/// Bytes of an entry of the table of symbols.
const SYMBOL: usize = 24;

/// What a part of an image is, and where.
#[derive(Clone, Copy, Debug)]
struct Segment {
    kind: u64,
    address: u64,
    len: u64,
}

/// How many bytes of memory an image has, of which `start` are the first ones.
pub(super) fn len(start: &[u8]) -> Option<usize> {
    let loaded = segments(start)?.find(|segment| segment.kind == LOAD)?;
    usize::try_from(loaded.len).ok()
}

/// The offset of a function in an image.
pub(super) fn find(image: &[u8], name: &str) -> Option<usize> {
    let origin = segments(image)?.find(|segment| segment.kind == LOAD)?;
    let dynamic = segments(image)?.find(|segment| segment.kind == DYNAMIC)?;
    let offset = |address: u64| usize::try_from(address.wrapping_sub(origin.address)).ok();
    let start = offset(dynamic.address)?;
    // What is after the last entry may look like any.
    let entries = image.get(start..)?.chunks_exact(16);
    let entries = entries.take_while(|entry| u64_at(entry, 0) != Some(END));
    let entry = |wanted: u64| {
        let found = entries
            .clone()
            .find(|entry| u64_at(entry, 0) == Some(wanted))?;
        offset(u64_at(found, 8)?)
    };
    let (symbols, strings) = (entry(SYMBOLS)?, entry(STRINGS)?);
    let count = match entry(HASH) {
        Some(table) => u32_at(image, table.checked_add(4)?)?,
        None => last_by_gnu_hash(image, entry(GNU_HASH)?)?.checked_add(1)?,
    };
    let table = image.get(symbols..)?.chunks_exact(SYMBOL);
    let found = table.take(count).find(|symbol| {
        let named = u32_at(symbol, 0).and_then(|at| image.get(strings.checked_add(at)?..));
        // A section of 0 is none: the image asks others for that symbol.
        u16_at(symbol, 6) != Some(0)
            && named
                .and_then(|bytes| bytes.strip_prefix(name.as_bytes()))
                .is_some_and(|rest| rest.first() == Some(&0))
    })?;
    offset(u64_at(found, 8)?).filter(|&offset| offset < image.len())
}

/// The number of the last symbol: the end of the chain that begins last.
fn last_by_gnu_hash(image: &[u8], table: usize) -> Option<usize> {
    let word = |index: usize| u32_at(image, table.checked_add(index.checked_mul(4)?)?);
    let (buckets, first, bloom) = (word(0)?, word(1)?, word(2)?);
    let begin = bloom.checked_mul(2)?.checked_add(4)?;
    let chains = begin.checked_add(buckets)?;
    let mut last = 0;
    for bucket in begin..chains {
        last = last.max(word(bucket)?);
    }
    loop {
        let link = word(chains.checked_add(last.checked_sub(first)?)?)?;
        if link & 1 != 0 {
            return Some(last);
        }
        last = last.checked_add(1)?;
    }
}

fn segments(image: &[u8]) -> Option<impl Iterator<Item = Segment>> {
    // Of 64 bits.
    if image.get(..5)? != b"\x7FELF\x02" {
        return None;
    }
    let start = usize::try_from(u64_at(image, 32)?).ok()?;
    let (size, count) = (u16_at(image, 54)?, u16_at(image, 56)?);
    let table = image.get(start..)?.chunks_exact(size.max(56));
    Some(table.take(count).filter_map(|segment| {
        Some(Segment {
            kind: u64::try_from(u32_at(segment, 0)?).ok()?,
            address: u64_at(segment, 16)?,
            len: u64_at(segment, 40)?,
        })
    }))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    bytes_at(bytes, at).map(|bytes| u16::from_ne_bytes(bytes).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_ne_bytes(bytes_at(bytes, at)?)).ok()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes_at(bytes, at).map(u64::from_ne_bytes)
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::{DYNAMIC, GNU_HASH, HASH, LOAD, STRINGS, SYMBOLS, find};
    use std::vec::Vec;

    /// An image of one function, `f`, at 0x200, whose dynamic section ends and is followed by words.
    fn image(dynamic: &[(u64, u64)], after: [u64; 2]) -> Vec<u8> {
        let mut image = std::vec![0; 0x400];
        let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, b"\x7FELF\x02");
        put(32, &64_u64.to_ne_bytes());
        put(54, &56_u16.to_ne_bytes());
        put(56, &2_u16.to_ne_bytes());
        let len = 16 * (dynamic.len() as u64 + 1);
        for (at, kind, address, len) in [(64, LOAD, 0, 0x400), (120, DYNAMIC, 0x100, len)] {
            put(at, &kind.to_ne_bytes()[..4]);
            put(at + 16, &u64::to_ne_bytes(address));
            put(at + 40, &u64::to_ne_bytes(len));
        }
        let end = [(0, 0), (after[0], after[1])];
        for (i, (tag, value)) in dynamic.iter().chain(&end).enumerate() {
            put(0x100 + 16 * i, &tag.to_ne_bytes());
            put(0x108 + 16 * i, &value.to_ne_bytes());
        }
        // Of three symbols it is the last one.
        let symbol = 0x300 + 2 * 24;
        put(symbol, &1_u32.to_ne_bytes());
        put(symbol + 6, &1_u16.to_ne_bytes());
        put(symbol + 8, &0x200_u64.to_ne_bytes());
        put(0x381, b"f\0");
        // One bucket, symbols from 1 on, no filter, and the chain of two: the second one ends it.
        for (i, word) in [1, 1, 0, 0, 1, 0, 1_u32].into_iter().enumerate() {
            put(0x3A0 + 4 * i, &word.to_ne_bytes());
        }
        image
    }

    #[test]
    fn the_dynamic_section_ends_with_its_last_entry() {
        let entries = [(SYMBOLS, 0x300), (STRINGS, 0x380), (GNU_HASH, 0x3A0)];
        assert_eq!(find(&image(&entries, [0, 0]), "f"), Some(0x200));
        // What follows looks like the entry of an older table, of no symbols.
        assert_eq!(find(&image(&entries, [HASH, 0x3F0]), "f"), Some(0x200));
        // Or it is what is missing.
        assert_eq!(find(&image(&entries[..2], [GNU_HASH, 0x3A0]), "f"), None);
    }
}
