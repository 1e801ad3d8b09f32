//! Which blocks are taken: one bit each, in atomic words that lie outside the blocks.
//!
//! This is the one implementation behind [`SyncPool`](crate::SyncPool), [`Local`](crate::Local),
//! [`InlineSyncPool`](crate::InlineSyncPool) and the seats of threads. Its correctness is argued in the [crate
//! documentation](crate#why-it-is-correct).

use crate::math;
use crate::sync::{AtomicUsize, BITS, Ordering};

/// How many words count as near.
const NEAR: usize = 8;

/// Blocks of one word that the caller has just become the owner of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Which word.
    pub(crate) word: usize,
    /// Which of its bits; at least one.
    pub(crate) mask: usize,
}

impl Claim {
    /// Index of the lowest block.
    pub(crate) const fn first(self) -> usize {
        self.word * BITS + self.mask.trailing_zeros() as usize
    }

    /// All but the lowest block.
    pub(crate) const fn rest(self) -> Self {
        Self {
            mask: self.mask & self.mask.wrapping_sub(1),
            ..self
        }
    }

    /// How many blocks.
    pub(crate) const fn len(self) -> usize {
        self.mask.count_ones() as usize
    }
}

/// A view of the words of `len` blocks. A one is a block that is taken.
///
/// B1: a bit is only changed by the methods that claim and [`release`](Self::release), which are
/// read-modify-writes, and by [`clear`](Self::clear), whose caller is alone with the pool. So each
/// change of a bit from zero to one is seen by exactly one caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bitmap<'a> {
    /// As many as `len` blocks need.
    words: &'a [AtomicUsize],
    /// In blocks.
    len: usize,
    /// The word to look at first: a guess that may be stale, or any number at all.
    hint: &'a AtomicUsize,
}

impl<'a> Bitmap<'a> {
    /// Views the first words of `words` as the bitmap of `len` blocks; fewer words mean fewer
    /// blocks.
    pub(crate) fn new(words: &'a [AtomicUsize], len: usize, hint: &'a AtomicUsize) -> Self {
        let words = words.get(..math::words_for(len)).unwrap_or(words);
        Self { words, len, hint }
    }

    /// Makes the caller the owner of up to `want` free blocks of one word.
    ///
    /// `None` if each word was seen without a free block, or `want` is 0. Words are not looked at
    /// in one instant: with others freeing and claiming meanwhile, there need not have been a
    /// moment at which all words were full.
    pub(crate) fn claim(&self, want: usize) -> Option<Claim> {
        let count = self.words.len();
        let start = self.hint.load(Ordering::Relaxed).min(count);
        for word in (start..count).chain(0..start) {
            if let Some(mask) = self.claim_in(word, want) {
                if word != start {
                    self.hint.store(word, Ordering::Relaxed);
                }
                return Some(Claim { word, mask });
            }
        }
        None
    }

    /// Claims up to `want` blocks of one word; the mask of those won.
    ///
    /// Lock-free: a round is lost only to somebody who won these very blocks since the last look.
    fn claim_in(&self, word: usize, want: usize) -> Option<usize> {
        let cell = self.words.get(word)?;
        let valid = math::valid_bits(word, self.len);
        let mut seen = cell.load(Ordering::Relaxed);
        loop {
            let wanted = math::lowest_bits(!seen & valid, want);
            if wanted == 0 {
                return None;
            }
            // Acquire: pairs with the Release in `release`, of whoever freed these blocks last. All
            // changes of a word are read-modify-writes, so each is in the release sequence of all
            // earlier ones.
            seen = cell.fetch_or(wanted, Ordering::Acquire);
            let won = wanted & !seen;
            if won != 0 {
                return Some(won);
            }
        }
    }

    /// Makes the caller the owner of this very block, if it is free.
    #[cfg(feature = "std")]
    pub(crate) fn claim_block(&self, index: usize) -> bool {
        let (cell, mask) = (self.words.get(index / BITS), math::bit(index));
        // Acquire: as in `claim_in`.
        index < self.len
            && cell.is_some_and(|cell| cell.fetch_or(mask, Ordering::Acquire) & mask == 0)
    }

