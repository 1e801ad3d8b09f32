//! Which cases a person asked for.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::registry::{Case, groups};

/// Words that choose cases. Without any, all are chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Parts of `group/workload`; a case is chosen if it has one of them.
    pub places: Vec<String>,
    /// Parts of subjects' names; a case is chosen if its subject has one of them.
    pub subjects: Vec<String>,
}

impl Selection {
    /// The cases that are chosen, in their order.
    ///
    /// # Errors
    ///
    /// A word that is in no name at all, or words that together leave nothing: the sentence lists
    /// the names that there are.
    pub fn of(&self, cases: &[Case]) -> Result<Vec<Case>, String> {
        for word in &self.places {
            if !cases.iter().any(|case| has(&case.place(), word)) {
                return Err(format!(
                    "no workload has `{word}` in its name\n{}",
                    names(cases)
                ));
            }
        }
        for word in &self.subjects {
            if !cases.iter().any(|case| has(case.subject, word)) {
                return Err(format!(
                    "no subject has `{word}` in its name\n{}",
                    names(cases)
                ));
            }
        }
        let chosen: Vec<Case> = cases
            .iter()
            .copied()
            .filter(|case| any(&self.places, &case.place()) && any(&self.subjects, case.subject))
            .collect();
        if chosen.is_empty() {
            return Err(format!(
                "none of these subjects runs one of these workloads\n{}",
                names(cases)
            ));
        }
        Ok(chosen)
    }
}

/// Whether there are no words, or one of them is in the name.
fn any(words: &[String], name: &str) -> bool {
    words.is_empty() || words.iter().any(|word| has(name, word))
}

/// Whether the word is in the name; the case of letters does not matter.
fn has(name: &str, word: &str) -> bool {
    name.to_lowercase().contains(&word.to_lowercase())
}

/// All names: of each group its workloads and its subjects.
pub fn names(cases: &[Case]) -> String {
    let mut text = String::new();
    for group in groups(cases) {
        let of_group = || cases.iter().filter(move |case| case.group == group);
        let mut workloads = Vec::new();
        for case in of_group() {
            if !workloads.contains(&case.workload) {
                workloads.push(case.workload);
            }
        }
        let subjects: BTreeSet<_> = of_group().map(|case| case.subject).collect();
        let subjects: Vec<_> = subjects.into_iter().collect();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "\n{group}\n  workloads: {}\n  subjects:  {}\n",
            workloads.join("; "),
            subjects.join("; ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::cases;

    fn chosen(places: &[&str], subjects: &[&str]) -> Result<Vec<Case>, String> {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let selection = Selection {
            places: owned(places),
            subjects: owned(subjects),
        };
        selection.of(&cases())
    }

    #[test]
    fn nothing_chooses_everything() {
        assert_eq!(chosen(&[], &[]).unwrap().len(), cases().len());
    }

    #[test]
    fn words_choose() {
        let u64s = chosen(&["Arena/U64"], &[]).unwrap();
        assert!(!u64s.is_empty() && u64s.iter().all(|case| case.workload == "u64"));
        let ours = chosen(&["arena/u64"], &["arena"]).unwrap();
        assert!(ours.iter().all(|case| has(case.subject, "arena")));
    }

    #[test]
    fn an_unknown_word_lists_the_names() {
        for (places, subjects) in [(&["u65"][..], &[][..]), (&[][..], &["Erena"][..])] {
            let sentence = chosen(places, subjects).unwrap_err();
            assert!(sentence.starts_with("no "), "{sentence}");
            assert!(
                sentence.contains("u64") && sentence.contains("Arena"),
                "{sentence}"
            );
        }
    }
}
