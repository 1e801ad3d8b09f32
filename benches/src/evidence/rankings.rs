//! Whether two runs agree on the order of subjects.

use std::fmt;

use super::contest::{Contest, contests};
use crate::record::{Measure, Record};
use crate::report::{float, table};

/// Two times of a run have no order if they are this near to each other, as a part.
const NEAR: f64 = 0.05;

/// How far two runs agree on a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The workload with its group and threads.
    pub place: String,
    /// How many pairs of subjects have the same order in both runs.
    pub agree: usize,
    /// How many pairs of subjects have an order in both runs.
    pub pairs: usize,
}

impl Agreement {
    /// Kendall's tau of the pairs that have an order in both runs: 1 if they agree on all, and −1 if
    /// on none. There is none where no pair has an order.
    pub fn tau(&self) -> Option<f64> {
        let differ = self.pairs - self.agree;
        (self.pairs > 0).then(|| (float(self.agree) - float(differ)) / float(self.pairs))
    }
}

/// How far two runs agree on times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rankings {
    /// Place by place.
    pub places: Vec<Agreement>,
}

/// Compares the orders that two runs give to the times of subjects. Pairs that are within 5 % of each
/// other in either run are left out.
pub fn rankings(a: &Record, b: &Record) -> Rankings {
    let others = contests(b);
    let of_time = |contest: &&Contest<'_>| contest.measure() == Measure::Time;
    let mut places = Vec::new();
    for one in contests(a).iter().filter(of_time) {
        let place = one.rows()[0].place();
        let mut same = others.iter().filter(of_time);
        if let Some(other) = same.find(|other| other.rows()[0].place() == place) {
            places.push(agreement(place, one, other));
        }
    }
    Rankings { places }
}

/// Counts the pairs of a place.
fn agreement(place: String, one: &Contest<'_>, other: &Contest<'_>) -> Agreement {
    let mut values = Vec::new();
    for row in one.rows() {
        let twin = other.rows().iter().find(|twin| twin.subject == row.subject);
        values.extend(twin.map(|twin| (row.value, twin.value)));
    }
    let (mut agree, mut pairs) = (0, 0);
    for (i, first) in values.iter().enumerate() {
        for second in &values[i + 1..] {
            let orders = (order(first.0, second.0), order(first.1, second.1));
            if let (Some(one), Some(other)) = orders {
                pairs += 1;
                agree += usize::from(one == other);
            }
        }
    }
    Agreement {
        place,
        agree,
        pairs,
    }
}

/// Whether the first is less than the second, if they are not near each other.
fn order(first: f64, second: f64) -> Option<bool> {
    let apart = (first - second).abs() > first.min(second) * NEAR;
    apart.then_some(first < second)
}

impl Rankings {
    /// How many pairs agree, of how many.
    pub fn sum(&self) -> (usize, usize) {
        let sum = |of: fn(&Agreement) -> usize| self.places.iter().map(of).sum();
        (sum(|place| place.agree), sum(|place| place.pairs))
    }
}

impl fmt::Display for Rankings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.places.is_empty() {
            return writeln!(f, "The records have no times of the same workloads.");
        }
        let cells = |place: &Agreement| {
            [
                place.place.clone(),
                place
                    .tau()
                    .map_or("–".to_owned(), |tau| format!("{tau:.2}")),
                format!("{} of {}", place.agree, place.pairs),
            ]
        };
        let rows: Vec<_> = self.places.iter().map(cells).collect();
        f.write_str(&table(["workload", "tau", "pairs that agree"], &rows, 1))?;
        let (agree, pairs) = self.sum();
        writeln!(
            f,
            "\n{agree} of {pairs} ordered pairs agree; pairs within 5 % of each other in either run have no order."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_run_agrees_with_itself() {
        let record = sample::record();
        let rankings = rankings(&record, &record);
        assert_eq!(rankings.places.len(), 12);
        let (agree, pairs) = rankings.sum();
        assert_eq!(agree, pairs);
        assert!(pairs > 300);
        assert!(rankings.places.iter().all(|place| place.tau() == Some(1.0)));
    }

    #[test]
    fn a_mirrored_run_agrees_on_nothing() {
        let mut a = sample::record();
        a.rows.retain(|row| row.workload == "u8");
        let mut b = a.clone();
        for row in &mut b.rows {
            row.value = 1.0 / row.value;
        }
        let rankings = rankings(&a, &b);
        assert_eq!(rankings.places[0].tau(), Some(-1.0));
        assert!(rankings.to_string().contains("\n0 of "), "{rankings}");
    }

    #[test]
    fn near_values_have_no_order() {
        assert_eq!(order(1.0, 1.04), None);
        assert_eq!(order(1.0, 1.06), Some(true));
        assert_eq!(order(1.06, 1.0), Some(false));
        let mut record = sample::record();
        record.rows.retain(|row| row.subject == "Arena");
        let alone = rankings(&record, &record);
        assert_eq!((alone.sum(), alone.places[0].tau()), ((0, 0), None));
        record.rows.clear();
        assert!(rankings(&record, &record).to_string().contains("no times"));
    }
}
