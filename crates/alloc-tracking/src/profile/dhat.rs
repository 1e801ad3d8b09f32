//! The format of valgrind's DHAT, version 2.
//!
//! Its fields are described in `dhat/dh_main.c` of valgrind. What its viewer reads is checked by a
//! test that runs the viewer.

use std::format;
use std::io::{self, BufWriter, Write};
use std::string::ToString;

use super::json::{Quoted, write_list};
use super::lines::Lines;
use super::{Clock, Profile, Run, Site};

/// What times are called, and a million of them, and below how many a block is short-lived.
const fn units(clock: Clock) -> (&'static str, &'static str, u64) {
    match clock {
        Clock::Nanoseconds => ("ns", "ms", 10_000),
        // As valgrind itself writes them.
        Clock::Instructions => ("instrs", "Minstr", 500),
        Clock::Blocks => ("blocks", "Mblock", 100),
        Clock::Bytes => ("bytes", "MB", 10_000),
    }
}

impl Profile {
    /// Writes the profile in the format of DHAT, version 2, for `dh_view.html` of valgrind.
    ///
    /// A thread and a tag become the first lines of their stacks, by which the viewer groups. That
    /// the amounts are estimates is said in the mode, for which there is no field. Without a
    /// [clock](Run::end) the viewer shows lifetimes of 0, and ∞ bytes in a unit of time.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_dhat(&self, out: impl Write) -> io::Result<()> {
        // The viewer refuses a place that is named twice.
        let profile = &*self.merged();
        let mut out = BufWriter::new(out);
        // The viewer takes the first line for the root of its tree, and expects an address before each
        // of the others.
        let mut lines = Lines::new(profile, "[root]");
        write_header(&mut out, &profile.run)?;
        out.write_all(b",\"pps\":\n")?;
        write_list(&mut out, "\n,", &profile.sites, |out, site| {
            write_site(out, site, &lines.of(site))
        })?;
        out.write_all(b"\n,\"ftbl\":\n")?;
        write_list(&mut out, "\n,", lines.in_order(), |out, name| {
            write!(out, "{}", Quoted(name))
        })?;
        out.write_all(b"\n}\n")?;
        out.flush()
    }
}

fn write_header(out: &mut impl Write, run: &Run) -> io::Result<()> {
    let (unit, million, short) = units(run.clock);
    let mode = match run.sampling {
        None => "rust-heap".to_string(),
        Some(sampling) => format!(
            "rust-heap, estimated from {} blocks, one in {} bytes on average",
            sampling.samples, sampling.distance
        ),
    };
    let (mode, command) = (Quoted(&mode), run.command_line());
    writeln!(
        out,
        "{{\"dhatFileVersion\":2\n,\"mode\":{mode},\"verb\":\"Allocated\""
    )?;
    writeln!(out, ",\"bklt\":true,\"bkacc\":false")?;
    writeln!(
        out,
        ",\"tu\":\"{unit}\",\"Mtu\":\"{million}\",\"tuth\":{short}"
    )?;
    writeln!(out, ",\"cmd\":{}", Quoted(&command))?;
    writeln!(out, ",\"pid\":{}", run.pid)?;
    writeln!(out, ",\"tg\":{},\"te\":{}", run.peak, run.end)
}

fn write_site(out: &mut impl Write, site: &Site, stack: &[usize]) -> io::Result<()> {
    let Site {
        total,
        max,
        at_peak,
        at_end,
        lifetimes,
        ..
    } = site;
    write!(
        out,
        "{{\"tb\":{},\"tbk\":{},\"tl\":{lifetimes},\"mb\":{},\"mbk\":{},\"gb\":{},\"gbk\":{},\"eb\":{},\
         \"ebk\":{},\"fs\":",
        total.bytes,
        total.blocks,
        max.bytes,
        max.blocks,
        at_peak.bytes,
        at_peak.blocks,
        at_end.bytes,
        at_end.blocks,
    )?;
    write_list(out, ",", stack, |out, index| write!(out, "{index}"))?;
    out.write_all(b"}")
}
