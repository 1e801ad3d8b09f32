//! The whole profile as JSON, for other programs.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::string::ToString;
use std::time::SystemTime;

use super::json::{OrNull, Quoted, write_list};
use super::{
    Amount, Change, Clock, Difference, Element, Frame, Growth, Mapping, Point, Profile, Run, Site,
    Totals,
};

/// The version of the format. It grows when a field changes its meaning or goes; new fields may come
/// without that.
const VERSION: u32 = 1;

const fn clock(clock: Clock) -> &'static str {
    match clock {
        Clock::Nanoseconds => "nanoseconds",
        Clock::Instructions => "instructions",
        Clock::Blocks => "blocks",
        Clock::Bytes => "bytes",
    }
}

impl Profile {
    /// Writes everything the profile holds as JSON.
    ///
    /// ```text
    /// {"format": "alloc-tracking profile", "version": 1,
    ///  "run": {"command": ["wordcount", "book.txt"], "pid": 4242,
    ///   "started": 1700000000000000000,   nanoseconds since 1970, or null
    ///   "clock": "nanoseconds",           or instructions, blocks, bytes: the unit of all other times
    ///   "peak": 800, "end": 1000,
    ///   "sampling": {"distance": 524288, "samples": 91},   or null: every block was recorded
    ///   "unrecorded": 0},
    ///  "totals": {"total": [7, 448], "at_peak": ..., "at_end": ..., "lifetimes": 900},
    ///  "types": [{"name": "app::Order", "size": 64, "elements": {"total": 7, "at_peak": 2, "at_end": 0},
    ///    "total": [7, 448], "at_peak": [2, 128], "at_end": [0, 0]}, ...],
    ///  "mappings": [{"start": "0x1000", "end": "0x2000", "offset": 0, "file": "/bin/wordcount"}, ...],
    ///  "addresses": [{"address": "0x1000",
    ///    "frames": [{"function": "parse", "file": "src/parse.rs", "line": 12, "column": null}, ...]}, ...],
    ///  "series": [[5, 1, 64], ...],        time, blocks and bytes that were live
    ///  "sites": [{"stack": [0, 3],         indices into "addresses", the innermost call first
    ///    "tag": null, "thread": "main",
    ///    "type": {"name": "app::Order", "size": 64},   or null
    ///    "total": [7, 448],                blocks and bytes, as in all that follow
    ///    "max": [2, 128], "at_peak": [2, 128], "at_end": [0, 0],
    ///    "lifetimes": 900, "samples": 0, "series": []}, ...]}
    /// ```
    ///
    /// Numbers are whole and exact; some readers round them above 2⁵³. Addresses are strings for that
    /// reason. What is not UTF-8 in the command becomes `�`. A reader should pass over fields that it does
    /// not know, and refuse a version that it does not know.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        let stacks = self.sites.iter().flat_map(|site| &site.stack);
        let mut indices: BTreeMap<usize, usize> = stacks.map(|&address| (address, 0)).collect();
        for (index, number) in indices.values_mut().enumerate() {
            *number = index;
        }
        write!(
            out,
            "{{\"format\":\"alloc-tracking profile\",\"version\":{VERSION},\n\"run\":"
        )?;
        write_run(&mut out, &self.run)?;
        out.write_all(b",\n\"totals\":")?;
        write_totals(&mut out, &self.totals())?;
        out.write_all(b",\n\"types\":")?;
        let by_type = self.by_type();
        let types = by_type.sites.iter();
        let types = types.filter_map(|site| Some((site, site.element.as_ref()?)));
        write_list(&mut out, ",\n", types, write_type)?;
        out.write_all(b",\n\"mappings\":")?;
        write_list(&mut out, ",\n", &self.mappings, write_mapping)?;
        out.write_all(b",\n\"addresses\":")?;
        write_list(&mut out, ",\n", indices.keys(), |out, address| {
            write!(out, "{{\"address\":\"{address:#x}\",\"frames\":")?;
            write_list(out, ",", self.resolve(*address), write_frame)?;
            out.write_all(b"}")
        })?;
        out.write_all(b",\n\"series\":")?;
        write_list(&mut out, ",", &self.series, write_point)?;
        out.write_all(b",\n\"sites\":")?;
        write_list(&mut out, ",\n", &self.sites, |out, site| {
            write_site(out, site, &indices)
        })?;
        out.write_all(b"}\n")?;
        out.flush()
    }
}

