//! What became of the mutants: the table, the score, and the file that keeps both.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Mutant;

/// What became of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// A model failed, saying this.
    Caught(String, String),
    /// A model did not end, which takes a fraction of that time without the mistake.
    TimedOut(String),
    /// No model noticed.
    Missed,
    /// The models are the same program with it.
    Same,
    /// It is no program.
    DoesNotCompile,
}

impl Verdict {
    /// Whether a model noticed.
    fn is_noticed(&self) -> bool {
        matches!(self, Self::Caught(..) | Self::TimedOut(_))
    }
}

/// A mutant and what became of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) mutant: Mutant,
    pub(crate) verdict: Verdict,
}

impl Outcome {
    /// What is wrong with that, if something is.
    pub(crate) fn objection(&self) -> Option<String> {
        let what = match (&self.verdict, &self.mutant.reason) {
            (Verdict::DoesNotCompile, _) => "does not compile",
            (Verdict::Missed | Verdict::Same, None) => {
                "is noticed by no model, and no reason is given"
            }
            (verdict, Some(_)) if verdict.is_noticed() => {
                "is noticed, although a reason is given why not"
            }
            _ => return None,
        };
        Some(format!("{} {what}", self.mutant.name))
    }

    /// What became of it, in a few words.
    pub(crate) fn words(&self) -> String {
        match &self.verdict {
            Verdict::Caught(model, how) if how.is_empty() => format!("caught by {model}"),
            Verdict::Caught(model, how) => format!("caught by {model}: {how}"),
            Verdict::TimedOut(model) => format!("timed out in {model}"),
            Verdict::Missed => "missed".to_owned(),
            Verdict::Same => "missed: no part of the models".to_owned(),
            Verdict::DoesNotCompile => "does not compile".to_owned(),
        }
    }

    /// The kind of the reason: what stands before its first colon.
    fn kind(&self) -> &str {
        let reason = self.mutant.reason.as_deref().unwrap_or("without a reason");
        reason.split(':').next().unwrap_or(reason)
    }
}

/// The line that counts: `9 mutants: 7 caught, 1 timed out, 1 missed (1 beyond loom)`.
pub(crate) fn score(outcomes: &[Outcome]) -> String {
    let count = |is: fn(&Verdict) -> bool| outcomes.iter().filter(|o| is(&o.verdict)).count();
    let caught = count(|verdict| matches!(verdict, Verdict::Caught(..)));
    let timed_out = count(|verdict| matches!(verdict, Verdict::TimedOut(_)));
    let broken = count(|verdict| matches!(verdict, Verdict::DoesNotCompile));
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    let missed = outcomes
        .iter()
        .filter(|o| matches!(o.verdict, Verdict::Missed | Verdict::Same));
    for kind in missed.map(Outcome::kind) {
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    let missed: usize = kinds.iter().map(|(_, count)| count).sum();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut parts = vec![format!("{} mutants: {caught} caught", outcomes.len())];
    if timed_out != 0 {
        parts.push(format!("{timed_out} timed out"));
    }
    let missed = match missed {
        0 => "0 missed".to_owned(),
        missed => format!("{missed} missed ({})", kinds.join(", ")),
    };
    parts.push(missed);
    if broken != 0 {
        parts.push(format!("{broken} do not compile"));
    }
    parts.join(", ")
}

/// The table, as Markdown.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let row = |outcome: &Outcome| {
        let (model, how) = match (&outcome.verdict, &outcome.mutant.reason) {
            (Verdict::Caught(model, how), _) => (format!("`{model}`"), how.clone()),
            (Verdict::TimedOut(model), _) => (format!("`{model}`"), "does not end".to_owned()),
            (_, Some(reason)) => ("**none**".to_owned(), reason.clone()),
            _ => (outcome.words(), String::new()),
        };
        let name = cell(&outcome.mutant.name);
        format!("| {name} | {model} | {} |\n", how.replace('|', "\\|"))
    };
    let head = "| change | noticed by | as |\n| --- | --- | --- |\n".to_owned();
    std::iter::once(head)
        .chain(outcomes.iter().map(row))
        .collect()
}

/// A name as a cell of the table.
pub(crate) fn cell(name: &str) -> String {
    name.replace('|', "\\|")
}

/// Where the table is in its file.
const BEGIN: &str = "<!-- written by cargo xtask loom --mutants -->\n";
const END: &str = "<!-- the end of what is written -->";

