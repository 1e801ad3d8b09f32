//! What a call stack is to a reader: the source where it is known, and else the file or the address.

use core::fmt;
use std::format;
use std::string::{String, ToString};

use super::{Element, Frame, Profile, Site};

/// One line of a call stack.
///
/// `Display` is `parse (src/parse.rs:12)`, `libz.so.1+0x2c40` or `0x7f32c0402c40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Place<'a> {
    /// A place in the source.
    Source(&'a Frame),
    /// A file that was loaded, and where in it, in bytes: the same in each run of the program.
    Loaded(&'a str, u64),
    /// An address of which nothing is known.
    Address(usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Source(frame) => write!(f, "{frame}"),
            Self::Loaded(file, offset) => {
                let name = file.rsplit('/').next().unwrap_or(file);
                write!(f, "{name}+{offset:#x}")
            }
            Self::Address(address) => write!(f, "{address:#x}"),
        }
    }
}

impl Profile {
    /// The call stack of a site, the innermost call first. An address where functions were inlined
    /// is several places; one that is not known is one.
    pub fn places<'a>(&'a self, site: &'a Site) -> impl Iterator<Item = Place<'a>> + 'a {
        let stack = site.stack.iter();
        stack.flat_map(|&address| self.places_of(address))
    }

    /// The places of one address.
    pub(super) fn places_of(&self, address: usize) -> impl Iterator<Item = Place<'_>> {
        let frames = self.resolve(address);
        let unknown = frames.is_empty().then(|| self.place_in_file(address));
        frames.iter().map(Place::Source).chain(unknown)
    }

    fn place_in_file(&self, address: usize) -> Place<'_> {
        match self.mapping_of(address) {
            Some(found) => {
                let mapping = &self.mappings[found];
                let offset = address as u64 - mapping.start;
                Place::Loaded(&mapping.file, offset.saturating_add(mapping.offset))
            }
            None => Place::Address(address),
        }
    }

    /// The index of the mapping that an address lies in.
    pub(super) fn mapping_of(&self, address: usize) -> Option<usize> {
        let address = address as u64;
        let inside = |mapping: &super::Mapping| (mapping.start..mapping.end).contains(&address);
        self.mappings.iter().position(inside)
    }
}

/// What stands for a stack that is not known.
pub(super) const NO_STACK: &str = "[no call stack]";

/// Labels as lines for formats that know nothing but stacks: the thread, then the tag, then the type.
pub(super) fn groups(labels: Labels<'_>) -> impl Iterator<Item = String> {
    let thread = labels.thread.map(|name| format!("[thread {name}]"));
    let tag = labels.tag.map(|name| format!("[tag {name}]"));
    let name = labels.element.map(|element| &element.name);
    let element = name.map(|name| format!("[type {name}]"));
    thread.into_iter().chain(tag).chain(element)
}

/// What a site has besides its stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels<'a> {
    pub(super) tag: Option<&'a str>,
    pub(super) thread: Option<&'a str>,
    pub(super) element: Option<&'a Element>,
}

/// Writes text on one line that does nothing to a terminal: control characters become `�`.
pub(super) fn one_line(text: impl fmt::Display) -> String {
    let harmless = |c: char| {
        if c.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.to_string().chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Mapping, Profile, Site};
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn source_then_file_then_address() {
        let mut profile = Profile::default();
        let library = Mapping::new(0x100, 0x200, 0x1000, "/usr/lib/libz.so.1");
        profile.mappings.push(library);
        let inlined = Frame::new("inlined").at("a.rs", 1).column(7);
        profile
            .frames
            .insert(0x10, vec![inlined, Frame::new("outer").at("b.rs", 2)]);
        profile.frames.insert(0x20, vec![]);
        profile.frames.insert(0x30, vec![Frame::default()]);
        let site = Site::new([0x10, 0x20, 0x30, 0x180, 0x200]);
        let places: Vec<_> = profile
            .places(&site)
            .map(|place| place.to_string())
            .collect();
        assert_eq!(
            places,
            [
                "inlined (a.rs:1:7)",
                "outer (b.rs:2)",
                "0x20",
                "???",
                "libz.so.1+0x1080",
                "0x200"
            ]
        );
    }

    #[test]
    fn control_characters_are_not_carried_out() {
        assert_eq!(
            super::one_line("a\nb\u{1b}[31m\u{9b}c"),
            "a\u{fffd}b\u{fffd}[31m\u{fffd}c"
        );
    }
}
