//! A scheduler whose threads steal tasks from each other: each task is a block of the pool, made by
//! one thread and freed by whoever did it.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use alloc_core::boxed::Box;
use alloc_sync_pool::SyncPool;
use crossbeam_deque::{Steal, Stealer, Worker};

const QUEENS: u32 = 9;
const SOLUTIONS: usize = 352;
const THREADS: usize = 4;

/// A board with queens in its first rows. A bit is a column that they attack in the next row.
#[derive(Clone, Copy)]
struct Board {
    row: u32,
    columns: u32,
    left: u32,
    right: u32,
}

impl Board {
    const EMPTY: Self = Self {
        row: 0,
        columns: 0,
        left: 0,
        right: 0,
    };

    /// The boards with one queen more.
    fn next(self) -> impl Iterator<Item = Self> {
        let attacked = self.columns | self.left | self.right;
        let free = (0..QUEENS).filter(move |n| attacked & (1 << n) == 0);
        free.map(move |n| Self {
            row: self.row + 1,
            columns: self.columns | 1 << n,
            left: (self.left | 1 << n) << 1,
            right: (self.right | 1 << n) >> 1,
        })
    }
}

/// A board in the pool; it may go to any thread.
type Task<'a> = Box<Board, &'a SyncPool>;

/// What the threads share.
struct Shared<'a> {
    pool: &'a SyncPool,
    stealers: Vec<Stealer<Task<'a>>>,
    /// Tasks that were made and are not done.
    open: AtomicUsize,
    solutions: AtomicUsize,
}

#[derive(Default)]
struct Counts {
    done: usize,
    stolen: usize,
}

impl<'a> Shared<'a> {
    /// Makes a task, before the one that it is part of is done.
    fn push(&self, own: &Worker<Task<'a>>, board: Board) {
        self.open.fetch_add(1, Ordering::Relaxed);
        own.push(Box::new_in(board, self.pool));
    }

    /// A task of another thread; some more may come along.
    fn steal(&self, own: &Worker<Task<'a>>) -> Option<Task<'a>> {
        let attempt = || {
            let all = self.stealers.iter();
            all.map(|other| other.steal_batch_and_pop(own))
                .collect::<Steal<_>>()
        };
        iter::repeat_with(attempt)
            .find(|steal| !steal.is_retry())?
            .success()
    }

    /// Does tasks until all are done.
    fn run(&self, own: &Worker<Task<'a>>) -> Counts {
        let mut counts = Counts::default();
        // Relaxed: the count tells when to stop; joining the threads orders all else.
        while self.open.load(Ordering::Relaxed) != 0 {
            let mine = own.pop();
            counts.stolen += usize::from(mine.is_none());
            let Some(task) = mine.or_else(|| self.steal(own)) else {
                counts.stolen -= 1;
                thread::yield_now();
                continue;
            };
            if task.row == QUEENS {
                self.solutions.fetch_add(1, Ordering::Relaxed);
            }
            task.next().for_each(|board| self.push(own, board));
            counts.done += 1;
            drop(task);
            self.open.fetch_sub(1, Ordering::Relaxed);
        }
        counts
    }
}

fn main() {
    let pool = SyncPool::for_value::<Board>();
    let deques: Vec<Worker<Task>> = (0..THREADS).map(|_| Worker::new_lifo()).collect();
    let shared = Shared {
        pool: &pool,
        stealers: deques.iter().map(Worker::stealer).collect(),
        open: AtomicUsize::new(0),
        solutions: AtomicUsize::new(0),
    };
    shared.push(&deques[0], Board::EMPTY);

    let counts = thread::scope(|scope| {
        let shared = &shared;
        let run = |own| scope.spawn(move || shared.run(&own));
        let threads: Vec<_> = deques.into_iter().map(run).collect();
        let join = |thread: thread::ScopedJoinHandle<_>| thread.join().expect("a thread panicked");
        threads.into_iter().map(join).collect::<Vec<Counts>>()
    });

    assert_eq!(shared.solutions.into_inner(), SOLUTIONS);
    assert_eq!(pool.in_use(), 0);
    let done: usize = counts.iter().map(|counts| counts.done).sum();
    assert!(pool.capacity() < done, "blocks were used again");
    println!("{QUEENS} queens: {SOLUTIONS} solutions, in {done} tasks");
    for (n, Counts { done, stolen }) in counts.iter().enumerate() {
        println!("thread {n} did {done} tasks and went stealing {stolen} times");
    }
    println!(
        "blocks in use at the end: {} of {}",
        pool.in_use(),
        pool.capacity()
    );
}
