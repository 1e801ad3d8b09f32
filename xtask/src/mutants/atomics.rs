//! What follows from the text of atomic operations: each with a weaker ordering, and each that reads, modifies and writes
//! at once without being one operation.

use std::ops::Range;

use super::{Mutant, code};

/// What makes `torn_fetch_or` and its like of what atomics have.
const TORN: &str = include_str!("torn.rs");

/// The orderings that order something.
const STRONG: [&str; 4] = ["Acquire", "Release", "AcqRel", "SeqCst"];

/// An ordering that stands in the code.
#[derive(Debug)]
struct Use<'a> {
    /// Where it stands: `Ordering::Acquire`.
    span: Range<usize>,
    order: &'a str,
    /// The operation that it is passed to, or nothing.
    operation: &'a str,
    /// The operation with its arguments.
    call: Range<usize>,
    /// Which of the orderings of its operation it is, if that takes two.
    role: &'static str,
}

/// The mutants of a file.
///
/// # Errors
/// An ordering is not written as `Ordering::X`, and so would be overlooked.
pub(super) fn mutants(file: &str, text: &str) -> Result<Vec<Mutant>, String> {
    let code = code::only(text);
    let mut mutants = Vec::new();
    for (at, word) in code::words(&code).filter(|(_, word)| STRONG.contains(word)) {
        let Some(used) = read(&code, at, word) else {
            let line = code::line(text, at);
            return Err(format!(
                "{file}:{line}: `{word}` must be written `Ordering::{word}`"
            ));
        };
        mutants.extend(weaker(file, text, &code, &used));
    }
    mutants.extend(torn(file, text, &code));
    Ok(mutants)
}

/// Reads the use of an ordering; nothing if its type is not named.
fn read<'a>(code: &'a str, at: usize, order: &'a str) -> Option<Use<'a>> {
    let path = code[..at].strip_suffix("Ordering::")?;
    let span = path.len()..at + order.len();
    let call = code::call(code, span.start);
    let (begin, arguments, argument) = call.unwrap_or((at, at, 0));
    let operation = call.map_or("", |_| &code[begin..arguments - 1]);
    let end = code::end_of_arguments(code, arguments).map_or(span.end, |end| end + 1);
    let role = match (operation, argument) {
        ("compare_exchange" | "compare_exchange_weak", 2) | ("fetch_update", 0) => " success",
        ("compare_exchange" | "compare_exchange_weak" | "fetch_update", _) => " failure",
        _ => "",
    };
    Some(Use {
        span,
        order,
        operation,
        call: begin..end,
        role,
    })
}

