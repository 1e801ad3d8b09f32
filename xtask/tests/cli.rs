//! The command line as a person meets it: what it lists, what it refuses, and with which exit code.

use std::process::{Command, Output};

const VERBS: &[&str] = &[
    "demo", "test", "ci", "loom", "shuttle", "miri", "asan", "tsan", "torture", "fuzz", "bench",
    "icount", "asm", "doc",
];

fn xtask(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(words)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program refuses the words with this sentence, and shows what it would have taken.
fn refuses(words: &[&str], sentence: &str, shows: &str) {
    let output = xtask(words);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(
        said.lines().next(),
        Some(format!("error: {sentence}").as_str())
    );
    assert!(said.contains(shows), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn alone_it_lists_every_verb_with_a_line() {
    let output = xtask(&[]);
    assert_eq!(output.status.code(), Some(0));
    let list = text(&output.stdout);
    for verb in VERBS {
        assert!(
            list.lines()
                .any(|line| line.trim_start().starts_with(&format!("{verb} "))),
            "{verb}"
        );
    }
}

#[test]
fn every_verb_has_help() {
    for verb in VERBS {
        let output = xtask(&[verb, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).starts_with(&format!("usage: cargo xtask {verb}")));
    }
}

#[test]
fn an_unknown_verb_is_answered_with_the_list() {
    refuses(&["tset"], "there is no verb `tset`", "cargo xtask VERB");
}

#[test]
fn what_a_verb_does_not_take_is_answered_with_its_help() {
    refuses(
        &["test", "--fast"],
        "unknown flag `--fast`",
        "usage: cargo xtask test",
    );
    refuses(
        &["loom", "pop"],
        "unexpected word `pop`",
        "usage: cargo xtask loom",
    );
    refuses(
        &["fuzz", "--seconds", "x"],
        "--seconds takes a whole number, not `x`",
        "--seconds N",
    );
}

#[test]
fn an_unknown_crate_or_target_is_answered_with_the_known_ones() {
    let said = text(&xtask(&["miri", "alloc-heap"]).stderr);
    assert!(
        said.starts_with("error: there is no crate `alloc-heap`; there are: alloc-"),
        "{said}"
    );
    let said = text(&xtask(&["fuzz", "no-such-target"]).stderr);
    assert!(
        said.starts_with("error: there is no fuzz target `no-such-target`; "),
        "{said}"
    );
}
