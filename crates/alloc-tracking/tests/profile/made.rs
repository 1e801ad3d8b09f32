//! Profiles to write: an ordinary one, and one of everything that has ever broken a format.

use std::ffi::OsString;
use std::time::{Duration, SystemTime};

use alloc_tracking::profile::{Amount, Frame, Mapping, Point, Profile, Run, Site};

/// Three places that allocate, of a program that counts words.
pub(crate) fn ordinary() -> Profile {
    let run = Run::new(["wordcount", "book.txt"], 4242).times(800_000_000, 1_000_000_000);
    let mut profile = Profile::new(run);
    profile.run.started = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let push = Frame::new("alloc::vec::Vec<T>::push").at("vec/mod.rs", 2500);
    let split = Frame::new("wordcount::split")
        .at("src/main.rs", 12)
        .column(9);
    let main = Frame::new("wordcount::main").at("src/main.rs", 40);
    profile.frames.insert(0x1010, vec![push, split]);
    profile.frames.insert(0x1020, vec![main]);
    profile
        .frames
        .insert(0x1030, vec![Frame::new("wordcount::read")]);
    profile.mappings = vec![Mapping::new(0x1000, 0x2000, 0, "/usr/bin/wordcount")];
    profile.sites = vec![
        Site::new([0x1010, 0x1020])
            .total(100, 6400)
            .max(10, 700)
            .at_peak(10, 640)
            .at_end(1, 64),
        Site::new([0x1030, 0x1020])
            .total(1, 4096)
            .max(1, 4096)
            .at_peak(1, 4096),
        Site::new([0x1990, 0x1020])
            .total(3, 30)
            .max(1, 10)
            .tag("cache")
            .thread("worker 1"),
    ];
    profile.sites[0].lifetimes = 5_000_000_000;
    profile.sites[1].lifetimes = 900_000_000;
    profile.sites[2].lifetimes = 90;
    profile.series = vec![
        Point::new(200_000_000, Amount::new(5, 320)),
        Point::new(500_000_000, Amount::new(9, 576)),
    ];
    profile
}

/// Stacks that are empty, begin another, or are there twice; names with all that means something to some
/// format; and the largest numbers.
pub(crate) fn nasty() -> Profile {
    let run = Run::new([unreadable(), "a \"b\"\\\n\t\u{1}é".into()], u32::MAX);
    let mut profile = Profile::new(run.times(u64::MAX, u64::MAX));
    let evil = "f;g\n\"h\"\\ \u{1b}[31m\u{2028}\u{ffff} 12";
    profile.frames.insert(
        1,
        vec![Frame::new(evil).at("a;b\"\n.rs", u32::MAX).column(u32::MAX)],
    );
    profile
        .frames
        .insert(2, vec![Frame::default(), Frame::new("")]);
    profile.frames.insert(3, vec![]);
    let most = |site: Site| {
        let site = site.total(u64::MAX, u64::MAX).max(u64::MAX, u64::MAX);
        let site = site.at_peak(u64::MAX, u64::MAX).at_end(u64::MAX, u64::MAX);
        site.lifetimes(u128::MAX)
    };
    let stacks: [&[usize]; 7] = [
        &[1, 2, 3],
        &[],
        &[1, 2],
        &[1],
        &[1, 2, 3],
        &[3, 3],
        &[usize::MAX, 0],
    ];
    profile.sites = stacks.map(|stack| most(Site::new(stack))).to_vec();
    profile
        .sites
        .push(most(Site::new([1]).tag(evil).thread(evil)));
    profile.sites.push(most(Site::new([1]).tag("")));
    profile.sites.push(Site::new([7]));
    profile
}

/// A word of a command line that is not UTF-8, where there are such.
#[cfg(unix)]
fn unreadable() -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(vec![b'x', 0xff, b'y'])
}

#[cfg(not(unix))]
fn unreadable() -> OsString {
    "x\u{fffd}y".into()
}

/// What a writer writes, as text.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}
