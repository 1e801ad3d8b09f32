//! Lays profiles of the program of [`alloc_benches::oracle`] beside each other, place by place.
//!
//! `oracle-compare NAME FILE NAME FILE ..`: profiles in DHAT's format, version 2. Fails if two differ.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use serde_json::Value;

/// What is compared: the field of a program point, and what it says.
const FIGURES: [(&str, &str); 6] = [
    ("tb", "bytes"),
    ("tbk", "blocks"),
    ("gb", "bytes at the peak"),
    ("gbk", "blocks at the peak"),
    ("eb", "bytes at the end"),
    ("ebk", "blocks at the end"),
];

/// The figures of each place.
type Places = BTreeMap<String, [u64; FIGURES.len()]>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let words: Vec<_> = env::args().skip(1).collect();
    let mut profiles = Vec::new();
    for pair in words.chunks_exact(2) {
        let places = read(&fs::read_to_string(&pair[1])?)
            .map_err(|error| format!("{}: {error}", pair[1]))?;
        profiles.push((&*pair[0], places));
    }
    let [(first, expected), others @ ..] = &*profiles else {
        return Err("names and files are missing".into());
    };
    if expected.is_empty() || others.is_empty() {
        return Err("there is nothing to compare".into());
    }
    print(first, expected);
    let mut agree = true;
    for (name, places) in others {
        agree &= compare(first, expected, name, places);
    }
    Ok(if agree {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Shows what one profile says.
fn print(name: &str, places: &Places) {
    print!("{name:18}");
    for (_, figure) in FIGURES {
        print!(" {figure:>18}");
    }
    println!();
    for (place, figures) in places {
        print!("{place:18}");
        for figure in figures {
            print!(" {figure:>18}");
        }
        println!();
    }
}

/// Says where two profiles differ; whether they do not.
fn compare(first: &str, expected: &Places, name: &str, places: &Places) -> bool {
    let mut agree = true;
    let names = expected.keys().chain(places.keys());
    let names: std::collections::BTreeSet<_> = names.collect();
    for place in names {
        let of = |places: &Places| places.get(place).copied().unwrap_or_default();
        for ((expected, found), (_, figure)) in of(expected).iter().zip(of(places)).zip(FIGURES) {
            if *expected != found {
                agree = false;
                println!("{place}: {figure}: {expected} by {first}, {found} by {name}");
            }
        }
    }
    if agree {
        let count = places.len() * FIGURES.len();
        println!(
            "{name} and {first} agree: {count} figures of {} places",
            places.len()
        );
    }
    agree
}

/// The figures of a profile. What no place of the program has allocated is left out: the standard
/// library's start, and the profiler itself.
fn read(text: &str) -> Result<Places, Box<dyn Error>> {
    let profile: Value = serde_json::from_str(text)?;
    let frames = profile["ftbl"].as_array().ok_or("no frames")?;
    let mut places = Places::new();
    for point in profile["pps"].as_array().ok_or("no program points")? {
        let stack = point["fs"].as_array().ok_or("no call stack")?;
        let names = stack.iter().filter_map(|frame| {
            let number = usize::try_from(frame.as_u64()?).ok()?;
            place(frames.get(number)?.as_str()?)
        });
        let Some(place) = names.into_iter().next() else {
            continue;
        };
        let figures = places.entry(place.to_owned()).or_default();
        for (sum, (field, _)) in figures.iter_mut().zip(FIGURES) {
            // The peak and the end are missing where they are zero.
            *sum += point.get(field).and_then(Value::as_u64).unwrap_or(0);
        }
    }
    Ok(places)
}

/// The name of a place in the description of a frame.
fn place(frame: &str) -> Option<&str> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let start = frame.find("place_")?;
    if start > 0 && is_word(frame.as_bytes()[start - 1]) {
        return None;
    }
    let end = frame.bytes().skip(start).position(|byte| !is_word(byte));
    Some(&frame[start..end.map_or(frame.len(), |end| start + end)])
}
