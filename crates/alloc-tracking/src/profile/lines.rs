//! Stacks as lines of text, for formats that know nothing else.

use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::place::{NO_STACK, groups};
use super::{Place, Profile, Site};

/// The lines of the stacks of a profile, each once, with a number: that of its first use.
pub(super) struct Lines<'a> {
    profile: &'a Profile,
    numbers: BTreeMap<String, usize>,
    /// The lines of each address, which is in many stacks.
    of_address: BTreeMap<usize, Vec<usize>>,
}

impl<'a> Lines<'a> {
    /// Makes a table whose line 0 is `root`, which is in no stack.
    pub(super) fn new(profile: &'a Profile, root: &str) -> Self {
        Self {
            profile,
            numbers: BTreeMap::from([(root.to_string(), 0)]),
            of_address: BTreeMap::new(),
        }
    }

    /// The numbers of a site's lines: its thread, its tag, its type, and then each place after its address, the
    /// innermost call first. No two stacks have the same lines.
    pub(super) fn of(&mut self, site: &Site) -> Vec<usize> {
        let (stack, labels) = site.key();
        let mut lines: Vec<_> = groups(labels).map(|group| self.number(group)).collect();
        if stack.is_empty() {
            lines.push(self.number(NO_STACK.to_string()));
        }
        for &address in stack {
            if !self.of_address.contains_key(&address) {
                let new = self.of_new(address);
                self.of_address.insert(address, new);
            }
            lines.extend_from_slice(&self.of_address[&address]);
        }
        lines
    }

    fn of_new(&mut self, address: usize) -> Vec<usize> {
        let line = |place| match place {
            Place::Address(_) => format!("{address:#x}: ???"),
            _ => format!("{address:#x}: {place}"),
        };
        let profile = self.profile;
        let lines = profile.places_of(address).map(line);
        lines.map(|line| self.number(line)).collect()
    }

    fn number(&mut self, line: String) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(line).or_insert(next)
    }

    /// All lines, by their numbers.
    pub(super) fn in_order(&self) -> Vec<&str> {
        let mut lines: Vec<_> = self.numbers.iter().collect();
        lines.sort_by_key(|line| line.1);
        lines.into_iter().map(|line| line.0.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Profile, Site};
    use super::Lines;
    use std::vec;

    #[test]
    fn lines_begin_with_what_groups_them_and_have_one_number() {
        let mut profile = Profile::default();
        profile
            .frames
            .insert(2, vec![Frame::new("f"), Frame::new("g")]);
        let mut lines = Lines::new(&profile, "root");
        let site = Site::new([1, 2]).tag("a").thread("b");
        assert_eq!(lines.of(&site), [1, 2, 3, 4, 5]);
        assert_eq!(lines.of(&Site::default()), [6]);
        assert_eq!(lines.of(&Site::new([2, 2, 1])), [4, 5, 4, 5, 3]);
        let expected = [
            "root",
            "[thread b]",
            "[tag a]",
            "0x1: ???",
            "0x2: f",
            "0x2: g",
        ];
        assert_eq!(lines.in_order()[..6], expected);
        assert_eq!(lines.in_order()[6..], ["[no call stack]"]);
    }
}