/// The next weaker orderings.
fn next(used: &Use<'_>) -> &'static [&'static str] {
    let fence = used.operation == "fence";
    match used.order {
        // A relaxed fence is none.
        "Acquire" | "Release" if fence => &[],
        "Acquire" | "Release" => &["Relaxed"],
        "AcqRel" => &["Acquire", "Release"],
        _ if used.operation == "load" || used.role == " failure" => &["Acquire"],
        _ if used.operation == "store" => &["Release"],
        _ => &["AcqRel"],
    }
}

/// One ordering weakened, in each way that there is; a fence is also removed.
fn weaker(file: &str, text: &str, code: &str, used: &Use<'_>) -> Vec<Mutant> {
    let function = code::function(code, used.span.start);
    let mutant = |span: &Range<usize>, with: &str, what: &str| Mutant {
        name: format!(
            "{}::{function}, {}{}: {} {what}",
            super::stem(file),
            used.operation,
            used.role,
            used.order
        ),
        file: file.to_owned(),
        line: code::line(text, used.span.start),
        text: super::replaced(text, span, with),
        reason: None,
    };
    let weak = |order: &&str| {
        mutant(
            &used.span,
            &format!("Ordering::{order}"),
            &format!("to {order}"),
        )
    };
    let mut mutants: Vec<_> = next(used).iter().map(weak).collect();
    if used.operation == "fence" {
        mutants.push(mutant(&used.call, "()", "removed"));
    }
    mutants
}

/// Each read-modify-write as a load and a store.
fn torn(file: &str, text: &str, code: &str) -> Vec<Mutant> {
    let is_one = |(at, word): &(usize, &str)| {
        let arguments = at + word.len();
        let called = code[..*at].ends_with('.') && code[arguments..].starts_with('(');
        let ordered = || {
            let end = code::end_of_arguments(code, arguments + 1);
            end.is_some_and(|end| code[arguments..end].contains("Ordering::"))
        };
        let named =
            word.starts_with("fetch_") || word.starts_with("compare_exchange") || *word == "swap";
        called && named && ordered()
    };
    let mutant = |(at, word): (usize, &str)| Mutant {
        name: format!(
            "{}::{}, {word}: a load and a store",
            super::stem(file),
            code::function(code, at)
        ),
        file: file.to_owned(),
        line: code::line(text, at),
        text: super::replaced(text, &(at..at), "torn_") + TORN,
        reason: None,
    };
    code::words(code).filter(is_one).map(mutant).collect()
}

#[cfg(test)]
mod tests {
    use super::{TORN, mutants};

    /// The names of the mutants of a function, and what is written instead of its body.
    fn of(body: &str) -> Vec<(String, String)> {
        let head = "fn run() { ";
        let text = format!("{head}{body}");
        let all = mutants("src/file.rs", &text).unwrap();
        let pair = |mutant: super::Mutant| {
            let name = mutant.name.strip_prefix("file::run, ").unwrap().to_owned();
            let text = mutant.text.strip_suffix(TORN).unwrap_or(&mutant.text);
            (name, text.strip_prefix(head).unwrap().to_owned())
        };
        all.into_iter().map(pair).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(name, text): &(&str, &str)| (name.to_owned(), text.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn an_ordering_becomes_the_next_weaker_ones() {
        let load = pairs(&[("load: Acquire to Relaxed", "a.load(Ordering::Relaxed)")]);
        assert_eq!(of("a.load(Ordering::Acquire)"), load);
        assert_eq!(of("a.load(Ordering::Relaxed)"), []);
        let seq_cst = pairs(&[("store: SeqCst to Release", "a.store(1, Ordering::Release)")]);
        assert_eq!(of("a.store(1, Ordering::SeqCst)"), seq_cst);
        let swap = pairs(&[
            (
                "swap: AcqRel to Acquire",
                "a.swap(f(1, 2), Ordering::Acquire)",
            ),
            (
                "swap: AcqRel to Release",
                "a.swap(f(1, 2), Ordering::Release)",
            ),
            (
                "swap: a load and a store",
                "a.torn_swap(f(1, 2), Ordering::AcqRel)",
            ),
        ]);
        assert_eq!(of("a.swap(f(1, 2), Ordering::AcqRel)"), swap);
    }

    #[test]
    fn both_orderings_of_a_compare_exchange_are_weakened() {
        let names: Vec<_> =
            of("a.compare_exchange(\n 0, 1, Ordering::Release,\n Ordering::Acquire)")
                .into_iter()
                .map(|(name, _)| name)
                .collect();
        let expected = [
            "compare_exchange success: Release to Relaxed",
            "compare_exchange failure: Acquire to Relaxed",
            "compare_exchange: a load and a store",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_fence_is_removed() {
        let fences = pairs(&[("fence: Acquire removed", "b(); (); c()")]);
        assert_eq!(of("b(); fence(Ordering::Acquire); c()"), fences);
    }

    #[test]
    fn what_is_no_atomic_is_left_alone() {
        assert_eq!(of("a.swap(1, 2); // Ordering::Acquire"), []);
        assert_eq!(of("match a.cmp(b) { Ordering::Less => fetch_or(c) }"), []);
    }

    #[test]
    fn an_ordering_by_another_name_is_rejected() {
        let error = mutants("src/file.rs", "\na.load(Acquire)").unwrap_err();
        assert!(error.starts_with("src/file.rs:2: `Acquire` "), "{error}");
    }
}
