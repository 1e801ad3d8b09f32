//! Workloads of many threads.

use std::sync::mpsc;
use std::thread;

use crate::jobs::{Desk, Shared};
use crate::words::Sum;

/// How many threads there are.
const THREADS: usize = 2;
/// How many blocks each of them makes in a round.
const BLOCKS: u64 = 8_000;
/// How many blocks travel together.
const BATCH: u64 = 64;

/// One thread makes blocks of 32 bytes and another one frees them.
///
/// # Panics
///
/// If a thread does.
pub fn hand_over<S: Shared>(store: &S) -> u64 {
    let (sender, receiver) = mpsc::sync_channel::<Vec<_>>(16);
    thread::scope(|scope| {
        scope.spawn(move || {
            let desk = Desk::new(store);
            for batch in 0..BLOCKS / BATCH {
                let blocks = (0..BATCH).map(|number| desk.make([batch * BATCH + number; 4]));
                sender
                    .send(blocks.collect())
                    .expect("the other thread waits for blocks");
            }
        });
        let freeing = scope.spawn(move || {
            let desk = Desk::new(store);
            let mut sum = Sum::default();
            for block in receiver.into_iter().flatten() {
                sum.add(block[3]);
                desk.free(block);
            }
            sum.value()
        });
        freeing.join().expect("the freeing thread does not panic")
    })
}

/// Each thread makes and frees blocks of 32 bytes of its own, with up to 16 at a time.
///
/// # Panics
///
/// If a thread does.
pub fn contend<S: Shared>(store: &S) -> u64 {
    let work = |seed: u64| {
        let desk = Desk::new(store);
        let mut slots: [Option<_>; 16] = [const { None }; 16];
        let mut sum = Sum::default();
        for (number, slot) in (seed..seed + BLOCKS).zip((0..slots.len()).cycle()) {
            if let Some(old) = slots[slot].replace(desk.make([number; 4])) {
                sum.add(old[3]);
                desk.free(old);
            }
        }
        slots
            .into_iter()
            .flatten()
            .for_each(|block| desk.free(block));
        sum.value()
    };
    thread::scope(|scope| {
        let workers = [(); THREADS].map(|()| scope.spawn(|| work(1)));
        let sums = workers.map(|worker| worker.join().expect("the thread does not panic"));
        sums.into_iter().fold(0, u64::wrapping_add)
    })
}
