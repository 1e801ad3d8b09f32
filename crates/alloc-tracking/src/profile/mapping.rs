//! Which files addresses were loaded from.

use std::io;
use std::string::String;
use std::vec::Vec;

/// A range of addresses that holds a part of a file: the program or a library of it.
///
/// With these a viewer can find the names of addresses by itself, later and on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mapping {
    /// The first address.
    pub start: u64,
    /// The address after the last one.
    pub end: u64,
    /// Where in the file `start` is, in bytes.
    pub offset: u64,
    /// The path of the file.
    pub file: String,
}

impl Mapping {
    /// Makes a mapping of `start..end` to `file`, from `offset` bytes on.
    pub fn new(start: u64, end: u64, offset: u64, file: impl Into<String>) -> Self {
        let file = file.into();
        Self {
            start,
            end,
            offset,
            file,
        }
    }

    /// Lists the files whose code this process has loaded, by rising addresses. To be called at the end,
    /// when all libraries that will be are loaded.
    ///
    /// # Errors
    ///
    /// Those of reading `/proc/self/maps`, which Linux has; `NotFound` on most other systems.
    pub fn of_this_process() -> io::Result<Vec<Self>> {
        let maps = std::fs::read("/proc/self/maps")?;
        let maps = String::from_utf8_lossy(&maps);
        Ok(maps.lines().filter_map(Self::parse).collect())
    }

    /// A line of `/proc/self/maps`, if it is of code in a file:
    /// `55d0c8a6b000-55d0c8a7c000 r-xp 00002000 fe:01 1234   /usr/bin/cat`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(6, ' ');
        let (start, end) = words.next()?.split_once('-')?;
        let code = words.next()?.contains('x');
        let hex = |word| u64::from_str_radix(word, 16).ok();
        let offset = hex(words.next()?)?;
        let file = words.nth(2)?.trim_start();
        let found = Self::new(hex(start)?, hex(end)?, offset, file);
        (code && file.starts_with('/')).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::Mapping;

    #[test]
    fn code_in_files_and_nothing_else() {
        let line =
            "7f32c0400000-7f32c0402c40 r-xp 0001f000 fe:01 1234                       /a b/libz.so";
        let found = Mapping::new(0x7f32_c040_0000, 0x7f32_c040_2c40, 0x1f000, "/a b/libz.so");
        assert_eq!(Mapping::parse(line), Some(found));
        for line in [
            "7f32c0400000-7f32c0402c40 rw-p 0001f000 fe:01 1234                       /a b/libz.so",
            "7ffd1b5f2000-7ffd1b5f4000 r-xp 00000000 00:00 0                          [vdso]",
            "7f32c0400000-7f32c0402c40 r-xp 00000000 00:00 0 ",
            "7f32c0400000-7f32c0402c40 r-xp 00000000 00:00 0",
            "7f32c0400000 r-xp",
            "x-y r-xp 0 0 0 /z",
            "",
        ] {
            assert_eq!(Mapping::parse(line), None, "{line}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "reads a file")]
    #[cfg(target_os = "linux")]
    fn this_function_is_in_the_file_of_the_program() {
        let here = code_in_files_and_nothing_else as fn() as usize as u64;
        let all = Mapping::of_this_process().unwrap();
        assert!(all.is_sorted_by_key(|mapping| mapping.start));
        let mapping = all
            .iter()
            .find(|mapping| (mapping.start..mapping.end).contains(&here));
        let program = std::env::current_exe().unwrap();
        assert_eq!(std::path::Path::new(&mapping.unwrap().file), program);
    }
}
