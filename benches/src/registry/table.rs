//! The one macro behind every table of the registry.

/// Adds the pairs of a table to a list of cases: each of its workloads over each of its subjects.
///
/// A subject is a type. A workload is a name, the operations of an iteration, the most bytes it has
/// requested at one time (0 where memory says nothing), what it stands for, and a function from a
/// number of threads to a [`Round`](super::Round), in which `S` is the subject.
macro_rules! table {
    ($cases:ident, $group:literal, threads: $threads:expr,
        floor: [$($floor:ty),* $(,)?],
        ours: [$($ours:ty),* $(,)?],
        system: [$($system:ty),* $(,)?],
        peers: [$($peer:ty),* $(,)?],
        $workloads:tt
    ) => {{
        let first = $cases.len();
        $(table!(@subject $cases, $group, $threads, Floor, $floor, $workloads);)*
        $(table!(@subject $cases, $group, $threads, Ours, $ours, $workloads);)*
        $(table!(@subject $cases, $group, $threads, System, $system, $workloads);)*
        #[cfg(feature = "peers")]
        {
            $(table!(@subject $cases, $group, $threads, Peer, $peer, $workloads);)*
        }
        $crate::registry::table::by_workload(&mut $cases[first..]);
    }};
    (@subject $cases:ident, $group:literal, $threads:expr, $origin:ident, $subject:ty, {
        $($name:literal, $ops:expr, $live:expr, $about:expr => $start:expr;)*
    }) => {{
        type S = $subject;
        for &threads in $threads {
            $($cases.push($crate::registry::Case {
                group: $group,
                workload: $name,
                about: $about,
                subject: <S as $crate::subjects::Subject>::NAME,
                origin: $crate::registry::Origin::$origin,
                threads,
                upstream: <S as $crate::subjects::Subject>::UPSTREAM,
                ops: $ops,
                live: $live,
                start: $start,
            });)*
        }
    }};
}

/// Sorts the cases of a table, which come subject by subject, by workload and threads, each in the
/// order in which the first subject has it.
pub(super) fn by_workload(cases: &mut [super::Case]) {
    let Some(first) = cases.first().map(|case| case.subject) else {
        return;
    };
    let of_first = cases.iter().filter(|case| case.subject == first);
    let order: Vec<_> = of_first.map(|case| (case.workload, case.threads)).collect();
    cases.sort_by_key(|case| {
        order
            .iter()
            .position(|place| *place == (case.workload, case.threads))
    });
}
