//! A record as a page: one file that opens from disk, without scripts and without a network.

mod charts;
mod numbers;
mod summary;

use std::fmt::Write;

use super::contest::{Contest, contests, groups};
use crate::record::{Environment, Record};
use crate::registry::Origin;
use crate::report::{document, escape};

/// What this page has beside the style of all pages.
const STYLE: &str = include_str!("page.css");

/// The whole page of a record.
pub fn page(record: &Record) -> String {
    let contests = contests(record);
    let mut body = head(&record.environment);
    if contests.is_empty() {
        body += "<p>Nothing was measured.</p>\n";
    } else {
        body += &navigation(&contests);
        body += &summary::summary(&contests);
        for group in groups(&contests) {
            body += &charts::group(group, &contests);
        }
        body += &numbers::numbers(&contests);
    }
    document("Allocators, measured", STYLE, &body)
}

/// What was measured on what, and what the colors mean.
fn head(environment: &Environment) -> String {
    let mut text = "<h1>Allocators, measured</h1>\n".to_owned();
    for (word, sentence) in [
        (
            "quick",
            "This was a quick run, which is coarse: only large differences of time mean something.",
        ),
        (
            "interrupted",
            "This run was interrupted: what it had not come to is not here.",
        ),
    ] {
        if environment.kind.contains(word) {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "<p class=\"warning\">{sentence}</p>");
        }
    }
    text += "<dl class=\"facts\">\n";
    for (name, value) in environment.fields() {
        if !value.is_empty() {
            let _ = writeln!(text, "<dt>{name}</dt><dd>{}</dd>", escape(value));
        }
    }
    text += "</dl>\n<p class=\"legend\">";
    for (origin, words) in [
        (Origin::Ours, "ours"),
        (Origin::System, "the system's"),
        (Origin::Peer, "peers"),
        (Origin::Floor, "floor: the work without an allocator"),
    ] {
        let class = class(origin);
        let _ = write!(
            text,
            "<span><span class=\"key {class}\"></span>{words}</span> "
        );
    }
    text + "</p>\n<p class=\"dim\">At a bar stands its value, and in brackets how many times our best that is; \
            the thin line spans the quartiles.</p>\n"
}

/// Links to the groups.
fn navigation(contests: &[Contest<'_>]) -> String {
    let mut text = "<nav>".to_owned();
    for group in groups(contests) {
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "<a href=\"#{}\">{}</a> ",
            slug(&[group]),
            escape(group)
        );
    }
    text + "<a href=\"#numbers\">all numbers</a></nav>\n"
}

/// The class of an origin in the style.
fn class(origin: Origin) -> &'static str {
    match origin {
        Origin::Ours => "ours",
        Origin::System => "system",
        Origin::Peer => "peer",
        Origin::Floor => "floor",
    }
}

/// Where the page speaks of a workload in a measure.
fn anchor(contest: &Contest<'_>) -> String {
    slug(&[
        contest.group(),
        contest.workload(),
        contest.measure().name(),
    ])
}

/// Names as an element's id: the same id for the same names only, whatever characters they have.
fn slug(names: &[&str]) -> String {
    let mut slug = String::new();
    for name in names {
        if !slug.is_empty() {
            slug += "--";
        }
        for character in name.chars() {
            match character {
                ' ' => slug.push('-'),
                'a'..='z' | 'A'..='Z' | '0'..='9' => slug.push(character),
                // Writing to a `String` cannot fail.
                other => drop(write!(slug, "_{:x}", u32::from(other))),
            }
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::sample;
    use super::*;
    use crate::report::assert_well_formed;

    /// What stands between `before` and the next quotation mark, everywhere.
    fn quoted<'a>(page: &'a str, before: &str) -> Vec<&'a str> {
        let parts = page.split(before).skip(1);
        parts.filter_map(|part| part.split('"').next()).collect()
    }

    #[test]
    fn the_page_is_well_formed_and_alone() {
        let page = page(&sample::record());
        assert_well_formed(&page);
        assert!(page.contains("Some &lt;processor&gt; &amp; more"));
        assert!(page.contains("This was a quick run"));
        assert!(!page.contains("This run was interrupted"));
    }

    #[test]
    fn every_link_has_its_place() {
        let page = page(&sample::record());
        let ids = quoted(&page, " id=\"");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len());
        let links = quoted(&page, "href=\"#");
        assert!(links.len() > 12);
        for link in links {
            assert!(unique.contains(&link), "{link}");
        }
    }

    #[test]
    fn every_picture_says_what_it_is() {
        let page = page(&sample::record());
        let pictures = page.matches("<svg").count();
        // Time and instructions of four arenas and two pools, and three measures of memory.
        assert_eq!(pictures, 15);
        assert_eq!(page.matches("role=\"img\" aria-label=\"").count(), pictures);
        assert_eq!(page.matches("figure class=\"lines\"").count(), 2);
    }

    #[test]
    fn parts_of_a_record_are_enough() {
        let mut record = sample::record();
        record.environment.kind = "full, interrupted".to_owned();
        for origin in [Origin::Ours, Origin::Peer, Origin::System] {
            let mut part = record.clone();
            part.rows.retain(|row| row.origin == origin);
            let page = page(&part);
            assert_well_formed(&page);
            assert!(page.contains("This run was interrupted"));
        }
        record.rows.clear();
        assert!(page(&record).contains("Nothing was measured."));
    }

    #[test]
    fn names_become_ids() {
        assert_eq!(slug(&["a b", "C/1"]), "a-b--C_2f1");
    }
}
