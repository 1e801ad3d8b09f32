//! Reads what the compiler writes as assembly of x86-64, in the syntax of Intel.

/// A line of a function's body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line<'a> {
    /// A place to jump to.
    Label(&'a str),
    /// An instruction with its operands.
    Instruction(&'a str),
}

/// The instructions of a call of `function` from its entry to its return, if no conditional jump is
/// taken: what the compiler lays out as the likely path.
///
/// # Errors
///
/// There is no such function, or that path does not return by itself: it calls or jumps elsewhere,
/// or loops.
pub(crate) fn straight_path<'a>(text: &'a str, function: &str) -> Result<Vec<&'a str>, String> {
    let body = body(text, function);
    let mut path = Vec::new();
    let mut at = 0;
    while let Some(line) = body.get(at) {
        at += 1;
        let Line::Instruction(instruction) = *line else {
            continue;
        };
        path.push(instruction);
        let (name, operands) = split(instruction);
        match name {
            "ret" => return Ok(path),
            "call" => {
                return Err(format!(
                    "`{function}` calls {operands} on its straight path"
                ));
            }
            "jmp" => {
                let target = body.iter().position(|line| *line == Line::Label(operands));
                at = target.ok_or_else(|| format!("`{function}` goes on at {operands}"))?;
            }
            _ => {}
        }
        if path.len() > body.len() {
            return Err(format!("`{function}` loops"));
        }
    }
    Err(if body.is_empty() {
        format!("there is no function `{function}`")
    } else {
        format!("`{function}` does not return")
    })
}

/// The lines of a function, without directives.
fn body<'a>(text: &'a str, function: &str) -> Vec<Line<'a>> {
    // Some systems put a low line before the names of a program.
    let is_entry = |line: &str| {
        let label = line.strip_suffix(':');
        label.is_some_and(|label| label == function || label.strip_prefix('_') == Some(function))
    };
    let is_end = |line: &str| {
        line.starts_with(".cfi_endproc") || line.contains("func_end") || is_entry(line)
    };
    text.lines()
        .map(without_comment)
        .skip_while(|line| !is_entry(line))
        .skip(1)
        .take_while(|line| !is_end(line))
        .filter_map(read)
        .collect()
}

/// The line without what stands behind a `#`, and without blanks around.
fn without_comment(line: &str) -> &str {
    line.split_once('#').map_or(line, |(code, _)| code).trim()
}

fn read(line: &str) -> Option<Line<'_>> {
    if let Some(label) = line.strip_suffix(':') {
        Some(Line::Label(label))
    } else if line.is_empty() || line.starts_with('.') {
        None
    } else {
        Some(Line::Instruction(line))
    }
}

/// The name of an instruction, and its operands.
fn split(instruction: &str) -> (&str, &str) {
    let split = instruction.split_once(char::is_whitespace);
    split.map_or((instruction, ""), |(name, operands)| {
        (name, operands.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::straight_path;

    const TEXT: &str = "\
\t.globl\tput
\t.p2align\t4
\t.type\tput,@function
put:
.Lfunc_begin0:
\t.cfi_startproc
\tmov\trax, qword ptr [rdi]
\tlea\trcx, [rax + 8]
\tcmp\tqword ptr [rdi + 16], rcx
\tjs\t.LBB0_2
\tmov\tqword ptr [rdi], rcx  # the new cursor
\tret
.LBB0_2:
\tpush\trbx
\tcall\tslow@PLT
\tjmp\t.LBB0_2
.Lfunc_end0:
\t.size\tput, .Lfunc_end0-put
\t.cfi_endproc

_moved:
\ttest\trdi, rdi
\tjmp\t.LBB1_3
.LBB1_1:
\tcall\tslow@PLT
.LBB1_3:
\tje\t.LBB1_1
\tret
\t.cfi_endproc
cold:
\tcall\tslow@PLT
\tret
\t.cfi_endproc
tail:
\tnop
\tjmp\tslow@PLT
\t.cfi_endproc
endless:
.LBB4_1:
\tjmp\t.LBB4_1
\t.cfi_endproc
broken:
\tud2
\t.cfi_endproc
";

    #[test]
    fn the_path_ends_at_the_first_return_and_jumps_are_not_taken() {
        let path = straight_path(TEXT, "put").unwrap();
        let names: Vec<_> = path.iter().map(|line| super::split(line).0).collect();
        assert_eq!(names, ["mov", "lea", "cmp", "js", "mov", "ret"]);
        assert_eq!(path[4], "mov\tqword ptr [rdi], rcx", "without its comment");
    }

    #[test]
    fn jumps_without_a_condition_are_followed() {
        let path = straight_path(TEXT, "moved").unwrap();
        assert_eq!(
            path,
            ["test\trdi, rdi", "jmp\t.LBB1_3", "je\t.LBB1_1", "ret"]
        );
    }

    #[test]
    fn a_path_that_does_not_return_by_itself_is_an_error() {
        for (function, error) in [
            ("cold", "`cold` calls slow@PLT on its straight path"),
            ("tail", "`tail` goes on at slow@PLT"),
            ("endless", "`endless` loops"),
            ("broken", "`broken` does not return"),
            ("pu", "there is no function `pu`"),
        ] {
            assert_eq!(straight_path(TEXT, function).unwrap_err(), error);
        }
    }
}
