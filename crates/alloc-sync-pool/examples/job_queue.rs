//! A queue of jobs for several workers. The pool's limit is the queue's limit: whoever has a job and
//! finds no block for it does the job himself.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::sync::{Mutex, mpsc};
use std::thread;

use alloc_core::boxed::Box;
use alloc_sync_pool::SyncPool;

/// What is to be done, and then what came of it.
enum Job {
    /// Count the primes below.
    Primes(u32),
    /// The longest run of steps of any number below, until it is 1.
    Collatz(u32),
    Answer(u32),
}

impl Job {
    fn answer(&self) -> u32 {
        match *self {
            Self::Primes(end) => (2..end).map(|n| u32::from(is_prime(n))).sum(),
            Self::Collatz(end) => (1..end).map(steps).max().unwrap_or(0),
            Self::Answer(answer) => answer,
        }
    }
}

fn is_prime(n: u32) -> bool {
    (2..=n.isqrt()).all(|d| !n.is_multiple_of(d))
}

fn steps(n: u32) -> u32 {
    let next = |&n: &u64| match n {
        1 => None,
        n if n % 2 == 0 => Some(n / 2),
        n => Some(3 * n + 1),
    };
    let run = std::iter::successors(Some(u64::from(n)), next);
    run.skip(1).map(|_| 1).sum()
}

/// The job of this number.
fn job(n: u32) -> Job {
    let n = n % 100;
    if n.is_multiple_of(2) {
        Job::Primes(n)
    } else {
        Job::Collatz(n)
    }
}

const WORKERS: usize = 3;
const JOBS: u32 = 2_000;
const AT_ONCE: usize = 16;

/// A job in the pool; it may go to any thread.
type Pooled<'a> = Box<Job, &'a SyncPool>;

/// Does jobs until nobody can send one, and writes each answer where the job was.
fn work<'a>(jobs: &Mutex<mpsc::Receiver<Pooled<'a>>>, answers: &mpsc::Sender<Pooled<'a>>) -> u32 {
    let next = || jobs.lock().expect("no worker panics").recv().ok();
    let mut done = 0;
    while let Some(mut job) = next() {
        *job = Job::Answer(job.answer());
        done += 1;
        answers.send(job).expect("somebody adds them up");
    }
    done
}

fn main() {
    let pool = SyncPool::fixed(alloc_core::Layout::new::<Job>(), AT_ONCE);
    let (sender, jobs) = mpsc::channel::<Pooled>();
    let (answer, answers) = mpsc::channel::<Pooled>();
    let jobs = Mutex::new(jobs);

    let (mut sum, mut own) = (0, 0);
    let done = thread::scope(|scope| {
        let workers = [(); WORKERS].map(|()| {
            let (jobs, answer) = (&jobs, answer.clone());
            scope.spawn(move || work(jobs, &answer))
        });
        drop(answer);
        // Allocated by the first thread, answered by the second, dropped by a third.
        let adder = scope.spawn(move || answers.into_iter().map(|job| job.answer()).sum::<u32>());
        for n in 0..JOBS {
            if let Ok(job) = Box::try_new_in(job(n), &pool) {
                sender.send(job).expect("the workers wait for all");
            } else {
                sum += job(n).answer();
                own += 1;
            }
        }
        drop(sender);
        sum += adder.join().expect("the adder panicked");
        workers.map(|worker| worker.join().expect("a worker panicked"))
    });

    assert_eq!(sum, (0..JOBS).map(|n| job(n).answer()).sum());
    assert_eq!(done.iter().sum::<u32>() + own, JOBS);
    assert_eq!((pool.in_use(), pool.capacity()), (0, AT_ONCE));
    println!("{JOBS} jobs: {done:?} by workers, {own} at once for want of a block");
    println!(
        "blocks in use at the end: {} of {}",
        pool.in_use(),
        pool.capacity()
    );
}
