//! Threads that stay while a round does, and start and end each run of it together.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::registry::{Ran, Round};
use crate::subjects::free_lists::Hand;
use crate::subjects::shared::Shared;

/// What each thread of a team does.
pub(super) trait Pattern: 'static {
    /// What the threads have in common, besides the subject.
    type Ground<B: Send>: Sync;

    /// Makes it for so many threads.
    fn ground<B: Send>(threads: usize) -> Self::Ground<B>;

    /// Does one thread's part of so many iterations, in [`Member::timed`] what is to be measured.
    /// Returns the sum of what the blocks that it gave back held; over all threads, it is the same
    /// for each iteration.
    fn work<H: Hand<Block: Send>>(
        ground: &Self::Ground<H::Block>,
        member: &Member<'_>,
        hand: &mut H,
        iterations: u64,
    ) -> u64;
}

/// A round of a pattern over a subject.
pub(super) fn round<S: Shared, P: Pattern>(threads: usize) -> Round {
    let (results, ran) = mpsc::channel();
    let (orders, inboxes) = (0..threads).map(|_| mpsc::channel()).unzip();
    let crew = Crew {
        orders,
        ran,
        lead: Some(thread::spawn(move || lead::<S, P>(inboxes, &results))),
    };
    Box::new(move |iterations| crew.run(iterations))
}

/// The threads, as the round has them. They end when it does.
struct Crew {
    /// Where each thread is told how many iterations to run.
    orders: Vec<Sender<u64>>,
    /// Where the team tells how that was.
    ran: Receiver<Ran>,
    /// The thread that has the subject and the others.
    lead: Option<JoinHandle<()>>,
}

impl Crew {
    /// Runs so many iterations.
    fn run(&self, iterations: u64) -> Ran {
        for order in &self.orders {
            order.send(iterations).expect("a thread of the team ended");
        }
        self.ran.recv().expect("a thread of the team ended")
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.orders.clear();
        if let Some(lead) = self.lead.take() {
            // Where it panicked it said so, and `run` panicked then.
            let _ = lead.join();
        }
    }
}

/// Has the subject, and a thread for each inbox.
fn lead<S: Shared, P: Pattern>(inboxes: Vec<Receiver<u64>>, results: &Sender<Ran>) {
    let subject = S::fresh();
    let team = Team::new(inboxes.len());
    let ground = P::ground(team.threads);
    thread::scope(|scope| {
        for (number, inbox) in (0..).zip(inboxes) {
            let (subject, team, ground) = (&subject, &team, &ground);
            let results = results.clone();
            scope.spawn(move || {
                let member = Member { team, number };
                let mut hand = subject.hand();
                for iterations in inbox {
                    let sum = P::work(ground, &member, &mut hand, iterations);
                    if let Some(ran) = member.report(sum, iterations) {
                        // Nobody hears it only if the round is gone.
                        let _ = results.send(ran);
                    }
                }
            });
        }
    });
}

/// How often a thread looks before it lets others run.
const LOOKS: u32 = 100;

/// What the threads of a team know of each other.
#[derive(Debug)]
struct Team {
    threads: usize,
    /// The zero of `began` and `ended`.
    epoch: Instant,
    /// How many threads have come to the current meeting.
    arrived: AtomicUsize,
    /// How many meetings there were.
    meetings: AtomicU64,
    /// That a thread panicked, for which nobody must wait.
    broken: AtomicBool,
    /// The sums of a run.
    sum: AtomicU64,
    /// When the first thread began a run, in nanoseconds.
    began: AtomicU64,
    /// When the last one ended it.
    ended: AtomicU64,
}

impl Team {
    fn new(threads: usize) -> Self {
        Self {
            threads,
            epoch: Instant::now(),
            arrived: AtomicUsize::new(0),
            meetings: AtomicU64::new(0),
            broken: AtomicBool::new(false),
            sum: AtomicU64::new(0),
            began: AtomicU64::new(u64::MAX),
            ended: AtomicU64::new(0),
        }
    }

    /// Waits until it is so; others run meanwhile.
    ///
    /// # Panics
    ///
    /// If another thread of the team did.
    fn wait(&self, until: impl Fn() -> bool) {
        let mut looks = 0;
        while !until() {
            assert!(
                !self.broken.load(Ordering::Relaxed),
                "another thread of the team panicked"
            );
            looks += 1;
            if looks < LOOKS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
    }

    /// Waits until all threads are here. What each did before is seen by all after it.
    fn meet(&self) {
        let meeting = self.meetings.load(Ordering::Relaxed);
        // AcqRel: its partners are the same of the other threads; the last one sees what all did.
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            // Release: its partner is the load below.
            self.meetings.store(meeting + 1, Ordering::Release);
        } else {
            self.wait(|| self.meetings.load(Ordering::Acquire) != meeting);
        }
    }

    /// Nanoseconds since the epoch.
    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A thread of a team.
#[derive(Debug)]
pub(super) struct Member<'t> {
    team: &'t Team,
    number: usize,
}

impl Member<'_> {
    /// Its number, from 0.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// How many there are.
    pub(super) fn threads(&self) -> usize {
        self.team.threads
    }

    /// Waits until it is so; others run meanwhile.
    ///
    /// # Panics
    ///
    /// If another thread of the team did.
    #[inline]
    pub(super) fn wait(&self, until: impl Fn() -> bool) {
        self.team.wait(until);
    }

    /// Does the part of a run that is measured, from when all threads are here until all are done.
    pub(super) fn timed(&self, work: impl FnOnce() -> u64) -> u64 {
        self.team.meet();
        self.team
            .began
            .fetch_min(self.team.now(), Ordering::Relaxed);
        let sum = work();
        self.team
            .ended
            .fetch_max(self.team.now(), Ordering::Relaxed);
        self.team.meet();
        sum
    }

    /// Ends a run; one of the threads gets what it was.
    fn report(&self, sum: u64, iterations: u64) -> Option<Ran> {
        self.team.sum.fetch_add(sum, Ordering::Relaxed);
        self.team.meet();
        // The others are idle until this one has told how it was.
        (self.number == 0).then(|| {
            let began = self.team.began.swap(u64::MAX, Ordering::Relaxed);
            let ended = self.team.ended.swap(0, Ordering::Relaxed);
            let sum = self.team.sum.swap(0, Ordering::Relaxed);
            Ran {
                time: Duration::from_nanos(ended.saturating_sub(began)),
                answer: sum / iterations.max(1),
            }
        })
    }
}

/// A thread that panics says so, as it will not come to the next meeting.
impl Drop for Member<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.team.broken.store(true, Ordering::Relaxed);
        }
    }
}
