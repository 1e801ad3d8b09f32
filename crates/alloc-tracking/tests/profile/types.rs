//! What blocks hold, in each format.

use alloc_tracking::Profile;
use alloc_tracking::profile::{Element, Metric, Site};
use serde_json::Value;

use crate::made::{ordinary, written};

/// The ordinary profile, and orders at two places.
fn typed() -> Profile {
    let mut profile = ordinary();
    let order = Element::new("app::Order", 40);
    for (address, blocks) in [(0x1010, 3), (0x1020, 5)] {
        let site = Site::new([address]).total(blocks, blocks * 400);
        let site = site.at_peak(2, 800).at_end(1, 400);
        profile.sites.push(site.element(order.clone()));
    }
    let nothing = Element::new("app::Nothing", 0);
    profile
        .sites
        .push(Site::new([0x1010]).total(1, 1).element(nothing));
    profile
}

#[test]
fn the_text_has_a_table_of_types() {
    let text = typed().to_string();
    let table = "
2 types by bytes at the peak
  at peak   elements     in all   elements     at end   elements  type
  1.5 KiB         40    3.1 KiB         80      800 B         20  app::Order (40 bytes)
      0 B          0        1 B          0        0 B          0  app::Nothing (0 bytes)

4 sites by bytes at the peak
";
    assert!(text.contains(table), "{text}");
    let line = "    [type app::Order]\n    wordcount::main (src/main.rs:40)";
    assert!(text.contains(line), "{text}");
    let short = typed().text().by(Metric::TotalBlocks).sites(1).to_string();
    let table = "app::Order (40 bytes)\n  … and 1 more\n\n";
    assert!(short.contains(table), "{short}");
}

#[test]
fn by_type_each_type_is_one_site_and_so_is_all_that_has_none() {
    let profile = typed();
    let by_type = profile.by_type();
    assert_eq!(by_type.totals(), profile.totals());
    assert_eq!((by_type.sites.len(), &by_type.run), (3, &profile.run));
    for site in &by_type.sites {
        assert!(site.stack.is_empty() && site.tag.is_none() && site.thread.is_none());
        let name = site.element.as_ref().map(|element| &*element.name);
        let blocks = match name {
            Some("app::Order") => 8,
            Some("app::Nothing") => 1,
            _ => 104,
        };
        assert_eq!(site.total.blocks, blocks);
    }
    assert_eq!(Element::new("byte", 1).to_string(), "byte (1 byte)");
}

#[test]
fn stacks_begin_with_the_type() {
    let profile = typed();
    let folded = written(|out| profile.write_folded(out, Metric::EndBytes));
    assert!(
        folded.contains("[type app::Order];wordcount::main 400\n"),
        "{folded}"
    );
    let dhat = written(|out| profile.write_dhat(out));
    let root: Value = serde_json::from_str(&dhat).unwrap();
    let lines = root["ftbl"].as_array().unwrap();
    assert!(lines.contains(&"[type app::Order]".into()), "{dhat}");
    let massif = written(|out| profile.write_massif(out));
    assert!(massif.contains(" n2: 1600 [type app::Order]\n"), "{massif}");
    let mut pprof = Vec::new();
    profile.write_pprof(&mut pprof).unwrap();
    for text in [&b"\x04type"[..], &b"\x0aapp::Order"[..]] {
        assert!(pprof.windows(text.len()).any(|window| window == text));
    }
}

#[test]
fn what_changed_is_told_apart_by_type() {
    let (before, after) = (ordinary(), typed());
    let difference = &after - &before;
    let growths = difference.growths();
    let orders = growths.iter().filter(|growth| {
        let name = growth.element.map(|element| &*element.name);
        name == Some("app::Order") && growth.at_end.bytes == 400
    });
    assert_eq!(orders.count(), 2);
    assert!(difference.to_string().contains("    [type app::Order]\n"));
    let grown = difference.grown().by_type();
    assert_eq!(grown.totals().at_end.bytes, 800);
}