/// What stands in a file before its table, the table, and what stands behind.
fn parts(file: &str) -> Option<[&str; 3]> {
    let (head, rest) = file.split_once(BEGIN)?;
    let (table, tail) = rest.split_once(END)?;
    Some([head, table, tail])
}

/// The file with another table.
///
/// # Errors
/// It has no place for one.
pub(crate) fn written(file: &str, table: &str) -> Result<String, String> {
    let [head, _, tail] = parts(file).ok_or("there is no place for the table")?;
    Ok([head, BEGIN, table, END, tail].concat())
}

/// The changes that a file has in its table.
#[cfg(test)]
pub(crate) fn rows(file: &str) -> Vec<&str> {
    let table = parts(file).map_or("", |[_, table, _]| table);
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|cell| !["change", "---"].contains(cell))
        .collect()
}

/// Today, in UTC: `2026-01-31`.
pub(crate) fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    date(since.unwrap_or(Duration::ZERO).as_secs() / 86_400)
}

/// The date of a day, counted from the beginning of 1970.
fn date(day: u64) -> String {
    // Years that begin with March end with the day that not all have.
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{of_month:02}", era * 400 + year + carry)
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, Mutant, Outcome, Verdict, date, rows, score, table, written};

    fn outcome(verdict: Verdict, reason: Option<&str>) -> Outcome {
        let mutant = Mutant {
            name: "a | b".to_owned(),
            file: "src/a.rs".to_owned(),
            line: 1,
            text: String::new(),
            reason: reason.map(ToOwned::to_owned),
        };
        Outcome { mutant, verdict }
    }

    fn caught() -> Verdict {
        Verdict::Caught("model".to_owned(), "handed out twice".to_owned())
    }

    #[test]
    fn every_miss_has_a_reason_and_nothing_else() {
        let objects = |verdict, reason| outcome(verdict, reason).objection().is_some();
        assert!(!objects(caught(), None));
        assert!(!objects(Verdict::Missed, Some("beyond loom: so")));
        assert!(!objects(Verdict::Same, Some("beyond loom: so")));
        assert!(objects(caught(), Some("beyond loom: so")));
        assert!(objects(Verdict::Missed, None));
        assert!(objects(Verdict::Same, None));
        assert!(objects(Verdict::DoesNotCompile, Some("beyond loom: so")));
    }

    #[test]
    fn the_score_counts_each_once() {
        let outcomes = [
            outcome(caught(), None),
            outcome(Verdict::TimedOut("model".to_owned()), None),
            outcome(Verdict::Missed, Some("beyond loom: so")),
            outcome(Verdict::Same, Some("beyond loom: this, too")),
            outcome(Verdict::Missed, None),
        ];
        let expected =
            "5 mutants: 1 caught, 1 timed out, 3 missed (2 beyond loom, 1 without a reason)";
        assert_eq!(score(&outcomes), expected);
        assert_eq!(score(&[]), "0 mutants: 0 caught, 0 missed");
    }

    #[test]
    fn the_table_tells_who_noticed_or_why_nobody_did() {
        let outcomes = [
            outcome(caught(), None),
            outcome(Verdict::Missed, Some("cost: it is slow")),
        ];
        let expected = "\
| change | noticed by | as |
| --- | --- | --- |
| a \\| b | `model` | handed out twice |
| a \\| b | **none** | cost: it is slow |
";
        assert_eq!(table(&outcomes), expected);
        let file = format!("| not | this |\n{BEGIN}{expected}{END}\n| nor | this |\n");
        assert_eq!(rows(&file), ["a \\| b"; 2]);
    }

    #[test]
    fn a_table_takes_the_place_of_the_last_one() {
        let file = format!("a\n{BEGIN}old\n{END}\nb\n");
        let expected = format!("a\n{BEGIN}new\n{END}\nb\n");
        assert_eq!(written(&file, "new\n"), Ok(expected));
        assert!(written("a\nb\n", "new\n").is_err());
    }

    #[test]
    fn days_have_dates() {
        let days = [0, 59, 60, 11_016, 11_017, 20_784].map(date);
        let dates = [
            "1970-01-01",
            "1970-03-01",
            "1970-03-02",
            "2000-02-29",
            "2000-03-01",
            "2026-11-27",
        ];
        assert_eq!(days, dates);
    }
}
