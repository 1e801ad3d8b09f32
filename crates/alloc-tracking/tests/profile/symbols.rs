//! Addresses of this very program.

use std::collections::BTreeSet;

use alloc_tracking::Profile;
use alloc_tracking::profile::Site;

/// The return addresses of a real call stack.
#[inline(never)]
fn stack() -> Vec<usize> {
    let mut addresses = Vec::new();
    backtrace::trace(|frame| {
        addresses.push(frame.ip().addr());
        true
    });
    addresses
}

#[test]
fn the_functions_and_lines_of_this_test_are_found() {
    let mut profile = Profile::default();
    profile.sites.push(Site::new(stack()).total(1, 8));
    let line = line!() - 1;
    profile.symbolize();

    let site = &profile.sites[0];
    let addresses: BTreeSet<_> = site.stack.iter().copied().collect();
    assert_eq!(
        profile.frames.keys().copied().collect::<BTreeSet<_>>(),
        addresses
    );
    let places: Vec<_> = profile
        .places(site)
        .map(|place| place.to_string())
        .collect();
    let name = "the_functions_and_lines_of_this_test_are_found";
    let here = places
        .iter()
        .find(|place| place.contains(&format!("{name} (")))
        .expect("the test itself, without a hash");
    assert!(here.contains(&format!("symbols.rs:{line}:")), "{here}");

    let full = places.len();
    profile.trim_runtime();
    // With lines alone in the debug information, what was inlined has a name without its path.
    profile.trim_inner(|frame| {
        let in_file = |file: &String| file.contains("/backtrace-");
        frame.name().starts_with("backtrace::") || frame.file.as_ref().is_some_and(in_file)
    });
    let site = &profile.sites[0];
    let places: Vec<_> = profile
        .places(site)
        .map(|place| place.to_string())
        .collect();
    assert!(places.len() < full);
    assert!(places[0].contains("symbols::stack"), "{places:#?}");
    let outermost = places.last().unwrap();
    assert!(outermost.contains(name), "{places:#?}");
}
