//! What stands on the command line after the verb.

/// A flag that a verb knows.
#[derive(Debug)]
pub(crate) struct Flag {
    /// With its dashes: `--seconds`.
    pub(crate) name: &'static str,
    /// What its value is called, if it takes one: `N`.
    pub(crate) value: Option<&'static str>,
    /// What it does.
    pub(crate) line: &'static str,
}

/// What a verb takes besides its flags.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operands {
    /// Nothing.
    None,
    /// Any number of words, called so in the usage line.
    Words(&'static str),
    /// Everything, flags too, goes on to another program unread.
    PassedOn(&'static str),
}

/// The command line of one verb, read.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Args {
    flags: Vec<(&'static str, String)>,
    /// The words that are no flags, in order.
    pub(crate) operands: Vec<String>,
}

impl Args {
    /// Whether the flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(given, _)| *given == name)
    }

    /// The whole number after a flag, or `default` where the flag was not given.
    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        // The last one wins, as in other programs.
        let Some((_, value)) = self.flags.iter().rfind(|(given, _)| *given == name) else {
            return Ok(default);
        };
        value
            .parse()
            .map_err(|_| format!("{name} takes a whole number, not `{value}`"))
    }
}

/// Whether the words ask for help rather than for work.
pub(crate) fn asks_for_help(words: &[String], operands: Operands) -> bool {
    let is_help = |word: &String| word == "--help" || word == "-h";
    match operands {
        // Only in the first place: behind it, the other program may have a `--help` of its own.
        Operands::PassedOn(_) => words.first().is_some_and(is_help),
        Operands::None | Operands::Words(_) => words.iter().any(is_help),
    }
}

/// Reads the words after a verb.
///
/// # Errors
/// One sentence that names the word which cannot be read.
pub(crate) fn parse(
    words: &[String],
    known: &'static [Flag],
    operands: Operands,
) -> Result<Args, String> {
    let mut args = Args::default();
    if let Operands::PassedOn(_) = operands {
        // `cargo xtask bench -- --help` reaches the other program.
        let skip = usize::from(words.first().is_some_and(|word| word == "--"));
        args.operands = words[skip..].to_vec();
        return Ok(args);
    }
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            if let Operands::None = operands {
                return Err(format!("unexpected word `{word}`"));
            }
            args.operands.push(word.clone());
            continue;
        }
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let flag = known.iter().find(|flag| flag.name == name);
        let flag = flag.ok_or_else(|| format!("unknown flag `{name}`"))?;
        let value = match (flag.value, inline) {
            (None, None) => String::new(),
            (None, Some(_)) => return Err(format!("{name} takes no value")),
            (Some(_), Some(value)) => value,
            (Some(label), None) => words
                .next()
                .cloned()
                .ok_or_else(|| format!("{name} needs a value: {name} {label}"))?,
        };
        args.flags.push((flag.name, value));
    }
    Ok(args)
}

#[cfg(test)]
mod tests {
    use super::{Args, Flag, Operands, asks_for_help, parse};

    const KNOWN: &[Flag] = &[
        Flag {
            name: "--open",
            value: None,
            line: "",
        },
        Flag {
            name: "--seconds",
            value: Some("N"),
            line: "",
        },
    ];

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    fn read(text: &str) -> Result<Args, String> {
        parse(&words(text), KNOWN, Operands::Words("TARGET"))
    }

    #[test]
    fn flags_and_operands_mix() -> Result<(), String> {
        let args = read("ops --seconds 5 math --open")?;
        assert_eq!(args.operands, ["ops", "math"]);
        assert!(args.has("--open"));
        assert_eq!(args.number("--seconds", 60), Ok(5));
        Ok(())
    }

    #[test]
    fn a_value_may_follow_an_equals_sign_and_the_last_one_wins() -> Result<(), String> {
        assert_eq!(
            read("--seconds=7 --seconds=8")?.number("--seconds", 60),
            Ok(8)
        );
        Ok(())
    }

    #[test]
    fn a_flag_not_given_has_its_default() -> Result<(), String> {
        let args = read("")?;
        assert!(!args.has("--open"));
        assert_eq!(args.number("--seconds", 60), Ok(60));
        Ok(())
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("--fast").unwrap_err(), "unknown flag `--fast`");
        assert_eq!(read("--open=1").unwrap_err(), "--open takes no value");
        assert_eq!(
            read("--seconds").unwrap_err(),
            "--seconds needs a value: --seconds N"
        );
        let error = read("--seconds soon")
            .and_then(|args| args.number("--seconds", 1))
            .unwrap_err();
        assert_eq!(error, "--seconds takes a whole number, not `soon`");
        let error = parse(&words("arena"), KNOWN, Operands::None).unwrap_err();
        assert_eq!(error, "unexpected word `arena`");
    }

    #[test]
    fn what_is_passed_on_is_not_read() -> Result<(), String> {
        let passed = |text| parse(&words(text), &[], Operands::PassedOn("ARGS"));
        assert_eq!(
            passed("push --test --x=1")?.operands,
            ["push", "--test", "--x=1"]
        );
        assert_eq!(passed("-- --help")?.operands, ["--help"]);
        Ok(())
    }

    #[test]
    fn help_is_found() {
        assert!(asks_for_help(&words("arena --help"), Operands::Words("")));
        assert!(asks_for_help(&words("-h"), Operands::PassedOn("")));
        assert!(!asks_for_help(&words("-- --help"), Operands::PassedOn("")));
        assert!(!asks_for_help(&words("arena"), Operands::None));
    }
}
