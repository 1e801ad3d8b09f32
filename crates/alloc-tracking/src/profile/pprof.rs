//! The format of pprof: `profile.proto` of `github.com/google/pprof`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::string::{String, ToString};
use std::time::SystemTime;
use std::vec::Vec;

use super::protobuf::Message;
use super::{Amount, Clock, Difference, Frame, Mapping, Profile, Run, Site};

/// What each sample has a value of, and the unit. The first four are those of Go's heap profiles.
const SAMPLE_TYPES: [(&str, &str); 6] = [
    ("alloc_objects", "count"),
    ("alloc_space", "bytes"),
    ("inuse_objects", "count"),
    ("inuse_space", "bytes"),
    ("peak_objects", "count"),
    ("peak_space", "bytes"),
];

/// The type that a viewer shows if none is asked for. What is in use at the end is little in a program
/// that frees everything.
const DEFAULT_TYPE: &str = "peak_space";

/// The label of samples that are taken off, by which pprof knows what shares are shares of.
const BASE: &str = "pprof::base";

/// The fields of the message `Profile`.
mod field {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const STRING_TABLE: u64 = 6;
    pub(super) const TIME_NANOS: u64 = 9;
    pub(super) const DURATION_NANOS: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const COMMENT: u64 = 13;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

impl Profile {
    /// Writes the profile as pprof's protocol buffer, not compressed, which all its readers take.
    ///
    /// A sample has the values `alloc_objects`, `alloc_space`, `inuse_objects`, `inuse_space` (what
    /// was live at the end), `peak_objects` and `peak_space`, of which the last is the default. A tag,
    /// a thread and a type are labels. Values beyond those of an `int64` become the largest.
    ///
    /// Look the symbols up first. Of addresses without any pprof searches the
    /// [files](Self::mappings) by itself, but in programs linked by lld, whose segments do not begin at a
    /// page, that of Go 1.19 finds the wrong ones.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_pprof(&self, mut out: impl Write) -> io::Result<()> {
        let mut writer = Writer::new();
        let part = Part {
            profile: self,
            base: false,
            mappings: 0,
        };
        writer.part(part);
        writer.run(&self.run);
        out.write_all(writer.finish().as_bytes())?;
        out.flush()
    }
}

impl Difference<'_> {
    /// Writes what changed as pprof's protocol buffer, as its option `-diff_base` makes it of two
    /// profiles: the samples of the later one, and with negative values and the label `pprof::base`
    /// those of the earlier one, which a reader adds up.
    ///
    /// The rest is as in [`Profile::write_pprof`].
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_pprof(&self, mut out: impl Write) -> io::Result<()> {
        let mut writer = Writer::new();
        writer.part(Part {
            profile: self.later,
            base: false,
            mappings: 0,
        });
        writer.part(Part {
            profile: self.earlier,
            base: true,
            mappings: self.later.mappings.len() as u64,
        });
        writer.run(&self.later.run);
        out.write_all(writer.finish().as_bytes())?;
        out.flush()
    }
}

/// One of the profiles that are written as one.
#[derive(Clone, Copy)]
struct Part<'a> {
    profile: &'a Profile,
    /// Whether it is to be taken off.
    base: bool,
    /// How many mappings those before it have.
    mappings: u64,
}

impl Part<'_> {
    /// A value as an `int64`.
    fn signed(self, value: u64) -> u64 {
        let value = signed(value);
        if self.base {
            value.wrapping_neg()
        } else {
            value
        }
    }
}

/// A message that is being written, and the tables that its numbers point into.
#[derive(Default)]
struct Writer {
    message: Message,
    strings: Table<String>,
    /// Of each part by themselves: two programs have other things at the same address.
    locations: Table<(bool, usize)>,
    functions: Table<(Option<String>, Option<String>)>,
}

/// Numbers things in the order in which they are first seen, from 0.
struct Table<T> {
    numbers: BTreeMap<T, u64>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            numbers: BTreeMap::new(),
        }
    }
}

impl<T: Ord> Table<T> {
    /// The number of `item`, and whether it is new.
    fn number(&mut self, item: T) -> (u64, bool) {
        let next = self.numbers.len() as u64;
        let number = *self.numbers.entry(item).or_insert(next);
        (number, number == next)
    }
}

impl Writer {
    fn new() -> Self {
        let mut writer = Self::default();
        writer.string("");
        writer.types();
        writer
    }

    fn part(&mut self, part: Part<'_>) {
        // A reader adds up what it finds twice, and overflows where this saturates.
        for site in &part.profile.merged().sites {
            self.sample(part, site);
        }
        for (mapping, id) in part.profile.mappings.iter().zip(part.mappings + 1..) {
            // The files of a profile with symbols need not be read.
            let known = !part.profile.frames.is_empty();
            self.mapping(id, mapping, known);
        }
    }

