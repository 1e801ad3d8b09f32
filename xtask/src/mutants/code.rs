//! The code of a source file: what is neither a comment nor a test.

/// The text with comments and tests blanked, byte for byte, so that places in both are the same.
///
/// A test is what `#[cfg(test)]`, or a `cfg` of `test` and something else, stands above in the first column.
pub(super) fn only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut in_test = false;
    for line in text.split_inclusive('\n') {
        in_test |= line.starts_with("#[cfg(") && words(line).any(|(_, word)| word == "test");
        let kept = match line.find("//") {
            _ if in_test => 0,
            Some(comment) => comment,
            None => line.len(),
        };
        code.push_str(&line[..kept]);
        code.extend(line[kept..].bytes().map(|byte| match byte {
            b'\n' => '\n',
            _ => ' ',
        }));
        let item_ends = line.starts_with('}') || line.trim_end().ends_with(';');
        in_test &= line.starts_with([' ', '\n']) || !item_ends;
    }
    code
}

/// The identifiers and where they begin.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = 0;
    std::iter::from_fn(move || {
        let begin = rest + code[rest..].find(is_part)?;
        let len = code[begin..].find(|c| !is_part(c));
        rest = len.map_or(code.len(), |len| begin + len);
        Some((begin, &code[begin..rest]))
    })
}

/// The function in which a place is, by its name.
pub(super) fn function(code: &str, at: usize) -> &str {
    let mut names = words(&code[..at]).zip(words(code).skip(1));
    let last = names.by_ref().filter(|((_, word), _)| *word == "fn").last();
    last.map_or("", |(_, (_, name))| name)
}

/// The number of the line in which a place is.
pub(super) fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The call in whose arguments a place is: where its name begins and where its arguments do, and
/// which argument it is, counted from 0.
pub(super) fn call(code: &str, at: usize) -> Option<(usize, usize, usize)> {
    let (mut depth, mut argument) = (0, 0);
    for (place, c) in code[..at].char_indices().rev() {
        match c {
            ')' | ']' | '}' => depth += 1,
            '(' if depth == 0 => {
                let (begin, name) = words(&code[..place]).last()?;
                return (begin + name.len() == place).then_some((begin, place + 1, argument));
            }
            '[' | '{' | ';' if depth == 0 => return None,
            '(' | '[' | '{' => depth -= 1,
            ',' if depth == 0 => argument += 1,
            _ => {}
        }
    }
    None
}

/// Where the arguments that begin here end: at their closing parenthesis.
pub(super) fn end_of_arguments(code: &str, begin: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (place, c) in code[begin..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(begin + place),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{call, end_of_arguments, function, only, words};

    #[test]
    fn comments_and_tests_are_blanked_in_place() {
        let text =
            "a; // ö b\n#[cfg(test)]\nuse c;\nd\n#[cfg(all(test, x))]\nmod e {\n    f;\n}\ng";
        let code = only(text);
        assert_eq!(code.len(), text.len());
        let kept: Vec<_> = words(&code).collect();
        let at = |word| text.rfind(word).unwrap();
        assert_eq!(kept, [(0, "a"), (at("d\n"), "d"), (at("g"), "g")]);
    }

    #[test]
    fn a_function_is_the_last_one_that_began() {
        let code = "impl Fn() for X { fn one() { a } const fn two<T>() { fn_b } }";
        assert_eq!(function(code, code.find('a').unwrap()), "one");
        assert_eq!(function(code, code.find("fn_b").unwrap()), "two");
        assert_eq!(function(code, 3), "");
    }

    #[test]
    fn a_call_is_found_from_one_of_its_arguments() {
        let code = "x.swap(f(a, b), [c, d], here)";
        let found = call(code, code.find("here").unwrap());
        assert_eq!(found, Some((2, 7, 2)));
        assert_eq!(end_of_arguments(code, 7), Some(code.len() - 1));
        assert_eq!(call("let x = y;", 8), None);
        assert_eq!(call("f(); [a, b]", 9), None);
    }
}
