//! What a flush frees, sorted by words.

use core::ptr;

use crate::bitmap::Claim;
use crate::chunk::Header;

/// Blocks that are about to be freed, those of one word together, so that they take one
/// read-modify-write.
///
/// A word has one place, by its number. Whatever else is there is freed first.
pub(crate) struct Gathered<'a> {
    /// The places in use.
    used: u32,
    places: [Option<(&'a Header, Claim)>; u32::BITS as usize],
}

impl<'a> Gathered<'a> {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self {
            used: 0,
            places: [None; u32::BITS as usize],
        }
    }

    /// Adds blocks of a word; calls `free` with what of another word stood in their place.
    pub(crate) fn add(&mut self, chunk: &'a Header, new: Claim, free: impl FnOnce(&Header, Claim)) {
        let place = new.word % self.places.len();
        match &mut self.places[place] {
            Some((of, claim)) if ptr::eq(*of, chunk) && claim.word == new.word => {
                claim.mask |= new.mask;
            }
            other => {
                self.used |= 1 << place;
                if let Some((of, claim)) = other.replace((chunk, new)) {
                    free(of, claim);
                }
            }
        }
    }

    /// Calls `free` with everything.
    pub(crate) fn end(mut self, mut free: impl FnMut(&Header, Claim)) {
        while self.used != 0 {
            let place = self.used.trailing_zeros() as usize;
            self.used &= self.used - 1;
            if let Some((chunk, claim)) = self.places[place] {
                free(chunk, claim);
            }
        }
    }
}