    /// The index of a string in the table of strings, the first of which is empty.
    fn string(&mut self, text: &str) -> u64 {
        let (number, _) = self.strings.number(text.to_string());
        number
    }

    fn types(&mut self) {
        for (name, unit) in SAMPLE_TYPES {
            let value_type = self.value_type(name, unit);
            self.message.message(field::SAMPLE_TYPE, &value_type);
        }
        let name = self.string(DEFAULT_TYPE);
        self.message.number(field::DEFAULT_SAMPLE_TYPE, name);
    }

    fn value_type(&mut self, name: &str, unit: &str) -> Message {
        let mut message = Message::new();
        message.number(1, self.string(name));
        message.number(2, self.string(unit));
        message
    }

    fn sample(&mut self, part: Part<'_>, site: &Site) {
        let mut sample = Message::new();
        let stack = site.stack.iter();
        let locations: Vec<_> = stack.map(|&address| self.location(part, address)).collect();
        sample.numbers(1, locations);
        let amounts = [site.total, site.at_end, site.at_peak];
        let values = amounts
            .iter()
            .flat_map(|&Amount { blocks, bytes }| [blocks, bytes]);
        sample.numbers(2, values.map(|value| part.signed(value)));
        let base = part.base.then_some("true");
        let element = site.element.as_ref().map(|element| element.name.as_str());
        for (key, value) in [
            ("thread", site.thread.as_deref()),
            ("tag", site.tag.as_deref()),
            ("type", element),
            (BASE, base),
        ] {
            let Some(value) = value else { continue };
            let mut label = Message::new();
            label.number(1, self.string(key));
            label.number(2, self.string(value));
            sample.message(3, &label);
        }
        self.message.message(field::SAMPLE, &sample);
    }

    /// The id of the location of an address, which is written when it is new.
    fn location(&mut self, part: Part<'_>, address: usize) -> u64 {
        let profile = part.profile;
        let (number, is_new) = self.locations.number((part.base, address));
        if is_new {
            let mut location = Message::new();
            location.number(1, number + 1);
            let mapping = profile.mapping_of(address);
            location.number(
                2,
                mapping.map_or(0, |index| part.mappings + index as u64 + 1),
            );
            // The call itself, before the address to which it returns.
            location.number(3, (address as u64).saturating_sub(1));
            for frame in profile.resolve(address) {
                let mut line = Message::new();
                line.number(1, self.function(frame));
                line.number(2, frame.line.unwrap_or(0).into());
                line.number(3, frame.column.unwrap_or(0).into());
                location.message(4, &line);
            }
            self.message.message(field::LOCATION, &location);
        }
        number + 1
    }

    /// The id of a function, which is written when it is new.
    fn function(&mut self, frame: &Frame) -> u64 {
        let named = (frame.function.clone(), frame.file.clone());
        let (number, is_new) = self.functions.number(named);
        if is_new {
            let name = self.string(frame.name());
            let file = self.string(frame.file.as_deref().unwrap_or_default());
            let mut function = Message::new();
            function.number(1, number + 1);
            function.number(2, name);
            // Without a system name: of one that is equal to the name, pprof would strip what it takes for
            // C++ templates.
            function.number(4, file);
            self.message.message(field::FUNCTION, &function);
        }
        number + 1
    }

    fn mapping(&mut self, id: u64, mapping: &Mapping, known: bool) {
        let mut message = Message::new();
        message.number(1, id);
        message.number(2, mapping.start);
        message.number(3, mapping.end);
        message.number(4, mapping.offset);
        message.number(5, self.string(&mapping.file));
        // It has functions, file names, line numbers, and inlined frames.
        (7..=10).for_each(|field| message.number(field, known.into()));
        self.message.message(field::MAPPING, &message);
    }

    fn run(&mut self, run: &Run) {
        let since_1970 = run
            .started
            .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let nanos = since_1970.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.message.number(field::TIME_NANOS, signed(nanos));
        if run.clock == Clock::Nanoseconds {
            self.message.number(field::DURATION_NANOS, signed(run.end));
        }
        let period_type = self.value_type("space", "bytes");
        self.message.message(field::PERIOD_TYPE, &period_type);
        let period = run.sampling.map_or(1, |sampling| sampling.distance);
        self.message.number(field::PERIOD, signed(period));
        let command = run.command_line();
        if !command.is_empty() {
            let comment = [self.string(&command)];
            self.message.numbers(field::COMMENT, comment);
        }
    }

    fn finish(mut self) -> Message {
        let mut strings: Vec<_> = self.strings.numbers.into_iter().collect();
        strings.sort_by_key(|string| string.1);
        for (string, _) in strings {
            self.message.bytes(field::STRING_TABLE, string.as_bytes());
        }
        self.message
    }
}

/// A value as an `int64`.
fn signed(value: u64) -> u64 {
    value.min(i64::MAX.unsigned_abs())
}