impl Difference<'_> {
    /// Writes what changed as JSON: the two runs and their totals, as in
    /// [`Profile::write_json`], and the [growths](Self::growths) in their order.
    ///
    /// ```text
    /// {"format": "alloc-tracking difference", "version": 1,
    ///  "earlier": {"run": {...}, "totals": {...}}, "later": {"run": {...}, "totals": {...}},
    ///  "growths": [{"places": ["parse (src/parse.rs:12)", "main (src/main.rs:3)"],
    ///    "tag": null, "thread": "main", "type": null,
    ///    "total": [7, 448],                blocks and bytes; negative if they became less
    ///    "at_peak": [0, 0], "at_end": [-2, -128]}, ...]}
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_json(&self, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        write!(
            out,
            "{{\"format\":\"alloc-tracking difference\",\"version\":{VERSION}"
        )?;
        let (later, earlier) = self.totals();
        for (name, run, totals) in [
            ("earlier", &self.earlier.run, earlier),
            ("later", &self.later.run, later),
        ] {
            write!(out, ",\n\"{name}\":{{\"run\":")?;
            write_run(&mut out, run)?;
            out.write_all(b",\"totals\":")?;
            write_totals(&mut out, &totals)?;
            out.write_all(b"}")?;
        }
        out.write_all(b",\n\"growths\":")?;
        write_list(&mut out, ",\n", self.growths(), |out, growth| {
            write_growth(out, &growth)
        })?;
        out.write_all(b"}\n")?;
        out.flush()
    }
}

fn write_growth<W: Write>(out: &mut W, growth: &Growth<'_>) -> io::Result<()> {
    out.write_all(b"{\"places\":")?;
    write_list(out, ",", &growth.places, |out, place| {
        write!(out, "{}", Quoted(&place.to_string()))
    })?;
    let (tag, thread) = (
        OrNull(growth.tag.map(Quoted)),
        OrNull(growth.thread.map(Quoted)),
    );
    write!(out, ",\"tag\":{tag},\"thread\":{thread}")?;
    write_element(out, growth.element)?;
    for (name, change) in [
        ("total", growth.total),
        ("at_peak", growth.at_peak),
        ("at_end", growth.at_end),
    ] {
        let Change { blocks, bytes } = change;
        write!(out, ",\"{name}\":[{blocks},{bytes}]")?;
    }
    out.write_all(b"}")
}

fn write_run<W: Write>(out: &mut W, run: &Run) -> io::Result<()> {
    let since_1970 = run
        .started
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    out.write_all(b"{\"command\":")?;
    write_list(out, ",", &run.command, |out, word| {
        write!(out, "{}", Quoted(&word.to_string_lossy()))
    })?;
    let started = OrNull(since_1970.map(|time| time.as_nanos()));
    write!(out, ",\"pid\":{},\"started\":{started},", run.pid)?;
    let Run {
        peak,
        end,
        unrecorded,
        ..
    } = run;
    write!(
        out,
        "\"clock\":\"{}\",\"peak\":{peak},\"end\":{end},\"sampling\":",
        clock(run.clock)
    )?;
    match run.sampling {
        None => out.write_all(b"null")?,
        Some(s) => write!(
            out,
            "{{\"distance\":{},\"samples\":{}}}",
            s.distance, s.samples
        )?,
    }
    write!(out, ",\"unrecorded\":{unrecorded}}}")
}