    /// Claims up to `want` free blocks of the words that follow `word`, without going far.
    pub(crate) fn claim_near(&self, word: usize, want: usize) -> Option<Claim> {
        (1..=NEAR).find_map(|step| {
            let word = word + step;
            let mask = self.claim_in(word, want)?;
            Some(Claim { word, mask })
        })
    }

    /// Frees the blocks of `claim`, and returns those that were taken: all of them, unless one is
    /// freed twice.
    pub(crate) fn release(&self, claim: Claim) -> usize {
        let Some(cell) = self.words.get(claim.word) else {
            return 0;
        };
        // Release: pairs with the Acquire in `claim_in`, of whoever gets these blocks next.
        let seen = cell.fetch_and(!claim.mask, Ordering::Release);
        if seen == math::valid_bits(claim.word, self.len) {
            // It was full, and may be the only word that is not.
            self.hint.store(claim.word, Ordering::Relaxed);
        }
        seen & claim.mask
    }

    /// Counts the taken blocks, word after word.
    pub(crate) fn taken(&self) -> usize {
        let ones = |word: &AtomicUsize| word.load(Ordering::Relaxed).count_ones() as usize;
        self.words.iter().map(ones).sum()
    }

    /// Sets a block's bit, for the books of debug builds; tells whether it was clear. Relaxed, so
    /// that no checker takes these books for what orders the owners.
    pub(crate) fn mark(&self, index: usize) -> bool {
        let mask = math::bit(index);
        let word = self.words.get(index / BITS);
        word.is_some_and(|word| word.fetch_or(mask, Ordering::Relaxed) & mask == 0)
    }

    /// Clears a block's bit, as [`mark`](Self::mark) sets it; tells whether it was set.
    pub(crate) fn unmark(&self, index: usize) -> bool {
        let mask = math::bit(index);
        let word = self.words.get(index / BITS);
        word.is_some_and(|word| word.fetch_and(!mask, Ordering::Relaxed) & mask != 0)
    }

    /// Frees all blocks. The caller is alone with the pool.
    pub(crate) fn clear(&self) {
        for word in self.words {
            word.store(0, Ordering::Relaxed);
        }
        self.hint.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_block_is_handed_out_once() {
        let words = crate::sync::zero_words::<4>();
        let hint = AtomicUsize::new(0);
        let map = Bitmap::new(&words, 2 * BITS + 3, &hint);
        for index in 0..2 * BITS + 3 {
            assert_eq!(map.claim(1).unwrap().first(), index);
        }
        assert_eq!(map.claim(1), None);
        assert_eq!(map.taken(), 2 * BITS + 3);
        assert_eq!(
            words[3].load(Ordering::Relaxed),
            0,
            "the fourth word is not used"
        );
    }

    #[test]
    fn a_batch_is_of_one_word() {
        let words = crate::sync::zero_words::<2>();
        let hint = AtomicUsize::new(0);
        let map = Bitmap::new(&words, BITS + 3, &hint);
        assert_eq!(map.claim(BITS - 1).unwrap().len(), BITS - 1);
        assert_eq!(
            map.claim(9),
            Some(Claim {
                word: 0,
                mask: 1 << (BITS - 1)
            })
        );
        assert_eq!(
            map.claim(9),
            Some(Claim {
                word: 1,
                mask: 0b111
            })
        );
        assert_eq!(map.claim(9), None);
        assert_eq!(map.claim(0), None);
    }

    #[test]
    fn release_tells_what_was_taken() {
        let words = crate::sync::zero_words::<1>();
        let hint = AtomicUsize::new(usize::MAX);
        let map = Bitmap::new(&words, 3, &hint);
        let all = map.claim(3).unwrap();
        assert_eq!(map.release(all.rest()), 0b110);
        assert_eq!(map.release(all), 0b001);
        assert_eq!(map.release(all), 0);
        assert_eq!(map.release(Claim { word: 1, mask: 1 }), 0);
    }

    #[test]
    fn the_hint_may_be_anything() {
        let words = crate::sync::zero_words::<2>();
        let hint = AtomicUsize::new(usize::MAX);
        let map = Bitmap::new(&words, 2 * BITS, &hint);
        assert_eq!(map.claim(1).unwrap().first(), 0);
        hint.store(1, Ordering::Relaxed);
        assert_eq!(map.claim(1).unwrap().first(), BITS);
        map.clear();
        assert_eq!(map.taken(), 0);
    }
}
