//! What all formats have in common: errors are passed on, and the same profile gives the same bytes.

use std::io::{self, Write};

use alloc_tracking::profile::{Exposition, Metric};
use alloc_tracking::{Profile, Stats};

use crate::made::{nasty, ordinary};

/// A device that is full after so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps its bytes back, as a buffer does, and fails when they are to go out.
struct FailsLate;

impl Write for FailsLate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

type Writer = fn(&Profile, &mut dyn Write) -> io::Result<()>;

const WRITERS: &[(&str, Writer)] = &[
    ("text", |profile, out| profile.write_text(out)),
    ("dhat", |profile, out| profile.write_dhat(out)),
    ("folded", |profile, out| {
        profile.write_folded(out, Metric::TotalBytes)
    }),
    ("json", |profile, out| profile.write_json(out)),
    ("massif", |profile, out| profile.write_massif(out)),
    ("pprof", |profile, out| profile.write_pprof(out)),
    ("difference: text", |profile, out| {
        (profile - &ordinary()).write_text(out)
    }),
    ("difference: folded", |profile, out| {
        (profile - &Profile::default()).write_folded(out, Metric::TotalBytes)
    }),
    ("difference: json", |profile, out| {
        (profile - &nasty()).write_json(out)
    }),
    ("difference: pprof", |profile, out| {
        (profile - &nasty()).write_pprof(out)
    }),
    ("prometheus", |_, out| page().write_to(out)),
    #[cfg(feature = "flamegraph")]
    ("difference: flame graph", |profile, out| {
        (profile - &Profile::default()).write_flame_graph(out, Metric::TotalBytes)
    }),
    #[cfg(feature = "flamegraph")]
    ("flame graph", |profile, out| {
        profile.write_flame_graph(out, Metric::TotalBytes)
    }),
];

fn page() -> Exposition {
    let mut page = Exposition::new("heap");
    page.add(&Stats::default(), &[]);
    page
}

#[test]
fn an_error_is_passed_on_wherever_it_comes() {
    for (name, write) in WRITERS {
        let mut whole = Vec::new();
        write(&ordinary(), &mut whole).unwrap();
        let step = 1 + whole.len() / 500;
        for room in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let error = write(&ordinary(), &mut Full(room)).unwrap_err();
            assert_eq!(
                error.kind(),
                io::ErrorKind::StorageFull,
                "{name} after {room}"
            );
        }
        write(&ordinary(), &mut Full(whole.len())).unwrap();
        let error = write(&ordinary(), &mut FailsLate).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{name}");
    }
}

#[test]
fn the_same_profile_gives_the_same_bytes() {
    for (name, write) in WRITERS {
        for profile in [Profile::default(), ordinary(), nasty()] {
            let [mut first, mut second] = [Vec::new(), Vec::new()];
            write(&profile, &mut first).unwrap();
            write(&profile.clone(), &mut second).unwrap();
            assert!(first.iter().eq(&second), "{name}");
        }
    }
}