fn write_totals<W: Write>(out: &mut W, totals: &Totals) -> io::Result<()> {
    out.write_all(b"{\"total\":")?;
    write_amount(out, totals.total)?;
    out.write_all(b",\"at_peak\":")?;
    write_amount(out, totals.at_peak)?;
    out.write_all(b",\"at_end\":")?;
    write_amount(out, totals.at_end)?;
    write!(out, ",\"lifetimes\":{}}}", totals.lifetimes)
}

fn write_type<W: Write>(out: &mut W, (of_it, element): (&Site, &Element)) -> io::Result<()> {
    let (name, size) = (Quoted(&element.name), element.size);
    write!(out, "{{\"name\":{name},\"size\":{size},\"elements\":{{")?;
    let [total, at_peak, at_end] =
        [of_it.total, of_it.at_peak, of_it.at_end].map(|amount| element.count(amount));
    write!(
        out,
        "\"total\":{total},\"at_peak\":{at_peak},\"at_end\":{at_end}}}"
    )?;
    write_amounts(
        out,
        &[
            ("total", of_it.total),
            ("at_peak", of_it.at_peak),
            ("at_end", of_it.at_end),
        ],
    )?;
    out.write_all(b"}")
}

/// The type of a site, or `null`.
fn write_element(out: &mut impl Write, element: Option<&Element>) -> io::Result<()> {
    out.write_all(b",\"type\":")?;
    match element {
        None => out.write_all(b"null"),
        Some(Element { name, size }) => {
            write!(out, "{{\"name\":{},\"size\":{size}}}", Quoted(name))
        }
    }
}

fn write_mapping<W: Write>(out: &mut W, mapping: &Mapping) -> io::Result<()> {
    let Mapping {
        start,
        end,
        offset,
        file,
    } = mapping;
    write!(
        out,
        "{{\"start\":\"{start:#x}\",\"end\":\"{end:#x}\",\"offset\":{offset},"
    )?;
    write!(out, "\"file\":{}}}", Quoted(file))
}

fn write_frame<W: Write>(out: &mut W, frame: &Frame) -> io::Result<()> {
    let function = OrNull(frame.function.as_deref().map(Quoted));
    let file = OrNull(frame.file.as_deref().map(Quoted));
    let (line, column) = (OrNull(frame.line), OrNull(frame.column));
    write!(
        out,
        "{{\"function\":{function},\"file\":{file},\"line\":{line},\"column\":{column}}}"
    )
}

fn write_point<W: Write>(out: &mut W, point: &Point) -> io::Result<()> {
    let Amount { blocks, bytes } = point.live;
    write!(out, "[{},{blocks},{bytes}]", point.time)
}

/// Further fields of an object.
fn write_amounts<W: Write>(out: &mut W, amounts: &[(&str, Amount)]) -> io::Result<()> {
    for (name, amount) in amounts {
        write!(out, ",\"{name}\":")?;
        write_amount(out, *amount)?;
    }
    Ok(())
}

fn write_amount<W: Write>(out: &mut W, amount: Amount) -> io::Result<()> {
    let Amount { blocks, bytes } = amount;
    write!(out, "[{blocks},{bytes}]")
}

fn write_site<W: Write>(
    out: &mut W,
    site: &Site,
    indices: &BTreeMap<usize, usize>,
) -> io::Result<()> {
    out.write_all(b"{\"stack\":")?;
    write_list(out, ",", &site.stack, |out, address| {
        write!(out, "{}", indices[address])
    })?;
    let tag = OrNull(site.tag.as_deref().map(Quoted));
    let thread = OrNull(site.thread.as_deref().map(Quoted));
    write!(out, ",\"tag\":{tag},\"thread\":{thread}")?;
    write_element(out, site.element.as_ref())?;
    write_amounts(
        out,
        &[
            ("total", site.total),
            ("max", site.max),
            ("at_peak", site.at_peak),
            ("at_end", site.at_end),
        ],
    )?;
    let Site {
        lifetimes, samples, ..
    } = site;
    write!(
        out,
        ",\"lifetimes\":{lifetimes},\"samples\":{samples},\"series\":"
    )?;
    write_list(out, ",", &site.series, write_point)?;
    out.write_all(b"}")
}
